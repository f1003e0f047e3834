//! What every benchmark here shares: cases timed in turns, the table, and the conditions.
//!
//! A machine drifts: another tenant, another frequency. So each round times every case once, one
//! after the other, and the ratio of two cases is the median of their ratios round by round. No
//! time is asserted. [`Bench::main`] also counts instructions, which hold on a busy machine.
#![allow(clippy::print_stdout, reason = "a benchmark reports to its terminal")]

use std::process::Command;
use std::time::Instant;
use std::{fmt, fs};

/// Cases in groups; those of one group are compared with its first.
#[derive(Default)]
pub struct Bench<'a> {
    groups: Vec<(String, Vec<Case<'a>>)>,
}

impl fmt::Debug for Bench<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cases: usize = self.groups.iter().map(|(_, cases)| cases.len()).sum();
        write!(f, "Bench of {cases} cases")
    }
}

struct Case<'a> {
    name: String,
    passes: usize,
    /// Whether a pass is nothing but the work, so that its instructions can be counted.
    bare: bool,
    /// Does so many passes and gives the nanoseconds of each sample of them.
    run: Box<dyn FnMut(usize) -> Vec<f64> + 'a>,
}

/// Rounds when the command line names no other number.
const ROUNDS: usize = 301;
/// Passes of a case whose preparation is part of every pass, in one round.
const PREPARED: usize = 16;

impl<'a> Bench<'a> {
    /// Begins a group.
    #[must_use]
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.groups.push((name.into(), Vec::new()));
        self
    }

    /// Adds a case whose passes need nothing between them: a sample is the mean of `passes` of
    /// them, because one alone is shorter than reading the clock.
    #[must_use]
    pub fn case(self, name: &str, passes: usize, mut work: impl FnMut() + 'a) -> Self {
        self.push(name, passes, true, move |passes| {
            let start = Instant::now();
            for _ in 0..passes {
                work();
            }
            vec![start.elapsed().as_nanos() as f64 / passes as f64]
        })
    }

    /// Adds a case of which each pass is timed alone, after a preparation that is not. A sample
    /// holds one reading of the clock.
    #[must_use]
    pub fn prepared<S: 'a>(
        self,
        name: &str,
        mut state: S,
        mut prepare: impl FnMut(&mut S) + 'a,
        mut work: impl FnMut(&mut S) + 'a,
    ) -> Self {
        self.push(name, PREPARED, false, move |passes| {
            let mut sample = || {
                prepare(&mut state);
                let start = Instant::now();
                work(&mut state);
                start.elapsed().as_nanos() as f64
            };
            (0..passes).map(|_| sample()).collect()
        })
    }

    /// Adds a case that times itself: `work` is told how many passes to do and gives the
    /// nanoseconds that they took together.
    #[must_use]
    pub fn timed(self, name: &str, passes: usize, mut work: impl FnMut(usize) -> f64 + 'a) -> Self {
        self.push(name, passes, false, move |passes| vec![work(passes) / passes as f64])
    }

    fn push(
        mut self,
        name: &str,
        passes: usize,
        bare: bool,
        run: impl FnMut(usize) -> Vec<f64> + 'a,
    ) -> Self {
        let case = Case { name: name.to_owned(), passes, bare, run: Box::new(run) };
        match self.groups.last_mut() {
            Some((_, cases)) => cases.push(case),
            None => self.groups.push((String::new(), vec![case])),
        }
        self
    }

    /// Runs what the command line asks for: nothing, for the times of all cases; `--rounds N`;
    /// `--instructions`, for the instructions of a pass under valgrind; `--passes CASE N`, to do
    /// one case N times and say nothing. A case is named as `GROUP/CASE`.
    pub fn main(mut self) {
        let args: Vec<String> = std::env::args().collect();
        let after = |flag: &str| {
            let at = args.iter().position(|arg| arg == flag)?;
            Some(args[at + 1..].iter().map(String::as_str).collect::<Vec<_>>())
        };
        if let Some([case, passes, ..]) = after("--passes").as_deref() {
            self.repeat(case, passes.parse().unwrap_or(0));
        } else if after("--instructions").is_some() {
            self.instructions();
        } else {
            let rounds = after("--rounds").and_then(|rest| rest.first()?.parse().ok());
            self.times(rounds.unwrap_or(ROUNDS).max(1));
        }
    }

    fn repeat(&mut self, name: &str, passes: usize) {
        for (group, cases) in &mut self.groups {
            for case in cases.iter_mut().filter(|case| full_name(group, case) == name) {
                (case.run)(passes);
            }
        }
    }

    fn times(mut self, rounds: usize) {
        println!("{}, {rounds} rounds", conditions());
        for (group, cases) in &mut self.groups {
            println!(
                "\n{group:<34}{:>10}{:>10}{:>10}{:>10}",
                "p50 ns", "p99 ns", "mean ns", "ratio"
            );
            let mut times = vec![Vec::new(); cases.len()];
            for _ in 0..rounds {
                for (case, times) in cases.iter_mut().zip(&mut times) {
                    times.push((case.run)(case.passes));
                }
            }
            for (at, case) in cases.iter().enumerate() {
                let ratios = times[0].iter().zip(&times[at]).map(|(a, b)| mean(a) / mean(b));
                let ratio = quantile(ratios.collect(), 0.5);
                let all: Vec<f64> = times[at].concat();
                let average = mean(&all);
                let (p50, p99) = (quantile(all.clone(), 0.5), quantile(all, 0.99));
                let name = &case.name;
                println!("  {name:<32}{p50:>10.1}{p99:>10.1}{average:>10.1}{ratio:>10.2}");
            }
        }
        println!("\nratio: the group's first case over this one, median over the rounds");
    }

    /// The difference between two runs that differ in their passes alone. Cases whose passes do
    /// more than the work are left out.
    fn instructions(self) {
        let groups = self.groups.iter().filter(|(_, cases)| cases.iter().any(|case| case.bare));
        for (group, cases) in groups {
            println!("\n{group:<34}{:>14}", "instructions");
            for case in cases.iter().filter(|case| case.bare) {
                let name = full_name(group, case);
                let more = case.passes.min(1_000);
                let counts = [more, 2 * more].map(|passes| collected(&name, passes));
                match counts {
                    [Some(few), Some(many)] => {
                        println!("  {:<32}{:>14.0}", case.name, (many - few) / more as f64);
                    }
                    _ => println!("  {:<32}{:>14}", case.name, "no valgrind"),
                }
            }
        }
    }
}

fn full_name(group: &str, case: &Case<'_>) -> String {
    format!("{group}/{}", case.name)
}

/// Instructions of a run of this program that does one case `passes` times.
fn collected(case: &str, passes: usize) -> Option<f64> {
    let program = std::env::current_exe().ok()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--passes", case, &passes.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// The value below which the share `q` of `values` lies.
fn quantile(mut values: Vec<f64>, q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(((values.len() - 1) as f64 * q) as usize).copied().unwrap_or_default()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Machine, governor, load and build: a figure without them is a rumour.
fn conditions() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("\t: ?");
    let model = model.trim_start_matches([' ', '\t', ':']).to_owned();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    let governor = if governor.is_empty() { "not readable" } else { governor.trim() };
    let build = if cfg!(debug_assertions) { "debug" } else { "optimised" };
    let load = read("/proc/loadavg");
    let load: Vec<&str> = load.split(' ').take(3).collect();
    format!("{model}, {cores} cores, governor {governor}, {build} build, load {}", load.join(" "))
}
