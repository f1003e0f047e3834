//! What each verb does; the longer ones have their own file.

use std::process::Command;

use xtask::bans;

use crate::args::Args;
use crate::steps::{Steps, cargo, found, root};
use crate::{Failure, steps};

pub(crate) const QUICK_HELP: &str = "\
the short loop: format, lints and tests of the rooms that decide

Checks the format, then clippy with warnings denied and the tests of model, risk, engine and
venue. Takes seconds once built. The commit hook calls it.

Example: cargo xtask quick";

pub(crate) fn quick(args: &mut Args) -> Result<(), Failure> {
    args.end()?;
    let mut steps = Steps::default();
    steps.step("format", &mut cargo(&["fmt", "--all", "--check"]));
    let mut lint = cargo(&["clippy", "--all-targets"]);
    let mut test = cargo(&["test", "--no-fail-fast"]);
    for room in bans::PURE_ROOMS {
        lint.args(["-p", room]);
        test.args(["-p", room]);
    }
    steps.step("lints of the pure rooms", lint.args(["--", "-D", "warnings"]));
    steps.step("tests of the pure rooms", &mut test);
    steps.finish()
}

pub(crate) const TEST_HELP: &str = "\
every test of the workspace

In the order of their speed: format, the tidy test, lints with warnings denied for all targets,
the shipped plug-ins against what their sources build, all tests (documentation's examples too),
documentation with warnings denied, a short simulation.
A failed step does not stop the later ones. What cannot run here is named in one line. The last
line is `N passed, N failed`; a failed step that is not a test counts as one failed. The exit code
is 0 only when nothing failed.

Example: cargo xtask test";

pub(crate) fn test(args: &mut Args) -> Result<(), Failure> {
    args.end()?;
    let mut steps = Steps::default();
    every_test(&mut steps);
    short_simulation(&mut steps);
    steps.finish()
}

pub(crate) const CI_HELP: &str = "\
everything before a merge: `test`, licences and sources, a release build, a minute of simulation

Licences and sources are checked where cargo-deny is installed.

Example: cargo xtask ci";

pub(crate) fn ci(args: &mut Args) -> Result<(), Failure> {
    args.end()?;
    let mut steps = Steps::default();
    every_test(&mut steps);
    if found("cargo-deny") {
        let words = ["deny", "--config", ".deny.toml", "check", "licenses", "bans", "sources"];
        steps.step("licences and sources", &mut cargo(&words));
    } else {
        steps.leave_out("licences and sources", "cargo-deny is not installed");
    }
    steps.step("release build", &mut cargo(&["build", "--release"]));
    match simulation(&["--minutes", "1"], "release") {
        Ok(mut command) => steps.step("a minute of simulation", &mut command),
        Err(why) => steps.leave_out("a minute of simulation", why),
    }
    steps.finish()
}

fn every_test(steps: &mut Steps) {
    steps.step("format", &mut cargo(&["fmt", "--all", "--check"]));
    // Ahead of the rest because it is quick; the run of all tests counts it.
    steps.check("tidy", &mut cargo(&["test", "--quiet", "-p", "tests", "--test", "tidy"]));
    let lint = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    steps.step("lints", &mut cargo(&lint));
    steps.step("shipped plug-ins", &mut this(&["plugins", "--check"]));
    steps.step("tests", &mut cargo(&["test", "--workspace", "--no-fail-fast"]));
    steps.step("documentation", &mut documentation());
}

/// This program with other words.
fn this(words: &[&str]) -> Command {
    let program = std::env::current_exe().unwrap_or_else(|_| "xtask".into());
    let mut command = Command::new(program);
    command.args(words);
    command
}

fn documentation() -> Command {
    let mut command = cargo(&["doc", "--workspace", "--no-deps"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    command
}

/// In the profile of the tests, whose artefacts are there already.
fn short_simulation(steps: &mut Steps) {
    match simulation(&["--seed", "1"], "test") {
        Ok(mut command) => steps.step("short simulation", &mut command),
        Err(why) => steps.leave_out("short simulation", why),
    }
}

/// The simulation's command, or why there is none.
fn simulation(words: &[&str], profile: &str) -> Result<Command, &'static str> {
    if !root().join("tools/sim/src/main.rs").is_file() {
        return Err("tools/sim has no program");
    }
    let mut command = cargo(&["run", "--quiet", "--profile", profile, "-p", "sim", "--"]);
    command.args(words);
    Ok(command)
}

pub(crate) const SIM_HELP: &str = "\
the simulated exchange against the whole engine on a virtual clock

  --seed N       one seed, to look at a failure again
  --minutes M    wander over fresh seeds for M minutes (default 1)

A failing seed is printed as the command that repeats it; add it to tests/seeds/.

Example: cargo xtask sim --seed 42";

pub(crate) fn sim(args: &mut Args) -> Result<(), Failure> {
    let seed = args.number("--seed")?;
    let minutes = args.number("--minutes")?;
    args.end()?;
    let (name, figure) = match (seed, minutes) {
        (Some(_), Some(_)) => {
            return Err(Failure::Usage("`--seed` is one run; it takes no `--minutes`.".into()));
        }
        (Some(seed), None) => ("--seed", seed),
        (None, minutes) => ("--minutes", minutes.unwrap_or(1)),
    };
    let mut command = simulation(&[name, &figure.to_string()], "release")
        .map_err(|why| Failure::Work(format!("No simulation: {why}.")))?;
    done(&mut command)
}

pub(crate) const GOLDEN_HELP: &str = "\
what was captured against what is expected of it

  --update    write what the code says as the expectation; the diff is the review

Sets UPDATE_GOLDEN=1 for the tests that keep expectations: tests/golden.rs and the generated key
table of config/README.md.

Example: cargo xtask golden --update";

pub(crate) fn golden(args: &mut Args) -> Result<(), Failure> {
    let update = args.flag("--update");
    args.end()?;
    let mut steps = Steps::default();
    let with_update = |mut command: Command| {
        if update {
            command.env("UPDATE_GOLDEN", "1");
        }
        command
    };
    if root().join("tests/golden.rs").is_file() {
        let command = cargo(&["test", "-p", "tests", "--test", "golden"]);
        steps.step("golden vectors", &mut with_update(command));
    } else {
        steps.leave_out("golden vectors", "there is no tests/golden.rs");
    }
    let command = cargo(&["test", "-p", "settings", "the_readme_lists_every_key"]);
    steps.step("key table", &mut with_update(command));
    steps.finish()
}

pub(crate) const DOC_HELP: &str = "\
the documentation of our rooms, warnings denied

  --open    show it in the browser

Example: cargo xtask doc --open";

pub(crate) fn doc(args: &mut Args) -> Result<(), Failure> {
    let open = args.flag("--open");
    args.end()?;
    let mut command = documentation();
    if open {
        command.arg("--open");
    }
    done(&mut command)
}

pub(crate) const LISTS_HELP: &str = "\
write the clippy lists of the pure rooms from tools/xtask/src/bans.rs

The tidy test refuses a list that differs.

Example: cargo xtask lists";

pub(crate) fn lists(args: &mut Args) -> Result<(), Failure> {
    args.end()?;
    for room in bans::PURE_ROOMS {
        let path = root().join("core").join(room).join(".clippy.toml");
        std::fs::write(&path, bans::clippy_toml(room))
            .map_err(|error| Failure::Work(format!("{}: {error}", path.display())))?;
    }
    println!("{} lists written", bans::PURE_ROOMS.len());
    Ok(())
}

pub(crate) const HOOK_HELP: &str = "\
let git call `cargo xtask quick` before each commit

  --remove    leave it again

Example: cargo xtask hook";

pub(crate) fn hook(args: &mut Args) -> Result<(), Failure> {
    let remove = args.flag("--remove");
    args.end()?;
    let mut command = Command::new("git");
    command.current_dir(root()).arg("config");
    if remove {
        command.args(["--unset", "core.hooksPath"]);
    } else {
        command.args(["core.hooksPath", ".githooks"]);
    }
    done(&mut command)
}

/// Runs a command whose output is its own affair.
fn done(command: &mut Command) -> Result<(), Failure> {
    match steps::status(command) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::Work(String::new())),
        Err(error) => Err(Failure::Work(format!("{command:?} could not be run: {error}"))),
    }
}
