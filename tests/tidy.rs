//! What the compiler does not check and a reviewer forgets: who may know whom, what the pure rooms
//! may not touch, and what a text may not say. Each finding names the place and the mend.

#[path = "tidy/files.rs"]
mod files;
#[path = "tidy/finding.rs"]
mod finding;
#[path = "tidy/lex.rs"]
mod lex;
#[path = "tidy/pure.rs"]
mod pure;
#[path = "tidy/rooms.rs"]
mod rooms;
#[path = "tidy/text.rs"]
mod text;
#[path = "tidy/tree.rs"]
mod tree;

use finding::Finding;
use tree::Tree;

/// Fails with every finding, not only the first.
fn clean(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(lines.is_empty(), "{} findings:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn every_room_names_only_whom_it_may_know() {
    clean(&rooms::check(&Tree::read()));
}

#[test]
fn every_shared_dependency_has_a_reason_and_a_user() {
    clean(&rooms::check_workspace(&Tree::read()));
}

#[test]
fn pure_rooms_touch_no_clock_socket_file_thread_float_or_hash_order() {
    clean(&pure::check(&Tree::read()));
}

#[test]
fn clippys_lists_are_those_that_xtask_writes() {
    clean(&pure::check_lists(&Tree::read()));
}

#[test]
fn unsafe_stands_only_where_it_may() {
    clean(&pure::check_unsafe(&Tree::read()));
}

#[test]
fn every_room_has_a_readme_of_one_screen() {
    clean(&files::check_readmes(&Tree::read()));
}

#[test]
fn decisions_are_numbered_without_gaps_and_short() {
    clean(&files::check_decisions(&Tree::read()));
}

#[test]
fn no_source_file_is_too_long_to_read() {
    clean(&files::check_lengths(&Tree::read()));
}

#[test]
fn texts_keep_the_rules_of_the_house() {
    clean(&text::check(&Tree::read()));
}

#[test]
fn tests_are_sentences_that_all_run_and_nothing_is_half_done() {
    clean(&text::check_tests(&Tree::read()));
}

#[test]
fn the_walk_sees_the_tree() {
    let tree = Tree::read();
    for path in ["Cargo.toml", "core/model/src/lib.rs", "tests/tidy/lex.rs", ".ci/run"] {
        assert!(tree.get(path).is_some(), "{path} was not read");
    }
    assert!(!tree.files.keys().any(|path| path.starts_with("target/")));
}
