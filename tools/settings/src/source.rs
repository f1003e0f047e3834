//! From files, environment and command line to one flat table of who said what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::{Table, Value as Raw};

use crate::problem::{Fault, Problem, Source};
use crate::schema::{self, INCLUDE};
use crate::value;

/// What was written for one key, and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) raw: Raw,
    pub(crate) source: Source,
}

/// By full path, such as `accounts.0.name`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sayings {
    pub(crate) values: BTreeMap<String, Said>,
    pub(crate) problems: Vec<Problem>,
}

/// Far above any configuration: a larger file is another kind of file.
const FILE_MAX: u64 = 1 << 20;
/// The files of a configuration, includes among them.
const FILES_MAX: usize = 16;
/// Tables within tables.
const DEPTH_MAX: usize = 8;
/// Where the keys come from that a canonical text leaves out.
const EXAMPLES: &str = "example";
/// Variables begin so: `SHRIKE__RISK__DAILY__MAX_BUY` sets `risk.daily.max_buy`.
const ENV_PREFIX: &str = "SHRIKE__";

/// Reads files and those they include.
pub(crate) fn read_files(paths: &[PathBuf]) -> Result<Vec<(String, String)>, Problem> {
    let mut texts = Vec::new();
    for path in paths {
        let text = read_file(path)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let includes = includes(&text);
        texts.push((path.display().to_string(), text));
        for name in includes {
            let path = folder.join(name);
            texts.push((path.display().to_string(), read_file(&path)?));
        }
        if texts.len() > FILES_MAX {
            let reason = format!("more than {FILES_MAX} files make up this configuration");
            return Err(unreadable(path, reason));
        }
    }
    Ok(texts)
}

