//! What goes wrong in a run: drawn from its seed, or nothing.

use exchange::Faults;
use model::{Mono, Span};

use crate::crash::Crash;
use crate::random::Random;

/// Chances of faults of the network and of the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storm {
    /// Longest extra delay of a message, microseconds.
    pub jitter_us: u64,
    /// Messages in a thousand that are held up.
    pub spike_permille: u32,
    /// For so long at most, milliseconds.
    pub spike_ms: u64,
    /// Links in a thousand that are cut some time after they open.
    pub cut_permille: u32,
    /// Within so long after opening, milliseconds.
    pub cut_within_ms: u64,
    /// Faults of the exchange.
    pub faults: Faults,
    /// Deaths of the trader, the earliest first.
    pub crashes: Vec<Crash>,
}

impl Storm {
    /// Nothing goes wrong; messages still take their time.
    pub fn calm() -> Self {
        Self {
            jitter_us: 200,
            spike_permille: 0,
            spike_ms: 0,
            cut_permille: 0,
            cut_within_ms: 1,
            faults: Faults::default(),
            crashes: Vec::new(),
        }
    }

    /// A quarter of the seeds is calm, so that liveness is tried without excuses; the others draw
    /// which families of faults are on, and how strongly.
    pub fn of_seed(seed: u64) -> Self {
        let mut random = Random::new(seed, "storm");
        let crashes = Crash::of_seed(seed);
        if random.chance(250) {
            return Self { crashes, ..Self::calm() };
        }
        let mut some = |permille: u32, most: u64| -> u32 {
            if random.chance(permille) { 1 + random.below(most) as u32 } else { 0 }
        };
        let faults = Faults {
            reply_lost_permille: some(500, 300),
            server_error_permille: some(400, 200),
            server_error_accepted_permille: 500,
            rate_limit_permille: some(300, 100),
            private_late_permille: some(500, 500),
            private_late_ms: u64::from(some(800, 3_000)),
            event_first_permille: some(500, 500),
            event_first_reply_ms: u64::from(some(800, 500)),
            frame_twice_permille: some(400, 100),
            frame_lost_permille: some(400, 50),
            subscription_refused_permille: some(300, 200),
            script: Vec::new(),
        };
        Self {
            jitter_us: 200 + u64::from(some(500, 20_000)),
            spike_permille: some(400, 10),
            spike_ms: u64::from(some(900, 1_500)),
            cut_permille: some(500, 400),
            cut_within_ms: 1_000 + u64::from(some(900, 20_000)),
            faults,
            crashes,
        }
    }

    pub(crate) fn spike(&self, random: &mut Random) -> Span {
        if random.chance(self.spike_permille) {
            Span::from_millis(random.below(self.spike_ms))
        } else {
            Span::ZERO
        }
    }

    pub(crate) fn cut_at(&self, now: Mono, random: &mut Random) -> Mono {
        if random.chance(self.cut_permille) {
            now.after(Span::from_millis(random.below(self.cut_within_ms)))
        } else {
            Mono::NEVER
        }
    }
}
