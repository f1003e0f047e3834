//! Where a plug-in puts what it wants: intents, timers, and text for the log.

use core::fmt::{self, Display, Write};

use abi::area::{INTENTS, LOG, LOG_MAX, OUTPUT, SIZE, TIMER, TIMERS};
use abi::export::Answer;
use abi::intent::{AMEND, ENTER, EXIT, EntryPlan, ExitPlan, Intent, PROPOSE, TimerSet};
use abi::{NEVER, NO_SYMBOL, Plain};

use crate::manifest::equal;
use crate::num::Qty;
use crate::time::Mono;
use crate::word::{AccountId, Pattern, SymbolId, TargetId};

/// Bytes from the output's start to the area's end.
pub(crate) const OUTPUT_LEN: usize = SIZE - OUTPUT;

/// The call has taken as much as one call may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call has given all it may")
    }
}

impl core::error::Error for Full {}

/// A target that a strategy would like to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// For whom.
    pub account: AccountId,
    /// The pair that the scene shows.
    pub symbol: SymbolId,
    /// What it rests on.
    pub pattern: Pattern,
    /// How sure, 0 to 100.
    pub confidence: u8,
    /// Way in.
    pub entry: EntryPlan,
    /// Way out.
    pub exit: ExitPlan,
}

/// Where a strategy puts its wishes: four a call, besides timers and log.
#[derive(Debug)]
pub struct Desk<'a> {
    notes: Notes<'a>,
    intents: u8,
}

/// Where timers and log text go, which is all that a risk rule may leave behind at an event.
#[derive(Debug)]
pub struct Notes<'a> {
    bytes: &'a mut [u8; OUTPUT_LEN],
    timers: u8,
    log: usize,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(bytes: &'a mut [u8; OUTPUT_LEN]) -> Self {
        Self { notes: Notes::new(bytes), intents: 0 }
    }

    /// Wishes for a target.
    ///
    /// # Errors
    /// [`Full`] when the call's wishes are spent.
    #[inline]
    pub fn propose(&mut self, proposal: &Proposal) -> Result<(), Full> {
        let bytes = self.next(&Wish {
            kind: PROPOSE,
            account: proposal.account.0,
            pattern: proposal.pattern.number(),
            confidence: proposal.confidence,
            symbol: proposal.symbol.0,
            ..Wish::default()
        })?;
        proposal.entry.put(&mut bytes[ENTRY_AT..]);
        proposal.exit.put(&mut bytes[EXIT_AT..]);
        Ok(())
    }

    /// Wishes to fire an armed target whose triggers allow it.
    ///
    /// # Errors
    /// [`Full`] when the call's wishes are spent.
    pub fn enter(&mut self, target: TargetId) -> Result<(), Full> {
        let bytes = self.next(&Wish { kind: ENTER, target: target.0, ..Wish::default() })?;
        bytes[ENTRY_AT..].fill(0);
        Ok(())
    }

    /// Wishes to change the way out, inside the permit.
    ///
    /// # Errors
    /// [`Full`] when the call's wishes are spent.
    pub fn amend(&mut self, target: TargetId, exit: &ExitPlan) -> Result<(), Full> {
        let bytes = self.next(&Wish { kind: AMEND, target: target.0, ..Wish::default() })?;
        bytes[ENTRY_AT..EXIT_AT].fill(0);
        exit.put(&mut bytes[EXIT_AT..]);
        Ok(())
    }

    /// Wishes to sell `qty`, or all when `None`. A quantity of zero is no wish.
    ///
    /// # Errors
    /// [`Full`] when the call's wishes are spent.
    pub fn exit(&mut self, target: TargetId, qty: Option<Qty>) -> Result<(), Full> {
        let qty = match qty.map(Qty::raw) {
            Some(0) => return Ok(()),
            qty => qty.unwrap_or(0),
        };
        let bytes = self.next(&Wish { kind: EXIT, target: target.0, qty, ..Wish::default() })?;
        bytes[ENTRY_AT..].fill(0);
        Ok(())
    }

    /// How many wishes are left.
    pub fn left(&self) -> usize {
        INTENTS - usize::from(self.intents)
    }

    /// As [`Notes::set_timer`].
    ///
    /// # Errors
    /// As there.
    pub fn set_timer(&mut self, timer: u8, at: Mono, symbol: Option<SymbolId>) -> Result<(), Full> {
        self.notes.set_timer(timer, at, symbol)
    }

    /// As [`Notes::clear_timer`].
    ///
    /// # Errors
    /// As there.
    pub fn clear_timer(&mut self, timer: u8) -> Result<(), Full> {
        self.notes.clear_timer(timer)
    }

    /// As [`Notes::log`].
    ///
    /// # Errors
    /// As there.
    pub fn log(&mut self, text: impl Display) -> Result<(), Full> {
        self.notes.log(text)
    }

    /// Writes what stands before the plans; gives the whole intent's bytes.
    #[inline]
    fn next(&mut self, wish: &Wish) -> Result<&mut [u8; Intent::SIZE], Full> {
        let at = usize::from(self.intents);
        if at == INTENTS {
            return Err(Full);
        }
        self.intents += 1;
        let bytes = self.notes.bytes[at * Intent::SIZE..].first_chunk_mut().ok_or(Full)?;
        wish.put(bytes);
        Ok(bytes)
    }

    pub(crate) fn answer(&self) -> Answer {
        Answer { intents: self.intents, ..self.notes.answer() }
    }
}

/// What stands before the plans of an [`Intent`]; written by itself, so that no intent is put
/// together in one place to be copied to another.
#[derive(Clone, Copy, Default)]
struct Wish {
    kind: u8,
    account: u8,
    pattern: u8,
    confidence: u8,
    symbol: u32,
    target: u32,
    qty: i64,
}

