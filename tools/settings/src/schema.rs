//! Every key: its kind, unit, range, an example and what it means. The one table behind checking,
//! `config show`, `config schema` and config/README.md.

use crate::value::TextKind;

/// One key. `*` in the path stands for the index of an entry in a list of tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    pub(crate) unit: &'static str,
    /// As it is written in a file.
    pub(crate) example: &'static str,
    /// Says where or on which machine, not what is traded: outside the canonical text and its hash.
    pub(crate) local: bool,
    pub(crate) meaning: &'static str,
}

/// What a value must be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Whole {
        min: u64,
        max: u64,
    },
    /// A whole number up to `max`, or the word `none`.
    WholeOrNone {
        max: u64,
    },
    /// Decimal text or a whole number, between two whole numbers of the quote asset; the lower one
    /// is excluded.
    Money {
        above: i64,
        max: i64,
    },
    Flag,
    Word(&'static [&'static str]),
    Words {
        of: &'static [&'static str],
        min: usize,
    },
    Text(TextKind),
}

/// A list of tables and how many entries it may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) path: &'static str,
    pub(crate) min: usize,
    pub(crate) max: usize,
}

/// Lists of tables. Accounts: a client order id and the engine's tables have room for 8. Ladder:
/// `model::ExitPlan` has room for 6. Slots: the engine has 16.
pub(crate) const GROUPS: [Group; 3] = [
    Group { path: "accounts", min: 1, max: model::AccountId::MAX },
    Group { path: "exit.ladder", min: 0, max: 6 },
    Group { path: "slots", min: 0, max: model::Slot::MAX },
];

/// The key that names further files; it sets nothing itself.
pub(crate) const INCLUDE: &str = "include";

const MODES: &[&str] = &["paper", "live_min", "live", "demo"];
const PATTERNS: &[&str] = &["ready_state", "pre_ready", "launch_sequence"];
const TRIGGERS: &[&str] = &["schedule", "print", "strategy"];
const REFERENCES: &[&str] = &["pre_open_ask"];
const ENTRY_KINDS: &[&str] = &["limit", "immediate_or_cancel"];
const FEE_ASSETS: &[&str] = &["received", "quote"];
const WAITS: &[&str] = &["spin", "adaptive", "park"];

/// The largest order that any configuration may allow, in quote. `risk` compiles the same figure
/// in; a configuration above it is refused here already.
pub(crate) const ORDER_CEILING: i64 = 1_000;

const MONEY_MAX: i64 = 1_000_000;
/// A thousandth of what an `Amount` holds, so that sums of quantities fit.
const QTY_MAX: i64 = 100_000_000_000_000_000;

