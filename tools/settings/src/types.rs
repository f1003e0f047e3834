//! The configuration as meant: checked types that the rest of the program is built from.

use std::net::IpAddr;
use std::path::PathBuf;

use model::{
    Amount, Confidence, EntryKind, ExitPlan, Mode, Pattern, PriceSource, Span, Text, Triggers,
};

use crate::key_ref::KeyRef;

/// Where the exchange is. Key section `[venue]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Venue {
    /// As the journal names it.
    pub name: String,
    /// REST v3.
    pub rest: Endpoint,
    /// Spot WebSocket.
    pub ws: Endpoint,
    /// Futures WebSocket.
    pub futures_ws: Endpoint,
    /// Web listing pages.
    pub web: Endpoint,
    /// Whether all four speak TLS.
    pub tls: bool,
    /// A PEM file of roots instead of the public ones.
    pub tls_roots: Option<PathBuf>,
}

/// One address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// A name or an address; an IPv6 address without its brackets.
    pub host: String,
    /// At least 1.
    pub port: u16,
    /// Begins with `/`; `/` alone when none was written.
    pub path: String,
}

/// One plug-in in its place. Key section `[[slots]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Which place.
    pub slot: model::Slot,
    /// Name of a shipped plug-in or of a file in [`Plugins::dir`].
    pub plugin: String,
    /// Names and values of its parameters, as its manifest's types read them.
    pub parameters: Vec<(String, String)>,
}

/// Where plug-ins come from, and when one is taken out of use. Key section `[plugins]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugins {
    /// Folder of plug-ins beside the shipped ones.
    pub dir: PathBuf,
    /// Whether the folder is watched while the trader runs.
    pub watch: bool,
    /// minisign public key that every plug-in of the folder must be signed with.
    pub key: Option<String>,
    /// Faults within [`faults_within`](Self::faults_within) scenes that end a plug-in's use.
    pub faults_max: u32,
    /// See [`faults_max`](Self::faults_max).
    pub faults_within: u64,
}

/// One account at the exchange. Key section `[[accounts]]`; the index is its `AccountId`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// How screens and logs call it.
    pub name: String,
    /// Where its API key is.
    pub key: KeyRef,
    /// Address of this machine that its connections leave from; `None` leaves it to the system.
    pub source: Option<IpAddr>,
    /// Quote that it may have at work; a tenth of what was written in `live_min`.
    pub budget: Amount,
}

/// The hot thread. Key section `[loop]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop {
    /// How it waits.
    pub wait: Wait,
    /// The core it is pinned to.
    pub core: Option<usize>,
    /// Connections that carry market data, 1 to 8.
    pub market_links: u8,
    /// Connections that carry orders, 1 to 8.
    pub order_links: u8,
}

/// How a thread waits for its next event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Polls without a pause; owns a core.
    Spin,
    /// Polls without a pause near an opening and sleeps otherwise.
    Adaptive,
    /// Sleeps in the kernel.
    Park,
}

/// Periods of the slow sources. Key section `[scout]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scout {
    /// The near periods hold from this long before a known opening.
    pub near_from: Span,
    /// The listing calendar.
    pub calendar: Period,
    /// symbolsV2.
    pub symbols: Period,
    /// exchangeInfo.
    pub exchange_info: Period,
}

/// How often something is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// At ordinary times.
    pub far: Span,
    /// Near an opening; never longer than `far`.
    pub near: Span,
}

/// Which openings are taken, and how large. Key section `[targets]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets {
    /// From here on a pattern is recorded.
    pub record: Confidence,
    /// From here on it makes a target; at least `record`.
    pub target: Confidence,
    /// From here on the target is executed; at least `target`.
    pub execute: Confidence,
    /// Quote spent at ordinary confidence; a tenth of what was written in `live_min`.
    pub base_size: Amount,
    /// Least share of the base size, in ten-thousandths.
    pub size_min_bps: u32,
    /// Largest share of the base size, in ten-thousandths.
    pub size_max_bps: u32,
    /// Patterns that may make a target.
    pub patterns: Vec<Pattern>,
}

/// The opening entry. Key section `[entry]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Limit or immediate-or-cancel.
    pub kind: EntryKind,
    /// What may fire it.
    pub triggers: Triggers,
    /// What the cap is measured from.
    pub reference: PriceSource,
    /// The cap lies this far above the reference, in ten-thousandths.
    pub premium_bps: u32,
    /// Orders may leave from this long before the planned opening.
    pub early: Span,
    /// Orders may leave until this long after it.
    pub late: Span,
    /// Orders under one permit, refused ones included.
    pub orders_max: u16,
    /// The exchange drops an entry older than this; at most 2,000 ms.
    pub recv_window_ms: u32,
}

