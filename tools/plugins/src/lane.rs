//! The way of instances between the thread that prepares them and the hot one.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use host::{Prepared, Retired, Supply};
use model::Slot;

/// Instances that wait for their event at most; a newer one for the same slot takes the place of an
/// older.
const WAITING_MAX: usize = 2 * Slot::MAX;
/// Instances on their way back; beyond, one is dropped where it is.
const RETIRED_MAX: usize = 64;

/// The hot thread's end.
#[derive(Debug)]
pub struct Lane {
    ready: Receiver<Prepared>,
    waiting: Vec<Prepared>,
    retired: SyncSender<Retired>,
}

/// The other end.
#[derive(Debug)]
pub struct LaneEnd {
    pub(crate) ready: Sender<Prepared>,
    pub(crate) retired: Receiver<Retired>,
}

/// Both ends of a way.
pub fn lane() -> (Lane, LaneEnd) {
    let (to_hot, ready) = channel();
    let (retired, back) = sync_channel(RETIRED_MAX);
    let waiting = Vec::with_capacity(WAITING_MAX);
    (Lane { ready, waiting, retired }, LaneEnd { ready: to_hot, retired: back })
}

impl Supply for Lane {
    fn take(&mut self, slot: Slot, plugin: u128) -> Option<Prepared> {
        while let Ok(prepared) = self.ready.try_recv() {
            self.waiting
                .retain(|older| older.slot != prepared.slot || older.plugin != prepared.plugin);
            if self.waiting.len() < WAITING_MAX {
                self.waiting.push(prepared);
            }
        }
        let mut waiting = self.waiting.iter();
        let at = waiting.position(|ready| ready.slot == slot && ready.plugin == plugin)?;
        Some(self.waiting.swap_remove(at))
    }

    fn give_back(&mut self, retired: Retired) {
        // Nobody takes it any more, or too slowly: it is dropped here.
        let _ = self.retired.try_send(retired);
    }
}
