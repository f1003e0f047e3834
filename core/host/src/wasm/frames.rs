//! How much stack each compiled function takes.
//!
//! Whether a call fits on the stack depends on the machine code, so a stack overflow is not the
//! same everywhere. Small frames keep it rare: no honest function comes near the limit.

use wasmtime::Module;

use super::limits::FRAME_MAX;
use super::refused::Refused;

/// Every function's frame is small enough.
pub(super) fn check_frames(module: &Module) -> Result<(), Refused> {
    let text = module.text();
    for (function, place) in (0..).zip(module.functions()) {
        let code = text.get(place.offset..place.offset + place.len).unwrap_or_default();
        let bytes = frame(code);
        if bytes > u64::from(FRAME_MAX) {
            return Err(Refused::FrameTooLarge { function, bytes, max: FRAME_MAX.into() });
        }
    }
    Ok(())
}

/// Bytes of stack that a function takes, or more.
fn frame(code: &[u8]) -> u64 {
    let read = if cfg!(target_arch = "x86_64") { read_x86_64(code) } else { None };
    read.unwrap_or_else(|| bound(code))
}

/// Each place of a frame is written by an instruction at least once, and none of fewer than four
/// bytes writes more than sixteen.
const fn bound(code: &[u8]) -> u64 {
    code.len() as u64 * 16 / 4
}

/// Reads the comparison with the stack's end that the compiler begins each function with, unless
/// it takes no stack: `r10` is the end, then the frame's size is added. `None` when the code
/// begins otherwise.
fn read_x86_64(code: &[u8]) -> Option<u64> {
    // push rbp; mov rbp, rsp
    let code = code.strip_prefix(&[0x55, 0x48, 0x89, 0xe5])?;
    // mov r10, [rdi + 8]
    let Some(code) = code.strip_prefix(&[0x4c, 0x8b, 0x57, 0x08]) else { return Some(0) };
    // mov r10, [r10 + ..]
    let code = match code {
        [0x4d, 0x8b, 0x52, _, rest @ ..] | [0x4d, 0x8b, 0x92, _, _, _, _, rest @ ..] => rest,
        [0x4d, 0x8b, 0x12, rest @ ..] => rest,
        _ => return None,
    };
    // A large frame is preceded by a comparison of its own: cmp r10, rsp; ja ..
    let code = match code {
        [0x4c, 0x3b, 0xd4, 0x0f, 0x87, _, _, _, _, rest @ ..] => rest,
        _ => code,
    };
    // add r10, ..
    match code {
        [0x49, 0x83, 0xc2, size, ..] => Some(u64::from(*size)),
        [0x49, 0x81, 0xc2, a, b, c, d, ..] => Some(u32::from_le_bytes([*a, *b, *c, *d]).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::engine::Sandbox;

    /// Frames of the functions of a text module.
    fn frames(text: &str) -> Vec<Option<u64>> {
        let sandbox = Sandbox::for_compiling().expect("a compiler");
        let module = wat::parse_str(text).expect("good text");
        let module = Module::new(sandbox.engine(), module).expect("a good module");
        let code = |place: wasmtime::ModuleFunction| {
            module.text()[place.offset..place.offset + place.len].to_vec()
        };
        module.functions().map(|place| read_x86_64(&code(place))).collect()
    }

    /// A function that keeps `count` results of calls until it adds them up.
    fn keeping(count: usize) -> String {
        let calls = "(call $other)".repeat(count);
        let adds = "i64.add ".repeat(count - 1);
        format!(
            "(module (memory 1) (func $other (result i64) (i64.load (i32.const 0)))
             (func (result i64) {calls} {adds}))"
        )
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_frame_is_as_large_as_what_it_keeps() {
        for count in [4, 40, 400, 4_500] {
            let [_, Some(bytes)] = frames(&keeping(count))[..] else { panic!("two known frames") };
            let kept = count as u64 * 8;
            assert!((kept.saturating_sub(64)..kept + 256).contains(&bytes), "{count}: {bytes}");
        }
    }

    #[test]
    fn code_that_begins_otherwise_is_bounded_by_its_length() {
        assert_eq!(frame(&[0x90; 64]), 256);
    }
}
