//! The one clock of the process, and what ties it to the calendar.
#![allow(unsafe_code, reason = "std hides the raw reading of the monotonic clock")]

use std::{fs, io};

use model::{Mono, Span};

/// The kernel's monotonic clock since boot. Every process on the host reads the same figure, so
/// that a [`Mono`] in shared memory means the same to all of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Clock {
    /// The time. About 20 ns and no system call where the kernel maps its clock page.
    pub fn now(self) -> Mono {
        Mono::from_nanos(u64::try_from(read(libc::CLOCK_MONOTONIC)).unwrap_or(0))
    }

    /// Which calendar time belongs to which [`Mono`], for the boot record: the closest of several
    /// readings.
    pub fn anchor(self) -> Anchor {
        let mut best = self.anchor_once();
        for _ in 0..8 {
            let next = self.anchor_once();
            if next.error < best.error {
                best = next;
            }
        }
        best
    }

    fn anchor_once(self) -> Anchor {
        let before = self.now();
        let wall_ns = read(libc::CLOCK_REALTIME);
        let width = self.now().since(before).nanos();
        let half = Span::from_nanos(width.div_ceil(2));
        Anchor { mono: before.after(half), wall_ns, error: half }
    }
}

/// One moment on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// By the monotonic clock.
    pub mono: Mono,
    /// By the host's calendar: nanoseconds since 1970 in UTC. Not the exchange's clock.
    pub wall_ns: i64,
    /// How far the two readings may lie apart.
    pub error: Span,
}

/// What the kernel says of its calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelClock {
    /// Whether somebody keeps it in step, such as chrony.
    pub synchronised: bool,
    /// How far it may be off at most, by whoever keeps it.
    pub error: Span,
}

/// Asks the kernel about its calendar; changes nothing.
///
/// # Errors
/// When the kernel refuses, as in some containers.
pub fn kernel_clock() -> io::Result<KernelClock> {
    // SAFETY: a `timex` of zeros is a valid one, and its `modes` of 0 ask and set nothing.
    let mut about: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: `about` is ours and lives through the call, which writes no further than its end.
    let state = unsafe { libc::adjtimex(&raw mut about) };
    if state < 0 {
        return Err(io::Error::last_os_error());
    }
    let synchronised = state != libc::TIME_ERROR && about.status & libc::STA_UNSYNC == 0;
    let error = Span::from_micros(u64::try_from(about.maxerror).unwrap_or(0));
    Ok(KernelClock { synchronised, error })
}

/// The kernel's random id of this boot: when it differs, every older [`Mono`] is meaningless.
///
/// # Errors
/// When `/proc` cannot be read or holds no id.
pub fn boot_id() -> io::Result<[u8; 16]> {
    parse_boot_id(&fs::read_to_string("/proc/sys/kernel/random/boot_id")?)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "boot_id is not a UUID"))
}

fn parse_boot_id(text: &str) -> Option<[u8; 16]> {
    let mut digits = text.trim().bytes().filter(|&byte| byte != b'-');
    let mut id = [0; 16];
    for byte in &mut id {
        let high = char::from(digits.next()?).to_digit(16)?;
        let low = char::from(digits.next()?).to_digit(16)?;
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    digits.next().is_none().then_some(id)
}

/// Nanoseconds of a kernel clock.
fn read(clock: libc::clockid_t) -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the kernel to write one timespec.
    let code = unsafe { libc::clock_gettime(clock, &raw mut time) };
    assert_eq!(code, 0, "the kernel has no clock {clock}");
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_back() {
        let mut last = Clock.now();
        for _ in 0..10_000 {
            let now = Clock.now();
            assert!(now >= last);
            last = now;
        }
    }

    #[test]
    fn the_anchor_lies_between_two_readings() {
        let before = Clock.now();
        let anchor = Clock.anchor();
        assert!(before <= anchor.mono && anchor.mono <= Clock.now().after(anchor.error));
        assert!(anchor.wall_ns > 1_700_000_000_000_000_000);
    }

    #[test]
    fn this_boot_has_one_id() {
        assert_eq!(boot_id().unwrap(), boot_id().unwrap());
        assert_ne!(boot_id().unwrap(), [0; 16]);
    }

    #[test]
    fn text_that_is_no_uuid_is_no_boot_id() {
        assert_eq!(parse_boot_id("0001-02").map(|_| ()), None);
        assert_eq!(parse_boot_id("zz0102030405060708090a0b0c0d0e0f"), None);
        assert_eq!(parse_boot_id("000102030405060708090a0b0c0d0e0f00"), None);
        let id = parse_boot_id("00010203-0405-0607-0809-0a0b0c0d0eff\n").unwrap();
        assert_eq!((id[0], id[1], id[15]), (0, 1, 255));
    }
}
