//! The death of the trader's process, or of its machine, and the start after it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use engine::{Action, Follower};
use journal::{Family, Kind, Observer, RecordView};
use model::wire::{Reader, Wire};
use model::{Event, KillLevel, Mono, Request, Span};
use runtime::{Carried, KillFlag};
use settings::Settings;

use crate::random::Random;
use crate::world::{RING_BYTES, Sink, World, WorldConfig, WorldError, trader};

/// What dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// The process: whatever is in the ring is kept.
    Process,
    /// The machine: only what was on disk is kept.
    Machine,
}

/// One death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// When, from the start of the run.
    pub at: Span,
    /// Of what.
    pub death: Death,
    /// How long nothing runs.
    pub down: Span,
}

impl Crash {
    /// The deaths of a seed: none in most, up to three in the others, most of them around the
    /// openings.
    pub(crate) fn of_seed(seed: u64) -> Vec<Self> {
        let mut random = Random::new(seed, "crash");
        if !random.chance(400) {
            return Vec::new();
        }
        let many = 1 + random.below(3);
        let mut crashes: Vec<Self> = (0..many)
            .map(|_| Self {
                at: Span::from_micros(500_000 + random.below(24_000_000)),
                death: if random.chance(300) { Death::Machine } else { Death::Process },
                down: Span::from_millis(20 + random.below(3_000)),
            })
            .collect();
        crashes.sort_by_key(|crash| crash.at);
        crashes
    }
}

/// What a next start would find of the journal.
#[derive(Debug)]
pub(crate) struct Memory {
    settings: Settings,
    seed: u64,
    follower: Follower,
    /// The same for the paper venue.
    past: paper::Past,
    epoch: u32,
    /// Records that are not on disk: sequence, kind, time, payload.
    tail: VecDeque<(u64, Kind, Mono, Vec<u8>)>,
}

impl Memory {
    pub(crate) fn new(config: &WorldConfig) -> Self {
        let settings = config.settings.clone();
        let follower =
            Follower::new(settings.engine(World::identity(config.seed, &config.settings)));
        let past = paper::Past::default();
        Self { settings, seed: config.seed, follower, past, epoch: 1, tail: VecDeque::new() }
    }

    pub(crate) fn take(&mut self, record: &RecordView<'_>) {
        if record.family == Family::Decisions {
            let payload = record.payload.to_vec();
            self.tail.push_back((record.seq, record.kind, record.at, payload));
        }
    }

    /// Reads what is on disk up to `seq`.
    pub(crate) fn settle(&mut self, seq: u64) {
        while self.tail.front().is_some_and(|(at, ..)| *at <= seq) {
            let Some((_, kind, at, payload)) = self.tail.pop_front() else { return };
            let mut bytes = Reader::new(&payload);
            if kind == Kind::INPUT {
                let event = Event::read(&mut bytes).expect("the trader's own bytes");
                self.past.take_event(&event);
                self.follower.input(at, &event);
            } else if kind == Kind::OUTPUT {
                let action = Action::<Request>::read(&mut bytes).expect("the trader's own bytes");
                if let Action::Place(request) = &action {
                    self.past.take_order(request);
                }
                self.follower.output(at, &action);
            }
        }
    }

    /// What the decisions tell, for a comparison with the engine that made them.
    pub(crate) fn image(&self) -> Vec<u8> {
        self.follower.save()
    }

    fn next_start(&mut self) -> (settings::Identity, Vec<u8>) {
        self.tail.clear();
        self.epoch += 1;
        let identity =
            settings::Identity { epoch: self.epoch, ..World::identity(self.seed, &self.settings) };
        let image = self.follower.save();
        self.follower.start(self.settings.engine(identity)).expect("its own bytes");
        (identity, image)
    }
}

impl World {
    /// Kills the trader as it stands and starts it again some time later, with what its journal
    /// kept. Only for runs whose journal goes nowhere.
    ///
    /// # Errors
    /// [`WorldError`] as at the start.
    ///
    /// # Panics
    /// When the journal goes to disk: its folder is another test's.
    pub fn crash(
        &mut self,
        death: Death,
        down: Span,
        observer: &mut impl Observer,
    ) -> Result<(), WorldError> {
        self.drain(observer);
        let Sink::Nowhere { pending, durable } = &mut self.sink else {
            panic!("a journal on disk is read by the process that owns it");
        };
        let last = pending.last().map_or(*durable, |(_, seq)| *seq);
        let kept = if death == Death::Process { last } else { *durable };
        pending.clear();
        *durable = kept;
        let memory = self.memory.as_mut().expect("a run with crashes remembers");
        memory.settle(kept);
        let (identity, image) = memory.next_start();
        let past = memory.past.clone();
        self.dead_counts.add(self.trader.counts());
        self.network.crash(&mut self.exchange);
        self.oracle.restarted(kept);
        self.now = self.now.after(down);
        self.exchange.handle_timeout(self.venue_now());
        self.durable = Arc::new(AtomicU64::new(kept));
        let (producer, consumer) =
            journal::ring::in_memory(RING_BYTES, kept + 1).map_err(WorldError::Ring)?;
        self.consumer = consumer;
        self.kill = KillFlag::at(KillLevel::Active);
        let carried = Some(Carried { image, ring_lost: death == Death::Machine });
        self.trader = trader(&self.config, identity, carried, producer, &self.durable, &self.kill)?;
        self.trader.restore_paper(past);
        self.kill.raise(self.trader.engine().kill_level());
        let names = self.trader.engine().names().map(|(id, names, _)| (id, *names)).collect();
        self.pages.restart(&self.config.settings, names);
        self.trader.begin(self.now);
        self.durable.store(kept, Ordering::Relaxed);
        Ok(())
    }

    /// The next death that is due.
    pub(crate) fn crash_if_due(&mut self, observer: &mut impl Observer) {
        let due = |crash: &&Crash| crate::MONO_START.after(crash.at) <= self.now;
        let Some(crash) = self.crashes.front().filter(due).copied() else { return };
        self.crashes.pop_front();
        self.crash(crash.death, crash.down, observer).expect("what started once starts again");
    }
}
