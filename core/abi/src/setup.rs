//! What a plug-in is told before anything else.

use crate::area::PARAMS;
use crate::intent::{EntryPlan, ExitPlan};
use crate::layout::layout;

layout! {
    /// Accounts, the operator's standing plan, and the parameters in the order of the manifest.
    Setup: 480 {
        /// Accounts that trade: ids 0 to `accounts - 1`.
        0 accounts: u8,
        /// Slot that the plug-in runs in, 0 to 15.
        1 slot: u8,
        /// Confidence from which a target is made, 0 to 100.
        2 target_confidence: u8,
        /// Confidence from which a target is armed, 0 to 100.
        3 execute_confidence: u8,
        /// Share of the plan's notional at the lowest confidence, in ten-thousandths.
        4 size_min_bps: u32,
        /// Share of the plan's notional at a confidence of 100, in ten-thousandths.
        8 size_max_bps: u32,
        /// How many of `values` count.
        12 params: u32,
        /// The operator's way in; its notional is the base size.
        16 entry: EntryPlan,
        /// The operator's way out.
        96 exit: ExitPlan,
        /// Values of the parameters, as the manifest's types say.
        192 values: [i64; PARAMS],
        /// Zero.
        448 reserved: [u64; 4],
    }
}
