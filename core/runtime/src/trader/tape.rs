//! The trader's pen: every input before it acts, every output before it leaves.

use engine::{Action, Actions};
use journal::{Family, Kind, Producer};
use model::wire::{Wire, Writer};
use model::{Event, FixedList, Mono, ShedRange};

/// Writes the journal's ring, sheds public events when it fills, and knows which records somebody
/// waits for.
#[derive(Debug)]
pub(crate) struct Tape {
    producer: Producer,
    scratch: [u8; Action::<model::Request>::WIRE_MAX],
    waiting: FixedList<Waiting, 64>,
    shed: Option<ShedRange>,
    unwritten: u64,
}

/// A record that the engine wants to hear of once it is on disk.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    seq: u64,
    token: u64,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is in the ring and may act.
    Yes,
    /// The ring is filling: this public event is dropped and counted.
    Shed,
    /// The ring is full. What is not public acts all the same; entries must be blocked.
    Full,
}

impl Tape {
    pub(crate) fn new(producer: Producer) -> Self {
        Self {
            producer,
            scratch: [0; Action::<model::Request>::WIRE_MAX],
            waiting: FixedList::new(),
            shed: None,
            unwritten: 0,
        }
    }

    /// Writes an input. Public events are shed from three quarters of the ring on.
    pub(crate) fn input(&mut self, now: Mono, event: &Event) -> Written {
        let public = event.is_public();
        if public && self.is_filling() {
            self.count_shed(now);
            return Written::Shed;
        }
        let mut out = Writer::new(&mut self.scratch);
        event.write(&mut out);
        let len = out.len();
        let family = if public { Family::Market } else { Family::Decisions };
        self.put(family, Kind::INPUT, now, len)
    }

    /// Writes that the engine was told of the time.
    pub(crate) fn tick(&mut self, now: Mono) -> Written {
        self.put(Family::Decisions, Kind::TICK, now, 0)
    }

    /// Writes that the run came to an orderly end.
    pub(crate) fn stop(&mut self, now: Mono) -> Written {
        self.put(Family::Decisions, Kind::STOP, now, 0)
    }

    /// Writes what a step asks for, before any of it is done.
    pub(crate) fn outputs(&mut self, now: Mono, actions: &Actions) -> Written {
        let mut written = Written::Yes;
        for action in actions.iter() {
            let mut out = Writer::new(&mut self.scratch);
            action.write(&mut out);
            let len = out.len();
            let seq = self.producer.next_seq();
            let one = self.put(Family::Decisions, Kind::OUTPUT, now, len);
            match (one, action) {
                (Written::Yes, Action::Persist { token, .. }) if *token != 0 => {
                    // As many as targets that wait for their permit at once.
                    let _ = self.waiting.push(Waiting { seq, token: *token });
                }
                (Written::Yes, _) => {}
                (other, _) => written = other,
            }
        }
        written
    }

    /// A token whose record is at or before `seq`, once.
    pub(crate) fn durable(&mut self, seq: u64) -> Option<u64> {
        let ready = self.waiting.iter().find(|waiting| waiting.seq <= seq)?;
        let rest = self.waiting;
        self.waiting.clear();
        for waiting in rest.iter().filter(|waiting| waiting.token != ready.token) {
            let _ = self.waiting.push(waiting);
        }
        Some(ready.token)
    }

    /// What was shed, once the ring has room again.
    pub(crate) fn shed(&mut self) -> Option<ShedRange> {
        if self.shed.is_none() || self.is_filling() {
            return None;
        }
        self.shed.take()
    }

    /// Whether the ring is three quarters full: entries are held back.
    pub(crate) fn is_filling(&mut self) -> bool {
        let (used, capacity) = self.producer.fill();
        used >= capacity / 4 * 3
    }

    /// Inputs and outputs that found no room.
    pub(crate) fn unwritten(&self) -> u64 {
        self.unwritten
    }

    fn put(&mut self, family: Family, kind: Kind, now: Mono, len: usize) -> Written {
        match self.producer.push(family, kind, now, &self.scratch[..len]) {
            Ok(_) => Written::Yes,
            Err(_) => {
                self.unwritten += 1;
                Written::Full
            }
        }
    }

    fn count_shed(&mut self, now: Mono) {
        let range = self.shed.get_or_insert(ShedRange { count: 0, from: now, to: now });
        range.count += 1;
        range.to = now;
    }
}

#[cfg(test)]
mod tests {
    use model::{Body, Price, Print, Qty, Side};

    use super::*;

    fn print() -> Event {
        let price = Price::from_raw(1).unwrap();
        Event::bare(Body::Print(Print { price, qty: Qty::ZERO, taker: Side::Buy }))
    }

    #[test]
    fn public_events_are_shed_from_three_quarters_on_and_private_ones_are_not() {
        let (producer, mut consumer) = journal::ring::in_memory(4_096, 1).unwrap();
        let mut tape = Tape::new(producer);
        let mut kept = 0;
        while tape.input(Mono::ZERO, &print()) == Written::Yes {
            kept += 1;
        }
        assert!(kept > 10 && tape.is_filling());
        assert_eq!(tape.input(Mono::ZERO, &print()), Written::Shed);
        let private = Event::bare(Body::Durable { token: 7 });
        assert_eq!(tape.input(Mono::ZERO, &private), Written::Yes);
        assert_eq!(tape.shed(), None, "told only once there is room again");
        while consumer.read().unwrap().is_some() {}
        consumer.release();
        assert_eq!(tape.shed().map(|range| range.count), Some(2));
        assert_eq!(tape.shed(), None);
    }
}
