//! Why a module does not run.

use std::fmt;

use abi::Trap;

use crate::manifest::ManifestError;

/// Why a module does not run: what was wanted, what was found, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// More bytes than a module may have.
    ModuleTooLarge {
        /// Its bytes.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// The bytes do not begin like WebAssembly.
    NotWasm,
    /// A component, which is another format around core modules.
    Component,
    /// Not valid with the features that are switched on.
    Invalid {
        /// Where, in bytes from the beginning.
        offset: usize,
        /// What is wrong there.
        text: String,
    },
    /// It imports something.
    Import {
        /// From which module.
        module: String,
        /// What.
        name: String,
    },
    /// It runs code before anybody calls it.
    StartFunction,
    /// Too many of something.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: u64,
        /// How many there may be.
        max: u64,
    },
    /// Too many of something in one function.
    FunctionTooLarge {
        /// Which, counted from 0.
        function: u32,
        /// Too much of what.
        what: &'static str,
        /// How much.
        count: u64,
        /// How much there may be.
        max: u64,
    },
    /// No memory of its own.
    NoMemory,
    /// The memory is larger than an instance may have.
    MemoryTooLarge {
        /// Bytes that it has or may grow to.
        bytes: u64,
        /// Bytes that it may have.
        max: u64,
    },
    /// The table is larger than an instance may have.
    TableTooLarge {
        /// Elements that it has.
        elements: u64,
        /// Elements that it may have.
        max: u64,
    },
    /// No custom section with the manifest.
    NoManifest,
    /// More than one custom section with a manifest.
    TwoManifests,
    /// The manifest is not text in UTF-8.
    ManifestNotText,
    /// The manifest is wrong.
    Manifest(ManifestError),
    /// An export that it must have is not there.
    MissingExport {
        /// Which.
        name: &'static str,
    },
    /// An export has another type.
    WrongExport {
        /// Which.
        name: String,
        /// The type that it must have.
        wanted: &'static str,
        /// The type that it has.
        seen: String,
    },
    /// An export that begins like one of the contract's and is none.
    UnknownExport {
        /// Its name.
        name: String,
    },
    /// A function needs more stack than one may.
    FrameTooLarge {
        /// Which, counted from 0.
        function: u32,
        /// Bytes that it needs.
        bytes: u64,
        /// Bytes that it may need.
        max: u64,
    },
    /// The compiler needed more time than it has.
    CompileTimeout {
        /// Seconds of CPU time that it has.
        cpu_s: u64,
        /// Milliseconds on the wall that it has.
        wall_ms: u64,
    },
    /// The compiler needed more memory than it has.
    CompileMemory {
        /// Bytes that it has.
        max: u64,
    },
    /// The compiler gave up, or could not be started.
    CompileFailed {
        /// What it said.
        text: String,
    },
    /// The area's address is no multiple of 8.
    AreaMisaligned {
        /// The address.
        address: u32,
    },
    /// The area does not lie inside the memory.
    AreaOutside {
        /// The address.
        address: u32,
        /// Bytes of the memory.
        memory: usize,
    },
    /// The buffer for the state does not lie inside the memory.
    StateOutside {
        /// The address.
        address: u32,
        /// Bytes of the buffer.
        bytes: u32,
        /// Bytes of the memory.
        memory: usize,
    },
    /// The buffer for the state shares bytes with the area.
    StateOnArea {
        /// The buffer's address.
        state: u32,
        /// The area's address.
        area: u32,
    },
    /// A data or element segment does not lie inside the memory or the table.
    SegmentOutside,
    /// The guest did not say where its area or its buffer stands.
    Trapped {
        /// The export that was called.
        name: &'static str,
        /// Why it did not come back.
        trap: Trap,
    },
    /// Every place for an instance is taken.
    NoPlace {
        /// Places.
        max: u32,
    },
    /// The sandbox itself failed.
    Host {
        /// At what.
        at: &'static str,
        /// What it said.
        text: String,
    },
}

impl Refused {
    pub(super) fn host(at: &'static str, error: &wasmtime::Error) -> Self {
        Self::Host { at, text: format!("{error:#}") }
    }