pub(crate) const KEYS: &[Key] = &[
    word(
        "mode",
        MODES,
        "\"paper\"",
        "what money is at stake; `paper` sends nothing and needs no key; `demo` sends signed orders \
        to an exchange on this machine and nowhere else; `live_min` divides every limit of money and \
        quantity and the base size by ten",
    ),
    here(
        "data_dir",
        TextKind::Folder,
        "\"data\"",
        "folder of the journal and everything that must survive a restart",
    ),
    here(
        "runtime_dir",
        TextKind::FolderOrAuto,
        "\"auto\"",
        "folder of the shared ring, on a tmpfs; `auto` is $XDG_RUNTIME_DIR/shrike, else \
        /dev/shm/shrike-UID",
    ),
    here(
        "key_store",
        TextKind::FolderOrAuto,
        "\"auto\"",
        "encrypted file of API keys; `auto` is $XDG_CONFIG_HOME/shrike/keys, else \
        ~/.config/shrike/keys",
    ),
    whole(
        "slots.*.slot",
        0,
        15,
        "",
        "0",
        "place of the plug-in; the lowest is shown an event first",
    ),
    text(
        "slots.*.plugin",
        TextKind::Plugin,
        "\"listing_sniper\"",
        "name of a shipped plug-in, or of a file NAME.wasm in `plugins.dir`, which goes first",
    ),
    text(
        "slots.*.parameters",
        TextKind::Parameters,
        "\"\"",
        "its parameters as `name=value name=value`; one not named has its manifest's default",
    ),
    here(
        "plugins.dir",
        TextKind::Folder,
        "\"plugins\"",
        "folder of plug-ins beside the shipped ones; a file that changes there is swapped in",
    ),
    local(flag("plugins.watch", "true", "whether that folder is watched while the trader runs")),
    text(
        "plugins.key",
        TextKind::SigningKeyOrNone,
        "\"none\"",
        "minisign public key that every plug-in of the folder must be signed with, in a file \
        NAME.wasm.minisig; `none` only where no real money is at stake or every plug-in is a \
        shipped one",
    ),
    whole(
        "plugins.faults_max",
        1,
        100,
        "",
        "3",
        "faults within `plugins.faults_within` scenes that take a plug-in out of use, or bring the \
        version before back",
    ),
    whole("plugins.faults_within", 1, 100_000_000, "scenes", "10000", "see `plugins.faults_max`"),
    text("venue.name", TextKind::Name, "\"mexc\"", "the exchange, as the journal names it"),
    here("venue.rest", TextKind::Endpoint, "\"api.mexc.com:443\"", "REST v3, as host:port"),
    here(
        "venue.ws",
        TextKind::Endpoint,
        "\"wbs-api.mexc.com:443/ws\"",
        "spot WebSocket, as host:port/path",
    ),
    here(
        "venue.futures_ws",
        TextKind::Endpoint,
        "\"contract.mexc.com:443/edge\"",
        "futures WebSocket, as host:port/path; not dialled yet",
    ),
    here(
        "venue.web",
        TextKind::Endpoint,
        "\"www.mexc.com:443\"",
        "web listing pages, as host:port",
    ),
    local(flag("venue.tls", "true", "TLS to all four; may be off only towards this machine")),
    here(
        "venue.tls_roots",
        TextKind::RootsOrPublic,
        "\"public\"",
        "roots of trust: `public`, or a PEM file for a private exchange",
    ),
    text("accounts.*.name", TextKind::Name, "\"main\"", "how screens and logs call the account"),
    here(
        "accounts.*.key",
        TextKind::KeyRef,
        "\"env:MEXC_MAIN\"",
        "where the API key is: `store:NAME` in the key store, `credential:NAME` a file of two lines \
        in systemd's $CREDENTIALS_DIRECTORY, `file:PATH` any such file, `env:NAME` reads NAME_KEY \
        and NAME_SECRET; never the key itself; in mode paper nothing is read",
    ),
    here(
        "accounts.*.source",
        TextKind::SourceOrAny,
        "\"any\"",
        "address of this machine that the account's connections leave from, as bound to its key; \
        `any` leaves it to the system",
    ),
    money("accounts.*.budget", 0, MONEY_MAX, "\"450\"", "quote that this account may have at work"),
    local(word(
        "loop.wait",
        WAITS,
        "\"adaptive\"",
        "how the hot thread waits: `spin` owns a core, `adaptive` spins near an opening, `park` \
        sleeps",
    )),
    local(Key {
        path: "loop.core",
        kind: Kind::WholeOrNone { max: 1_023 },
        unit: "",
        example: "\"none\"",
        local: true,
        meaning: "core that the hot thread is pinned to, or `none`",
    }),
    local(whole(
        "loop.market_links",
        1,
        8,
        "",
        "2",
        "connections that the pairs are spread over; one more stands by for the daily rotation",
    )),
    local(whole("loop.order_links", 1, 8, "", "2", "warm connections that carry orders")),
    whole(
        "scout.near_from_s",
        10,
        86_400,
        "s",
        "3600",
        "the near periods hold from this long before a known opening",
    ),
    whole("scout.calendar_ms", 1_000, 3_600_000, "ms", "30000", "period of the listing calendar"),
    whole("scout.calendar_near_ms", 1_000, 3_600_000, "ms", "5000", "the same near an opening"),
    whole("scout.symbols_ms", 1_000, 3_600_000, "ms", "30000", "period of symbolsV2"),
    whole("scout.symbols_near_ms", 1_000, 3_600_000, "ms", "5000", "the same near an opening"),
    whole(
        "scout.exchange_info_ms",
        1_000,
        3_600_000,
        "ms",
        "30000",
        "period of exchangeInfo; below risk.filters.max_age_ms",
    ),
    whole(
        "scout.exchange_info_near_ms",
        1_000,
        3_600_000,
        "ms",
        "5000",
        "the same near an opening, for the pairs concerned",
    ),
    whole("targets.record_confidence", 0, 100, "%", "60", "a pattern from here on is recorded"),
    whole("targets.target_confidence", 0, 100, "%", "75", "a pattern from here on makes a target"),
    whole("targets.execute_confidence", 0, 100, "%", "85", "a target from here on is executed"),
    money(
        "targets.base_size",
        0,
        ORDER_CEILING,
        "\"100\"",
        "quote spent on a target of ordinary confidence",
    ),
    whole("targets.size_min_bps", 1, 10_000, "bps", "5000", "least share of the base size"),
    whole("targets.size_max_bps", 10_000, 50_000, "bps", "15000", "largest share of the base size"),
    words(
        "targets.patterns",
        PATTERNS,
        1,
        "[\"ready_state\", \"pre_ready\", \"launch_sequence\"]",
        "patterns that may make a target",
    ),
    word(
        "entry.kind",
        ENTRY_KINDS,
        "\"immediate_or_cancel\"",
        "order of the opening entry; there is no market order to choose",
    ),
    words(
        "entry.triggers",
        TRIGGERS,
        1,
        "[\"schedule\", \"print\"]",
        "what may fire it; the first allowed one does",
    ),
    word("entry.reference", REFERENCES, "\"pre_open_ask\"", "price that the cap is measured from"),
    whole(
        "entry.premium_bps",
        0,
        20_000,
        "bps",
        "2000",
        "the cap lies this far above the reference",
    ),
    whole(
        "entry.early_ms",
        0,
        5_000,
        "ms",
        "200",
        "orders may leave from this long before the planned opening",
    ),
    whole("entry.late_ms", 1, 60_000, "ms", "10000", "orders may leave until this long after it"),
    whole("entry.orders_max", 1, 1_000, "", "60", "orders under one permit, refused ones included"),
    whole(
        "entry.recv_window_ms",
        1,
        2_000,
        "ms",
        "1000",
        "the exchange drops an entry older than this; a lost reply freezes its target at least \
        as long",
    ),
    whole(
        "exit.ladder.*.gain_bps",
        1,
        1_000_000,
        "bps",
        "500",
        "gain over the average entry price; rising from rung to rung",
    ),
    whole("exit.ladder.*.share_bps", 1, 10_000, "bps", "2500", "share of the whole position"),
    whole(
        "exit.stop_loss_bps",
        0,
        9_999,
        "bps",
        "1000",
        "sell all this far below the average entry price; 0 for none",
    ),
    whole(
        "exit.trailing_bps",
        0,
        9_999,
        "bps",
        "800",
        "sell all this far below the highest bid since the entry; 0 for none",
    ),
    whole(
        "exit.trailing_from_bps",
        0,
        1_000_000,
        "bps",
        "1000",
        "the trailing stop wakes at this gain",
    ),
    whole(
        "exit.break_even_bps",
        0,
        1_000_000,
        "bps",
        "500",
        "the stop moves to the entry price plus both fees at this gain; 0 for never",
    ),
    whole(
        "exit.time_stop_s",
        0,
        604_800,
        "s",
        "600",
        "sell what is left this long after the first fill; 0 for never",
    ),
    whole(
        "exit.keep_bps",
        0,
        10_000,
        "bps",
        "0",
        "share that ladder and time stop leave; stops sell it",
    ),
    whole(
        "exit.resting_share_bps",
        0,
        10_000,
        "bps",
        "5000",
        "share of the ladder that may rest on the book; the rest stays free for a stop",
    ),
    whole(
        "exit.rung_ms",
        100,
        10_000,
        "ms",
        "700",
        "longest stay on one rung of the emergency ladder",
    ),
    whole(
        "exit.emergency_first_bps",
        1,
        5_000,
        "bps",
        "100",
        "first emergency rung: an IOC sale this far below the bid",
    ),
    whole("exit.emergency_second_bps", 1, 9_000, "bps", "300", "second emergency rung, wider"),
    flag(
        "exit.emergency_market",
        "true",
        "third emergency rung: a market sale where the pair allows it",
    ),
    whole(
        "paper.order_ms",
        0,
        5_000,
        "ms",
        "40",
        "paper: shortest time from an order, cancel or question to its reply; an order meets the \
        book that is received by then",
    ),
    whole("paper.order_spread_ms", 0, 5_000, "ms", "60", "paper: at most this much longer"),
    whole(
        "paper.stream_ms",
        0,
        5_000,
        "ms",
        "5",
        "paper: shortest time from a reply or a resting order's fill to the private stream's word",
    ),
    whole("paper.stream_spread_ms", 0, 5_000, "ms", "45", "paper: at most this much longer"),
    whole(
        "paper.maker_fee_ppm",
        0,
        50_000,
        "ppm",
        "0",
        "paper: fee of a resting order; the pair's own where that is higher",
    ),
    whole(
        "paper.taker_fee_ppm",
        0,
        50_000,
        "ppm",
        "500",
        "paper: fee of a crossing order; the pair's own where that is higher",
    ),
    word(
        "paper.fee_asset",
        FEE_ASSETS,
        "\"received\"",
        "paper: what fees are paid in: what the deal brought, or the quote asset",
    ),
    money("paper.purse", 0, MONEY_MAX, "\"1000\"", "paper: what each account begins with"),
    text("paper.purse_asset", TextKind::Asset, "\"USDT\"", "paper: the asset of the purse"),
    money(
        "risk.order.max_notional",
        0,
        ORDER_CEILING,
        "\"150\"",
        "A01: largest value of one order that adds risk",
    ),
    Key {
        path: "risk.order.max_qty",
        kind: Kind::Money { above: 0, max: QTY_MAX },
        unit: "base",
        example: "\"100000000000\"",
        local: false,
        meaning: "A02: largest quantity of one order that adds risk, in whole units of its asset",
    },
    whole(
        "risk.order.max_book_share_bps",
        1,
        10_000,
        "bps",
        "2000",
        "A02: largest share of the visible opposite depth inside the collar",
    ),
    flag("risk.order.allow_clip", "true", "A02: shrink such an order instead of refusing it"),
    whole(
        "risk.collar.static_bps.established",
        1,
        10_000,
        "bps",
        "300",
        "A03: largest distance from the reference price, ordinary pairs",
    ),
    whole(
        "risk.collar.static_bps.listing",
        1,
        20_000,
        "bps",
        "2000",
        "A03: the same for a pair in its first hours",
    ),
    whole(
        "risk.collar.window_ms",
        100,
        600_000,
        "ms",
        "10000",
        "A04: not in use yet; the rise counts from the target's reference, however long ago",
    ),
    whole(
        "risk.collar.drift_bps",
        1,
        50_000,
        "bps",
        "5000",
        "A04: largest rise of our own prices above the target's reference",
    ),
    whole(
        "risk.filters.max_age_ms",
        1_000,
        600_000,
        "ms",
        "60000",
        "A06: oldest rules of a pair that arming may rely on",
    ),
    money(
        "risk.exposure.symbol",
        0,
        MONEY_MAX,
        "\"150\"",
        "A12: held, live and unknown buys of one pair",
    ),
    money("risk.exposure.quote", 0, MONEY_MAX, "\"450\"", "A12: the same over one quote asset"),
    money("risk.exposure.total", 0, MONEY_MAX, "\"450\"", "A12: the same over everything"),
    whole(
        "risk.orders.max_live",
        1,
        32,
        "",
        "20",
        "A13: live orders of an account; the engine has room for 32",
    ),
    whole("risk.orders.max_live_symbol", 1, 32, "", "4", "A13: live orders of one pair"),
    whole(
        "risk.targets.max_active",
        1,
        5,
        "",
        "5",
        "A14: targets of an account at once; the engine has room for 5",
    ),
    whole(
        "risk.positions.max",
        1,
        3,
        "",
        "3",
        "positions of an account at once; the engine has room for 3",
    ),
    money(
        "risk.daily.max_buy",
        0,
        MONEY_MAX,
        "\"900\"",
        "A17: filled, live and unknown buys of one day, UTC",
    ),
    whole(
        "risk.rate.orders_per_s",
        1,
        12,
        "1/s",
        "10",
        "order requests in any second; the exchange allows 12",
    ),
    whole("risk.rate.reserve_cancels", 1, 11, "1/s", "3", "of these, kept for cancels"),
    whole(
        "risk.rate.reserve_exits",
        1,
        11,
        "1/s",
        "2",
        "of these, kept for exits while something is held",
    ),
    whole(
        "risk.rate.ip_weight_per_10s",
        50,
        500,
        "weight",
        "250",
        "request weight of the scout in any 10 s; the exchange allows 500 to an address",
    ),
    whole(
        "risk.clock.max_error_ms",
        1,
        1_000,
        "ms",
        "250",
        "A35: entries wait while the exchange's clock is known less well than this",
    ),
    whole(
        "risk.journal.max_lag_ms",
        1,
        5_000,
        "ms",
        "200",
        "A36: not in use yet; entries wait while the ring is three quarters full",
    ),
];

