//! What the template makes builds and passes its own test, outside of this repository.

use std::path::Path;
use std::process::Command;

use sdk::template;

#[test]
fn a_strategy_of_the_template_builds_and_passes_its_test() {
    check("dip_buyer", false);
}

#[test]
fn a_risk_rule_of_the_template_builds_and_passes_its_test() {
    check("dear_orders", true);
}

fn check(name: &str, risk_rule: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let sdk = env!("CARGO_MANIFEST_DIR");
    for (path, text) in template::files(name, risk_rule, sdk) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    run(folder.path(), &["test", "--quiet", "--offline"]);
}

fn run(folder: &Path, words: &[&str]) {
    let mut cargo = Command::new(env!("CARGO"));
    // What the run of this test was told is not meant for another workspace.
    let told = std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_") && name != "CARGO_HOME"
    });
    for (name, _) in told {
        cargo.env_remove(name);
    }
    let output = cargo.args(words).current_dir(folder).output().expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stderr);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}\n{text}");
    assert!(shown.contains("1 passed; 0 failed"), "{shown}");
}