    /// The word used in records and documents.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ModuleTooLarge { .. } => "module_too_large",
            Self::NotWasm => "not_wasm",
            Self::Component => "component",
            Self::Invalid { .. } => "invalid",
            Self::Import { .. } => "import",
            Self::StartFunction => "start_function",
            Self::TooMany { .. } => "too_many",
            Self::FunctionTooLarge { .. } => "function_too_large",
            Self::NoMemory => "no_memory",
            Self::MemoryTooLarge { .. } => "memory_too_large",
            Self::TableTooLarge { .. } => "table_too_large",
            Self::NoManifest => "no_manifest",
            Self::TwoManifests => "two_manifests",
            Self::ManifestNotText => "manifest_not_text",
            Self::Manifest(_) => "manifest",
            Self::MissingExport { .. } => "missing_export",
            Self::WrongExport { .. } => "wrong_export",
            Self::UnknownExport { .. } => "unknown_export",
            Self::FrameTooLarge { .. } => "frame_too_large",
            Self::CompileTimeout { .. } => "compile_timeout",
            Self::CompileMemory { .. } => "compile_memory",
            Self::CompileFailed { .. } => "compile_failed",
            Self::AreaMisaligned { .. } => "area_misaligned",
            Self::AreaOutside { .. } => "area_outside",
            Self::StateOutside { .. } => "state_outside",
            Self::StateOnArea { .. } => "state_on_area",
            Self::SegmentOutside => "segment_outside",
            Self::Trapped { .. } => "trapped",
            Self::NoPlace { .. } => "no_place",
            Self::Host { .. } => "host",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ModuleTooLarge { bytes, max } => write!(
                f,
                "the module has {bytes} bytes, at most {max}: strip it, or build it for size"
            ),
            Self::NotWasm => write!(f, "the file is not WebAssembly: give the built .wasm file"),
            Self::Component => {
                write!(f, "the file is a component: build a core module, without wit")
            }
            Self::Invalid { offset, text } => write!(f, "not valid at byte {offset}: {text}"),
            Self::Import { module, name } => write!(
                f,
                "it imports `{name}` from `{module}`: a plug-in imports nothing; all it may know \
                 stands in its area"
            ),
            Self::StartFunction => {
                write!(f, "it has a start function: do that work in {}", abi::export::SETUP)
            }
            Self::TooMany { what, count, max } => {
                write!(f, "{count} {what}, at most {max}: take some out")
            }
            Self::FunctionTooLarge { function, what, count, max } => write!(
                f,
                "function {function} has {count} {what}, at most {max}: split it in smaller ones"
            ),
            Self::NoMemory => write!(f, "no memory: define one and export it as `memory`"),
            Self::MemoryTooLarge { bytes, max } => write!(
                f,
                "its memory has or may grow to {bytes} bytes, at most {max}: link it with a \
                 smaller stack and a smaller maximum"
            ),
            Self::TableTooLarge { elements, max } => {
                write!(
                    f,
                    "its table has {elements} elements, at most {max}: use fewer functions by address"
                )
            }
            Self::NoManifest => {
                write!(f, "no custom section `{}`: put the manifest there as TOML", abi::SECTION)
            }
            Self::TwoManifests => {
                write!(f, "more than one custom section `{}`: keep one", abi::SECTION)
            }
            Self::ManifestNotText => write!(f, "the manifest is not UTF-8: write it as text"),
            Self::Manifest(error) => error.fmt(f),
            Self::MissingExport { name } => write!(f, "no export `{name}`: export it"),
            Self::WrongExport { name, wanted, seen } => {
                write!(f, "export `{name}` is {seen}: make it {wanted}")
            }
            Self::UnknownExport { name } => write!(
                f,
                "export `{name}` is none of the contract's: correct it, or name it otherwise"
            ),
            Self::FrameTooLarge { function, bytes, max } => write!(
                f,
                "function {function} needs a stack frame of {bytes} bytes, at most {max}: split it"
            ),
            Self::CompileTimeout { cpu_s, wall_ms } => write!(
                f,
                "not compiled in {cpu_s} s of CPU time or {wall_ms} ms: make its functions smaller"
            ),
            Self::CompileMemory { max } => {
                write!(f, "not compiled in {max} bytes of memory: make its functions smaller")
            }
            Self::CompileFailed { text } => write!(f, "not compiled: {text}"),
            Self::AreaMisaligned { address } => {
                write!(f, "its area begins at {address}: let it begin at a multiple of 8")
            }
            Self::AreaOutside { address, memory } => write!(
                f,
                "its area of {} bytes begins at {address} in a memory of {memory}: let it lie inside",
                abi::area::SIZE
            ),
            Self::StateOutside { address, bytes, memory } => write!(
                f,
                "its state of {bytes} bytes begins at {address} in a memory of {memory}: let it \
                 lie inside"
            ),
            Self::StateOnArea { state, area } => write!(
                f,
                "its state at {state} shares bytes with its area at {area}: keep them apart"
            ),
            Self::SegmentOutside => {
                write!(f, "a segment does not lie inside its memory or table: correct its offset")
            }
            Self::Trapped { name, trap } => {
                write!(f, "`{name}` did not come back ({trap}): let it give an address")
            }
            Self::NoPlace { max } => {
                write!(f, "all {max} places for instances are taken: drop some first")
            }
            Self::Host { at, text } => write!(f, "the sandbox failed at {at}: {text}"),
        }
    }
}

impl std::error::Error for Refused {}

impl From<ManifestError> for Refused {
    fn from(error: ManifestError) -> Self {
        Self::Manifest(error)
    }
}
