//! The rooms that decide have no clock, socket, file, thread, float or hash order; `unsafe` stands
//! in two rooms.

use xtask::bans::{self, BANS, PURE_ROOMS, UNSAFE_ROOMS};

use crate::finding::Finding;
use crate::lex;
use crate::tree::Tree;

/// Files of other rooms that need it, each with the reason.
const UNSAFE_FILES: &[(&str, &str)] = &[
    ("strategies/sdk/src/export.rs", "a module's exports are statics that the host reaches"),
    ("tests/heap.rs", "an allocator that counts proves that decoding and trading take no heap"),
];

/// What ships of the pure rooms names nothing banned.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for room in PURE_ROOMS {
        let folder = format!("core/{room}/src/");
        for (path, text) in tree.under(&folder, ".rs") {
            if !is_test_file(path) {
                found.extend(check_source(path, text));
            }
        }
    }
    found
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn check_source(path: &str, text: &str) -> Vec<Finding> {
    let code = lex::code(text);
    let code = &code[..lex::shipped(&code)];
    let uses = lex::uses(code);
    let lines = code.iter().enumerate().map(|(at, line)| (at + 1, line.as_str()));
    let uses = uses.iter().map(|(line, path)| (*line, path.as_str()));
    let mut found = Vec::new();
    for (line, code) in lines.chain(uses) {
        for ban in BANS.iter().filter(|ban| lex::has_word(code, ban.word)) {
            let finding = Finding::new(path, line, format!("`{}`", ban.word), ban.mend);
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
    }
    found
}

/// Each pure room's clippy list is the generated one.
pub(crate) fn check_lists(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for room in PURE_ROOMS {
        let path = format!("core/{room}/.clippy.toml");
        if tree.get(&path) != Some(bans::clippy_toml(room).as_str()) {
            found.push(Finding::new(&path, 0, "not the generated list", "run `cargo xtask lists`"));
        }
    }
    found
}

/// No `unsafe` outside the rooms that may open it, tests included.
pub(crate) fn check_unsafe(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.under("", ".rs") {
        let room = UNSAFE_ROOMS.iter().any(|room| path.starts_with(&format!("core/{room}/")));
        let file = UNSAFE_FILES.iter().any(|(file, _)| *file == path);
        if room || file {
            continue;
        }
        for (at, line) in lex::code(text).iter().enumerate() {
            if lex::has_word(line, "unsafe") {
                let mend = format!("move it to one of {}", UNSAFE_ROOMS.join(", "));
                found.push(Finding::new(path, at + 1, "`unsafe`", mend));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(source: &str) -> Vec<(usize, String)> {
        let found = check_source("core/engine/src/x.rs", source);
        found.into_iter().map(|finding| (finding.line, finding.seen)).collect()
    }

    #[test]
    fn every_banned_word_is_found_in_code() {
        for ban in BANS {
            let source = format!("fn ok() {{}}\nfn bad(x: {}) {{}}\n", ban.word);
            assert_eq!(lines(&source), [(2, format!("`{}`", ban.word))]);
        }
    }

    #[test]
    fn a_banned_word_in_a_group_is_found_at_its_use() {
        let source = "\nuse std::{\n    fmt,\n    fs::File,\n};\n";
        assert_eq!(lines(source), [(2, "`std::fs`".to_owned())]);
    }

    #[test]
    fn a_banned_word_in_a_comment_a_text_or_a_test_is_let_through() {
        let source =
            "// f64\nconst A: &str = \"f64\";\n#[cfg(test)]\nmod tests {\n  type B = f64;\n}";
        assert_eq!(lines(source), []);
    }

    #[test]
    fn a_list_that_was_edited_by_hand_is_refused() {
        let mut files: Vec<(String, String)> = PURE_ROOMS
            .iter()
            .map(|room| (format!("core/{room}/.clippy.toml"), bans::clippy_toml(room)))
            .collect();
        let check = |files: &[(String, String)]| {
            let files: Vec<(&str, &str)> =
                files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
            check_lists(&Tree::of(&files)).len()
        };
        assert_eq!(check(&files), 0);
        files[0].1.push('#');
        assert_eq!(check(&files), 1);
        files.pop();
        assert_eq!(check(&files), 2);
    }

    #[test]
    fn unsafe_is_refused_everywhere_but_in_its_rooms() {
        let source = "fn a() { unsafe { b() } }";
        let found = |path| check_unsafe(&Tree::of(&[(path, source)])).len();
        assert_eq!(found("core/engine/src/lib.rs"), 1);
        assert_eq!(found("tools/shrike/src/main.rs"), 1);
        assert_eq!(found("core/journal/src/ring.rs"), 0);
        assert_eq!(found("tests/heap.rs"), 0);
        assert_eq!(found("tests/golden/other.rs"), 1);
    }
}
