//! Says in the log what it sees: the first signal of each pair.
#![cfg_attr(not(test), no_std)]

use sdk::{Desk, Scene, Strategy};

/// Pairs that it remembers; later ones are told of each time.
const PAIRS: usize = 64;

/// The strategy.
#[derive(Debug, Default)]
pub struct Hello {
    told: u64,
}

impl Strategy for Hello {
    const MANIFEST: &'static str = include_str!("../plugin.toml");

    fn on_event(&mut self, scene: &Scene<'_>, desk: &mut Desk<'_>) {
        for signal in scene.signals() {
            let pair = signal.symbol().0;
            let bit = if (pair as usize) < PAIRS { 1 << pair } else { 0 };
            if self.told & bit == 0 {
                self.told |= bit;
                let (pattern, confidence) = (signal.pattern(), signal.confidence());
                // A text that is cut is good enough.
                let _ = desk.log(format_args!("pair {pair}: {pattern} at {confidence} of 100"));
            }
        }
    }
}

sdk::export!(Hello);

#[cfg(test)]
mod tests {
    use sdk::Pattern;
    use sdk::testing::{Stage, picture};

    use super::*;

    #[test]
    fn the_first_signal_of_a_pair_is_told_once() {
        let mut stage = Stage::<Hello>::new();
        let scene = picture(3).signal(Pattern::ReadyState, 90);
        assert_eq!(stage.show(&scene).log, "pair 3: ready_state at 90 of 100");
        assert_eq!(stage.show(&scene).log, "");
        let other = picture(4).signal(Pattern::PreReady, 80);
        assert_eq!(stage.show(&other).log, "pair 4: pre_ready at 80 of 100");
    }

    #[test]
    fn noise_neither_stops_it_nor_makes_it_say_too_much() {
        sdk::testing::storm::<Hello>(20_000);
    }

    #[test]
    fn the_guide_shows_this_very_source() {
        let guide = include_str!("../../README.md");
        let (source, _) = include_str!("lib.rs").split_once("#[cfg(test)]").unwrap();
        let mut shown = guide.lines();
        for line in source.lines().filter(|line| !line.is_empty() && !line.contains("//")) {
            assert!(shown.any(|shown| shown == line), "the guide lacks `{line}`");
        }
        assert!(guide.contains(Hello::MANIFEST));
    }

    #[test]
    fn it_wants_nothing() {
        let scene = picture(3).signal(Pattern::ReadyState, 90);
        assert_eq!(Stage::<Hello>::new().show(&scene).wishes, []);
    }
}
