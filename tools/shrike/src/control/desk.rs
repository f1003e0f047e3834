//! What each command does. Acts first, waits for the disk second, answers third.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use model::{Body, Command, Event, KillLevel, Text};
use plugins::{KeepError, Keeper, LibraryError};
use runtime::{Clock, InboxError, InboxSender, KillFlag};
use scout::ScoutHandle;
use serde::Deserialize;
use serde_json::{Value, json};

use super::rehearsal::{RehearsalError, Rehearsals};
use super::{hands, plugins as of_plugins};
use crate::board::{Board, KillView};

/// Waits of the control inbox.
#[derive(Clone, Copy, Debug)]
pub struct ControlConfig {
    /// Longest wait for a record to be on disk before the answer says that it is not.
    pub latch_wait: Duration,
    /// How long the first step of a resume is good for.
    pub nonce_life: Duration,
    /// A connection without a request for this long is closed.
    pub idle_max: Duration,
}

impl Default for ControlConfig {
    fn default() -> Self {
        Self {
            latch_wait: Duration::from_secs(2),
            nonce_life: Duration::from_secs(30),
            idle_max: Duration::from_secs(60),
        }
    }
}

/// How often the board is looked at while somebody waits.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Bytes of a reason that the journal keeps.
const REASON_MAX: usize = 64;

/// Answers requests for one trader.
#[derive(Debug)]
pub struct Desk {
    board: Arc<Mutex<Board>>,
    inbox: InboxSender,
    kill: KillFlag,
    pub(super) config: ControlConfig,
    pending: Mutex<Option<Pending>>,
    nonces: RandomState,
    /// The next wish's.
    pub(super) tokens: AtomicU64,
    pub(super) around: Around,
}

/// What a desk may ask besides engine and board.
#[derive(Debug, Default)]
pub struct Around {
    /// Names pairs and counts what it read.
    pub scout: Option<ScoutHandle>,
    /// Where test orders go.
    pub rehearsals: Option<Rehearsals>,
    /// Swaps plug-ins.
    pub keeper: Option<Keeper>,
}

/// A resume that waits for its second step.
#[derive(Debug)]
struct Pending {
    nonce: String,
    level: KillLevel,
    until: Instant,
}

#[derive(Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case", deny_unknown_fields)]
enum Ask {
    Status,
    Targets(hands::Targets),
    Positions,
    Orders {
        #[serde(default)]
        all: bool,
    },
    Listings {
        #[serde(default)]
        all: bool,
    },
    AddTarget(hands::AddTarget),
    Arm(hands::Which),
    Disarm(hands::Which),
    CancelTarget(hands::Which),
    Rehearse(hands::Which),
    Buy(hands::Buy),
    Sell(hands::Sell),
    Adopt(hands::Adopt),
    Forget(hands::Held),
    CancelOrder(hands::OneOrder),
    CancelOrders(hands::AllOrders),
    Plugins,
    PluginSwap(of_plugins::Swap),
    PluginRollback(of_plugins::OfSlot),
    PluginAgain(of_plugins::OfSlot),
    PluginStop(of_plugins::OfSlot),
    PluginShadow(of_plugins::Shadow),
    PluginSet(of_plugins::Set),
    Kill {
        level: String,
        reason: Option<String>,
    },
    Resume {
        reason: Option<String>,
        nonce: Option<String>,
    },
}

/// Why a request was not followed.
#[derive(Debug)]
pub(super) enum Refused {
    /// The line was not what it should be.
    Usage(String),
    NoTarget(u32),
    NoOrder(String),
    NoRules,
    NoRehearsals,
    Rehearsal(RehearsalError),
    Malformed(serde_json::Error),
    Level(String),
    NoReason,
    NotKilled,
    NoPending,
    LevelChanged {
        was: KillLevel,
        is: KillLevel,
    },
    Inbox(InboxError),
    Plugin(KeepError),
}

impl Refused {
    pub(super) fn usage(what: impl Into<String>) -> Self {
        Self::Usage(what.into())
    }

    /// What the answer says of its kind, for exit codes.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Usage(_) | Self::NoTarget(_) | Self::NoOrder(_) => "usage",
            Self::Plugin(error) => kind_of(error),
            Self::Inbox(_) | Self::Rehearsal(_) | Self::NoRehearsals | Self::NoRules => "failed",
            Self::Malformed(_)
            | Self::Level(_)
            | Self::NoReason
            | Self::NotKilled
            | Self::NoPending
            | Self::LevelChanged { .. } => "refused",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) => f.write_str(what),
            Self::NoTarget(id) => write!(f, "no target {id}; `shrike targets list` names them"),
            Self::NoOrder(id) => {
                write!(f, "no order {id} that may still fill; `shrike orders` names them")
            }
            Self::NoRules => f.write_str("the pair's rules are not known yet; try again"),
            Self::NoRehearsals => {
                f.write_str("this trader was started without a way to the test endpoint")
            }
            Self::Rehearsal(error) => error.fmt(f),
            Self::Malformed(error) => write!(
                f,
                "not a request: {error}; a line is a JSON object with a cmd such as status or kill"
            ),
            Self::Level(level) => {
                write!(f, "no kill level {level:?}; the levels are halt, reduce and flatten")
            }
            Self::NoReason => f.write_str("a resume needs a reason: say why it is safe"),
            Self::NotKilled => f.write_str("nothing to resume: the kill switch is not raised"),
            Self::NoPending => f.write_str(
                "the nonce is unknown or too old; ask for a resume again and confirm it in time",
            ),
            Self::LevelChanged { was, is } => write!(
                f,
                "the kill switch moved from {} to {} since the first step; begin again",
                was.name(),
                is.name()
            ),
            Self::Plugin(error) => error.fmt(f),
            Self::Inbox(error) => write!(
                f,
                "the trader did not take the command: {error}; nothing was changed, try again"
            ),
        }
    }
}