const fn whole(
    path: &'static str,
    min: u64,
    max: u64,
    unit: &'static str,
    example: &'static str,
    meaning: &'static str,
) -> Key {
    Key { path, kind: Kind::Whole { min, max }, unit, example, local: false, meaning }
}

const fn money(
    path: &'static str,
    above: i64,
    max: i64,
    example: &'static str,
    meaning: &'static str,
) -> Key {
    Key { path, kind: Kind::Money { above, max }, unit: "quote", example, local: false, meaning }
}

const fn flag(path: &'static str, example: &'static str, meaning: &'static str) -> Key {
    Key { path, kind: Kind::Flag, unit: "", example, local: false, meaning }
}

const fn word(
    path: &'static str,
    of: &'static [&'static str],
    example: &'static str,
    meaning: &'static str,
) -> Key {
    Key { path, kind: Kind::Word(of), unit: "", example, local: false, meaning }
}

const fn words(
    path: &'static str,
    of: &'static [&'static str],
    min: usize,
    example: &'static str,
    meaning: &'static str,
) -> Key {
    Key { path, kind: Kind::Words { of, min }, unit: "", example, local: false, meaning }
}

const fn text(
    path: &'static str,
    kind: TextKind,
    example: &'static str,
    meaning: &'static str,
) -> Key {
    Key { path, kind: Kind::Text(kind), unit: "", example, local: false, meaning }
}

