//! What a plug-in exports, and what its calls give back.
//!
//! Nothing may be imported: all that goes in or out goes through the area, so a guest can neither
//! call the host back nor make it wait.

/// The guest's memory; exactly one.
pub const MEMORY: &str = "memory";
/// `() -> i32`: the address of the area. Called once for each instance.
pub const AREA: &str = "shrike_area";
/// `() -> i32`: a [`Setup`](crate::setup::Setup) stands in the area. Called once before anything
/// else, and again when a parameter or the operator's plan changed. 0, or a negative number of the
/// plug-in's own that refuses to run like that.
pub const SETUP: &str = "shrike_setup";
/// `() -> i32`: a scene stands in the area. What [`Answer`] reads. A strategy must have it; a risk
/// rule may.
pub const ON_EVENT: &str = "shrike_on_event";
/// `() -> i32`: a [`Question`](crate::judge::Question) stands in the area. 0 allow, 1 shrink, 2
/// refuse; figures in the [`Verdict`](crate::judge::Verdict). A risk rule must have it.
pub const JUDGE: &str = "shrike_judge";
/// `() -> i32`: the address of a buffer for the state, of as many bytes as the manifest says.
pub const STATE: &str = "shrike_state";
/// `() -> i32`: writes the state to the buffer and gives its length, or a negative number.
pub const SAVE: &str = "shrike_save";
/// `(version: i32, len: i32) -> i32`: a state of that version, which a plug-in of the same name
/// saved, stands in the buffer. 0 taken, 1 not understood: it begins anew.
pub const RESTORE: &str = "shrike_restore";

/// What `shrike_on_event` gives back: bits 0 to 7 intents, 8 to 15 timer changes, 16 to 30 bytes of
/// log; negative when the plug-in gives up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Intents in the output.
    pub intents: u8,
    /// Timer changes in the output.
    pub timers: u8,
    /// Bytes of log in the output.
    pub log: u16,
}

impl Answer {
    /// From the number; `None` when it is negative.
    pub const fn unpack(code: i32) -> Option<Self> {
        if code < 0 {
            return None;
        }
        let code = code as u32;
        Some(Self { intents: code as u8, timers: (code >> 8) as u8, log: (code >> 16) as u16 })
    }

    /// As the number.
    pub const fn pack(self) -> i32 {
        let log = if self.log > 0x7fff { 0x7fff } else { self.log };
        (self.intents as u32 | (self.timers as u32) << 8 | (log as u32) << 16) as i32
    }
}

/// Verdict: as it is.
pub const ALLOW: i32 = 0;
/// Verdict: at most the quantity in the output.
pub const SHRINK: i32 = 1;
/// Verdict: not at all, with the code in the output.
pub const REFUSE: i32 = 2;
