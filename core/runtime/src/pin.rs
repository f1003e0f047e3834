//! Which core the hot thread runs on.
#![allow(unsafe_code, reason = "cores are asked for and set by bare libc calls")]

use std::fmt;
use std::sync::Mutex;

use core_affinity::CoreId;

/// Where the hot thread should run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PinWish {
    /// Wherever the kernel puts it.
    #[default]
    Nowhere,
    /// On the last core that this thread may use: the first ones serve interrupts.
    Any,
    /// On this core.
    Core(usize),
}

/// What became of the wish. Dropping it gives the core free to another spinner.
#[derive(Debug, PartialEq, Eq)]
pub enum Pinned {
    /// The thread runs on this core and no other spinner of the process does.
    To(Claim),
    /// Not asked for.
    Free,
    /// Left to the kernel, and why.
    Refused(PinRefusal),
}

/// Why a thread was not pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinRefusal {
    /// This thread may use one core only; a spinner bound to it would starve the others.
    OneCore,
    /// The thread may not use the core, or the kernel would not bind it.
    NotAllowed {
        /// The core that was asked for.
        core: usize,
    },
    /// Another spinning thread of this process holds the core.
    Taken {
        /// The core that was asked for.
        core: usize,
    },
    /// The kernel could not say which cores there are.
    Unknown,
}

impl fmt::Display for PinRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneCore => f.write_str("only one core may be used"),
            Self::NotAllowed { core } => write!(f, "core {core} may not be used"),
            Self::Taken { core } => write!(f, "core {core} already holds a spinning thread"),
            Self::Unknown => f.write_str("the kernel did not list the cores"),
        }
    }
}

/// Pins the calling thread. Threads that it spawns later inherit the pin: spawn them before.
///
/// # Panics
/// When the kernel agreed to the pin and the thread runs elsewhere: two spinners on one core make
/// an 8 ms round trip, which no figure would explain.
pub fn pin_this_thread(wish: PinWish) -> Pinned {
    let core = match choose(wish, &allowed_cores()) {
        Ok(Some(core)) => core,
        Ok(None) => return Pinned::Free,
        Err(why) => return Pinned::Refused(why),
    };
    let Some(claim) = Claim::take(core) else {
        return Pinned::Refused(PinRefusal::Taken { core });
    };
    if !core_affinity::set_for_current(CoreId { id: core }) {
        return Pinned::Refused(PinRefusal::NotAllowed { core });
    }
    // SAFETY: the call has no argument and touches no memory of ours.
    let runs_on = unsafe { libc::sched_getcpu() };
    assert_eq!(usize::try_from(runs_on).ok(), Some(core), "pinned to one core, runs on another");
    Pinned::To(claim)
}

/// How many cores the process may use, whatever the calling thread is pinned to.
pub(crate) fn cores_of_process() -> usize {
    let process = i32::try_from(std::process::id()).unwrap_or(0);
    cores_in(mask(process))
}

/// Gives the calling thread the cores back that it had when this was made. Without it a loop that
/// ran once would leave its thread with a single core.
#[derive(Debug)]
pub(crate) struct Unpin(libc::cpu_set_t);

impl Unpin {
    /// Remembers the calling thread's cores.
    pub(crate) fn remember() -> Self {
        Self(mask(0))
    }
}

impl Drop for Unpin {
    fn drop(&mut self) {
        if cores_in(self.0) > 0 {
            // SAFETY: the kernel reads one cpu_set_t that lives on. When it refuses, the thread
            // stays where it is.
            let _refused = unsafe {
                libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const self.0)
            };
        }
    }
}

/// The cores of a thread by its id, 0 for the caller; none when the kernel does not say.
fn mask(thread: libc::pid_t) -> libc::cpu_set_t {
    // SAFETY: a cpu_set_t is an array of integers, for which all zeros is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes at most the one cpu_set_t that it is given.
    let _unknown =
        unsafe { libc::sched_getaffinity(thread, size_of::<libc::cpu_set_t>(), &raw mut set) };
    set
}