const fn here(
    path: &'static str,
    kind: TextKind,
    example: &'static str,
    meaning: &'static str,
) -> Key {
    local(text(path, kind, example, meaning))
}

const fn local(key: Key) -> Key {
    Key { local: true, ..key }
}

/// The key of a path as it is written, `accounts.0.name` for `accounts.*.name`.
pub(crate) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| matches(key.path, path))
}

/// The list of tables at exactly this path.
pub(crate) fn group(path: &str) -> Option<&'static Group> {
    GROUPS.iter().find(|group| group.path == path)
}

/// The list of tables that a pattern with `*` belongs to.
pub(crate) fn group_of(pattern: &str) -> Option<&'static Group> {
    let (head, _) = pattern.split_once(".*.")?;
    group(head)
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('.');
    let same = pattern.split('.').all(|want| match parts.next() {
        Some(part) if want == "*" => index(part).is_some(),
        Some(part) => part == want,
        None => false,
    });
    same && parts.next().is_none()
}

/// An index of a list, written without leading zeros.
pub(crate) fn index(part: &str) -> Option<usize> {
    let index: usize = part.parse().ok()?;
    (index.to_string() == part).then_some(index)
}

/// The known key that looks most like `path`; none when nothing is near.
pub(crate) fn nearest(path: &str) -> Option<String> {
    let number = path.split('.').find(|part| index(part).is_some()).unwrap_or("0");
    let names = KEYS.iter().map(|key| key.path.replace('*', number));
    let names = names.chain(GROUPS.iter().map(|group| group.path.to_owned()));
    let near = names.map(|name| (strsim::damerau_levenshtein(path, &name), name)).min()?;
    let far = (path.len() / 3).max(2);
    (near.0 <= far).then_some(near.1).or_else(|| same_name(path))
}

