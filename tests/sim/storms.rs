//! Seeds that are kept because they once found something, or because their storm is of a kind
//! that the others lack.

use sim::Storm;

use crate::support::{Stream, world};

const KEPT: &str = include_str!("../seeds/sim.txt");

/// The seeds of the list; each line is one, with its reason behind `#`.
fn kept() -> Vec<u64> {
    let lines = KEPT.lines().filter(|line| !line.starts_with('#'));
    let seed = |line: &str| {
        let (seed, reason) = line.split_once('#').expect("every seed says why it is kept");
        assert!(!reason.trim().is_empty(), "{line:?} gives no reason");
        seed.trim().parse().expect("a seed is a number")
    };
    lines.map(seed).collect()
}

#[test]
fn every_kept_seed_holds_every_invariant() {
    let seeds = kept();
    assert!(seeds.len() >= 5);
    for seed in seeds {
        let storm = Storm::of_seed(seed);
        assert_ne!(storm, Storm::calm(), "seed {seed} has no storm and tests nothing here");
        let outcome = world(seed, storm).run(&mut Stream::new());
        assert_eq!(outcome.violation, None, "cargo xtask sim --seed {seed}");
        assert!(outcome.settled, "seed {seed}: {outcome:?}");
    }
}
