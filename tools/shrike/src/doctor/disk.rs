//! Where the journal and its ring would stand: memory, room, and the time that a sync takes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::findings::Finding;

const TMPFS: i64 = 0x0102_1994;
const RAMFS: i64 = 0x8584_58f6;
/// The journal stops writing below this.
const FREE_MIN: u64 = 128 << 20;
/// Weeks of journal.
const FREE_GOOD: u64 = 10 << 30;
const SYNCS: usize = 20;
const SYNC_SLOW: Duration = Duration::from_millis(50);
const SYNC_TOO_SLOW: Duration = Duration::from_secs(1);

pub(super) fn check(data: &Path, runtime_dir: Option<&Path>) -> Vec<Finding> {
    vec![ring(runtime_dir), free(data), sync_time(data)]
}

fn ring(runtime_dir: Option<&Path>) -> Finding {
    let what = "folder of the ring";
    let path = runtime_dir.map_or_else(usual_ring, Path::to_owned);
    let place = nearest(&path);
    match rustix::fs::statfs(&place) {
        Ok(about) if is_in_memory(about.f_type) => {
            Finding::ok(what, format_args!("{}, in memory", path.display()))
        }
        Ok(_) => Finding::fail(
            what,
            format_args!("{} is on a disk", path.display()),
            "name a folder on a tmpfs as runtime_dir; live trading refuses another",
        ),
        Err(error) => Finding::fail(
            what,
            format_args!("{}: {error}", place.display()),
            "name a folder on a tmpfs as runtime_dir",
        ),
    }
}

fn is_in_memory(kind: impl TryInto<i64>) -> bool {
    kind.try_into().is_ok_and(|kind| kind == TMPFS || kind == RAMFS)
}

fn usual_ring() -> PathBuf {
    let base = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    base.filter(|base| base.is_absolute()).unwrap_or_else(|| PathBuf::from("/dev/shm"))
}

fn free(data: &Path) -> Finding {
    let what = "room for the journal";
    let place = nearest(data);
    let about = match rustix::fs::statvfs(&place) {
        Ok(about) => about,
        Err(error) => {
            let seen = format!("{}: {error}", place.display());
            return Finding::fail(what, seen, "name another data_dir");
        }
    };
    let free = about.f_bavail.saturating_mul(about.f_frsize);
    let seen = format!("{} MiB free at {}", free >> 20, place.display());
    match free {
        ..FREE_MIN => Finding::fail(what, seen, "entries wait below 128 MiB; make room"),
        FREE_MIN..FREE_GOOD => Finding::warn(what, seen, "10 GiB hold weeks; make room"),
        FREE_GOOD.. => Finding::ok(what, seen),
    }
}

fn sync_time(data: &Path) -> Finding {
    let what = "a sync to disk";
    if !data.is_dir() {
        let seen = format!("{} is not there yet", data.display());
        return Finding::warn(what, seen, "the first run makes it; ask again then");
    }
    match time_syncs(data) {
        Ok(times) => of_times(what, times),
        Err(error) => {
            let seen = format!("cannot write into {}: {error}", data.display());
            Finding::fail(what, seen, "give the folder to this user")
        }
    }
}

fn of_times(what: &str, mut times: Vec<Duration>) -> Finding {
    times.sort_unstable();
    let (half, most) = (times[times.len() / 2], times[times.len() - 1]);
    let seen = format!("{half:.1?} half of the time, {most:.1?} at most, of {SYNCS}");
    let mend =
        "a permit waits for one sync; take a disk with a write cache that survives power loss";
    if most > SYNC_TOO_SLOW {
        Finding::fail(what, seen, mend)
    } else if most > SYNC_SLOW {
        Finding::warn(what, seen, mend)
    } else {
        Finding::ok(what, seen)
    }
}

fn time_syncs(data: &Path) -> io::Result<Vec<Duration>> {
    let path = data.join(format!(".doctor-{}", std::process::id()));
    let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    let times = write_and_sync(file);
    fs::remove_file(&path)?;
    times
}

fn write_and_sync(mut file: File) -> io::Result<Vec<Duration>> {
    (0..SYNCS)
        .map(|_| {
            let since = Instant::now();
            file.write_all(&[0; 4_096])?;
            file.sync_data()?;
            Ok(since.elapsed())
        })
        .collect()
}

/// The folder itself or the nearest one above it that is there.
fn nearest(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    whole.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::Verdict;

    #[test]
    fn a_data_directory_is_timed_and_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let found = sync_time(folder.path());
        assert!(found.seen.contains("of 20"), "{found}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let missing = sync_time(&folder.path().join("later"));
        assert_eq!(missing.verdict, Verdict::Warn);
        assert!(free(&folder.path().join("a/b/c")).seen.contains("MiB free"));
    }

    #[test]
    fn slow_syncs_are_told_by_the_slowest() {
        let times = |most| vec![Duration::from_millis(1), most, Duration::from_millis(2)];
        let verdict = |most| of_times("x", times(Duration::from_millis(most))).verdict;
        assert_eq!(
            [verdict(3), verdict(60), verdict(1_001)],
            [Verdict::Ok, Verdict::Warn, Verdict::Fail]
        );
    }

    #[test]
    fn a_ring_on_a_disk_is_a_fault_and_one_in_memory_is_not() {
        let shm = Path::new("/dev/shm");
        if shm.is_dir() {
            assert_eq!(ring(Some(shm)).verdict, Verdict::Ok);
        }
        assert!(is_in_memory(TMPFS) && is_in_memory(RAMFS) && !is_in_memory(0xef53_i64));
    }
}
