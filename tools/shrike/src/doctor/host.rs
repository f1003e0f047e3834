//! The host's part, from /sys and /proc below a root: a test has its own.

use std::fs;
use std::path::{Path, PathBuf};

use runtime::KernelClock;
use settings::{Settings, Wait};

use crate::findings::Finding;

/// Bytes that the ring in shared memory takes.
const RING: u64 = journal::ring::RING_BYTES as u64;
const FILES_MIN: u64 = 1_024;
const CPU: &str = "sys/devices/system/cpu";

/// A host to look at.
#[derive(Debug)]
pub(super) struct Host {
    root: PathBuf,
    clock: Option<KernelClock>,
}

/// What is looked at is not there: a container, a virtual machine, another kernel.
fn unreadable(what: &str, path: &str) -> Finding {
    Finding::warn(
        what,
        format_args!("/{path} cannot be read"),
        "a container or virtual machine may hide it: look on the machine beneath",
    )
}

impl Host {
    /// `clock` is what the kernel says of its calendar; `None` when it says nothing.
    pub(super) fn new(root: &Path, clock: Option<KernelClock>) -> Self {
        Self { root: root.to_owned(), clock }
    }

    pub(super) fn check(&self, settings: &Settings) -> Vec<Finding> {
        let core = settings.loop_.core;
        vec![
            self.cores(),
            self.isolation(core, settings.loop_.wait),
            self.governor(),
            self.turbo(),
            self.mitigations(),
            self.clock_source(),
            self.synchronised(),
            self.limit("open files", "Max open files", FILES_MIN, "LimitNOFILE=65536"),
            self.limit("locked memory", "Max locked memory", RING, "LimitMEMLOCK=infinity"),
            self.core_files(),
            self.swap(),
            self.huge_pages(),
            self.interrupts(core),
        ]
    }

    fn read(&self, path: &str) -> Option<String> {
        let text = fs::read_to_string(self.root.join(path)).ok()?;
        Some(text.trim().to_owned())
    }

    /// The text of `name` in each folder of `folder` whose name has `prefix`.
    fn each(&self, folder: &str, prefix: &str, name: &str) -> Vec<(String, String)> {
        let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten();
        let entries = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let named = entries.filter(|entry| entry.starts_with(prefix));
        let mut found: Vec<_> = named
            .filter_map(|entry| {
                let path = Path::new(folder).join(&entry).join(name);
                Some((entry, self.read(path.to_str()?)?))
            })
            .collect();
        found.sort();
        found
    }

    fn cores(&self) -> Finding {
        let what = "cores";
        let path = format!("{CPU}/online");
        let Some(online) = self.read(&path).and_then(|text| list(&text)) else {
            return unreadable(what, &path);
        };
        let count = online.len();
        match count {
            ..2 => {
                Finding::fail(what, count, "the hot thread wants one for itself: take two or more")
            }
            2..4 => Finding::warn(
                what,
                count,
                "hot thread, journal and system share them; four are better",
            ),
            4.. => Finding::ok(what, count),
        }
    }

    fn isolation(&self, core: Option<usize>, wait: Wait) -> Finding {
        let what = "isolation of the hot core";
        let isolated = self.read(&format!("{CPU}/isolated"));
        let quiet = self.read(&format!("{CPU}/nohz_full"));
        let of = |text: &Option<String>| text.as_deref().and_then(list).unwrap_or_default();
        let (apart, tickless) = (of(&isolated), of(&quiet));
        let Some(core) = core else {
            let seen = format!("loop.core = \"none\"; isolated: {apart:?}");
            return match (wait, apart.first()) {
                (Wait::Spin, _) => Finding::warn(what, seen, "a thread that spins wants loop.core"),
                (_, Some(free)) => Finding::warn(
                    what,
                    seen,
                    format_args!("core {free} stands idle: loop.core = {free}"),
                ),
                (_, None) => Finding::ok(what, seen),
            };
        };
        if isolated.is_none() {
            return unreadable(what, &format!("{CPU}/isolated"));
        }
        let seen = format!("core {core}; isolated: {apart:?}, without ticks: {tickless:?}");
        if apart.contains(&core) && tickless.contains(&core) {
            return Finding::ok(what, seen);
        }
        let mend = format!(
            "boot with isolcpus=managed_irq,domain,{core} nohz_full={core} rcu_nocbs={core}"
        );
        Finding::warn(what, seen, mend)
    }

