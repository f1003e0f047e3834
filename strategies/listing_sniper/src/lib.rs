//! Buys a coin at its opening and leaves by the operator's plan.
//!
//! It proposes a target as soon as a listing is believable, sized by how believable it is.
//! Everything after that (price cap, permit, the instant, retries, exits) is the engine's. With
//! the triggers `schedule + print` that is the exchange's second by our estimate of its clock, or
//! the first deal on the stream if that comes earlier.
#![cfg_attr(not(test), no_std)]
#![warn(missing_docs)]

use sdk::{Desk, Proposal, Refuse, Scene, Setup, Signal, Strategy};

/// The strategy.
#[derive(Debug, Default)]
pub struct ListingSniper {
    setup: Setup,
}

impl Strategy for ListingSniper {
    const MANIFEST: &'static str = include_str!("../plugin.toml");

    fn setup(&mut self, setup: &Setup) -> Result<(), Refuse> {
        self.setup = *setup;
        Ok(())
    }

    fn on_event(&mut self, scene: &Scene<'_>, desk: &mut Desk<'_>) {
        for signal in scene.signals() {
            if signal.confidence() >= self.setup.target_confidence() {
                self.propose(scene, &signal, desk);
            }
        }
    }
}

impl ListingSniper {
    fn propose(&self, scene: &Scene<'_>, signal: &Signal, desk: &mut Desk<'_>) {
        // A target that is not armed is proposed again: its size follows the confidence.
        let taken = |account| {
            let mut targets = scene.targets();
            targets
                .any(|target| target.account() == account && !target.state().is_open_to_revision())
        };
        for account in self.setup.accounts().filter(|account| !taken(*account)) {
            let Some(notional) = self.setup.size(signal.confidence()) else { return };
            let mut entry = *self.setup.entry();
            entry.notional = notional.raw();
            // Four wishes a call: further accounts get theirs with the next event.
            let _ = desk.propose(&Proposal {
                account,
                symbol: signal.symbol(),
                pattern: signal.pattern(),
                confidence: signal.confidence(),
                entry,
                exit: *self.setup.exit(),
            });
        }
    }
}

sdk::export!(ListingSniper);

#[cfg(test)]
mod tests {
    use sdk::testing::{Picture, Stage, Wish, picture, setup};
    use sdk::{AccountId, Amount, Pattern, SymbolId, TargetState};

    use super::*;

    #[test]
    fn size_rises_from_half_to_one_and_a_half_of_the_base() {
        for (percent, expected) in [(75, "50"), (90, "110"), (100, "150")] {
            let proposals = proposals(&believable(percent));
            let notional = Amount::from_raw(proposals[0].entry.notional);
            assert_eq!(notional.to_string(), expected, "{percent}");
        }
    }

    #[test]
    fn a_believable_listing_is_proposed_once_for_each_account() {
        let setup = setup::<ListingSniper>();
        let proposals = proposals(&believable(90));
        assert_eq!(proposals.len(), 2);
        let expected = Proposal {
            account: AccountId(1),
            symbol: SymbolId(3),
            pattern: Pattern::ReadyState,
            confidence: 90,
            entry: sdk::EntryPlan { notional: Amount::from_units(110).raw(), ..*setup.entry() },
            exit: *setup.exit(),
        };
        assert_eq!(proposals[1], expected);
    }

    #[test]
    fn an_account_with_an_armed_target_is_left_alone() {
        let scene = believable(90).foreign_target(1, 0, TargetState::Armed);
        let proposals = proposals(&scene);
        assert_eq!(proposals.len(), 1);
        assert_eq!(proposals[0].account, AccountId(1));
    }

    #[test]
    fn a_target_that_waits_or_is_over_is_proposed_again() {
        for state in [TargetState::Pending, TargetState::Ready, TargetState::Missed] {
            assert_eq!(proposals(&believable(90).target(1, 0, state)).len(), 2, "{state}");
        }
    }

    #[test]
    fn a_weak_signal_is_left_alone() {
        assert_eq!(proposals(&believable(74)), []);
    }

    #[test]
    fn a_scene_without_signals_is_left_alone() {
        assert_eq!(proposals(&picture(3)), []);
    }

    #[test]
    fn four_accounts_of_eight_get_theirs_in_one_call() {
        let setup = setup::<ListingSniper>().with_accounts(8);
        let mut stage = Stage::<ListingSniper>::with(&setup).unwrap();
        assert_eq!(stage.show(&believable(90)).wishes.len(), 4);
    }

    #[test]
    fn a_plan_whose_sizes_are_upside_down_proposes_nothing() {
        let mut setup = setup::<ListingSniper>();
        setup.raw.size_min_bps = 20_000;
        let mut stage = Stage::<ListingSniper>::with(&setup).unwrap();
        assert_eq!(stage.show(&believable(90)).wishes, []);
    }

    #[test]
    fn noise_neither_stops_it_nor_makes_it_say_too_much() {
        sdk::testing::storm::<ListingSniper>(20_000);
    }

    fn believable(percent: u8) -> Picture {
        picture(3).signal(Pattern::ReadyState, percent)
    }

    fn proposals(scene: &Picture) -> Vec<Proposal> {
        let setup = setup::<ListingSniper>().with_accounts(2);
        let reply = Stage::<ListingSniper>::with(&setup).unwrap().show(scene);
        let wishes = reply.wishes.into_iter().map(|wish| {
            let Wish::Propose(proposal) = wish else { panic!("{wish:?}") };
            proposal
        });
        wishes.collect()
    }
}
