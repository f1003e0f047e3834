//! Modules in text form, and instances of them.
#![allow(dead_code, reason = "no test needs all of it")]

use host::wasm::{Blueprint, Instance, Sandbox};

/// A module from its text.
pub(crate) fn bytes_of(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// A strategy that does as it should: it counts its events in its state.
pub(crate) fn good() -> Vec<u8> {
    bytes_of(include_str!("../wat/good.wat"))
}

/// A strategy with these fields, whose `shrike_on_event` has this body.
pub(crate) fn strategy(fields: &str, on_event: &str) -> Vec<u8> {
    bytes_of(&format!(
        r#"(module
            (memory (export "memory") 1)
            (@custom "shrike" "abi = 1\nkind = \"strategy\"\nname = \"made\"\nversion = \"1\"\nabout = \"Made.\"\n")
            {fields}
            (func (export "shrike_area") (result i32) (i32.const 1024))
            (func (export "shrike_setup") (result i32) (i32.const 0))
            (func (export "shrike_on_event") (result i32) {on_event}))"#
    ))
}

/// An instance of a good module.
pub(crate) fn instance_of(sandbox: &Sandbox, module: &[u8]) -> Instance {
    let blueprint = Blueprint::compile_here(sandbox, module).expect("a good module");
    blueprint.instance().expect("an instance")
}