/// A known key of the same last name in another section.
fn same_name(path: &str) -> Option<String> {
    let last = path.rsplit('.').next()?;
    let found = KEYS.iter().find(|key| key.path.rsplit('.').next() == Some(last))?;
    Some(found.path.replace('*', "0"))
}

/// The file that a key is kept in.
pub(crate) fn home(path: &str) -> &'static str {
    match path.split('.').next() {
        Some("risk") => "limits.toml",
        Some("venue") => "venues/mexc.toml",
        _ => "trader.toml",
    }
}

impl Kind {
    /// The range in words.
    pub(crate) fn range(self) -> String {
        match self {
            Self::Whole { min, max } => format!("{min} to {max}"),
            Self::WholeOrNone { max } => format!("0 to {max}, or \"none\""),
            Self::Money { above, max } => format!("above {above}, to {max}"),
            Self::Flag => "true or false".into(),
            Self::Word(of) => of.join(", "),
            Self::Words { of, min } => format!("at least {min} of {}", of.join(", ")),
            Self::Text(kind) => kind.range().into(),
        }
    }

    /// What is asked for, in words.
    pub(crate) fn wanted(self) -> &'static str {
        match self {
            Self::Whole { .. } => "a whole number",
            Self::WholeOrNone { .. } => "a whole number or \"none\"",
            Self::Money { .. } => "money as decimal text in quotes or a whole number",
            Self::Flag => "true or false",
            Self::Word(_) => "a word in quotes",
            Self::Words { .. } => "a list of words in quotes",
            Self::Text(_) => "text in quotes",
        }
    }
}