    fn governor(&self) -> Finding {
        let what = "frequency governor";
        let found = self.each(CPU, "cpu", "cpufreq/scaling_governor");
        if found.is_empty() {
            return unreadable(what, &format!("{CPU}/cpu0/cpufreq/scaling_governor"));
        }
        let slow: Vec<_> = found.iter().filter(|(_, name)| name != "performance").collect();
        match slow.first() {
            None => Finding::ok(what, "performance on every core"),
            Some((core, name)) => Finding::warn(
                what,
                format_args!("{name} on {core}, and {} of {} in all", slow.len(), found.len()),
                "cpupower frequency-set -g performance",
            ),
        }
    }

    fn turbo(&self) -> Finding {
        let what = "turbo";
        let intel = self.read(&format!("{CPU}/intel_pstate/no_turbo")).map(|text| text == "0");
        let other = self.read(&format!("{CPU}/cpufreq/boost")).map(|text| text == "1");
        match intel.or(other) {
            Some(true) => Finding::ok(what, "on"),
            Some(false) => Finding::ok(what, "off: steadier and slower"),
            None => unreadable(what, &format!("{CPU}/cpufreq/boost")),
        }
    }

    fn mitigations(&self) -> Finding {
        let what = "mitigations of the CPU";
        let folder = format!("{CPU}/vulnerabilities");
        let entries = fs::read_dir(self.root.join(&folder)).into_iter().flatten().flatten();
        let mut open = Vec::new();
        let mut count = 0;
        for entry in entries {
            let Ok(text) = fs::read_to_string(entry.path()) else { continue };
            count += 1;
            if text.starts_with("Vulnerable") {
                open.extend(entry.file_name().into_string());
            }
        }
        open.sort();
        match (count, open.as_slice()) {
            (0, _) => unreadable(what, &folder),
            (_, []) => Finding::ok(what, format_args!("none of {count} weaknesses is open")),
            (_, open) => Finding::warn(
                what,
                format_args!("open: {}", open.join(", ")),
                "whoever else runs code on this CPU may read keys: update the microcode, or share \
                 the host with nobody",
            ),
        }
    }

    fn clock_source(&self) -> Finding {
        let what = "clock source";
        let path = "sys/devices/system/clocksource/clocksource0/current_clocksource";
        match self.read(path).as_deref() {
            None => unreadable(what, path),
            Some(name @ ("tsc" | "kvm-clock" | "arch_sys_counter")) => Finding::ok(what, name),
            Some(name) => {
                let mend = "reading it is a system call; boot with clocksource=tsc tsc=reliable";
                Finding::warn(what, name, mend)
            }
        }
    }

    fn synchronised(&self) -> Finding {
        let what = "synchronised calendar";
        let running =
            ["run/chrony/chronyd.pid", "run/chronyd.pid", "run/systemd/timesync/synchronized"]
                .into_iter()
                .find(|path| self.root.join(path).exists());
        let by = match running {
            Some(path) if path.contains("chrony") => "chrony runs",
            Some(_) => "systemd-timesyncd is in step",
            None => "no chrony and no timesyncd seen",
        };
        let mend = "install chrony with four sources; permits and logs are stamped with it";
        match &self.clock {
            None => Finding::warn(what, format_args!("the kernel does not say; {by}"), mend),
            Some(KernelClock { synchronised: true, error }) => {
                Finding::ok(what, format_args!("by the kernel, to {} ms; {by}", error.millis()))
            }
            Some(KernelClock { synchronised: false, .. }) => {
                Finding::warn(what, format_args!("not by the kernel; {by}"), mend)
            }
        }
    }