/// Whether whoever asked is at fault, the plug-in may not run, or something failed.
const fn kind_of(error: &KeepError) -> &'static str {
    match error {
        KeepError::NoSlot(_)
        | KeepError::Empty(_)
        | KeepError::NothingBefore(_)
        | KeepError::NoParameter { .. }
        | KeepError::Value(_)
        | KeepError::Library(
            LibraryError::NoName { .. } | LibraryError::File { .. } | LibraryError::Values(_),
        ) => "usage",
        KeepError::Same { .. } | KeepError::Trial { .. } | KeepError::Library(_) => "refused",
        KeepError::Trader(_) | KeepError::Ended => "failed",
    }
}

impl Desk {
    /// A desk for the trader behind these ends.
    pub fn new(
        board: Arc<Mutex<Board>>,
        inbox: InboxSender,
        kill: KillFlag,
        config: ControlConfig,
    ) -> Self {
        let nonces = RandomState::new();
        let (pending, around) = (Mutex::new(None), Around::default());
        let tokens = AtomicU64::new(1);
        Self { board, inbox, kill, config, pending, nonces, tokens, around }
    }

    /// The same desk with more to ask.
    #[must_use]
    pub fn with(self, around: Around) -> Self {
        Self { around, ..self }
    }

    /// Follows one request. Waits for the disk at most as long as the configuration says.
    pub fn answer(&self, line: &[u8]) -> Value {
        let done = match serde_json::from_slice(line) {
            Ok(ask) => self.follow(ask),
            Err(error) => Err(Refused::Malformed(error)),
        };
        done.unwrap_or_else(|refused| {
            let mut answer = error(&refused);
            answer["kind"] = refused.kind().into();
            answer
        })
    }

    fn follow(&self, ask: Ask) -> Result<Value, Refused> {
        match ask {
            Ask::Status => Ok(self.status()),
            Ask::Targets(ask) => self.list_targets(&ask),
            Ask::Positions => Ok(json!({ "ok": true, "positions": self.board().position_list() })),
            Ask::Orders { all } => {
                Ok(json!({ "ok": true, "orders": self.board().order_list(all) }))
            }
            Ask::Listings { all } => Ok(self.list_listings(all)),
            Ask::AddTarget(ask) => self.add_target(&ask),
            Ask::Arm(which) => self.arm(&which),
            Ask::Disarm(which) => self.disarm(&which),
            Ask::CancelTarget(which) => self.cancel_target(&which),
            Ask::Rehearse(which) => self.rehearse(&which),
            Ask::Buy(ask) => self.buy(&ask),
            Ask::Sell(ask) => self.sell(&ask),
            Ask::Adopt(ask) => self.adopt(&ask),
            Ask::Forget(ask) => self.forget(&ask),
            Ask::CancelOrder(ask) => self.cancel_order(&ask),
            Ask::CancelOrders(ask) => self.cancel_orders(&ask),
            Ask::Plugins => Ok(self.list_plugins()),
            Ask::PluginSwap(ask) => self.swap(ask),
            Ask::PluginRollback(ask) => self.roll_back(&ask),
            Ask::PluginAgain(ask) => self.again(&ask),
            Ask::PluginStop(ask) => self.stop_plugin(&ask),
            Ask::PluginShadow(ask) => self.shadow(ask),
            Ask::PluginSet(ask) => self.set_parameter(ask),
            Ask::Kill { level, reason } => {
                let levels = [KillLevel::Halt, KillLevel::Reduce, KillLevel::Flatten];
                let known = levels.into_iter().find(|known| known.name() == level);
                let level = known.ok_or(Refused::Level(level))?;
                Ok(self.raise(level, reason.as_deref().unwrap_or("by hand")))
            }
            Ask::Resume { reason, nonce } => {
                let reason = reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
                let reason = reason.ok_or(Refused::NoReason)?;
                match nonce {
                    None => self.propose_resume(),
                    Some(nonce) => self.resume(&nonce, reason),
                }
            }
        }
    }

    fn status(&self) -> Value {
        let now = Clock.now();
        let counts = self.around.scout.as_ref().map(ScoutHandle::counts);
        let board = self.board();
        let mut status = board.status_at(Some(now));
        status["inaction"] = board.inaction(now, counts.as_ref()).into();
        let venue = board.venue_at(now);
        status["sources"] = counts.map(|counts| Board::sources(&counts, venue)).into();
        drop(board);
        status["kill"]["flag"] = self.kill.level().name().into();
        json!({ "ok": true, "status": status })
    }

