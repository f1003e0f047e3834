//! What a text may not say. The words stand here in two halves, so that this file passes too.

use crate::finding::Finding;
use crate::lex;
use crate::tree::Tree;

/// Columns of a source line. rustfmt keeps code at 100; what it cannot break ends here.
const COLUMNS_MAX: usize = 120;

/// Notes to oneself: what is not done belongs to a list that somebody reads.
const NOTES: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];

/// Left from looking for a fault, or from not having looked yet. Searched in code alone.
const LEFTOVERS: [&str; 3] = ["dbg!", "todo!", "unimplemented!"];

/// Words that praise instead of saying.
const PRAISE: [&str; 22] = [
    concat!("simp", "ly"),
    concat!("blaz", "ing"),
    concat!("blaz", "ingly"),
    concat!("seam", "less"),
    concat!("seam", "lessly"),
    concat!("rob", "ust"),
    concat!("rob", "ustly"),
    concat!("cutting", "-edge"),
    concat!("effort", "less"),
    concat!("effort", "lessly"),
    concat!("power", "ful"),
    concat!("world", "-class"),
    concat!("state-of", "-the-art"),
    concat!("battle", "-tested"),
    concat!("enterprise", "-grade"),
    concat!("next", "-generation"),
    concat!("lightning", "-fast"),
    concat!("game", "-changing"),
    concat!("best-in", "-class"),
    concat!("obvi", "ously"),
    concat!("util", "ize"),
    concat!("del", "ve"),
];

/// Folders of somebody's machine.
const MACHINE: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

/// Where packages come from is the machine's affair.
const REGISTRIES: [&str; 6] = [
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("registry.", "npmjs.org"),
    concat!("py", "pi.org"),
    concat!("proxy.", "golang.org"),
    concat!("replace", "-with"),
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in &tree.files {
        for (at, line) in text.lines().enumerate() {
            found.extend(check_line(path, at + 1, line));
        }
        if text.contains('\r') {
            found.push(Finding::new(path, 0, "carriage returns", "end lines with one newline"));
        }
        if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
            found.push(Finding::new(path, 0, "no single newline at the end", "end it with one"));
        }
    }
    found
}

fn check_line(path: &str, at: usize, line: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut blame = |seen: String, mend: &str| found.push(Finding::new(path, at, seen, mend));
    let columns = line.chars().count();
    if path.ends_with(".rs") && columns > COLUMNS_MAX {
        blame(format!("{columns} columns"), "break the line at 100");
    }
    if line.ends_with([' ', '\t']) {
        blame("space at the end".into(), "take it out");
    }
    let say = |word: &str| format!("`{word}`");
    for word in NOTES.into_iter().filter(|word| lex::has_word(line, word)) {
        blame(say(word), "do it, or write it where somebody plans");
    }
    let lower = line.to_lowercase();
    for word in PRAISE.into_iter().filter(|word| lex::has_word(&lower, word)) {
        blame(say(word), "say the figure or the fact instead");
    }
    for word in MACHINE.into_iter().filter(|word| is_absolute(line, word)) {
        blame(say(word), "name a path from the top of the repository");
    }
    for word in REGISTRIES.into_iter().filter(|word| line.contains(word)) {
        blame(say(word), "leave it to the machine's own configuration");
    }
    found
}

/// Whether `folder` begins a path here: nothing of a longer path stands before it.
fn is_absolute(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_.}-*".contains(c))
    })
}

/// Names of tests are sentences, no test sits out, and nothing is left half done.
pub(crate) fn check_tests(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.under("", ".rs") {
        let mut marked = false;
        for (at, line) in lex::code(text).iter().enumerate() {
            let line = line.trim();
            let attribute = line.starts_with("#[");
            let names = ["fn test_", "fn it_works"];
            if marked && names.iter().any(|name| line.starts_with(name)) {
                let mend = "say as a sentence what must hold";
                found.push(Finding::new(path, at + 1, "a test named after itself", mend));
            }
            if attribute && lex::has_word(line, "ignore") {
                let mend = "mend it, or take it out with its reason in the commit";
                found.push(Finding::new(path, at + 1, "a test that sits out", mend));
            }
            marked = line == "#[test]" || (marked && attribute);
            for word in LEFTOVERS.into_iter().filter(|word| lex::has_word(line, word)) {
                found.push(Finding::new(path, at + 1, format!("`{word}`"), "take it out"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(path: &str, line: &str) -> Vec<String> {
        check_line(path, 1, line).into_iter().map(|one| one.seen).collect()
    }

    #[test]
    fn every_forbidden_word_is_found_and_its_neighbours_are_not() {
        for word in NOTES.iter().chain(&PRAISE).chain(&REGISTRIES) {
            assert_eq!(seen("a.md", &format!("It {word} is.")), [format!("`{word}`")]);
        }
        assert_eq!(seen("a.md", "robustness, simplyfied, XXXL, powerfully"), [""; 0]);
    }

    #[test]
    fn leftovers_are_found_in_code_and_may_be_spoken_of() {
        let source = "// dbg!(x)\nlet a = \"todo!()\";\nlet b = todo!();\ndbg!(b);\n";
        let found = check_tests(&Tree::of(&[("a.rs", source)]));
        let seen: Vec<(usize, &str)> =
            found.iter().map(|one| (one.line, one.seen.as_str())).collect();
        assert_eq!(seen, [(3, "`todo!`"), (4, "`dbg!`")]);
    }

    #[test]
    fn praise_is_found_whatever_its_case() {
        let word = PRAISE[0].to_uppercase();
        assert_eq!(seen("a.md", &word).len(), 1);
    }

    #[test]
    fn paths_of_a_machine_are_found_and_paths_of_the_tree_are_not() {
        for folder in MACHINE {
            assert_eq!(seen("a.rs", &format!("open(\"{folder}x\")")).len(), 1, "{folder}");
            assert_eq!(seen("a.rs", &format!("open(\"net{folder}x\")")).len(), 0, "{folder}");
        }
    }

    #[test]
    fn long_lines_and_loose_ends_are_found() {
        assert_eq!(seen("a.rs", &"x".repeat(121)), ["121 columns"]);
        assert_eq!(seen("a.md", &"x".repeat(121)), [""; 0]);
        assert_eq!(seen("a.md", "x "), ["space at the end"]);
        let ends = |text| check(&Tree::of(&[("a.md", text)])).len();
        assert_eq!((ends("x\n"), ends("x"), ends("x\n\n"), ends("x\r\n")), (0, 1, 1, 1));
    }

    #[test]
    fn a_test_named_after_itself_or_sitting_out_is_found() {
        let bad = "#[test]\nfn test_it() {}\n#[test]\n#[ignore]\nfn a_fact() {}\n\
                   #[cfg_attr(miri, ignore)]\n#[test]\n#[should_panic]\nfn test_it() {}\n";
        let found = check_tests(&Tree::of(&[("a.rs", bad)]));
        assert_eq!(found.iter().map(|one| one.line).collect::<Vec<_>>(), [2, 4, 6, 9]);
        let good = "// fn test_it\n#[test]\nfn a_fact() { f(ignore); }\nfn test_order() {}\n";
        assert!(check_tests(&Tree::of(&[("a.rs", good)])).is_empty());
    }
}
