//! The life of an account's listen key: made, extended, and replaced by a successor whose socket
//! is up before the old one goes.
//!
//! Two slots take turns, one for each of two private sockets. At most one question is outstanding;
//! the owner asks it ([`ListenKeyKeeper::poll_wish`]), hands back the answer, opens a socket for
//! each slot that has a key, and says when that socket's private streams are live.

use core::fmt;

use model::{Mono, Span, Text, TimerName};

/// A listen key. Whoever has it can read the account's stream, so it is never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ListenKey(Text<128>);

impl ListenKey {
    /// `None` when the text is empty, too long, or could break out of a path.
    pub fn new(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if text.is_empty() || !text.bytes().all(plain) {
            return None;
        }
        Text::new(text).map(Self)
    }

    /// The text, for the path of a socket and the query of a question.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for ListenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ListenKey(..)")
    }
}

/// Settings of a keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenKeyConfig {
    /// Extend this long after the last extension.
    pub extend_every: Span,
    /// Replace a key that could not be extended for this long; the venue ends it after 60 min.
    pub replace_after: Span,
    /// Wait after the first failed question; doubled by each further one.
    pub retry_first: Span,
    /// Longest wait between attempts.
    pub retry_max: Span,
    /// A successor whose socket is not live by then is given up and made anew.
    pub takeover_wait: Span,
}

impl Default for ListenKeyConfig {
    fn default() -> Self {
        Self {
            extend_every: Span::from_secs(30 * 60),
            replace_after: Span::from_secs(50 * 60),
            retry_first: Span::from_millis(500),
            retry_max: Span::from_secs(30),
            takeover_wait: Span::from_secs(30),
        }
    }
}

/// A question that the keeper would like asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyWish {
    /// Make a key.
    Create,
    /// Extend this one.
    Extend(ListenKey),
    /// Close this one; its socket is gone or about to go.
    Close(ListenKey),
}

/// How the outstanding question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAnswer {
    /// A key was made.
    Created(ListenKey),
    /// The key was extended or closed.
    Done,
    /// The venue does not know the key.
    Unknown,
    /// No answer, or one that settles nothing.
    Failed,
}

/// Which of the two private sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySlot {
    /// The first.
    A,
    /// The second.
    B,
}

impl KeySlot {
    /// As an index, 0 or 1.
    pub const fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Keeps one account's private stream reachable.
#[derive(Debug)]
pub struct ListenKeyKeeper {
    config: ListenKeyConfig,
    slots: [Option<Held>; 2],
    /// The slot that serves, or will be the first to.
    current: KeySlot,
    /// Whether the current key shall be replaced.
    replace: bool,
    /// The key to close, kept until the question can be asked.
    closing: Option<ListenKey>,
    asked: Option<Asked>,
    failures: u32,
    retry_at: Mono,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    key: ListenKey,
    made: Mono,
    extended: Mono,
    live: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Create(KeySlot),
    Extend(KeySlot, ListenKey),
    Close,
}

const RETRY: TimerName = "listen_key_retry";
const EXTEND: TimerName = "listen_key_extend";
const REPLACE: TimerName = "listen_key_replace";
const TAKEOVER: TimerName = "listen_key_takeover";

impl ListenKeyKeeper {
    /// Has no key and wants one.
    pub const fn new(config: ListenKeyConfig) -> Self {
        Self {
            config,
            slots: [None; 2],
            current: KeySlot::A,
            replace: false,
            closing: None,
            asked: None,
            failures: 0,
            retry_at: Mono::ZERO,
        }
    }

    /// The key that the slot's socket is to be opened with; `None` means it is to be closed.
    pub fn key(&self, slot: KeySlot) -> Option<&ListenKey> {
        self.slots[slot.index()].as_ref().map(|held| &held.key)
    }

    /// The slot whose events count: the one that serves, a successor only once it took over.
    pub fn current(&self) -> KeySlot {
        self.current
    }

    /// Asks for a successor: the socket nears the end of its 24 h, or something seems wrong.
    pub fn replace(&mut self) {
        self.replace = true;
    }