const ENTRY_AT: usize = offset("entry");
const EXIT_AT: usize = offset("exit");

/// Where a field of an [`Intent`] stands.
const fn offset(name: &str) -> usize {
    let mut at = 0;
    while !equal(Intent::FIELDS[at].name.as_bytes(), name.as_bytes()) {
        at += 1;
    }
    Intent::FIELDS[at].offset
}

impl Wish {
    #[inline]
    fn put(&self, to: &mut [u8; Intent::SIZE]) {
        let Self { kind, account, pattern, confidence, symbol, target, qty } = *self;
        let first = u32::from_le_bytes([kind, account, pattern, confidence]);
        // In the order of `Intent::FIELDS`, each at its offset; a test compares them.
        (u64::from(first) | u64::from(symbol) << 32).put(&mut to[0..]);
        u64::from(target).put(&mut to[8..]);
        qty.put(&mut to[16..]);
        0_u64.put(&mut to[24..]);
    }
}

impl<'a> Notes<'a> {
    pub(crate) fn new(bytes: &'a mut [u8; OUTPUT_LEN]) -> Self {
        Self { bytes, timers: 0, log: 0 }
    }

    /// Sets or moves timer 0 to 7. When it comes, the scene shows `symbol`. It comes once.
    ///
    /// # Errors
    /// [`Full`] after eight changes in one call, or for a timer that there is not.
    pub fn set_timer(&mut self, timer: u8, at: Mono, symbol: Option<SymbolId>) -> Result<(), Full> {
        let symbol = symbol.map_or(NO_SYMBOL, |symbol| symbol.0);
        self.put(&TimerSet { timer: u32::from(timer), symbol, at: at.0 })
    }

    /// Clears timer 0 to 7.
    ///
    /// # Errors
    /// [`Full`] after eight changes in one call, or for a timer that there is not.
    pub fn clear_timer(&mut self, timer: u8) -> Result<(), Full> {
        self.put(&TimerSet { timer: u32::from(timer), symbol: NO_SYMBOL, at: NEVER })
    }

    /// Adds a line to the log: a text, or `format_args!("{price}")`. A call has 160 bytes.
    ///
    /// # Errors
    /// [`Full`] when the text was cut.
    pub fn log(&mut self, text: impl Display) -> Result<(), Full> {
        if self.log > 0 {
            self.write_char('\n').map_err(|_| Full)?;
        }
        write!(self, "{text}").map_err(|_| Full)
    }

    fn put(&mut self, timer: &TimerSet) -> Result<(), Full> {
        let at = usize::from(self.timers);
        if at == TIMERS || timer.timer as usize >= TIMERS {
            return Err(Full);
        }
        self.timers += 1;
        let at = TIMER - OUTPUT + at * TimerSet::SIZE;
        timer.put(&mut self.bytes[at..at + TimerSet::SIZE]);
        Ok(())
    }

    pub(crate) fn answer(&self) -> Answer {
        Answer { intents: 0, timers: self.timers, log: self.log as u16 }
    }
}

impl Write for Notes<'_> {
    /// Takes whole characters as long as there is room.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LOG_MAX - self.log;
        let taken = text.floor_char_boundary(room);
        let at = LOG - OUTPUT + self.log;
        self.bytes[at..at + taken].copy_from_slice(&text.as_bytes()[..taken]);
        self.log += taken;
        if taken == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_stands_where_an_intent_has_it() {
        let mut bytes = [0xff; Intent::SIZE];
        let [kind, account, pattern, confidence] = [1, 2, 3, 4];
        Wish { kind, account, pattern, confidence, symbol: 5, target: 6, qty: -7 }.put(&mut bytes);
        let (entry, exit) = (EntryPlan::default(), ExitPlan::default());
        entry.put(&mut bytes[ENTRY_AT..]);
        exit.put(&mut bytes[EXIT_AT..]);
        let expected = Intent {
            kind,
            account,
            pattern,
            confidence,
            symbol: 5,
            target: 6,
            qty: -7,
            ..Intent::default()
        };
        assert_eq!(Intent::get(&bytes), expected);
    }

    #[test]
    fn four_wishes_eight_timers_and_160_bytes_are_all_that_a_call_gives() {
        let mut bytes = [0; OUTPUT_LEN];
        let mut desk = Desk::new(&mut bytes);
        for left in (0..INTENTS).rev() {
            assert_eq!(desk.exit(TargetId(1), None), Ok(()));
            assert_eq!(desk.left(), left);
        }
        assert_eq!(desk.enter(TargetId(1)), Err(Full));
        for timer in 0..TIMERS as u8 {
            assert_eq!(desk.set_timer(timer, Mono(5), None), Ok(()));
        }
        assert_eq!(desk.clear_timer(0), Err(Full));
        assert_eq!(desk.log("x".repeat(159)), Ok(()));
        assert_eq!(desk.log("y"), Err(Full), "the line's end took the last byte");
        assert_eq!(desk.answer(), Answer { intents: 4, timers: 8, log: 160 });
    }

    #[test]
    fn a_timer_that_there_is_not_and_a_sale_of_nothing_are_no_wishes() {
        let mut bytes = [0; OUTPUT_LEN];
        let mut desk = Desk::new(&mut bytes);
        assert_eq!(desk.set_timer(8, Mono(5), None), Err(Full));
        assert_eq!(desk.exit(TargetId(1), Some(Qty::ZERO)), Ok(()));
        assert_eq!(desk.answer(), Answer::default());
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut bytes = [0; OUTPUT_LEN];
        let mut desk = Desk::new(&mut bytes);
        assert_eq!(desk.log(format_args!("{}{}", "x".repeat(159), "ü")), Err(Full));
        assert_eq!(desk.answer().log, 159);
    }
}
