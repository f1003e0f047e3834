//! From a checked module to machine code.

use super::check::check;
use super::engine::Sandbox;
use super::fence::fence;
use super::refused::Refused;

/// Checks and compiles a module in this process.
///
/// # Errors
/// [`Refused`] with the reason.
pub fn compile_here(module: &[u8]) -> Result<Vec<u8>, Refused> {
    check(module)?;
    let sandbox = Sandbox::for_compiling()?;
    let fenced = fence(module)?;
    sandbox
        .engine()
        .precompile_module(&fenced)
        .map_err(|error| Refused::CompileFailed { text: format!("{error:#}") })
}
