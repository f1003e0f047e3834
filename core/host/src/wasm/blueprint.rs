//! A module that is ready to run: instances are made from it.

use std::fmt;
use std::sync::Arc;

use wasmtime::{InstancePre, Linker, Module};

use super::cache::{Cache, Found};
use super::check::{Checked, check};
use super::compile::{Compiler, compile_here};
use super::engine::Sandbox;
use super::frames::check_frames;
use super::instance::Instance;
use super::refused::Refused;
use crate::manifest::{Kind, Manifest};

/// A compiled module. Clones share it.
#[derive(Clone)]
pub struct Blueprint {
    shared: Arc<Shared>,
}

struct Shared {
    checked: Checked,
    pre: InstancePre<super::instance::Bounds>,
    code_bytes: usize,
}

/// Where an artefact came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A child compiled it.
    Compiled {
        /// Why what stood in the cache was not taken; `None` when nothing stood there.
        spoiled: Option<String>,
    },
    /// It was compiled before.
    Cache,
}

impl Blueprint {
    /// Checks a module, and takes its artefact from the cache or has a child compile it. Not for
    /// the hot thread.
    ///
    /// # Errors
    /// [`Refused`] with the reason.
    pub fn compile(
        sandbox: &Sandbox,
        module: &[u8],
        compiler: &Compiler,
        cache: Option<&Cache>,
    ) -> Result<(Self, Origin), Refused> {
        let checked = check(module)?;
        let spoiled = match cache.map_or(Found::Nothing, |cache| cache.get(&checked.hash)) {
            Found::Nothing => None,
            Found::Spoiled(why) => Some(why.to_owned()),
            Found::Artefact(artefact) => match Self::load(sandbox, checked.clone(), &artefact) {
                Ok(blueprint) => return Ok((blueprint, Origin::Cache)),
                // Such as one that was compiled for a processor with other instructions.
                Err(refused) => Some(refused.to_string()),
            },
        };
        let artefact = compiler.compile(module)?;
        let hash = checked.hash;
        let blueprint = Self::load(sandbox, checked, &artefact)?;
        if let Some(cache) = cache {
            // Without the file it is compiled again the next time.
            let _ = cache.put(&hash, &artefact);
        }
        Ok((blueprint, Origin::Compiled { spoiled }))
    }

    /// Checks a module and compiles it in this process, where nothing bounds the compiler: for
    /// tests and for modules of our own.
    ///
    /// # Errors
    /// [`Refused`] with the reason.
    pub fn compile_here(sandbox: &Sandbox, module: &[u8]) -> Result<Self, Refused> {
        let checked = check(module)?;
        let artefact = compile_here(module)?;
        Self::load(sandbox, checked, &artefact)
    }

    /// From what the compiler made of a checked module.
    pub(super) fn load(
        sandbox: &Sandbox,
        checked: Checked,
        artefact: &[u8],
    ) -> Result<Self, Refused> {
        let module = trusted(sandbox, artefact)?;
        check_frames(&module)?;
        let range = module.image_range();
        let code_bytes = range.end as usize - range.start as usize;
        let linker = Linker::new(sandbox.engine());
        let pre = linker
            .instantiate_pre(&module)
            .map_err(|error| Refused::host("instantiate_pre", &error))?;
        Ok(Self { shared: Arc::new(Shared { checked, pre, code_bytes }) })
    }

    /// Makes an instance: some microseconds, and it writes to every page of the memory. Not for
    /// the hot thread.
    ///
    /// # Errors
    /// [`Refused`] when its area or its state stands in the wrong place, or no place is free.
    pub fn instance(&self) -> Result<Instance, Refused> {
        Instance::new(self)
    }

    /// What the module says about itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.shared.checked.manifest
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.manifest().kind
    }

    /// The hash of the module's bytes.
    #[must_use]
    pub fn hash(&self) -> &[u8; 32] {
        &self.shared.checked.hash
    }

    /// What was seen before it was compiled.
    #[must_use]
    pub fn checked(&self) -> &Checked {
        &self.shared.checked
    }

    /// Bytes of its machine code and tables, which its instances share.
    #[must_use]
    pub fn code_bytes(&self) -> usize {
        self.shared.code_bytes
    }

    pub(super) fn pre(&self) -> &InstancePre<super::instance::Bounds> {
        &self.shared.pre
    }
}

impl fmt::Debug for Blueprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blueprint")
            .field("name", &self.manifest().name)
            .field("version", &self.manifest().version)
            .finish_non_exhaustive()
    }
}

/// Takes an artefact for machine code.
#[expect(unsafe_code, reason = "machine code cannot be checked, only its origin")]
fn trusted(sandbox: &Sandbox, artefact: &[u8]) -> Result<Module, Refused> {
    // SAFETY: the bytes come from `compile_here`: of this process, of a child that runs our own
    // program, or of the cache, which compares their hash with the one that was written beside
    // them into a folder that nobody but this user can write to. They are copied, so nobody can
    // change them afterwards.
    unsafe { Module::deserialize(sandbox.engine(), artefact) }
        .map_err(|error| Refused::host("artefact", &error))
}
