//! Showing scenes, judging buys and exchanging plug-ins asks the heap for nothing.

use std::sync::{Arc, Mutex};

use heap::{asked, asked_by};
use host::wasm::Sandbox;
use host::{Prepared, Retired, Supply};
use model::{Mono, Slot, Strategies, Wishes};
use plugins::SHIPPED;

use super::feed::Feed;
use super::modules::{Shelf, native, prepared, shipped, slots, standing};

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

#[test]
fn an_exchange_asks_the_heap_for_nothing() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let table = Table::default();
    let mut plugins = host::Plugins::new(standing(), Box::new(table.clone()));
    let momentum = shipped(&sandbox, "momentum");
    assert!(momentum.manifest().state.is_some() && !momentum.manifest().parameters.is_empty());
    plugins.seat(prepared(&momentum, 3, 1));
    plugins.begin();
    assert!(plugins.set_parameter(Mono::ZERO, Slot(3), 0, momentum.manifest().parameters[0].max));
    for plugin in 2..20 {
        table.0.lock().unwrap().next = Some(prepared(&momentum, 3, plugin));
        plugins.begin();
        let mut exchanged = false;
        let spent = asked_by(|| exchanged = plugins.exchange(Mono::ZERO, Slot(3), plugin));
        assert_eq!((exchanged, spent), (true, 0));
        assert!(table.0.lock().unwrap().gone.take().is_some_and(|gone| gone.plugin == plugin - 1));
        assert_eq!(plugins.set_value(Slot(3), 0).map(|(place, _)| place), Some(0), "carried over");
    }
    assert!(plugins.take_report().is_none());
}

/// One instance that is ready, and one that left.
#[derive(Clone, Debug, Default)]
struct Table(Arc<Mutex<Ends>>);

#[derive(Debug, Default)]
struct Ends {
    next: Option<Prepared>,
    gone: Option<Retired>,
}

impl Supply for Table {
    fn take(&mut self, _: Slot, _: u128) -> Option<Prepared> {
        self.0.lock().unwrap().next.take()
    }

    fn give_back(&mut self, retired: Retired) {
        self.0.lock().unwrap().gone = Some(retired);
    }
}
