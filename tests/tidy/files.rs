//! What every room has, and how long a file may be.

use crate::finding::Finding;
use crate::tree::Tree;

/// One screen.
const README_LINES_MAX: usize = 60;
const DECISION_LINES_MAX: usize = 80;
const SOURCE_LINES_MAX: usize = 800;

/// Files that may be longer, each with the reason.
const LONG: &[(&str, &str)] = &[];

/// The same for what stands beside a room.
const LONG_READMES: &[(&str, &str)] = &[
    ("core/abi/README.md", "the contract byte by byte: all that an author in any language has"),
    ("core/host/README.md", "what plug-ins cost: every figure of it with its conditions"),
];

/// Folders beside the crates that explain themselves too; their length is their own affair.
const EXPLAINED: [&str; 2] = ["config", "strategies"];

pub(crate) fn check_readmes(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for folder in tree.rooms() {
        let path = format!("{folder}/README.md");
        match tree.get(&path).map(|text| text.lines().count()) {
            None => {
                let mend = "say in a screen what it is, its files, what is absent, how to test it";
                found.push(Finding::new(&path, 0, "missing", mend));
            }
            Some(lines) if lines > README_LINES_MAX && !is_long(&path) => {
                let mend = format!("keep it to {README_LINES_MAX}; the rest belongs to the code");
                found.push(Finding::new(&path, 0, format!("{lines} lines"), mend));
            }
            Some(_) => {}
        }
    }
    for folder in EXPLAINED {
        let path = format!("{folder}/README.md");
        if tree.get(&path).is_none() {
            found.push(Finding::new(&path, 0, "missing", "say what stands there"));
        }
    }
    found
}

fn is_long(path: &str) -> bool {
    LONG_READMES.iter().any(|(name, reason)| *name == path && !reason.is_empty())
}

pub(crate) fn check_decisions(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    let records = tree.under("core/decisions/", ".md");
    let records = records.filter(|(path, _)| !path.ends_with("/README.md"));
    for (wanted, (path, text)) in (1..).zip(records) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let number = name.split_once('-').filter(|(number, _)| number.len() == 4);
        if number.and_then(|(number, _)| number.parse().ok()) != Some(wanted) {
            let mend = format!("number it {wanted:04}-title.md; numbers have no gaps or twins");
            found.push(Finding::new(path, 0, format!("named {name}"), mend));
        }
        let lines = text.lines().count();
        if lines > DECISION_LINES_MAX {
            let mend = format!("keep it to {DECISION_LINES_MAX}: question, figures, choice, cost");
            found.push(Finding::new(path, 0, format!("{lines} lines"), mend));
        }
    }
    found
}

pub(crate) fn check_lengths(tree: &Tree) -> Vec<Finding> {
    lengths(tree, LONG)
}

fn lengths(tree: &Tree, long: &[(&str, &str)]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.under("", ".rs") {
        let lines = text.lines().count();
        let allowed = long.iter().any(|(name, reason)| *name == path && !reason.is_empty());
        if lines > SOURCE_LINES_MAX && !allowed {
            let mend = format!(
                "split it by reader at {SOURCE_LINES_MAX}, or give a reason in tests/tidy/files.rs"
            );
            found.push(Finding::new(path, 0, format!("{lines} lines"), mend));
        }
        if lines <= SOURCE_LINES_MAX && allowed {
            let mend = "take it out of the table in tests/tidy/files.rs";
            found.push(Finding::new(
                path,
                0,
                format!("allowed to be long with {lines} lines"),
                mend,
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(found: &[Finding]) -> Vec<(&str, &str)> {
        found.iter().map(|one| (one.path.as_str(), one.seen.as_str())).collect()
    }

    #[test]
    fn a_room_without_a_readme_or_with_a_long_one_is_found() {
        let long = "line\n".repeat(61);
        let tree = Tree::of(&[
            ("core/a/Cargo.toml", ""),
            ("core/b/Cargo.toml", ""),
            ("core/b/README.md", &long),
            ("core/c/Cargo.toml", ""),
            ("core/c/README.md", "short"),
            ("config/README.md", &long),
            ("strategies/README.md", ""),
        ]);
        let found = check_readmes(&tree);
        assert_eq!(
            seen(&found),
            [("core/a/README.md", "missing"), ("core/b/README.md", "61 lines")]
        );
    }

    #[test]
    fn a_gap_between_decisions_is_found() {
        let good = Tree::of(&[("core/decisions/0001-a.md", ""), ("core/decisions/0002-b.md", "")]);
        assert!(check_decisions(&good).is_empty());
        let gap = Tree::of(&[("core/decisions/0001-a.md", ""), ("core/decisions/0003-b.md", "")]);
        assert_eq!(check_decisions(&gap).len(), 1);
        let twins = Tree::of(&[("core/decisions/0001-a.md", ""), ("core/decisions/0001-b.md", "")]);
        assert_eq!(check_decisions(&twins).len(), 1);
        let long = Tree::of(&[("core/decisions/0001-a.md", &"line\n".repeat(81))]);
        assert_eq!(check_decisions(&long).len(), 1);
    }

    #[test]
    fn a_long_source_needs_a_reason_and_a_short_one_no_excuse() {
        let long = "x\n".repeat(801);
        let tree = Tree::of(&[("a.rs", &long), ("b.rs", "x")]);
        assert_eq!(seen(&lengths(&tree, &[])), [("a.rs", "801 lines")]);
        assert_eq!(seen(&lengths(&tree, &[("a.rs", "a table")])), []);
        assert_eq!(lengths(&tree, &[("a.rs", "")]).len(), 1);
        assert_eq!(lengths(&tree, &[("a.rs", "a table"), ("b.rs", "a table")]).len(), 1);
    }
}
