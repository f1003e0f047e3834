//! Calls that go from plausible to what no host would show.

use std::vec;

use abi::area::{INTENTS, LOG_MAX, OUTPUT, SIZE, TIMERS};
use abi::export::Answer;
use abi::{Call, Guest, Plain, Trap, scene};

use super::{Picture, picture, question, setup};
use crate::manifest;
use crate::native::Native;
use crate::num::Amount;
use crate::plugin::Plugin;
use crate::time::{Span, VenueTime};
use crate::word::{Closed, Pattern, Side, TargetState};

/// Throws so many calls at a plug-in, some plausible, some with a few words turned to noise. It may
/// refuse, want nonsense, or say nothing, and must neither panic nor give up nor leave more behind
/// than a call may. In a build that checks for overflow, that is found too.
///
/// # Panics
/// When it does.
pub fn storm<P: Plugin>(calls: u32) {
    let mut noise = Noise(0x5851_f42d_4c95_7f2d);
    let mut guest = begun::<P>(&mut noise);
    let mut clock = Span::ZERO;
    for _ in 0..calls {
        clock.0 += noise.below(1_000_000_000) as i64;
        match noise.below(256) {
            0 => guest = begun(&mut noise),
            1 => guest = restored(&mut noise),
            2..6 => set_up(&mut guest, &mut noise),
            6..10 => saved(&mut guest),
            10..64 => {
                question().raw.put(guest.area());
                noise.spoil(guest.area());
                judged(guest.call(Call::Judge));
            }
            _ => {
                let scene = plausible(&mut noise, clock).bytes();
                guest.area()[..scene.len()].copy_from_slice(&scene);
                noise.spoil(guest.area());
                shown(guest.call(Call::OnEvent));
            }
        }
        assert_eq!(guest.area().len(), SIZE);
    }
}

fn begun<P: Plugin>(noise: &mut Noise) -> Native<P> {
    let mut guest = Native::new();
    set_up(&mut guest, noise);
    guest
}

/// The plug-in may refuse what it is told.
fn set_up<P: Plugin>(guest: &mut Native<P>, noise: &mut Noise) {
    setup::<P>().raw.put(guest.area());
    if noise.below(2) == 0 {
        noise.spoil(guest.area());
    }
    let _ = guest.call(Call::Setup);
}

fn plausible(noise: &mut Noise, clock: Span) -> Picture {
    let symbol = noise.below(3) as u32;
    let opens_at = noise.below(300) as i64;
    let mut scene = picture(symbol)
        .opens_at(Some(VenueTime(Span::from_secs(900 + opens_at * 100).0)))
        .book(noise.below(200) as i64, noise.below(200) as i64)
        .later(clock);
    let account = noise.below(2) as u8;
    if noise.below(4) == 0 {
        scene =
            scene.signal(Pattern::from_number(noise.below(7) as u8), 50 + noise.below(51) as u8);
    }
    if noise.below(2) == 0 {
        let state = TargetState::from_number(noise.below(12) as u8);
        scene = scene.target(symbol + 1, account, state);
    }
    if noise.below(4) == 0 {
        scene = scene.position(symbol + 1, account, noise.below(50) as i64, 100);
    }
    let of = |noise: &mut Noise, end| noise.below(end) as i64;
    match noise.below(8) {
        0..4 => scene.print(80 + of(noise, 40), of(noise, 1_000), Side::Buy),
        4 => {
            let closed = Closed::from_number(noise.below(11) as u8);
            let (target, received) = (noise.below(40) as u32, of(noise, 200));
            scene.position_changed(account, target, closed, 100, received)
        }
        5 => scene.timer(noise.below(8) as u32),
        6 => scene,
        _ => {
            let kind = noise.below(scene::KINDS.len() as u64 + 1) as u16;
            scene.event(kind, &noise.word())
        }
    }
}

fn shown(ended: Result<i32, Trap>) {
    if let Ok(code) = ended {
        let Answer { intents, timers, log } = Answer::unpack(code).expect("the plug-in goes on");
        let (intents, timers) = (usize::from(intents), usize::from(timers));
        assert!(intents <= INTENTS && timers <= TIMERS && usize::from(log) <= LOG_MAX);
    }
}

fn judged(ended: Result<i32, Trap>) {
    if let Ok(number) = ended {
        assert!((0..=2).contains(&number), "no verdict has the number {number}");
    }
}

fn saved<P: Plugin>(guest: &mut Native<P>) {
    if let Ok(len) = guest.call(Call::Save) {
        let max = manifest::state_bytes(P::MANIFEST);
        assert!(usize::try_from(len).is_ok_and(|len| len <= max), "{len} bytes of {max}");
    }
}

fn restored<P: Plugin>(noise: &mut Noise) -> Native<P> {
    let mut guest = begun::<P>(noise);
    let mut state = vec![0; guest.state().len()];
    noise.spoil(&mut state);
    guest.state().copy_from_slice(&state);
    let len = noise.below(state.len() as u64 + 1) as u32;
    let version = noise.below(3) as u32;
    match guest.call(Call::Restore { version, len }) {
        Ok(0) => guest,
        _ => begun(noise),
    }
}

struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        self.0 ^ self.0 >> 29
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 8) % end.max(1)
    }

    /// Zero, small, money, any, or at the ends of its range.
    fn word(&mut self) -> u64 {
        match self.below(8) {
            0 => 0,
            1 => self.below(4),
            2 => self.below(1_000_000),
            3 => Amount::from_units(self.below(10) as i64).raw() as u64,
            4 => i64::MAX as u64,
            5 => i64::MIN as u64,
            _ => self.next(),
        }
    }

    /// Leaves the bytes alone, or turns a few words of them, or many, to noise.
    fn spoil(&mut self, bytes: &mut [u8]) {
        let words = bytes.len().min(OUTPUT) / 8;
        let count = [0, 0, 0, 1, 2, 4, 200].get(self.below(8) as usize).copied().unwrap_or(16);
        for _ in 0..count {
            let at = self.below(words as u64) as usize * 8;
            let word = self.word();
            if let Some(bytes) = bytes.get_mut(at..at + 8) {
                bytes.copy_from_slice(&word.to_le_bytes());
            }
        }
    }
}
