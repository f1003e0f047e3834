//! The whole trader in paper mode: it buys and sells on the received market, and nothing leaves.

use model::{Mode, TargetState, WhyNot};
use sim::Storm;

use crate::support::{LISTINGS, Stream, world_on_paper};

#[test]
fn on_paper_listings_are_bought_and_sold_and_the_exchange_hears_of_none() {
    let mut completed = 0;
    for seed in 1..=8 {
        let mut world = world_on_paper(seed, Storm::calm());
        let outcome = world.run(&mut Stream::new());
        assert_eq!(outcome.violation, None, "seed {seed}");
        let targets: Vec<_> = world.trader.engine().targets().collect();
        assert_eq!(targets.len(), LISTINGS, "seed {seed}");
        for target in targets {
            let (state, why) = (target.record.state, target.record.why);
            eprintln!(
                "{seed} {state:?} {why:?} {:?} {:?}",
                target.position.bought, target.position.received
            );
            let sold = state == TargetState::Completed && !target.position.bought.is_zero();
            completed += u32::from(sold);
            assert!(sold || why != WhyNot::None, "seed {seed}: {state:?} without a reason");
        }
        assert_eq!(world.exchange.orders(0).count(), 0, "seed {seed}");
        assert!(world.trader.engine().orders().all(|o| o.id().parts().mode == Mode::Paper));
    }
    assert!(completed >= 12, "only {completed} of 24 were bought and sold");
}
