//! The texts of the repository, by path.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every text file that people write, by its path from the top.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    pub(crate) files: BTreeMap<String, String>,
}

/// Folders that hold no text of ours: built, fetched or captured.
const SKIPPED: [&str; 6] =
    [".git", "target", "data", "node_modules", "tests/vectors", "tests/seeds"];

/// Endings of the files that are read; those without one are scripts under hidden folders.
const READ: [&str; 9] = ["rs", "toml", "md", "sh", "yml", "yaml", "ts", "js", "css"];

impl Tree {
    pub(crate) fn read() -> Self {
        // Asked at run time: worktrees that share a build folder must not read each other.
        let here = std::env::var("CARGO_MANIFEST_DIR");
        let top = Path::new(here.as_deref().unwrap_or(env!("CARGO_MANIFEST_DIR"))).join("..");
        let mut tree = Self::default();
        let mut open = vec![PathBuf::new()];
        while let Some(folder) = open.pop() {
            let entries = std::fs::read_dir(top.join(&folder)).expect("a folder of the tree");
            for entry in entries {
                let entry = entry.expect("an entry of a folder");
                let path = folder.join(entry.file_name());
                let name = path.to_string_lossy().replace('\\', "/");
                let kind = entry.file_type().expect("a kind");
                if SKIPPED.iter().any(|skipped| name == *skipped || name.ends_with("/target")) {
                    continue;
                }
                if kind.is_dir() {
                    open.push(path);
                } else if kind.is_file() && is_read(&name) {
                    // What is not UTF-8 is no text.
                    if let Ok(text) = std::fs::read_to_string(top.join(&path)) {
                        tree.files.insert(name, text);
                    }
                }
            }
        }
        tree
    }

    pub(crate) fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Paths and texts under a folder with an ending.
    pub(crate) fn under<'a>(
        &'a self,
        folder: &'a str,
        ending: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.starts_with(folder) && path.ends_with(ending))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Folders of our crates: those with a manifest, the top apart.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = &str> {
        self.files.keys().filter_map(|path| path.strip_suffix("/Cargo.toml"))
    }

    /// A small tree for the tests of the checkers.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).into(), (*text).into()));
        Self { files: files.collect() }
    }
}

fn is_read(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    match file.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => READ.contains(&ending),
        Some(_) => true,
        None => name.starts_with('.'),
    }
}
