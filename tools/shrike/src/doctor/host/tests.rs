//! Hosts made of a few files, and what is said of each.

use model::Span;
use tempfile::TempDir;

use super::*;
use crate::findings::Verdict;

#[test]
fn a_host_that_was_made_for_it_is_ok_in_every_line() {
    let host = Picture::of_a_good_host();
    let found = host.check(&settings("2"));
    assert_eq!(found.len(), 13);
    for one in &found {
        assert_eq!((one.verdict, one.mend.as_str()), (Verdict::Ok, ""), "{one}");
    }
}

#[test]
fn each_thing_that_is_wrong_has_its_own_line_with_a_mend() {
    let cpu = |path: &str| format!("{CPU}/{path}");
    for (path, text, what, seen, mend) in [
        (cpu("online"), "0", "cores", "1", "two or more"),
        (cpu("online"), "0-1", "cores", "2", "four"),
        (cpu("isolated"), "3", "isolation of the hot core", "core 2", "isolcpus="),
        (cpu("nohz_full"), "(null)", "isolation of the hot core", "core 2", "nohz_full=2"),
        (
            cpu("cpu1/cpufreq/scaling_governor"),
            "powersave",
            "frequency governor",
            "powersave on cpu1",
            "cpupower",
        ),
        (
            cpu("vulnerabilities/mds"),
            "Vulnerable: no microcode",
            "mitigations of the CPU",
            "mds",
            "microcode",
        ),
        (CLOCK.to_owned(), "hpet", "clock source", "hpet", "clocksource=tsc"),
        (
            "proc/self/limits".to_owned(),
            "Max open files   256   4096  files",
            "open files",
            "256",
            "LimitNOFILE",
        ),
        (
            "proc/self/limits".to_owned(),
            "Max locked memory  65536  65536  bytes",
            "locked memory",
            "65536",
            "LimitMEMLOCK",
        ),
        (
            "proc/self/limits".to_owned(),
            "Max core file size  unlimited  unlimited  bytes",
            "core files",
            "on",
            "LimitCORE",
        ),
        (
            "proc/swaps".to_owned(),
            "Filename\n/dev/sda2 partition 1 0 -2",
            "swap",
            "/dev/sda2",
            "swapoff",
        ),
        (HUGE.to_owned(), "[always] madvise never", "transparent huge pages", "always", "madvise"),
        (
            "proc/irq/24/smp_affinity_list".to_owned(),
            "0-3",
            "interrupts on the hot core",
            "1 of 2",
            "irqbalance",
        ),
    ] {
        let host = Picture::of_a_good_host();
        host.write(&path, text);
        let found = host.check(&settings("2"));
        let one = found.iter().find(|one| one.what == what).expect(what);
        assert!(one.verdict > Verdict::Ok, "{path} = {text}: {one}");
        assert!(one.seen.contains(seen) && one.mend.contains(mend), "{path} = {text}: {one}");
    }
}

#[test]
fn what_cannot_be_read_is_a_line_that_says_so() {
    let host = Picture { root: tempfile::tempdir().unwrap(), clock: None };
    let found = host.check(&settings("2"));
    assert_eq!(found.len(), 13);
    for one in &found {
        let said = one.seen.contains("cannot be read") || one.seen.contains("does not say");
        assert!(one.verdict == Verdict::Warn && said && !one.mend.is_empty(), "{one}");
    }
}

#[test]
fn a_calendar_that_nobody_keeps_in_step_is_told_with_who_runs() {
    let mut host = Picture::of_a_good_host();
    host.clock = Some(KernelClock { synchronised: false, error: Span::from_secs(16) });
    let found = host.check(&settings("2"));
    let one = found.iter().find(|one| one.what == "synchronised calendar").unwrap();
    assert_eq!(one.verdict, Verdict::Warn);
    assert!(one.seen.contains("chrony runs"), "{one}");
}

#[test]
fn without_a_core_of_its_own_nothing_is_asked_of_isolation() {
    let host = Picture::of_a_good_host();
    host.write(&format!("{CPU}/isolated"), "");
    let found = host.check(&settings("none"));
    let of = |what: &str| found.iter().find(|one| one.what == what).unwrap().verdict;
    assert_eq!(of("isolation of the hot core"), Verdict::Ok);
    assert_eq!(of("interrupts on the hot core"), Verdict::Ok);
    host.write(&format!("{CPU}/isolated"), "2-3");
    let found = host.check(&settings("none"));
    let one = found.iter().find(|one| one.what == "isolation of the hot core").unwrap();
    assert!(one.mend.contains("loop.core = 2"), "{one}");
}

#[test]
fn the_kernels_lists_are_read() {
    assert_eq!(list("0-2,5\n"), Some(vec![0, 1, 2, 5]));
    assert_eq!(list(""), Some(vec![]));
    assert_eq!(list("(null)"), Some(vec![]));
    assert_eq!(list("0-99999999999"), None);
    assert_eq!(list("x"), None);
}

const CLOCK: &str = "sys/devices/system/clocksource/clocksource0/current_clocksource";
const HUGE: &str = "sys/kernel/mm/transparent_hugepage/enabled";

struct Picture {
    root: TempDir,
    clock: Option<KernelClock>,
}

impl Picture {
    fn of_a_good_host() -> Self {
        let clock = KernelClock { synchronised: true, error: Span::from_millis(3) };
        let host = Self { root: tempfile::tempdir().unwrap(), clock: Some(clock) };
        for (path, text) in [
            ("online", "0-3"),
            ("isolated", "2"),
            ("nohz_full", "2"),
            ("cpu0/cpufreq/scaling_governor", "performance"),
            ("cpu1/cpufreq/scaling_governor", "performance"),
            ("cpufreq/boost", "1"),
            ("vulnerabilities/mds", "Mitigation: Clear CPU buffers"),
            ("vulnerabilities/meltdown", "Not affected"),
        ] {
            host.write(&format!("{CPU}/{path}"), text);
        }
        let limits = "Limit   Soft Limit  Hard Limit  Units\n\
                      Max core file size  0  unlimited  bytes\n\
                      Max open files      65536  65536  files\n\
                      Max locked memory   unlimited  unlimited  bytes";
        for (path, text) in [
            (CLOCK, "tsc"),
            (HUGE, "always [madvise] never"),
            ("proc/self/limits", limits),
            ("proc/swaps", "Filename  Type  Size  Used  Priority"),
            ("proc/irq/24/smp_affinity_list", "0-1"),
            ("proc/irq/25/smp_affinity_list", "3"),
            ("run/chrony/chronyd.pid", "7"),
        ] {
            host.write(path, text);
        }
        host
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{text}\n")).unwrap();
    }

    fn check(&self, settings: &Settings) -> Vec<Finding> {
        Host::new(self.root.path(), self.clock).check(settings)
    }
}

fn settings(core: &str) -> Settings {
    Settings::demo(&[("loop.core".to_owned(), core.to_owned())]).unwrap()
}
