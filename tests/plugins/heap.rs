//! Showing scenes and judging buys asks the heap for nothing.

use heap::{asked, asked_by};
use host::wasm::Sandbox;
use model::{Strategies, Wishes};
use plugins::SHIPPED;

use super::feed::Feed;
use super::modules::{Shelf, native, prepared, shipped, slots};

#[test]
fn sixteen_slots_ask_the_heap_for_nothing() {
    for sandboxed in [false, true] {
        let sandbox = Sandbox::new().expect("a sandbox");
        let blueprints = SHIPPED.each_ref().map(|one| shipped(&sandbox, one.name));
        let mut plugins = slots(&Shelf::default());
        for slot in 0..16 {
            let at = usize::from(slot) % SHIPPED.len();
            let hash = u128::from(slot) + 1;
            plugins.seat(match sandboxed {
                true => prepared(&blueprints[at], slot, hash),
                false => native(&SHIPPED[at], slot, hash),
            });
        }
        let (mut feed, mut wishes) = (Feed::new(12), Wishes::new());
        let (mut wished, mut spent) = (0, 0);
        for turn in 0..5_000 {
            let (moment, buy) = (feed.next(), feed.buy());
            wishes.clear();
            spent += asked_by(|| {
                moment.show_into(&mut plugins, &mut wishes);
                while let Some(due) = plugins.take_timer(moment.now) {
                    let happening = model::Happening::Timer(due);
                    moment.show_happening(happening, &[], &mut plugins, &mut wishes);
                }
                buy.judge(&mut plugins);
                while plugins.take_report().is_some() {}
            });
            wished += wishes.len();
            assert_eq!(spent, 0, "scene {turn}, sandboxed: {sandboxed}");
        }
        assert!(wished > 500 && asked() > 0, "{wished} wishes");
        assert!(plugins.states().iter().all(|state| state.active));
    }
}
