//! Buys a coin at its opening and leaves by the configured plan.
//!
//! It proposes a target as soon as a listing with a planned opening is believable, sized by how
//! believable it is. Everything after that (price cap, permit, the instant, retries, exits) is the
//! engine's. It proposes `schedule + print`: the exchange's second by our estimate of its clock,
//! or the first deal on the stream if that comes earlier, where the settings say so.
#![warn(missing_docs)]

use sdk::model::{
    AccountId, Amount, Confidence, EntryKind, EntryPlan, ExitPlan, PriceSource, Proposal, Signal,
    Span, TargetState, Triggers,
};
use sdk::{Desk, Propose, Scene, Strategy};

/// What a trader sets.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Accounts that take part; each gets a target of its own.
    pub accounts: u8,
    /// Signals below this are left alone.
    pub confidence_min: Confidence,
    /// Quote that the shares below are of.
    pub base_notional: Amount,
    /// Share of the base at a confidence of 75, in ten-thousandths.
    pub size_min_bps: u32,
    /// Share of the base at a confidence of 100, in ten-thousandths; rises evenly in between.
    pub size_max_bps: u32,
    /// Limit or immediate-or-cancel.
    pub kind: EntryKind,
    /// What may fire an entry.
    pub triggers: Triggers,
    /// Where the price cap's reference comes from.
    pub reference: PriceSource,
    /// The cap lies this far above the reference, in ten-thousandths.
    pub premium_bps: u32,
    /// Orders may leave from this long before the planned opening.
    pub early: Span,
    /// Orders may leave until this long after it.
    pub late: Span,
    /// Orders of one target, refused ones included.
    pub orders_max: u16,
    /// Way out.
    pub exit: ExitPlan,
}

/// The strategy.
#[derive(Debug)]
pub struct ListingSniper {
    settings: Settings,
}

impl ListingSniper {
    /// With these settings.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    fn proposal(&self, account: AccountId, signal: &Signal) -> Option<Proposal> {
        let Settings {
            kind, triggers, reference, premium_bps, early, late, orders_max, exit, ..
        } = self.settings;
        let notional = self.size(signal.confidence)?;
        let entry = EntryPlan {
            triggers,
            kind,
            notional,
            reference,
            operator_price: None,
            premium_bps,
            early,
            late,
            orders_max,
        };
        Some(Proposal {
            account,
            symbol: signal.symbol,
            pattern: signal.pattern,
            confidence: signal.confidence,
            entry,
            exit,
        })
    }
}

impl ListingSniper {
    fn size(&self, confidence: Confidence) -> Option<Amount> {
        let Settings { base_notional, size_min_bps, size_max_bps, .. } = self.settings;
        let above = u32::from(confidence.percent().saturating_sub(75).min(25));
        let rise = size_max_bps.checked_sub(size_min_bps)?.checked_mul(above)? / 25;
        base_notional.share_bps(size_min_bps.checked_add(rise)?)
    }
}

impl Strategy for ListingSniper {
    const NAME: &'static str = "listing_sniper";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn on_scene(&mut self, scene: &Scene<'_>, desk: &mut Desk<'_>) {
        for signal in scene.signals {
            if signal.confidence < self.settings.confidence_min {
                continue;
            }
            for account in (0..self.settings.accounts).map(AccountId) {
                // A target that is not armed is proposed again: its size follows the confidence.
                let taken =
                    scene.view.targets.iter().any(|target| {
                        target.account == account && !is_open_to_revision(target.state)
                    });
                if let (false, Some(proposal)) = (taken, self.proposal(account, signal)) {
                    // Four wishes a scene: further accounts get theirs with the next event.
                    let _ = desk.propose(proposal);
                }
            }
        }
    }
}

fn is_open_to_revision(state: TargetState) -> bool {
    matches!(state, TargetState::Pending | TargetState::Ready) || state.is_final()
}

#[cfg(test)]
mod tests {
    use sdk::model::{
        Body, Event, ExitRung, FixedList, Intent, Intents, ListingBody, ListingFact, Mono, Pattern,
        Source, Strategies, SymbolId, TargetId, VenueKey, VenueTime, View, ViewTarget,
    };

    use super::*;

    #[test]
    fn size_rises_from_half_to_one_and_a_half_of_the_base() {
        let sniper = ListingSniper::new(settings());
        for (percent, expected) in [(60, "50"), (75, "50"), (90, "110"), (100, "150")] {
            let size = sniper.size(Confidence::new(percent).unwrap()).unwrap();
            assert_eq!(size.to_string(), expected);
        }
    }

    #[test]
    fn a_believable_listing_is_proposed_once_for_each_account() {
        let intents = scene(90, &[]);
        assert_eq!(intents.len(), 2);
        let Some(Intent::Propose(proposal)) = intents.get(1) else { panic!("{intents:?}") };
        assert_eq!(proposal.account, AccountId(1));
        assert_eq!(proposal.entry.notional, Amount::from_units(110));
    }

    #[test]
    fn a_symbol_with_an_armed_target_is_left_alone() {
        let target = ViewTarget {
            id: TargetId(1),
            account: AccountId(0),
            symbol: SymbolId(3),
            state: TargetState::Armed,
        };
        assert_eq!(scene(90, &[target]).len(), 1);
    }

    #[test]
    fn a_weak_signal_is_left_alone() {
        assert_eq!(scene(74, &[]).len(), 0);
    }

    fn scene(percent: u8, targets: &[ViewTarget]) -> Intents {
        let signal = Signal {
            symbol: SymbolId(3),
            pattern: Pattern::ReadyState,
            confidence: Confidence::new(percent).unwrap(),
            uncalibrated: true,
            opens_at: VenueTime::from_millis(60_000),
            evidence: FixedList::new(),
        };
        let fact = ListingFact {
            source: Source::Calendar,
            coin: VenueKey(1),
            body: ListingBody::Opens { at: signal.opens_at },
        };
        let event = Event::bare(Body::Listing(fact));
        let view =
            View { venue_now: VenueTime::NONE, bid: None, ask: None, targets, positions: &[] };
        let mut intents = Intents::new();
        let mut sniper = sdk::Native(ListingSniper::new(settings()));
        sniper.on_event(Mono::ZERO, &event, &[signal], &view, &mut intents);
        intents
    }

    fn settings() -> Settings {
        let mut ladder = FixedList::new();
        ladder.push(ExitRung { gain_bps: 500, share_bps: 5_000 }).unwrap();
        Settings {
            accounts: 2,
            confidence_min: Confidence::new(75).unwrap(),
            base_notional: Amount::from_units(100),
            size_min_bps: 5_000,
            size_max_bps: 15_000,
            kind: EntryKind::ImmediateOrCancel,
            triggers: Triggers { schedule: true, print: true, strategy: false },
            reference: PriceSource::PreOpenAsk,
            premium_bps: 1_000,
            early: Span::from_millis(200),
            late: Span::from_secs(10),
            orders_max: 40,
            exit: ExitPlan {
                ladder,
                stop_loss_bps: 500,
                trailing_bps: 0,
                trailing_from_bps: 0,
                break_even_bps: 0,
                time_stop: Span::from_secs(10),
                keep_bps: 0,
                resting_share_bps: 5_000,
            },
        }
    }
}
