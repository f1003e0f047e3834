//! What the loop measures, and how another thread reads it without slowing the loop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hdrhistogram::Histogram;
use model::{Mono, Span};

/// Counters and latencies of the loop.
#[derive(Clone, Debug)]
pub struct LoopStats {
    /// WebSocket messages.
    pub frames: u64,
    /// Reads of HTTP links that brought bytes.
    pub chunks: u64,
    /// Events of slow threads.
    pub events: u64,
    /// Timers fired.
    pub timers: u64,
    /// Messages and parts of messages that a transport took.
    pub sends: u64,
    /// Dials, first and repeated.
    pub dials: u64,
    /// Links that came up.
    pub opens: u64,
    /// Links that never came up.
    pub refusals: u64,
    /// Links that were up and went down, whoever wanted it.
    pub closes: u64,
    /// Times that the loop asked the kernel which sockets are ready.
    pub polls: u64,
    /// From the return of the read that brought a frame to the return of the first write to an
    /// HTTP link that it caused, in ns.
    pub read_to_write_ns: Histogram<u64>,
    /// From the planned instant of a timer to the call that fires it, in ns.
    pub timer_late_ns: Histogram<u64>,
    /// Length of the turns in which something happened, in ns.
    pub turn_ns: Histogram<u64>,
}

/// Longest latency that is told apart; longer ones count as this.
const LATENCY_MAX_NS: u64 = 60_000_000_000;

impl Default for LoopStats {
    fn default() -> Self {
        let latencies = || {
            Histogram::new_with_bounds(1, LATENCY_MAX_NS, 3).expect("1 is below LATENCY_MAX_NS / 2")
        };
        Self {
            frames: 0,
            chunks: 0,
            events: 0,
            timers: 0,
            sends: 0,
            dials: 0,
            opens: 0,
            refusals: 0,
            closes: 0,
            polls: 0,
            read_to_write_ns: latencies(),
            timer_late_ns: latencies(),
            turn_ns: latencies(),
        }
    }
}

impl LoopStats {
    fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.chunks += other.chunks;
        self.events += other.events;
        self.timers += other.timers;
        self.sends += other.sends;
        self.dials += other.dials;
        self.opens += other.opens;
        self.refusals += other.refusals;
        self.closes += other.closes;
        self.polls += other.polls;
        for (sum, part) in [
            (&mut self.read_to_write_ns, &other.read_to_write_ns),
            (&mut self.timer_late_ns, &other.timer_late_ns),
            (&mut self.turn_ns, &other.turn_ns),
        ] {
            sum.add(part).expect("all histograms here have the same bounds");
        }
    }

    fn clear(&mut self) {
        let Self { read_to_write_ns, timer_late_ns, turn_ns, .. } = self;
        for histogram in [read_to_write_ns, timer_late_ns, turn_ns] {
            histogram.reset();
        }
        self.frames = 0;
        self.chunks = 0;
        self.events = 0;
        self.timers = 0;
        self.sends = 0;
        self.dials = 0;
        self.opens = 0;
        self.refusals = 0;
        self.closes = 0;
        self.polls = 0;
    }
}

/// The loop's end and the reader's end.
pub fn stats() -> (StatsWriter, StatsReader) {
    let slot = Arc::new(Mutex::new(Slot { fresh: false, stats: Box::default() }));
    let writer =
        StatsWriter { current: Box::default(), slot: Arc::clone(&slot), published: Mono::ZERO };
    (writer, StatsReader { sum: LoopStats::default(), spare: Box::default(), slot })
}

/// What the ends hand each other: whole boxes, so that neither copies while the other waits.
#[derive(Debug)]
struct Slot {
    /// Whether `stats` was not read yet.
    fresh: bool,
    stats: Box<LoopStats>,
}

/// What the loop writes.
#[derive(Debug)]
pub struct StatsWriter {
    pub(crate) current: Box<LoopStats>,
    slot: Arc<Mutex<Slot>>,
    published: Mono,
}

/// How often the loop offers its figures.
const PUBLISH_EVERY: Span = Span::from_secs(1);

impl StatsWriter {
    /// Offers the figures once a second. Never waits: a figure that finds the slot taken or unread
    /// is offered again with the next ones.
    pub(crate) fn publish(&mut self, now: Mono) {
        if now.since(self.published) < PUBLISH_EVERY {
            return;
        }
        self.published = now;
        if let Ok(mut slot) = self.slot.try_lock()
            && !slot.fresh
        {
            std::mem::swap(&mut slot.stats, &mut self.current);
            slot.fresh = true;
        }
    }

    /// Offers the last figures; may wait for a reader, because the loop is over.
    pub(crate) fn finish(&mut self) {
        let mut slot = locked(&self.slot);
        if slot.fresh {
            slot.stats.add(&self.current);
            self.current.clear();
        } else {
            std::mem::swap(&mut slot.stats, &mut self.current);
            slot.fresh = true;
        }
    }

    pub(crate) fn read_to_write(&mut self, arrived: Mono, written: Mono) {
        self.current.read_to_write_ns.saturating_record(written.since(arrived).nanos());
    }

    pub(crate) fn timer(&mut self, planned: Mono, fired: Mono) {
        self.current.timers += 1;
        self.current.timer_late_ns.saturating_record(fired.since(planned).nanos());
    }

    pub(crate) fn turn(&mut self, begun: Mono, over: Mono) {
        self.current.turn_ns.saturating_record(over.since(begun).nanos());
    }
}

/// What another thread reads.
#[derive(Debug)]
pub struct StatsReader {
    sum: LoopStats,
    /// Always cleared: the loop gets it in exchange.
    spare: Box<LoopStats>,
    slot: Arc<Mutex<Slot>>,
}

impl StatsReader {
    /// Everything since the start, about a second old while the loop runs and complete after it.
    pub fn read(&mut self) -> &LoopStats {
        {
            let mut slot = locked(&self.slot);
            if !slot.fresh {
                return &self.sum;
            }
            slot.fresh = false;
            std::mem::swap(&mut slot.stats, &mut self.spare);
        }
        self.sum.add(&self.spare);
        self.spare.clear();
        &self.sum
    }
}

fn locked(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Mono {
        Mono::ZERO.after(Span::from_secs(secs))
    }

    #[test]
    fn nothing_is_lost_between_a_slow_reader_and_the_loop() {
        let (mut writer, mut reader) = stats();
        for second in 1..=10 {
            writer.current.frames += 1;
            writer.read_to_write(at(second), at(second).after(Span::from_micros(second)));
            writer.publish(at(second));
            if second % 4 == 0 {
                reader.read();
            }
        }
        writer.finish();
        let sum = reader.read();
        assert_eq!((sum.frames, sum.read_to_write_ns.len()), (10, 10));
        assert_eq!(reader.read().frames, 10);
    }

    #[test]
    fn a_latency_beyond_the_range_counts_as_the_longest() {
        let (mut writer, mut reader) = stats();
        writer.timer(at(1), at(1_000));
        writer.finish();
        let late = &reader.read().timer_late_ns;
        assert!(late.max() >= LATENCY_MAX_NS);
    }
}