fn cores_in(set: libc::cpu_set_t) -> usize {
    // SAFETY: the macro reads the set that it is given.
    usize::try_from(unsafe { libc::CPU_COUNT(&set) }).unwrap_or(0)
}

/// The cores that the calling thread may use, ascending.
pub fn allowed_cores() -> Vec<usize> {
    let mut cores: Vec<usize> =
        core_affinity::get_core_ids().unwrap_or_default().iter().map(|core| core.id).collect();
    cores.sort_unstable();
    cores
}

fn choose(wish: PinWish, allowed: &[usize]) -> Result<Option<usize>, PinRefusal> {
    let core = match (wish, allowed) {
        (PinWish::Nowhere, _) => return Ok(None),
        (_, []) => return Err(PinRefusal::Unknown),
        (_, [_]) => return Err(PinRefusal::OneCore),
        (PinWish::Any, [.., last]) => *last,
        (PinWish::Core(core), _) => core,
    };
    if allowed.contains(&core) { Ok(Some(core)) } else { Err(PinRefusal::NotAllowed { core }) }
}

/// Cores that hold a spinning thread of this process.
static TAKEN: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// The right of one spinning thread to one core.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim(usize);

impl Claim {
    /// Claims `core` unless it is claimed.
    pub fn take(core: usize) -> Option<Self> {
        let mut taken = TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if taken.contains(&core) {
            return None;
        }
        taken.push(core);
        Some(Self(core))
    }

    /// Which core.
    pub const fn core(&self) -> usize {
        self.0
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut taken = TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        taken.retain(|&core| core != self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_core_is_taken_and_never_the_only_one() {
        assert_eq!(choose(PinWish::Any, &[0, 1]), Ok(Some(1)));
        assert_eq!(choose(PinWish::Any, &[2, 5, 7]), Ok(Some(7)));
        assert_eq!(choose(PinWish::Any, &[0]), Err(PinRefusal::OneCore));
        assert_eq!(choose(PinWish::Core(0), &[0]), Err(PinRefusal::OneCore));
        assert_eq!(choose(PinWish::Any, &[]), Err(PinRefusal::Unknown));
        assert_eq!(choose(PinWish::Nowhere, &[]), Ok(None));
    }

    #[test]
    fn a_core_outside_the_mask_is_refused_by_name() {
        assert_eq!(choose(PinWish::Core(9), &[0, 1]), Err(PinRefusal::NotAllowed { core: 9 }));
    }

    #[test]
    fn two_spinners_never_share_a_core() {
        let first = Claim::take(4_000).unwrap();
        assert_eq!(Claim::take(4_000), None);
        drop(first);
        assert_eq!(Claim::take(4_000).map(|claim| claim.core()), Some(4_000));
    }

    #[test]
    fn a_thread_gets_its_cores_back() {
        let result = std::thread::spawn(|| {
            let before = allowed_cores();
            let unpin = Unpin::remember();
            let _pinned = pin_this_thread(PinWish::Core(before[0]));
            assert_eq!(cores_of_process(), before.len());
            drop(unpin);
            (before, allowed_cores())
        });
        let (before, after) = result.join().unwrap();
        assert_eq!(before, after);
    }

    #[test]
    fn a_pinned_thread_runs_where_it_was_told() {
        let result = std::thread::spawn(|| {
            let allowed = allowed_cores();
            let pinned = pin_this_thread(PinWish::Any);
            (allowed, pinned, allowed_cores())
        });
        let (before, pinned, after) = result.join().unwrap();
        match pinned {
            Pinned::To(claim) => {
                assert!(before.contains(&claim.core()));
                assert_eq!(after, [claim.core()]);
            }
            Pinned::Free => panic!("a wish was ignored"),
            Pinned::Refused(_) => assert_eq!(after, before),
        }
    }
}