    /// The question to ask, if one is due. The owner must answer it with
    /// [`handle_answer`](Self::handle_answer) before there is another.
    pub fn poll_wish(&mut self, now: Mono) -> Option<KeyWish> {
        if self.asked.is_some() || now < self.retry_at {
            return None;
        }
        self.retire_stalled(now);
        let current = self.current;
        let Some(held) = self.slots[current.index()] else {
            return self.ask(Asked::Create(current), KeyWish::Create);
        };
        let old = now.since(held.extended) >= self.config.replace_after;
        let successor = current.other();
        if (self.replace || old) && self.slots[successor.index()].is_none() {
            return self.ask(Asked::Create(successor), KeyWish::Create);
        }
        for slot in [current, successor] {
            if let Some(held) = self.slots[slot.index()]
                && now.since(held.extended) >= self.config.extend_every
            {
                return self.ask(Asked::Extend(slot, held.key), KeyWish::Extend(held.key));
            }
        }
        let key = self.closing?;
        self.ask(Asked::Close, KeyWish::Close(key))
    }

    /// The outstanding question ended.
    pub fn handle_answer(&mut self, now: Mono, answer: KeyAnswer) {
        let Some(asked) = self.asked.take() else { return };
        match (asked, answer) {
            (Asked::Create(slot), KeyAnswer::Created(key)) => {
                let held = Held { key, made: now, extended: now, live: false };
                self.slots[slot.index()] = Some(held);
                if self.slots[self.current.index()].is_none() {
                    // The key it was to succeed was lost meanwhile.
                    self.current = slot;
                    self.replace = false;
                }
                self.succeed();
            }
            (Asked::Extend(slot, key), KeyAnswer::Done) => {
                if let Some(held) = self.held(slot, key) {
                    held.extended = now;
                }
                self.succeed();
            }
            (Asked::Extend(slot, key), KeyAnswer::Unknown) => {
                if self.held(slot, key).is_some() {
                    self.handle_lost(slot);
                }
                self.succeed();
            }
            // A key that cannot be closed ends by itself within the hour.
            (Asked::Close, _) => {
                self.closing = None;
                self.succeed();
            }
            (Asked::Create(_) | Asked::Extend(..), _) => self.fail(now),
        }
    }

    /// All private streams of the slot's socket are live: a successor takes over, and the old
    /// key's slot is empty, so its socket may go.
    pub fn handle_live(&mut self, slot: KeySlot) {
        let Some(held) = self.slots[slot.index()].as_mut() else { return };
        held.live = true;
        if slot == self.current {
            return;
        }
        let old = self.slots[self.current.index()].take();
        self.closing = old.map(|held| held.key).or(self.closing);
        self.current = slot;
        self.replace = false;
    }

    /// The slot's key is of no use: its socket was refused, or ended while others live. A dropped
    /// connection alone loses no key.
    pub fn handle_lost(&mut self, slot: KeySlot) {
        self.slots[slot.index()] = None;
        let other = slot.other();
        if slot == self.current && self.slots[other.index()].is_some() {
            self.current = other;
            self.replace = false;
        }
    }

    /// When [`poll_wish`](Self::poll_wish) may have a question next, and which.
    pub fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        if self.asked.is_some() {
            return None;
        }
        let due = self.due();
        Some(if due.0 < self.retry_at { (self.retry_at, RETRY) } else { due })
    }

    fn due(&self) -> (Mono, TimerName) {
        let Some(current) = self.slots[self.current.index()] else { return (Mono::ZERO, RETRY) };
        let successor = self.slots[self.current.other().index()];
        if self.closing.is_some() || (self.replace && successor.is_none()) {
            return (Mono::ZERO, RETRY);
        }
        let mut due = (current.extended.after(self.config.extend_every), EXTEND);
        let replace = match successor {
            Some(held) => {
                let extend = held.extended.after(self.config.extend_every);
                due = due.min((extend, EXTEND));
                (held.made.after(self.config.takeover_wait), TAKEOVER)
            }
            None => (current.extended.after(self.config.replace_after), REPLACE),
        };
        if replace.0 < due.0 { replace } else { due }
    }

    /// Gives up a successor whose socket did not come up in time; another is made.
    fn retire_stalled(&mut self, now: Mono) {
        let slot = &mut self.slots[self.current.other().index()];
        let stalled =
            |held: &mut Held| !held.live && now.since(held.made) >= self.config.takeover_wait;
        if let Some(held) = slot.take_if(stalled) {
            self.closing = Some(held.key);
            self.replace = true;
        }
    }

    fn held(&mut self, slot: KeySlot, key: ListenKey) -> Option<&mut Held> {
        self.slots[slot.index()].as_mut().filter(|held| held.key == key)
    }

