//! The whole trader on the simulated exchange: what must hold in calm, in storms and under the
//! kill switch, judged by the oracle and by the journal.

#[path = "sim/accounts.rs"]
mod accounts;
#[path = "sim/calm.rs"]
mod calm;
#[path = "sim/kill.rs"]
mod kill;
#[path = "sim/storms.rs"]
mod storms;
#[path = "sim/support.rs"]
mod support;