    /// The flag stops entries at once; the event makes the engine cancel and record it.
    fn raise(&self, level: KillLevel, reason: &str) -> Value {
        self.kill.raise(level);
        self.inbox.wake();
        // A confirmation that somebody is about to give was meant for the lower level.
        *self.pending() = None;
        let until = Instant::now() + self.config.latch_wait;
        let body = Body::Command(Command::Kill { level, reason: Text::clipped(reason) });
        let sent = self.send(Event::bare(body), until);
        let latched = sent.is_ok() && self.wait(until, |kill| kill.durable && kill.level >= level);
        let (state, message) = match (latched, sent) {
            (true, _) => ("latched", "latched: the kill switch is raised and on disk".to_owned()),
            (false, Ok(())) => ("raised", "raised, not yet on disk".to_owned()),
            (false, Err(error)) => (
                "raised",
                format!(
                    "raised for entries, but the trader did not take the command ({error}): \
                     nothing is cancelled or on disk; repeat it"
                ),
            ),
        };
        let stands = self.level();
        json!({
            "ok": true, "state": state, "level": stands.name(), "message": message,
            "reason_clipped": reason.len() > REASON_MAX,
        })
    }

    fn propose_resume(&self) -> Result<Value, Refused> {
        let level = self.level();
        if level == KillLevel::Active {
            return Err(Refused::NotKilled);
        }
        let now = Instant::now();
        let nonce = format!("{:016x}", self.nonces.hash_one(now));
        let until = now + self.config.nonce_life;
        *self.pending() = Some(Pending { nonce: nonce.clone(), level, until });
        Ok(json!({
            "ok": true, "state": "confirm", "nonce": nonce, "level": level.name(),
            "good_for_ms": u64::try_from(self.config.nonce_life.as_millis()).unwrap_or(u64::MAX),
            "message": effect(level),
        }))
    }

    fn resume(&self, nonce: &str, reason: &str) -> Result<Value, Refused> {
        let was = self.confirmed(nonce)?;
        let is = self.level();
        if is != was {
            return Err(Refused::LevelChanged { was, is });
        }
        let until = Instant::now() + self.config.latch_wait;
        let body = Body::Command(Command::Resume { reason: Text::clipped(reason) });
        let before = self.board().kill().seq;
        self.send(Event::bare(body), until).map_err(Refused::Inbox)?;
        let done = self.wait(until, |kill| {
            kill.durable && kill.level == KillLevel::Active && kill.seq > before
        });
        let (state, message) = match done {
            true => ("resumed", "resumed: the kill switch is lowered, and that is on disk"),
            false => ("asked", "asked for, not yet on disk; look at the status"),
        };
        Ok(json!({
            "ok": true, "state": state, "level": self.level().name(), "message": message,
            "reason_clipped": reason.len() > REASON_MAX,
        }))
    }

    /// The level that the nonce was given for. A nonce serves once.
    fn confirmed(&self, nonce: &str) -> Result<KillLevel, Refused> {
        let mut pending = self.pending();
        let good = pending
            .as_ref()
            .filter(|pending| pending.nonce == nonce && Instant::now() < pending.until)
            .map(|pending| pending.level)
            .ok_or(Refused::NoPending)?;
        *pending = None;
        Ok(good)
    }

    /// How far trading is stopped: by the flag or by the engine, whichever is further.
    fn level(&self) -> KillLevel {
        self.kill.level().max(self.board().kill().level)
    }

    /// Tries again while the inbox is full.
    pub(super) fn send(&self, event: Event, until: Instant) -> Result<(), InboxError> {
        loop {
            match self.inbox.send(event) {
                Err(InboxError::Full { .. }) if Instant::now() < until => thread::sleep(LOOK_EVERY),
                done => return done,
            }
        }
    }

    fn wait(&self, until: Instant, done: impl Fn(KillView) -> bool) -> bool {
        self.wait_some(until, |board| done(board.kill()).then_some(())).is_some()
    }

    /// Looks at the board until it shows what is looked for, or time is up.
    pub(super) fn wait_some<T>(
        &self,
        until: Instant,
        look: impl Fn(&Board) -> Option<T>,
    ) -> Option<T> {
        loop {
            let found = look(&self.board());
            if found.is_some() || Instant::now() >= until {
                return found;
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self) -> MutexGuard<'_, Option<Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer that says what was wrong.
pub(super) fn error(what: &dyn fmt::Display) -> Value {
    json!({ "ok": false, "error": what.to_string() })
}

const fn effect(level: KillLevel) -> &'static str {
    match level {
        KillLevel::Active => "nothing is stopped",
        KillLevel::Halt => "targets that are armed may send orders again at once",
        KillLevel::Reduce => {
            "targets may be made and armed again; those that were cancelled stay cancelled"
        }
        KillLevel::Flatten => {
            "targets may be made and armed again; positions that are being sold are sold on"
        }
    }
}