    fn ask(&mut self, asked: Asked, wish: KeyWish) -> Option<KeyWish> {
        self.asked = Some(asked);
        Some(wish)
    }

    fn succeed(&mut self) {
        self.failures = 0;
        self.retry_at = Mono::ZERO;
    }

    fn fail(&mut self, now: Mono) {
        let doubled = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        let wait = self.config.retry_first.nanos().saturating_mul(doubled);
        self.retry_at = now.after(Span::from_nanos(wait.min(self.config.retry_max.nanos())));
        self.failures = self.failures.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Span = Span::from_secs(60);

    #[test]
    fn a_key_is_made_and_extended_every_half_hour() {
        let mut keeper = with_key("first");
        assert_eq!(keeper.poll_wish(minutes(29)), None);
        assert_eq!(keeper.poll_timeout(), Some((minutes(30), "listen_key_extend")));
        assert_eq!(keeper.poll_wish(minutes(30)), Some(KeyWish::Extend(key("first"))));
        assert_eq!(keeper.poll_timeout(), None);
        keeper.handle_answer(minutes(30), KeyAnswer::Done);
        assert_eq!(keeper.poll_timeout(), Some((minutes(60), "listen_key_extend")));
        assert_eq!(keeper.poll_wish(minutes(59)), None);
    }

    #[test]
    fn a_key_that_cannot_be_extended_is_replaced_before_its_hour_ends() {
        let mut keeper = with_key("first");
        let mut now = minutes(30);
        let mut asked = 0;
        let made = loop {
            match keeper.poll_wish(now) {
                Some(KeyWish::Extend(_)) => {
                    asked += 1;
                    keeper.handle_answer(now, KeyAnswer::Failed);
                }
                Some(KeyWish::Create) => break now,
                other => panic!("{other:?}"),
            }
            now = keeper.poll_timeout().unwrap().0;
        };
        assert!(made >= minutes(50) && made <= minutes(51), "{made:?}");
        assert!((40..=60).contains(&asked), "{asked} attempts, at most one in 30 s after a while");
        keeper.handle_answer(made, KeyAnswer::Created(key("second")));
        assert_eq!(keeper.key(KeySlot::A), Some(&key("first")), "the old socket still serves");
        assert_eq!(keeper.key(KeySlot::B), Some(&key("second")));
        assert_eq!(keeper.current(), KeySlot::A);
        keeper.handle_live(KeySlot::B);
        assert_eq!((keeper.current(), keeper.key(KeySlot::A)), (KeySlot::B, None));
        assert_eq!(keeper.poll_wish(made), Some(KeyWish::Close(key("first"))));
        keeper.handle_answer(made, KeyAnswer::Failed);
        assert_eq!(keeper.poll_wish(made), None);
    }

    #[test]
    fn a_rotation_opens_the_successor_first() {
        let mut keeper = with_key("first");
        keeper.replace();
        assert_eq!(keeper.poll_wish(minutes(1)), Some(KeyWish::Create));
        keeper.handle_answer(minutes(1), KeyAnswer::Created(key("second")));
        assert_eq!(keeper.poll_wish(minutes(1)), None, "one successor is enough");
        keeper.handle_live(KeySlot::A);
        assert!(keeper.key(KeySlot::A).is_some() && keeper.key(KeySlot::B).is_some());
        keeper.handle_live(KeySlot::B);
        assert_eq!(keeper.poll_wish(minutes(1)), Some(KeyWish::Close(key("first"))));
        keeper.handle_answer(minutes(1), KeyAnswer::Done);
        assert_eq!(keeper.poll_timeout(), Some((minutes(31), "listen_key_extend")));
    }

    #[test]
    fn a_successor_that_never_comes_up_is_made_anew() {
        let mut keeper = with_key("first");
        keeper.replace();
        keeper.poll_wish(minutes(1)).unwrap();
        keeper.handle_answer(minutes(1), KeyAnswer::Created(key("second")));
        let (at, name) = keeper.poll_timeout().unwrap();
        assert_eq!((at, name), (minutes(1).after(Span::from_secs(30)), "listen_key_takeover"));
        assert_eq!(keeper.poll_wish(at), Some(KeyWish::Create));
        assert_eq!(keeper.key(KeySlot::B), None);
        keeper.handle_answer(at, KeyAnswer::Created(key("third")));
        assert_eq!(keeper.poll_wish(at), Some(KeyWish::Close(key("second"))));
    }

    #[test]
    fn a_lost_key_is_made_anew_at_once() {
        let mut keeper = with_key("first");
        keeper.handle_lost(KeySlot::A);
        assert_eq!(keeper.key(KeySlot::A), None);
        assert_eq!(keeper.poll_wish(minutes(1)), Some(KeyWish::Create));
        keeper.handle_answer(minutes(1), KeyAnswer::Created(key("second")));
        assert_eq!(keeper.key(KeySlot::A), Some(&key("second")));
    }

    #[test]
    fn a_successor_takes_over_when_the_old_key_is_lost_before_it_is_live() {
        let mut keeper = with_key("first");
        keeper.replace();
        keeper.poll_wish(minutes(1)).unwrap();
        keeper.handle_answer(minutes(1), KeyAnswer::Created(key("second")));
        keeper.handle_lost(KeySlot::A);
        assert_eq!(keeper.current(), KeySlot::B);
        assert_eq!(keeper.poll_wish(minutes(1)), None);
        keeper.handle_live(KeySlot::B);
        assert_eq!(keeper.key(KeySlot::B), Some(&key("second")));
    }

    #[test]
    fn a_key_lost_while_its_successor_is_made_is_succeeded_by_it() {
        let mut keeper = with_key("first");
        keeper.replace();
        keeper.poll_wish(minutes(1)).unwrap();
        keeper.handle_lost(KeySlot::A);
        keeper.handle_answer(minutes(1), KeyAnswer::Created(key("second")));
        assert_eq!((keeper.current(), keeper.key(KeySlot::A)), (KeySlot::B, None));
        assert_eq!(keeper.poll_wish(minutes(1)), None);
    }

    #[test]
    fn a_key_that_the_venue_forgot_is_lost() {
        let mut keeper = with_key("first");
        keeper.poll_wish(minutes(30)).unwrap();
        keeper.handle_answer(minutes(30), KeyAnswer::Unknown);
        assert_eq!(keeper.poll_wish(minutes(30)), Some(KeyWish::Create));
    }

    #[test]
    fn an_answer_about_a_key_that_is_gone_changes_nothing() {
        let mut keeper = with_key("first");
        keeper.poll_wish(minutes(30)).unwrap();
        keeper.handle_lost(KeySlot::A);
        keeper.handle_answer(minutes(30), KeyAnswer::Unknown);
        assert_eq!(keeper.poll_wish(minutes(30)), Some(KeyWish::Create));
        keeper.handle_answer(minutes(30), KeyAnswer::Done);
        assert_eq!(keeper.key(KeySlot::A), None, "an answer of another kind makes no key");
        keeper.handle_answer(minutes(30), KeyAnswer::Created(key("stray")));
        assert_eq!(keeper.key(KeySlot::A), None, "nobody asked");
    }

    #[test]
    fn failures_wait_longer_and_longer() {
        let mut keeper = ListenKeyKeeper::new(ListenKeyConfig::default());
        let mut now = Mono::ZERO;
        let mut waits = Vec::new();
        for _ in 0..9 {
            assert_eq!(keeper.poll_wish(now), Some(KeyWish::Create));
            keeper.handle_answer(now, KeyAnswer::Failed);
            let (at, name) = keeper.poll_timeout().unwrap();
            assert_eq!(name, "listen_key_retry");
            waits.push(at.since(now).millis());
            now = at;
        }
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn a_key_that_could_break_out_of_a_path_is_none() {
        for text in ["", "a b", "a&b=c", "a/b", "a\r\n", &"a".repeat(129)] {
            assert_eq!(ListenKey::new(text), None, "{text}");
        }
        assert_eq!(format!("{:?}", key("secret")), "ListenKey(..)");
    }

    fn with_key(name: &str) -> ListenKeyKeeper {
        let mut keeper = ListenKeyKeeper::new(ListenKeyConfig::default());
        assert_eq!(keeper.poll_wish(minutes(0)), Some(KeyWish::Create));
        assert_eq!(keeper.poll_wish(minutes(0)), None, "one question at a time");
        keeper.handle_answer(minutes(0), KeyAnswer::Created(key(name)));
        keeper.handle_live(KeySlot::A);
        keeper
    }

    fn key(name: &str) -> ListenKey {
        ListenKey::new(name).unwrap()
    }

    fn minutes(count: u64) -> Mono {
        Mono::ZERO.after(Span::from_nanos(MINUTE.nanos() * count))
    }
}
