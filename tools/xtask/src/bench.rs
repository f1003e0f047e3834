//! Benchmarks, alone or interleaved with those of another revision.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::args::Args;
use crate::steps::{cargo, root, status};

pub(crate) const HELP: &str = "\
the benchmarks of all rooms, with the conditions they ran under

  --against REV    build REV beside this tree (under target/) and run both in turns, so that a
                   drift of the machine meets both alike
  --rounds N       turns of each (default 3, at most 20)

Figures mean something only on a quiet machine.

Example: cargo xtask bench --against main";

const ROUNDS_MAX: u64 = 20;

pub(crate) fn run(args: &mut Args) -> Result<(), Failure> {
    let against = args.value("--against")?;
    let rounds = args.number("--rounds")?.unwrap_or(3);
    args.end()?;
    if !(1..=ROUNDS_MAX).contains(&rounds) {
        return Err(Failure::Usage(format!("`--rounds` takes 1 to {ROUNDS_MAX}, not {rounds}.")));
    }
    let here = root();
    if !has_benches(&here) {
        println!("left out: benchmarks, because no room has any");
        return Ok(());
    }
    println!("{}", conditions());
    let Some(revision) = against else { return bench(&here, "this tree", &[]) };
    let there = checkout(&here, &revision)?;
    bench(&here, "this tree, build", &["--no-run"])?;
    bench(&there, "other tree, build", &["--no-run"])?;
    for round in 1..=rounds {
        bench(&here, &format!("this tree, round {round} of {rounds}"), &[])?;
        bench(&there, &format!("{revision}, round {round} of {rounds}"), &[])?;
    }
    Ok(())
}

/// Whether a manifest names one; cargo calls none at all an error.
fn has_benches(tree: &Path) -> bool {
    let rooms = ["core", "strategies", "tools"]
        .into_iter()
        .filter_map(|folder| std::fs::read_dir(tree.join(folder)).ok());
    let manifests = rooms.flatten().flatten().map(|room| room.path().join("Cargo.toml"));
    manifests
        .chain([tree.join("benches/Cargo.toml")])
        .any(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains("[[bench]]")))
}

/// `revision` in a worktree of its own, whose build folder survives between runs.
fn checkout(here: &Path, revision: &str) -> Result<PathBuf, Failure> {
    let commit = git(here, &["rev-parse", "--verify", "--end-of-options", &commit_of(revision)])?;
    let there = here.join("target/against");
    let folder = there.to_string_lossy().into_owned();
    if there.join(".git").exists() {
        git(&there, &["checkout", "--quiet", "--detach", &commit])?;
    } else {
        git(here, &["worktree", "prune"])?;
        git(here, &["worktree", "add", "--quiet", "--detach", &folder, &commit])?;
    }
    println!("{revision} is {commit}");
    Ok(there)
}

fn commit_of(revision: &str) -> String {
    format!("{revision}^{{commit}}")
}

fn bench(tree: &Path, name: &str, words: &[&str]) -> Result<(), Failure> {
    println!("\n== {name}");
    let mut command = cargo(&["bench", "--workspace", "--bench", "*"]);
    command.args(words).current_dir(tree).env("CARGO_TARGET_DIR", tree.join("target"));
    match status(&mut command) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::Work(format!("{name}: the benchmarks failed"))),
        Err(error) => Err(Failure::Work(format!("{name}: {error}"))),
    }
}

fn git(folder: &Path, words: &[&str]) -> Result<String, Failure> {
    let output = Command::new("git").args(words).current_dir(folder).output();
    let output = output.map_err(|error| Failure::Work(format!("git: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(Failure::Work(format!("git {}: {}", words.join(" "), text.trim())))
}

/// Machine, governor, load and compiler: a figure without them is a rumour.
fn conditions() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown", |line| line.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    let governor = if governor.is_empty() { "not visible" } else { governor.trim() };
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map_or_else(|_| "rustc unknown".into(), |out| out.stdout);
    let rustc = String::from_utf8_lossy(&rustc).trim().to_owned();
    format!("{model}, {cores} cores, governor {governor}, load {load}, {rustc}, profile bench")
}
