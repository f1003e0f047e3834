//! Two accounts on the same listings in one process: each within its own bounds, never against each
//! other.

use model::{AccountId, Amount, TargetState};
use sim::{Storm, World};

use crate::support::{LISTINGS, Stream, two_accounts, two_accounts_with};

const ACCOUNTS: [AccountId; 2] = [AccountId(0), AccountId(1)];

#[test]
fn both_take_every_listing_with_targets_and_positions_of_their_own() {
    let mut both = 0;
    for seed in 1..=6 {
        let mut world = two_accounts(seed, Storm::calm());
        let outcome = world.run(&mut Stream::new());
        assert_eq!(outcome.violation, None, "seed {seed}");
        for account in ACCOUNTS {
            assert_eq!(of(&world, account).count(), LISTINGS, "seed {seed}, {account:?}");
            for target in of(&world, account) {
                let permit = target.permit.map(|used| used.permit.account);
                assert!(permit.is_none_or(|owner| owner == account), "seed {seed}");
            }
        }
        let bought = |account| of(&world, account).filter(|t| t.position.exists()).count();
        both += usize::from(bought(ACCOUNTS[0]) > 0 && bought(ACCOUNTS[1]) > 0);
    }
    assert!(both >= 4, "only in {both} of 6 runs did both buy");
}

#[test]
fn each_spends_from_its_own_budget_and_its_own_balance() {
    let mut world = two_accounts(3, Storm::calm());
    let mut most = [Amount::ZERO; 2];
    let start = sim::MONO_START;
    for second in 0..60 {
        world.run_until(start.after(model::Span::from_secs(second)), &mut Stream::new());
        for (at, account) in ACCOUNTS.into_iter().enumerate() {
            let held = of(&world, account).filter(|target| target.is_holding());
            let cost = held.fold(Amount::ZERO, |sum, t| sum.plus_or_max(t.position.paid));
            most[at] = most[at].max(cost);
        }
    }
    assert!(most[0] > Amount::ZERO && most[1] > Amount::ZERO, "{most:?}");
    assert!(most[1] <= Amount::from_units(201), "the second has 200 and fees: {most:?}");
    let spent = |account: usize| {
        let pocket = world.exchange.balance(account, "USDT");
        pocket.free.plus_or_max(pocket.locked)
    };
    assert_ne!(spent(0), spent(1), "two ledgers");
}

#[test]
fn storms_and_deaths_find_them_apart_too() {
    for seed in [2, 3, 5, 7, 11, 13] {
        let outcome = two_accounts(seed, Storm::of_seed(seed)).run(&mut Stream::new());
        assert_eq!(outcome.violation, None, "seed {seed}");
        assert!(outcome.settled, "seed {seed}: {outcome:?}");
    }
}

#[test]
fn a_wrong_secret_of_one_account_costs_the_other_nothing() {
    let mut world = two_accounts_with(1, Storm::calm(), "not-the-secret");
    world.run_until(sim::MONO_START.after(model::Span::from_secs(40)), &mut Stream::new());
    let state = |account| of(&world, account).map(|t| t.record.state).collect::<Vec<_>>();
    assert!(state(ACCOUNTS[0]).contains(&TargetState::Completed), "{:?}", state(ACCOUNTS[0]));
    assert!(state(ACCOUNTS[1]).iter().all(|state| *state != TargetState::Completed));
    assert_eq!(world.exchange.orders(1).count(), 0, "nothing of it was taken");
}

fn of(world: &World, account: AccountId) -> impl Iterator<Item = &engine::Target> {
    world.trader.engine().targets().filter(move |target| target.account() == account)
}
