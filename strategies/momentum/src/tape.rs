//! The deals of two windows, in slots of a sixteenth of a window each.

use sdk::{Mono, Price, Qty, Span};

/// Slots of a window: as fine as it slides.
const SLOTS: usize = 16;
/// Slots of the window and of the one before it.
const KEPT: usize = SLOTS * 2;

/// Volume and lowest price by time. Older deals leave by themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tape {
    slots: [Slot; KEPT],
    /// Number of the newest slot, counted from the clock's start.
    newest: i64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    volume: i64,
    /// 0 without a deal: a tape of zeros is an empty one.
    low: i64,
}

impl Tape {
    /// Adds a deal. `window` must be the same each time.
    pub(crate) fn add(&mut self, now: Mono, window: Span, price: Price, qty: Qty) {
        let number = now.0 / slot_len(window);
        self.slide_to(number);
        let slot = &mut self.slots[place(number)];
        slot.volume = slot.volume.saturating_add(qty.raw());
        slot.low = Price::from_raw(slot.low).map_or(price, |low| low.min(price)).raw();
    }

    /// Empties the slots between the newest one and this one.
    fn slide_to(&mut self, number: i64) {
        let first = number.saturating_sub(KEPT as i64 - 1);
        for gone in self.newest.saturating_add(1).max(first)..=number {
            self.slots[place(gone)] = Slot::default();
        }
        self.newest = self.newest.max(number);
    }

    /// Whether `price` lies so many ten-thousandths above the lowest deal of the window.
    pub(crate) fn has_risen(&self, price: Price, bps: i64) -> bool {
        let mut low = price.raw();
        for (age, slot) in self.by_age() {
            if age < SLOTS && slot.low > 0 {
                low = low.min(slot.low);
            }
        }
        // Products, because a sandbox has no division of 128 bits.
        let rise = i128::from(price.raw()) - i128::from(low);
        rise * 10_000 >= i128::from(low) * i128::from(bps)
    }

    /// Volume of the window and of the one before it.
    pub(crate) fn volumes(&self) -> (i64, i64) {
        let mut volumes = [0_i64; 2];
        for (age, slot) in self.by_age() {
            let volume = &mut volumes[age / SLOTS];
            *volume = volume.saturating_add(slot.volume);
        }
        volumes.into()
    }

    /// Each slot with its age, 0 for the newest one, in no order.
    fn by_age(&self) -> impl Iterator<Item = (usize, &Slot)> {
        let newest = place(self.newest);
        let slots = self.slots.iter().enumerate();
        slots.map(move |(at, slot)| ((newest + KEPT - at) % KEPT, slot))
    }
}

fn slot_len(window: Span) -> i64 {
    (window.0 / SLOTS as i64).max(1)
}

fn place(number: i64) -> usize {
    number.rem_euclid(KEPT as i64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Span = Span::from_millis(1_600);

    fn price(raw: i64) -> Price {
        Price::from_raw(raw).unwrap()
    }

    fn tape(deals: &[(i64, i64, i64)]) -> Tape {
        let mut tape = Tape::default();
        for (millis, raw, qty) in deals {
            let at = Mono::default().after(Span::from_millis(*millis));
            tape.add(at, WINDOW, price(*raw), Qty::from_raw(*qty).unwrap());
        }
        tape
    }

    #[test]
    fn a_rise_is_over_the_lowest_deal_of_the_window_alone() {
        let deals = [(10_000, 50, 1), (12_000, 100, 1), (12_100, 98, 1), (13_000, 104, 1)];
        let tape = tape(&deals);
        assert!(tape.has_risen(price(104), 612));
        assert!(!tape.has_risen(price(104), 613));
        assert!(!tape.has_risen(price(97), 1));
    }

    #[test]
    fn volumes_are_of_the_window_and_of_the_one_before() {
        let deals =
            [(9_999, 1, 1_000), (10_050, 1, 3), (11_550, 1, 4), (11_650, 1, 20), (13_150, 1, 5)];
        assert_eq!(tape(&deals).volumes(), (25, 7));
    }

    #[test]
    fn a_long_silence_leaves_nothing_behind() {
        let deals = [(10_000, 1, 7), (10_100, 1, 7), (1_000_000, 1, 2)];
        assert_eq!(tape(&deals).volumes(), (2, 0));
    }

    #[test]
    fn a_clock_at_the_ends_of_its_range_does_not_stop_it() {
        let mut tape = tape(&[]);
        let one = Qty::from_raw(i64::MAX).unwrap();
        tape.add(Mono(i64::MAX), Span(0), price(1), one);
        tape.add(Mono(i64::MAX), Span(0), price(1), one);
        assert_eq!(tape.volumes(), (i64::MAX, 0));
    }
}
