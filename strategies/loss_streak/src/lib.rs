//! Pauses an account's buys after so many losing positions in a row.
//!
//! A position is lost when its sales brought less than its buys cost, fees included. One that was
//! handed over says nothing either way. The pause is counted on the exchange's clock, so that it
//! outlives a restart; while that clock is unknown, a paused account stays paused. After the pause
//! the count begins anew.
#![cfg_attr(not(test), no_std)]
#![warn(missing_docs)]

use sdk::{
    Closed, Event, Notes, PositionChange, Question, Reader, Refuse, RiskRule, Scene, Setup, Span,
    TargetId, VenueTime, Verdict, Writer, manifest,
};

/// Refusal: the account pauses.
pub const PAUSED: u32 = 1;

const MANIFEST: &str = include_str!("../plugin.toml");
const LOSSES: usize = manifest::parameter(MANIFEST, "losses");
const PAUSE: usize = manifest::parameter(MANIFEST, "pause_ms");

/// Accounts of one process.
const ACCOUNTS: usize = 8;
/// Closed positions that it remembers, so that one that changes again is not counted twice.
const COUNTED: usize = 16;

/// The rule.
#[derive(Debug, Default)]
pub struct LossStreak {
    losses: u32,
    pause: Span,
    accounts: [Account; ACCOUNTS],
    counted: [u32; COUNTED],
    next: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Account {
    lost: u32,
    pause: Pause,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pause {
    #[default]
    No,
    /// Begun while the exchange's clock was unknown.
    Begun,
    Until(VenueTime),
}

impl RiskRule for LossStreak {
    const MANIFEST: &'static str = MANIFEST;

    fn setup(&mut self, setup: &Setup) -> Result<(), Refuse> {
        self.losses = u32::try_from(setup.parameter(LOSSES)).map_err(|_| Refuse(1))?.max(1);
        self.pause = Span::from_millis(setup.parameter(PAUSE));
        Ok(())
    }

    fn judge(&mut self, question: &Question) -> Verdict {
        let Some(account) = self.accounts.get_mut(usize::from(question.account().0)) else {
            return Verdict::Allow;
        };
        match account.paused(question.venue_now(), self.pause) {
            true => Verdict::Refuse(PAUSED),
            false => Verdict::Allow,
        }
    }

    fn on_event(&mut self, scene: &Scene<'_>, notes: &mut Notes<'_>) {
        let Event::Position(position) = scene.event() else { return };
        let says_something = !matches!(position.closed(), Closed::Not | Closed::HandedOver);
        if says_something && self.count(position.target()) {
            self.on_closed(&position, scene.venue_now(), notes);
        }
    }

    fn save(&self, to: &mut [u8]) -> Option<usize> {
        let mut writer = Writer::new(to);
        for Account { lost, pause } in self.accounts {
            let (kind, until) = match pause {
                Pause::No => (0_u32, 0),
                Pause::Begun => (1, 0),
                Pause::Until(until) => (2, until.0),
            };
            writer.put(lost).put(kind).put(until);
        }
        writer.put(self.counted).put(self.next).written()
    }

    fn restore(&mut self, version: u32, from: &[u8]) -> bool {
        match read(from) {
            Some(Self { accounts, counted, next, .. }) if version == 1 => {
                *self = Self { losses: self.losses, pause: self.pause, accounts, counted, next };
                true
            }
            _ => false,
        }
    }
}

fn read(from: &[u8]) -> Option<LossStreak> {
    let mut reader = Reader::new(from);
    let mut state = LossStreak::default();
    for account in &mut state.accounts {
        account.lost = reader.get()?;
        account.pause = match (reader.get::<u32>()?, reader.get()?) {
            (0, _) => Pause::No,
            (1, _) => Pause::Begun,
            (2, until) => Pause::Until(VenueTime(until)),
            _ => return None,
        };
    }
    state.counted = reader.get()?;
    state.next = reader.get()?;
    reader.is_at_end().then_some(state)
}

impl LossStreak {
    /// Remembers the position's target; whether it was not counted yet.
    fn count(&mut self, TargetId(target): TargetId) -> bool {
        if self.counted.contains(&target) {
            return false;
        }
        self.counted[self.next as usize % COUNTED] = target;
        self.next = self.next.wrapping_add(1);
        true
    }

    fn on_closed(
        &mut self,
        position: &PositionChange,
        venue_now: Option<VenueTime>,
        notes: &mut Notes<'_>,
    ) {
        let id = position.account().0;
        let Some(account) = self.accounts.get_mut(usize::from(id)) else { return };
        if position.received() >= position.paid() {
            account.lost = 0;
            return;
        }
        account.lost = account.lost.saturating_add(1);
        if account.lost < self.losses {
            return;
        }
        let lost = account.lost;
        let until = |now: VenueTime| Pause::Until(now.after(self.pause));
        *account = Account { lost: 0, pause: venue_now.map_or(Pause::Begun, until) };
        let minutes = self.pause.millis() / 60_000;
        // A text that is cut is good enough.
        let _ = notes.log(format_args!(
            "account {id}: {lost} positions lost in a row, no buys for {minutes} minutes"
        ));
    }
}

impl Account {
    /// Whether it pauses. A pause whose begin has no time begins with the first known one.
    fn paused(&mut self, venue_now: Option<VenueTime>, pause: Span) -> bool {
        match (self.pause, venue_now) {
            (Pause::No, _) => false,
            (_, None) => true,
            (Pause::Begun, Some(now)) => {
                self.pause = Pause::Until(now.after(pause));
                true
            }
            (Pause::Until(until), Some(now)) => {
                if now >= until {
                    self.pause = Pause::No;
                }
                now < until
            }
        }
    }
}

sdk::export!(risk_rule LossStreak, events, state);

#[cfg(test)]
mod tests {
    use sdk::testing::{Picture, Stage, picture, question};

    use super::*;

    const HOUR: Span = Span::from_secs(3_600);

    #[test]
    fn three_losses_in_a_row_pause_the_account_for_an_hour() {
        let mut stage = Stage::<LossStreak>::new();
        stage.show(&lost(0, 1));
        stage.show(&lost(0, 2));
        assert_eq!(ask(&mut stage, 0, Span::ZERO), Verdict::Allow);
        let reply = stage.show(&lost(0, 3));
        assert_eq!(reply.log, "account 0: 3 positions lost in a row, no buys for 60 minutes");
        assert_eq!(ask(&mut stage, 0, Span(HOUR.0 - 1)), Verdict::Refuse(PAUSED));
        assert_eq!(ask(&mut stage, 0, HOUR), Verdict::Allow);
        stage.show(&lost(0, 4).later(HOUR));
        assert_eq!(ask(&mut stage, 0, HOUR), Verdict::Allow, "the count began anew");
    }

    #[test]
    fn a_gain_begins_the_count_anew_and_a_handed_over_position_says_nothing() {
        let mut stage = Stage::<LossStreak>::new();
        stage.show(&lost(0, 1));
        stage.show(&lost(0, 2));
        stage.show(&picture(3).position_changed(0, 3, Closed::TakeProfit, 100, 100));
        stage.show(&lost(0, 4));
        stage.show(&lost(0, 5));
        stage.show(&picture(3).position_changed(0, 6, Closed::HandedOver, 100, 0));
        assert_eq!(ask(&mut stage, 0, Span::ZERO), Verdict::Allow);
        stage.show(&lost(0, 7));
        assert_eq!(ask(&mut stage, 0, Span::ZERO), Verdict::Refuse(PAUSED));
    }

    #[test]
    fn each_account_has_its_own_count() {
        let mut stage = Stage::<LossStreak>::new();
        for target in 1..=3 {
            stage.show(&lost(1, target));
            stage.show(&lost(200, 100 + target));
        }
        assert_eq!(ask(&mut stage, 0, Span::ZERO), Verdict::Allow);
        assert_eq!(ask(&mut stage, 1, Span::ZERO), Verdict::Refuse(PAUSED));
        assert_eq!(ask(&mut stage, 200, Span::ZERO), Verdict::Allow);
    }

    #[test]
    fn a_position_that_changes_again_after_its_end_counts_once() {
        let mut stage = Stage::<LossStreak>::new();
        for _ in 0..5 {
            stage.show(&lost(0, 1));
        }
        stage.show(&picture(3).position_changed(0, 2, Closed::Not, 100, 20));
        assert_eq!(ask(&mut stage, 0, Span::ZERO), Verdict::Allow);
    }

    #[test]
    fn without_the_exchanges_clock_a_pause_neither_ends_nor_is_forgotten() {
        let mut stage = Stage::<LossStreak>::new();
        for target in 1..=3 {
            stage.show(&lost(0, target).without_venue_time());
        }
        let mut blind = question();
        blind.raw.venue_now = sdk::abi::NO_TIME;
        assert_eq!(stage.ask(&blind), Verdict::Refuse(PAUSED));
        assert_eq!(ask(&mut stage, 0, HOUR), Verdict::Refuse(PAUSED), "it begins here");
        assert_eq!(ask(&mut stage, 0, Span(HOUR.0 * 2 - 1)), Verdict::Refuse(PAUSED));
        assert_eq!(ask(&mut stage, 0, Span(HOUR.0 * 2)), Verdict::Allow);
    }

    #[test]
    fn counts_and_pauses_are_carried_over() {
        let mut stage = Stage::<LossStreak>::new();
        for target in 1..=3 {
            stage.show(&lost(0, target));
        }
        stage.show(&lost(1, 4));
        stage.show(&lost(1, 5));
        let state = stage.save().expect("it saves");
        let mut next = Stage::<LossStreak>::restored(1, &state).expect("it understands itself");
        assert_eq!(ask(&mut next, 0, Span::ZERO), Verdict::Refuse(PAUSED));
        next.show(&lost(1, 5));
        assert_eq!(ask(&mut next, 1, Span::ZERO), Verdict::Allow, "counted before");
        next.show(&lost(1, 6));
        assert_eq!(ask(&mut next, 1, Span::ZERO), Verdict::Refuse(PAUSED));
        assert_eq!(next.save().map(|state| state.len()), Some(state.len()));
    }

    #[test]
    fn a_state_of_another_version_or_length_is_not_understood() {
        let state = Stage::<LossStreak>::new().save().expect("it saves");
        assert!(Stage::<LossStreak>::restored(2, &state).is_none());
        assert!(Stage::<LossStreak>::restored(1, &state[1..]).is_none());
        let mut odd = state;
        odd[4] = 9;
        assert!(Stage::<LossStreak>::restored(1, &odd).is_none());
    }

    #[test]
    fn noise_neither_stops_it_nor_makes_it_say_too_much() {
        sdk::testing::storm::<LossStreak>(20_000);
    }

    fn lost(account: u8, target: u32) -> Picture {
        picture(3).position_changed(account, target, Closed::StopLoss, 100, 95)
    }

    /// Asked so long after the pictures.
    fn ask(stage: &mut Stage<LossStreak>, account: u8, later: Span) -> Verdict {
        let mut question = question();
        question.raw.account = account;
        question.raw.venue_now += later.0;
        stage.ask(&question)
    }
}
