//! The record that lets mode `live` begin, and what it is tied to.

use std::fmt;
use std::io;

use journal::{BlobHash, FORMAT_VERSION};
use model::Text;
use settings::Settings;

/// What is armed: a program, a configuration, a form of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arms {
    /// BLAKE3 of the program's file.
    pub binary: BlobHash,
    /// Hash of the configuration.
    pub config: BlobHash,
    /// Version of the journal's form.
    pub schema: u16,
}

impl Arms {
    /// This program, with these settings.
    ///
    /// # Errors
    /// The program's own file cannot be read.
    pub fn of(settings: &Settings) -> io::Result<Self> {
        let program = std::fs::read(std::env::current_exe()?)?;
        let (binary, config) = (BlobHash::of(&program), BlobHash(settings.hash()));
        Ok(Self { binary, config, schema: FORMAT_VERSION })
    }

    /// What the operator types to show that he has seen them: the first eight digits of both hashes,
    /// and the version.
    pub fn word(&self) -> String {
        let short = |hash: &BlobHash| hash.to_string()[..8].to_owned();
        format!("{}-{}-{}", short(&self.binary), short(&self.config), self.schema)
    }

    /// What `other` has that these have not, with both; `None` when they are the same.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        if self.schema != other.schema {
            let (ours, theirs) = (other.schema, self.schema);
            return Some(format!("schema version: {theirs}, and this one is {ours}"));
        }
        let hashes =
            [("program", self.binary, other.binary), ("configuration", self.config, other.config)];
        let (what, promoted, here) = hashes.into_iter().find(|(_, a, b)| a != b)?;
        Some(format!("{what}: {promoted}, and this one is {here}"))
    }
}

/// The operator's word that mode `live` may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// What it is tied to.
    pub arms: Arms,
    /// Round trips that stood behind it.
    pub round_trips: u32,
    /// Wall clock, in nanoseconds since the epoch.
    pub wall_ns: i64,
    /// Who gave it.
    pub operator: Text<32>,
}

impl Promotion {
    const FORM: u8 = 1;

    /// The payload of a record: form, both hashes, schema, round trips, time, operator; little end
    /// first.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![Self::FORM];
        out.extend_from_slice(&self.arms.binary.0);
        out.extend_from_slice(&self.arms.config.0);
        out.extend_from_slice(&self.arms.schema.to_le_bytes());
        out.extend_from_slice(&self.round_trips.to_le_bytes());
        out.extend_from_slice(&self.wall_ns.to_le_bytes());
        out.extend_from_slice(self.operator.as_bytes());
        out
    }

    /// Reads a payload; `None` when it is not one of this form.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let (form, rest) = payload.split_first()?;
        let (binary, rest) = rest.split_first_chunk::<32>()?;
        let (config, rest) = rest.split_first_chunk::<32>()?;
        let (schema, rest) = rest.split_first_chunk::<2>()?;
        let (round_trips, rest) = rest.split_first_chunk::<4>()?;
        let (wall_ns, operator) = rest.split_first_chunk::<8>()?;
        let operator = Text::new(std::str::from_utf8(operator).ok()?)?;
        (*form == Self::FORM).then(|| Self {
            arms: Arms {
                binary: BlobHash(*binary),
                config: BlobHash(*config),
                schema: u16::from_le_bytes(*schema),
            },
            round_trips: u32::from_le_bytes(*round_trips),
            wall_ns: i64::from_le_bytes(*wall_ns),
            operator,
        })
    }
}

impl fmt::Display for Promotion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { arms, round_trips, wall_ns, operator } = self;
        write!(f, "to live by {operator:?} at wall {wall_ns} after {round_trips} round trips, ")?;
        write!(f, "program {} config {} schema {}", arms.binary, arms.config, arms.schema)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promotion() -> Promotion {
        let (binary, config) = (BlobHash([7; 32]), BlobHash([8; 32]));
        let operator = Text::clipped("anna");
        let arms = Arms { binary, config, schema: 3 };
        Promotion { arms, round_trips: 21, wall_ns: 1_790_000_000_000_000_001, operator }
    }

    #[test]
    fn a_promotion_survives_the_journal_and_every_cut_of_its_figures_is_refused() {
        let bytes = promotion().encode();
        assert_eq!(Promotion::decode(&bytes), Some(promotion()));
        for end in 0..bytes.len() - promotion().operator.as_bytes().len() {
            assert_eq!(Promotion::decode(&bytes[..end]), None, "cut at {end}");
        }
        let other_form = [&[9], &bytes[1..]].concat();
        assert_eq!(Promotion::decode(&other_form), None);
    }

    #[test]
    fn another_program_configuration_or_schema_is_named_with_both_figures() {
        let arms = promotion().arms;
        assert_eq!(arms.difference(&arms), None);
        let program = Arms { binary: BlobHash([9; 32]), ..arms };
        let config = Arms { config: BlobHash([9; 32]), ..arms };
        let schema = Arms { schema: 4, ..arms };
        for (other, named) in
            [(program, "program: 0707"), (config, "configuration: 0808"), (schema, "version: 3")]
        {
            let difference = arms.difference(&other).expect("they differ");
            assert!(difference.contains(named), "{difference}");
        }
    }
}