fn read_file(path: &Path) -> Result<String, Problem> {
    use std::io::Read;

    let failed = |error: std::io::Error| unreadable(path, error.to_string());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(FILE_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(unreadable(path, format!("larger than {FILE_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| unreadable(path, "not UTF-8".into()))
}

fn unreadable(path: &Path, reason: String) -> Problem {
    Problem {
        source: Some(Source::File(path.display().to_string())),
        key: String::new(),
        fault: Fault::Unreadable { reason },
    }
}

/// File names in `include`; a fault in the text is found when it is read for good.
fn includes(text: &str) -> Vec<String> {
    let table = text.parse::<Table>().unwrap_or_default();
    let items = table.get(INCLUDE).and_then(Raw::as_array);
    let names = items.into_iter().flatten().filter_map(Raw::as_str);
    names.map(String::from).collect()
}

impl Sayings {
    /// Adds one file. A key that another file holds already is a problem.
    pub(crate) fn add_file(&mut self, name: &str, text: &str) {
        let source = Source::File(name.into());
        let table = match text.parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start).min(text.len());
                let line = 1 + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
                // The parser's own text would show the line, and with it a pasted key.
                let message = error.message().to_owned();
                return self.blame(&source, "", Fault::Syntax { line, message });
            }
        };
        let mut flat = Vec::new();
        for (key, raw) in table {
            if key == INCLUDE {
                self.check_include(&source, &raw);
            } else {
                flatten(&key, raw, 0, &mut flat);
            }
        }
        for (path, raw) in flat {
            match self.values.get(&path) {
                Some(Said { source: Source::File(first), .. }) => {
                    let fault = Fault::Twice { first: first.clone() };
                    self.blame(&source, &path, fault);
                }
                _ => self.set(path, raw, source.clone()),
            }
        }
    }

    /// Adds the variables that begin with the prefix.
    pub(crate) fn add_env(&mut self, env: &[(String, String)]) {
        let mut env: Vec<_> = env.iter().collect();
        env.sort();
        for (name, text) in env {
            let Some(rest) = name.strip_prefix(ENV_PREFIX) else { continue };
            let path = rest.to_ascii_lowercase().replace("__", ".");
            self.override_with(path, text, Source::Env(name.clone()));
        }
    }

    /// Adds what stands above files and environment, later ones last.
    pub(crate) fn add_overrides(&mut self, overrides: &[(String, String)]) {
        for (path, text) in overrides {
            self.override_with(path.clone(), text, Source::Override);
        }
    }

    /// Adds the example of each key that only says where, once an entry of its list; for a text
    /// that leaves such keys out.
    pub(crate) fn add_local_examples(&mut self) {
        for key in schema::KEYS.iter().filter(|key| key.local) {
            let document = format!("value = {}", key.example).parse::<Table>().ok();
            let raw = document.and_then(|mut table| table.remove("value"));
            let raw = raw.unwrap_or_else(|| Raw::String(key.example.into()));
            let paths: Vec<String> = match schema::group_of(key.path) {
                Some(group) => {
                    let indexes = self.indexes(group.path);
                    indexes.map(|index| key.path.replace('*', &index.to_string())).collect()
                }
                None => vec![key.path.into()],
            };
            for path in paths {
                let source = Source::File(EXAMPLES.into());
                self.values.entry(path).or_insert(Said { raw: raw.clone(), source });
            }
        }
    }

    /// Entries of a list of tables that something was said of, each once.
    fn indexes(&self, group: &str) -> impl Iterator<Item = usize> {
        let inside = format!("{group}.");
        let of = |path: &String| schema::index(path.strip_prefix(&inside)?.split('.').next()?);
        self.values.keys().filter_map(of).collect::<BTreeSet<_>>().into_iter()
    }

    /// A list of tables is replaced whole; any other key alone.
    fn override_with(&mut self, path: String, text: &str, source: Source) {
        if schema::group(&path).is_none() {
            let raw = match schema::find(&path) {
                Some(key) => value::from_text(key, text),
                None => Raw::String(text.into()),
            };
            return self.set(path, raw, source);
        }
        let inside = format!("{path}.");
        self.values.retain(|key, _| *key != path && !key.starts_with(&inside));
        let document = format!("value = {text}").parse::<Table>().ok();
        let raw = document.and_then(|mut table| table.remove("value"));
        let mut flat = Vec::new();
        flatten(&path, raw.unwrap_or_else(|| Raw::String(text.into())), 0, &mut flat);
        for (path, raw) in flat {
            self.set(path, raw, source.clone());
        }
    }

    fn set(&mut self, path: String, raw: Raw, source: Source) {
        self.values.insert(path, Said { raw, source });
    }

    fn check_include(&mut self, source: &Source, raw: &Raw) {
        let items = raw.as_array().map(Vec::as_slice);
        if !items.is_some_and(|items| items.iter().all(Raw::is_str)) {
            let fault = Fault::WrongType {
                seen: value::seen(raw),
                wanted: "a list of file names in quotes",
                example: "[\"limits.toml\"]",
            };
            self.blame(source, INCLUDE, fault);
        }
    }

    fn blame(&mut self, source: &Source, key: &str, fault: Fault) {
        self.problems.push(Problem { source: Some(source.clone()), key: key.into(), fault });
    }
}

/// Tables become paths; so do lists of tables, with the index as a part. An empty list of tables
/// stays a value of its own, because it says "none" where silence says nothing.
fn flatten(path: &str, raw: Raw, depth: usize, flat: &mut Vec<(String, Raw)>) {
    let list = raw.as_array().is_some_and(|items| items.iter().all(Raw::is_table));
    let full = raw.as_array().is_none_or(|items| !items.is_empty());
    let open = depth < DEPTH_MAX && full && (raw.is_table() || list);
    if !open {
        return flat.push((path.into(), raw));
    }
    let mut inner = |key: &str, raw| flatten(&format!("{path}.{key}"), raw, depth + 1, flat);
    if let Raw::Table(table) = raw {
        table.into_iter().for_each(|(key, raw)| inner(&key, raw));
    } else if let Raw::Array(items) = raw {
        items.into_iter().enumerate().for_each(|(at, raw)| inner(&at.to_string(), raw));
    }
}
