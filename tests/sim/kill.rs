//! The kill switch in mid-flight.

use model::{KillLevel, Span};
use sim::{MONO_START, Random, Storm, World};

use crate::support::{Orders, is_sold, world};

/// Listings of the demo open some 8 to 25 s after the start, so moments are drawn within that.
const WITHIN_MS: u64 = 22_000;
const EARLIEST_MS: u64 = 6_000;

/// Raises `level` at a moment drawn from the seed, runs on to the end, and gives what the journal
/// says of orders. Every invariant must hold throughout.
fn killed(seed: u64, moment: u64, level: KillLevel, storm: Storm) -> (World, Orders) {
    let mut world = world(seed, storm);
    let mut orders = Orders::default();
    let wait = EARLIEST_MS + Random::new(seed ^ (moment << 32), "kill").below(WITHIN_MS);
    let violation = world.run_until(MONO_START.after(Span::from_millis(wait)), &mut orders);
    assert_eq!(violation, None, "seed {seed}, {level:?} after {wait} ms");
    world.kill(level);
    let outcome = world.run(&mut orders);
    assert_eq!(outcome.violation, None, "seed {seed}, {level:?} after {wait} ms");
    assert!(outcome.settled && orders.killed, "seed {seed}, {level:?} after {wait} ms");
    assert_eq!(
        orders.buys_after, 0,
        "seed {seed}, {level:?} after {wait} ms: a buy after the kill"
    );
    (world, orders)
}

/// The same at several moments of several seeds, in calm and in their storms.
fn on_many(level: KillLevel, check: impl Fn(&World)) {
    let (mut before, mut sold) = (0, 0);
    for seed in [2, 7, 10, 11, 13, 39, 93, 115, 412, 428] {
        let mut storms = vec![Storm::calm(), Storm::of_seed(seed)];
        storms.dedup();
        for storm in storms {
            for moment in 0..3 {
                let (world, orders) = killed(seed, moment, level, storm.clone());
                before += orders.buys_before;
                sold += orders.sells_after;
                check(&world);
            }
        }
    }
    // Otherwise the moments met nothing, and the test proves nothing.
    assert!(before > 0 && sold > 0, "{before} buys before, {sold} sells after");
}

#[test]
fn after_a_halt_nothing_is_bought_and_what_is_held_is_still_sold() {
    on_many(KillLevel::Halt, |world| {
        assert_eq!(world.trader.engine().kill_level(), KillLevel::Halt);
    });
}

#[test]
fn after_a_reduce_nothing_is_bought_and_no_target_waits() {
    on_many(KillLevel::Reduce, |world| {
        for target in world.trader.engine().targets() {
            assert!(target.record.state.is_final(), "{:?}", target.record);
        }
    });
}

#[test]
fn after_a_flatten_nothing_is_held_that_could_be_sold() {
    on_many(KillLevel::Flatten, |world| {
        for target in world.trader.engine().targets() {
            assert!(target.record.state.is_final(), "{:?}", target.record);
            assert!(is_sold(world, target), "{:?} {:?}", target.record, target.position);
        }
    });
}

#[test]
fn a_resume_does_not_lower_a_raise_that_came_in_between() {
    let mut world = world(7, Storm::calm());
    world.kill(KillLevel::Halt);
    world.resume();
    assert_eq!(world.trader.engine().kill_level(), KillLevel::Active, "a resume alone lowers");
    world.kill(KillLevel::Halt);
    world.raise(KillLevel::Flatten);
    world.resume();
    assert_eq!(world.trader.engine().kill_level(), KillLevel::Flatten);
}
