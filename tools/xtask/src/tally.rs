//! Sums the `test result:` lines of cargo's test runner.

use std::fmt;

/// Tests seen so far. Its text is the last line of a run, which scripts read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed, and steps that failed before a test could run.
    pub failed: u64,
}

impl Tally {
    /// Adds one line of output if it is a result line; whether it was one.
    pub fn read(&mut self, line: &str) -> bool {
        let Some(rest) = line.trim_start().strip_prefix("test result: ") else { return false };
        let (Some(passed), Some(failed)) = (count(rest, "passed"), count(rest, "failed")) else {
            return false;
        };
        self.passed += passed;
        self.failed += failed;
        true
    }

    /// The sum of both.
    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// A line in which a test itself says what it left out.
pub fn left_out(line: &str) -> Option<&str> {
    let line = line.trim();
    line.starts_with("left out: ").then_some(line)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// The number before `word` in `ok. 3 passed; 0 failed; ...`.
fn count(text: &str, word: &str) -> Option<u64> {
    let words: Vec<&str> = text.split([' ', ';']).filter(|part| !part.is_empty()).collect();
    let at = words.iter().position(|part| *part == word)?;
    words.get(at.checked_sub(1)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out";
    const BAD: &str = "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured";

    #[test]
    fn result_lines_of_all_crates_are_summed() {
        let mut tally = Tally::default();
        assert!(tally.read(GOOD));
        assert!(tally.read(BAD));
        assert_eq!(tally.to_string(), "19 passed, 2 failed");
    }

    #[test]
    fn what_a_test_left_out_is_found_in_its_output() {
        let line = "left out: the chapter orders of ccxt, because pip is not installed";
        assert_eq!(left_out(&format!("  {line}")), Some(line));
        for other in ["", "left out", "a thing was left out: x", "test left out: ok"] {
            assert_eq!(left_out(other), None, "{other}");
        }
    }

    #[test]
    fn a_line_that_only_looks_like_a_result_is_not_counted() {
        let mut tally = Tally::default();
        for line in ["", "test result", "test result: ok.", "running 3 tests", "3 passed"] {
            assert!(!tally.read(line), "{line}");
        }
        assert_eq!(tally, Tally::default());
    }
}
