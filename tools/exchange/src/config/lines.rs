//! Where in a scenario file a value stands.

use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// One step into a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Key(String),
    Index(usize),
}

impl From<&str> for Part {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Part {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A value that cannot be used, before its line is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) path: Vec<Part>,
    pub(super) value: String,
    pub(super) needed: String,
}

impl Wrong {
    /// With the line that the value has in `text`.
    pub(super) fn in_text(self, text: &str) -> ConfigError {
        ConfigError::Line {
            line: line_of(text, &self.path),
            key: path_text(&self.path),
            value: self.value,
            needed: self.needed,
        }
    }
}

/// As problems name it: `listings.0.moves.1.at_ms`.
fn path_text(path: &[Part]) -> String {
    let parts: Vec<String> = path
        .iter()
        .map(|part| match part {
            Part::Key(key) => key.clone(),
            Part::Index(index) => index.to_string(),
        })
        .collect();
    parts.join(".")
}

/// The line of the deepest part of `path` that the text has, from 1: a value that a default gives
/// has none, and its table's stands for it.
fn line_of(text: &str, path: &[Part]) -> usize {
    let Ok(root) = DeTable::parse(text) else { return 1 };
    let root = root.into_inner();
    let (mut table, mut array) = (Some(&root), None);
    let mut at = 0;
    for part in path {
        let found = match part {
            Part::Key(key) => table.and_then(|table| {
                let (name, value) = table.iter().find(|(name, _)| name.get_ref() == key)?;
                // The value of a table that several headers make has no place of its own.
                Some((name.span().start, value))
            }),
            Part::Index(index) => array.and_then(|array: &toml::de::DeArray<'_>| {
                let value = array.get(*index)?;
                Some((value.span().start, value))
            }),
        };
        let Some((start, value)) = found else { break };
        at = start;
        table = if let DeValue::Table(table) = value.get_ref() { Some(table) } else { None };
        array = if let DeValue::Array(array) = value.get_ref() { Some(array) } else { None };
    }
    let before = text.as_bytes().iter().take(at);
    1 + before.filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "a = 1\n\n[t]\nb = [\n  1,\n  2,\n]\n[[l]]\nc = 1\n[l.m]\nd = 2\n[[l]]\ne = 3\n";

    fn line(path: &[Part]) -> usize {
        line_of(TEXT, path)
    }

    #[test]
    fn a_value_is_found_in_tables_lists_and_lists_of_tables() {
        assert_eq!(line(&["a".into()]), 1);
        assert_eq!(line(&["t".into(), "b".into()]), 4);
        assert_eq!(line(&["t".into(), "b".into(), 1.into()]), 6);
        assert_eq!(line(&["l".into(), 0.into(), "c".into()]), 9);
        assert_eq!(line(&["l".into(), 0.into(), "m".into(), "d".into()]), 11);
        assert_eq!(line(&["l".into(), 1.into(), "e".into()]), 13);
    }

    #[test]
    fn a_value_that_is_not_written_has_the_line_of_its_table() {
        assert_eq!(line(&["l".into(), 1.into(), "absent".into()]), 12);
        assert_eq!(line(&["l".into(), 0.into(), "m".into(), "absent".into()]), 10);
        assert_eq!(line(&["absent".into()]), 1);
    }
}
