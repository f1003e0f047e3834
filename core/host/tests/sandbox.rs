//! An instance does what its module says, the same each time.
#![cfg(feature = "wasm")]

use abi::{Call, Guest, Trap, area};
use host::wasm::{Blueprint, Instance, Sandbox};

fn good() -> Instance {
    let module = wat::parse_str(include_str!("wat/good.wat")).expect("good text");
    let sandbox = Sandbox::new().expect("a sandbox");
    let blueprint = Blueprint::compile_here(&sandbox, &module).expect("a good module");
    blueprint.instance().expect("an instance")
}

#[test]
fn a_good_module_is_called_through_its_exports() {
    let mut instance = good();
    assert_eq!(instance.area().len(), area::SIZE);
    assert_eq!(instance.call(Call::Setup), Ok(0));
    assert_eq!(instance.call(Call::OnEvent), Ok(0));
    assert_eq!(instance.call(Call::OnEvent), Ok(0));
    assert_eq!(instance.call(Call::Save), Ok(8));
    assert_eq!(instance.state(), 2_u64.to_le_bytes());
    assert_eq!(instance.call(Call::Restore { version: 2, len: 8 }), Ok(0));
    assert_eq!(instance.call(Call::Restore { version: 1, len: 8 }), Ok(1));
    assert_eq!(instance.call(Call::Judge), Err(Trap::NoExport));
}
