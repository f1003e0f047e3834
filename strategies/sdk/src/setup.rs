//! What a plug-in is told before anything else.

use abi::Plain;
use abi::area::{INPUT, OUTPUT, PARAMS};
use abi::intent::{EntryPlan, ExitPlan};

use crate::num::Amount;
use crate::word::AccountId;

/// Confidence at which a target gets the least size.
const SIZE_FROM: u8 = 75;

/// Accounts, the operator's standing plan, and the parameters. A copy may be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// The plain numbers.
    pub raw: abi::setup::Setup,
}

/// The plug-in will not run like that; a number of its own, for records. Zero counts as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refuse(pub u16);

impl Setup {
    pub(crate) fn read(bytes: &[u8; OUTPUT]) -> Self {
        Self { raw: Plain::get(&bytes[INPUT..]) }
    }

    /// Accounts that trade.
    #[inline]
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> + use<> {
        (0..self.raw.accounts).map(AccountId)
    }

    /// Slot that the plug-in runs in.
    pub fn slot(&self) -> u8 {
        self.raw.slot
    }

    /// Confidence from which a target is made.
    #[inline]
    pub fn target_confidence(&self) -> u8 {
        self.raw.target_confidence
    }

    /// Confidence from which a target is armed.
    pub fn execute_confidence(&self) -> u8 {
        self.raw.execute_confidence
    }

    /// The operator's way in; its notional is the base size.
    #[inline]
    pub fn entry(&self) -> &EntryPlan {
        &self.raw.entry
    }

    /// The operator's way out.
    #[inline]
    pub fn exit(&self) -> &ExitPlan {
        &self.raw.exit
    }

    /// What the operator would spend at a confidence: the least share of the base size up to 75,
    /// the largest at 100, evenly in between. `None` on overflow, or when the least is above the
    /// largest.
    pub fn size(&self, confidence: u8) -> Option<Amount> {
        let abi::setup::Setup { size_min_bps, size_max_bps, .. } = self.raw;
        let above = u32::from(confidence.saturating_sub(SIZE_FROM).min(100 - SIZE_FROM));
        let rise = size_max_bps.checked_sub(size_min_bps)?.checked_mul(above)?;
        let share = size_min_bps.checked_add(rise / u32::from(100 - SIZE_FROM))?;
        Amount::from_raw(self.raw.entry.notional).share_bps(share)
    }

    /// A parameter by its place in the manifest, as
    /// [`manifest::parameter`](crate::manifest::parameter) gives it; 0 when the host knows of
    /// fewer.
    pub fn parameter(&self, index: usize) -> i64 {
        let count = (self.raw.params as usize).min(PARAMS);
        self.raw.values[..count].get(index).copied().unwrap_or(0)
    }
}
