//! A thousand exchanges while a feed goes on: no event is lost or doubled.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use host::wasm::{Blueprint, Sandbox};
use host::{Plugins, Prepared, Retired, Supply};
use model::{Slot, Strategies};

use super::feed::Feed;
use super::modules::{file, from_file, prepared, shipped, standing};

const SWAPS: u64 = 1_000;
/// Scenes between two exchanges, as 10,000 events a second and 20 exchanges a second have.
const BETWEEN: usize = 25;
/// The one that counts its scenes, and the one beside it that is never exchanged.
const COUNTS: u8 = 3;
const STAYS: u8 = 4;

/// What another thread prepared, and the way back to it.
#[derive(Debug)]
struct Lane {
    next: Option<Prepared>,
    gone: SyncSender<Retired>,
}

impl Supply for Lane {
    fn take(&mut self, slot: Slot, plugin: u128) -> Option<Prepared> {
        self.next.take_if(|next| next.slot == slot && next.plugin == plugin)
    }

    fn give_back(&mut self, retired: Retired) {
        self.gone.send(retired).expect("the maker outlives the loop");
    }
}

/// A lane through a lock, so that the loop can put the next one there.
#[derive(Clone, Debug)]
struct Shared(std::sync::Arc<std::sync::Mutex<Lane>>);

impl Supply for Shared {
    fn take(&mut self, slot: Slot, plugin: u128) -> Option<Prepared> {
        self.0.lock().unwrap().take(slot, plugin)
    }

    fn give_back(&mut self, retired: Retired) {
        self.0.lock().unwrap().give_back(retired);
    }
}

/// Makes an instance for each exchange and drops what comes back; gives what that was, in order.
fn make(blueprint: &Blueprint, to: SyncSender<Prepared>, gone: &Receiver<Retired>) -> Vec<Retired> {
    let mut back = Vec::new();
    let dropped = |mut retired: Retired| {
        retired.guest = None;
        retired
    };
    for plugin in 0..SWAPS {
        // The pool has no place for all of them at once.
        back.extend(gone.try_iter().map(dropped));
        let next = prepared(blueprint, COUNTS, u128::from(plugin) + 1_000);
        to.send(next).expect("the loop takes all");
    }
    drop(to);
    back.extend(gone.iter().map(dropped));
    back
}

#[test]
fn a_thousand_exchanges_lose_and_double_nothing() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let counter = from_file(&sandbox, &file("core/host/tests/wat/good.wat"));
    let sniper = shipped(&sandbox, "listing_sniper");
    let (ready, next) = sync_channel(4);
    let (gone, back) = sync_channel(64);
    let (last, stopped) = sync_channel(1);
    let shared = Shared(std::sync::Arc::new(std::sync::Mutex::new(Lane { next: None, gone })));
    let mut plugins = Plugins::new(standing(), Box::new(shared.clone()));
    plugins.seat(prepared(&counter, COUNTS, 1));
    plugins.seat(prepared(&sniper, STAYS, 2));
    let mut alone = Plugins::new(standing(), Box::new(()));
    alone.seat(prepared(&sniper, STAYS, 2));

    let mut shown = vec![0_u64];
    let returned = thread::scope(|scope| {
        let counter = &counter;
        let maker = scope.spawn(move || make(counter, ready, &back));
        let mut feed = Feed::new(21);
        for prepared in next {
            let plugin = prepared.plugin;
            shared.0.lock().unwrap().next = Some(prepared);
            let moment = feed.next();
            assert!(plugins.exchange(moment.now, Slot(COUNTS), plugin));
            shown.push(0);
            for _ in 0..BETWEEN {
                let moment = feed.next();
                assert_eq!(moment.show(&mut plugins), moment.show(&mut alone));
                *shown.last_mut().unwrap() += u64::from(moment.has_signals() || moment.is_look());
            }
            assert!(plugins.take_report().is_none());
        }
        shared.0.lock().unwrap().gone = last;
        maker.join().expect("the maker")
    });

    let total: u64 = shown.iter().sum();
    assert!(shown.len() as u64 == SWAPS + 1 && total > SWAPS, "{total}");
    assert_eq!(counted(&mut plugins, &stopped), total, "its own count, through every exchange");
    for (retired, shown) in returned.iter().zip(&shown) {
        assert_eq!(retired.scenes, *shown, "{:x}", retired.plugin);
    }
    let scenes = |plugins: &Plugins| {
        let states = plugins.states();
        states.iter().find(|state| state.slot == Slot(STAYS)).unwrap().scenes
    };
    assert_eq!(scenes(&plugins), scenes(&alone));
}

/// What the last one counted, by its state.
fn counted(plugins: &mut Plugins, stopped: &Receiver<Retired>) -> u64 {
    plugins.stop(Slot(COUNTS));
    let mut guest = stopped.recv().unwrap().guest.expect("its instance");
    assert_eq!(guest.call(abi::Call::Save), Ok(8));
    u64::from_le_bytes(guest.state().try_into().unwrap())
}
