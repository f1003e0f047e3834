//! The same plug-in, linked into the program.

use core::fmt;
use std::boxed::Box;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use abi::area::SIZE;
use abi::{Call, Guest, Trap};

use crate::manifest;
use crate::plugin::Plugin;

/// Runs a plug-in of this program where a sandboxed one would run. It is trusted: a panic unwinds
/// into the caller.
pub struct Native<P> {
    plugin: P,
    area: Box<[u8; SIZE]>,
    state: Vec<u8>,
}

impl<P: Plugin> Native<P> {
    /// Its name, by its manifest.
    pub const NAME: &'static str = manifest::text(P::MANIFEST, "name");
    /// Its version, by its manifest.
    pub const VERSION: &'static str = manifest::text(P::MANIFEST, "version");
    /// Version of its state; 0 when it has none.
    pub const STATE_VERSION: u32 = manifest::state_version(P::MANIFEST);

    /// As new.
    pub fn new() -> Self {
        Self {
            plugin: P::default(),
            area: Box::new([0; SIZE]),
            state: vec![0; manifest::state_bytes(P::MANIFEST)],
        }
    }

    /// What a permit's identity is made of: `native:NAME@VERSION`.
    pub fn identity() -> String {
        format!("native:{}@{}", Self::NAME, Self::VERSION)
    }

    /// The text of its manifest.
    pub const fn manifest() -> &'static str {
        P::MANIFEST
    }

    /// The plug-in itself.
    pub const fn plugin(&self) -> &P {
        &self.plugin
    }
}

impl<P: Plugin> Default for Native<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Plugin> fmt::Debug for Native<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Native").field(&Self::NAME).field(&Self::VERSION).finish()
    }
}

impl<P: Plugin> Guest for Native<P> {
    fn area(&mut self) -> &mut [u8] {
        self.area.as_mut_slice()
    }

    fn state(&mut self) -> &mut [u8] {
        &mut self.state
    }

    fn call(&mut self, call: Call) -> Result<i32, Trap> {
        let Self { plugin, area, state } = self;
        let has_state = !state.is_empty();
        match call {
            Call::Setup => Ok(plugin.call_setup(area)),
            Call::OnEvent => plugin.call_on_event(area).ok_or(Trap::NoExport),
            Call::Judge => plugin.call_judge(area).ok_or(Trap::NoExport),
            Call::Save if has_state => Ok(plugin.call_save(state)),
            Call::Restore { version, len } if has_state => {
                let state = usize::try_from(len).ok().and_then(|len| state.get(..len));
                Ok(state.map_or(1, |state| plugin.call_restore(version, state)))
            }
            Call::Save | Call::Restore { .. } => Err(Trap::NoExport),
        }
    }

    fn memory_bytes(&self) -> usize {
        size_of::<P>() + self.area.len() + self.state.len()
    }
}