    /// The soft limit of a row of /proc/self/limits; `None` when it has none.
    fn soft_limit(&self, row: &str) -> Option<Limit> {
        let text = self.read("proc/self/limits")?;
        let line = text.lines().find_map(|line| line.strip_prefix(row))?;
        match line.split_whitespace().next()? {
            "unlimited" => Some(Limit::None),
            figure => figure.parse().ok().map(Limit::At),
        }
    }

    fn limit(&self, what: &str, row: &str, least: u64, mend: &str) -> Finding {
        match self.soft_limit(row) {
            None => unreadable(what, "proc/self/limits"),
            Some(Limit::None) => Finding::ok(what, "no limit"),
            Some(Limit::At(figure)) if figure >= least => Finding::ok(what, figure),
            Some(Limit::At(figure)) => {
                let mend = format!("at least {least}: {mend} in the service, or `ulimit`");
                Finding::warn(what, figure, mend)
            }
        }
    }

    fn core_files(&self) -> Finding {
        let what = "core files";
        match self.soft_limit("Max core file size") {
            None => unreadable(what, "proc/self/limits"),
            Some(Limit::At(0)) => Finding::ok(what, "off"),
            Some(_) => Finding::warn(
                what,
                "on",
                "live trading forbids its own all the same; LimitCORE=0 for the rest",
            ),
        }
    }

    fn swap(&self) -> Finding {
        let what = "swap";
        let Some(text) = self.read("proc/swaps") else { return unreadable(what, "proc/swaps") };
        let places: Vec<&str> =
            text.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
        if places.is_empty() {
            return Finding::ok(what, "none");
        }
        let mend = "a page that is fetched back costs milliseconds, and keys may reach the disk: \
                    swapoff -a";
        Finding::warn(what, places.join(", "), mend)
    }

    fn huge_pages(&self) -> Finding {
        let what = "transparent huge pages";
        let path = "sys/kernel/mm/transparent_hugepage/enabled";
        let Some(text) = self.read(path) else { return unreadable(what, path) };
        let chosen = text.split(['[', ']']).nth(1).unwrap_or(&text);
        if chosen == "always" {
            let mend = "the kernel stops threads to build them: echo madvise > /sys/kernel/mm/\
                        transparent_hugepage/enabled";
            return Finding::warn(what, chosen, mend);
        }
        Finding::ok(what, chosen)
    }

    fn interrupts(&self, core: Option<usize>) -> Finding {
        let what = "interrupts on the hot core";
        let found = self.each("proc/irq", "", "smp_affinity_list");
        if found.is_empty() {
            return unreadable(what, "proc/irq");
        }
        let Some(core) = core else {
            let seen = format!("{} interrupts; no core is the hot thread's own", found.len());
            return Finding::ok(what, seen);
        };
        let there: Vec<&str> = found
            .iter()
            .filter(|(_, cores)| list(cores).is_some_and(|cores| cores.contains(&core)))
            .map(|(irq, _)| irq.as_str())
            .collect();
        let seen = format!("{} of {} may come to core {core}", there.len(), found.len());
        if there.is_empty() {
            return Finding::ok(what, seen);
        }
        let mend = "stop irqbalance and move them: echo 0 > /proc/irq/N/smp_affinity_list";
        Finding::warn(what, seen, mend)
    }
}

enum Limit {
    None,
    At(u64),
}

/// The numbers of a list of the kernel, such as `0-2,5`; empty for an empty one.
fn list(text: &str) -> Option<Vec<usize>> {
    let mut all = Vec::new();
    for part in text.trim().split(',').filter(|part| !part.is_empty() && *part != "(null)") {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.parse::<usize>().ok()?, last.parse::<usize>().ok()?);
        if last >= CORES_MAX {
            return None;
        }
        all.extend(first..=last);
    }
    Some(all)
}

/// More than any kernel has.
const CORES_MAX: usize = 8_192;

#[cfg(test)]
mod tests;