/// The way out. Key section `[exit]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Ladder, stops and kept share; its figures fit together.
    pub plan: ExitPlan,
    /// Longest stay on one rung of the emergency ladder.
    pub rung: Span,
    /// First emergency rung: an IOC sale this far below the bid, in ten-thousandths.
    pub emergency_first_bps: u32,
    /// Second rung, farther than the first.
    pub emergency_second_bps: u32,
    /// Whether a market sale follows, where the pair allows it.
    pub emergency_market: bool,
}

/// The venue of paper mode. Key section `[paper]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paper {
    /// How long things take there.
    pub latency: paper::Latency,
    /// What a deal costs there.
    pub fees: paper::Fees,
    /// What each account begins with.
    pub purse: Amount,
    /// Of this asset.
    pub purse_asset: Text<16>,
}

/// What no order may exceed. Key section `[risk]` of limits.toml; every key is required.
///
/// In mode `live_min` each amount and quantity is a tenth of what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A01.
    pub order_max_notional: Amount,
    /// A02, in whole units of the asset.
    pub order_max_qty: Amount,
    /// A02, in ten-thousandths.
    pub order_max_book_share_bps: u32,
    /// A02.
    pub order_allow_clip: bool,
    /// A03 for ordinary pairs, in ten-thousandths.
    pub collar_established_bps: u32,
    /// A03 for pairs in their first hours, in ten-thousandths.
    pub collar_listing_bps: u32,
    /// A04.
    pub collar_window: Span,
    /// A04, in ten-thousandths.
    pub collar_drift_bps: u32,
    /// A06.
    pub filters_max_age: Span,
    /// A12, one pair.
    pub exposure_symbol: Amount,
    /// A12, one quote asset.
    pub exposure_quote: Amount,
    /// A12, everything.
    pub exposure_total: Amount,
    /// A13, one account.
    pub orders_max_live: u16,
    /// A13, one pair.
    pub orders_max_live_symbol: u16,
    /// A14, one account.
    pub targets_max_active: u16,
    /// Positions of an account.
    pub positions_max: u16,
    /// A17.
    pub daily_max_buy: Amount,
    /// The scheduler's budget; reserves lie inside it and leave at least 1 for entries.
    pub rate_orders_per_s: u32,
    /// Of these, for cancels.
    pub rate_reserve_cancels: u32,
    /// Of these, for exits.
    pub rate_reserve_exits: u32,
    /// All accounts and the scout together.
    pub rate_ip_weight_per_10s: u32,
    /// A35.
    pub clock_max_error: Span,
    /// A36.
    pub journal_max_lag: Span,
}

/// The keys that mode `live_min` takes a tenth of (A37), `*` for any index.
pub(crate) const TENTHS: [&str; 8] = [
    "accounts.*.budget",
    "targets.base_size",
    "risk.order.max_notional",
    "risk.order.max_qty",
    "risk.exposure.symbol",
    "risk.exposure.quote",
    "risk.exposure.total",
    "risk.daily.max_buy",
];

/// The modes in which real money moves.
pub(crate) const fn is_live(mode: Mode) -> bool {
    matches!(mode, Mode::Live | Mode::LiveMin)
}

impl Endpoint {
    /// Reads `host:port` or `host:port/path`; `[::1]:8900` for IPv6.
    pub fn parse(text: &str) -> Option<Self> {
        let slash = text.find('/').unwrap_or(text.len());
        let (authority, path) = text.split_at(slash);
        let (host, port) = authority.rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port > 0)?;
        let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let (host, good): (&str, fn(&u8) -> bool) = match inner {
            Some(inner) => (inner, |byte| byte.is_ascii_hexdigit() || b":.".contains(byte)),
            None => (host, |byte| byte.is_ascii_alphanumeric() || b".-".contains(byte)),
        };
        let good = (1..=253).contains(&host.len()) && host.as_bytes().iter().all(good);
        let good = good && path.bytes().all(|byte| byte.is_ascii_graphic());
        let path = if path.is_empty() { "/" } else { path };
        good.then(|| Self { host: host.into(), port, path: path.into() })
    }

    /// Whether it can only be this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl Limits {
    /// The same with every amount and quantity at a tenth, rounded down (A37).
    #[must_use]
    pub(crate) fn at_a_tenth(self) -> Self {
        Self {
            order_max_notional: tenth(self.order_max_notional),
            order_max_qty: tenth(self.order_max_qty),
            exposure_symbol: tenth(self.exposure_symbol),
            exposure_quote: tenth(self.exposure_quote),
            exposure_total: tenth(self.exposure_total),
            daily_max_buy: tenth(self.daily_max_buy),
            ..self
        }
    }
}

/// A tenth, rounded down.
pub(crate) const fn tenth(amount: Amount) -> Amount {
    Amount::from_raw(amount.raw() / 10)
}
