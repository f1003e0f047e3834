//! From what was said to checked values: unknown, missing and impossible keys are all named.

use std::collections::BTreeMap;

use toml::Value as Raw;

use crate::problem::{Fault, LoadError, Problem, Source};
use crate::schema::{self, KEYS, Key};
use crate::source::Sayings;
use crate::value::{self, Value};

/// One key with its checked value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    pub(crate) value: Value,
    pub(crate) source: Source,
}

/// All keys of the schema, each once an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    values: BTreeMap<String, Checked>,
    counts: BTreeMap<&'static str, usize>,
}

/// Checks each key alone.
///
/// # Errors
/// All problems found, those of `sayings` first.
pub(crate) fn check(sayings: Sayings) -> Result<Table, LoadError> {
    let Sayings { values, mut problems } = sayings;
    if problems.iter().any(|problem| matches!(problem.fault, Fault::Syntax { .. })) {
        // What such a file holds is unknown; all of it would be called missing.
        return Err(LoadError { problems });
    }
    let mut table = Table::default();
    let mut meant = Vec::new();
    for (path, said) in values {
        let verdict = match schema::find(&path) {
            Some(key) => Value::read(key, &said.raw).map(Some),
            None if is_empty_group(&path, &said.raw) => Ok(None),
            None => Err(unknown(&path, &said.raw)),
        };
        match verdict {
            Ok(Some(value)) => {
                table.values.insert(path, Checked { value, source: said.source });
            }
            Ok(None) => {}
            Err(fault) => {
                if let Fault::Unknown { nearest: Some(name), .. } = &fault {
                    meant.push(name.clone());
                }
                meant.push(path.clone());
                problems.push(Problem { source: Some(said.source), key: path, fault });
            }
        }
    }
    table.count(&meant, &mut problems);
    for key in KEYS {
        table.miss(key, &meant, &mut problems);
    }
    if problems.is_empty() { Ok(table) } else { Err(LoadError { problems }) }
}

fn is_empty_group(path: &str, raw: &Raw) -> bool {
    schema::group(path).is_some() && raw.as_array().is_some_and(Vec::is_empty)
}

fn unknown(path: &str, raw: &Raw) -> Fault {
    Fault::Unknown { seen: value::seen(raw), nearest: schema::nearest(path) }
}

impl Table {
    /// The value of a key of the schema.
    ///
    /// # Panics
    /// When the schema has no such key: a mistake of ours that every load would show.
    pub(crate) fn get(&self, path: &str) -> &Value {
        match self.values.get(path) {
            Some(checked) => &checked.value,
            None => unreachable!("the schema has no key {path}"),
        }
    }

    /// Entries of a list of tables.
    pub(crate) fn len(&self, group: &str) -> usize {
        self.counts.get(group).copied().unwrap_or(0)
    }

    /// Who said it.
    pub(crate) fn source(&self, path: &str) -> Option<&Source> {
        self.values.get(path).map(|checked| &checked.source)
    }

    /// Every key in the schema's order, lists entry by entry.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (String, &'static Key, &Checked)> {
        let sections = sections();
        let paths = sections.into_iter().flat_map(|(section, keys)| {
            let entries = match schema::group(section.trim_end_matches(".*")) {
                Some(group) => self.len(group.path),
                None => 1,
            };
            (0..entries).flat_map(move |index| {
                let keys = keys.clone();
                keys.into_iter()
                    .map(move |key| (key.path.replace('*', &index.to_string()), key))
                    .collect::<Vec<_>>()
            })
        });
        paths.filter_map(|(path, key)| {
            let checked = self.values.get(&path)?;
            Some((path, key, checked))
        })
    }

    /// Indexes must run from 0 without a gap, and their number must be allowed.
    fn count(&mut self, meant: &[String], problems: &mut Vec<Problem>) {
        for group in &schema::GROUPS {
            let inside = format!("{}.", group.path);
            let paths = self.values.keys().chain(meant);
            let indexes = paths
                .filter_map(|path| schema::index(path.strip_prefix(&inside)?.split('.').next()?));
            let count = indexes.max().map_or(0, |index| index.saturating_add(1));
            self.counts.insert(group.path, count.min(group.max));
            if count < group.min || count > group.max {
                problems.push(Problem {
                    source: None,
                    key: group.path.into(),
                    fault: Fault::Count { seen: count, min: group.min, max: group.max },
                });
            }
        }
    }

    fn miss(&self, key: &'static Key, meant: &[String], problems: &mut Vec<Problem>) {
        let entries = schema::group_of(key.path).map_or(1, |group| self.len(group.path));
        for index in 0..entries {
            let path = key.path.replace('*', &index.to_string());
            if !self.values.contains_key(&path) && !meant.contains(&path) {
                let fault = Fault::Missing { example: key.example };
                problems.push(Problem { source: None, key: path, fault });
            }
        }
    }
}

/// The schema by section, in its order.
pub(crate) fn sections() -> Vec<(&'static str, Vec<&'static Key>)> {
    let mut sections: Vec<(&'static str, Vec<&'static Key>)> = Vec::new();
    for key in KEYS {
        let section = key.path.rsplit_once('.').map_or("", |(section, _)| section);
        match sections.iter_mut().find(|(name, _)| *name == section) {
            Some((_, keys)) => keys.push(key),
            None => sections.push((section, vec![key])),
        }
    }
    sections
}
