;; instance: state_outside
;; Its state is not in its memory.
(module
  (memory (export "memory") 1)
  (@custom "shrike" "abi = 1\nkind = \"strategy\"\nname = \"hostile\"\nversion = \"1\"\nabout = \"Does harm.\"\nstate = { version = 1, bytes = 4096 }\n")
  (func (export "shrike_state") (result i32) (i32.const 65536))
  (func (export "shrike_save") (result i32) (i32.const 8))
  (func (export "shrike_restore") (param i32 i32) (result i32) (i32.const 0))
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_setup") (result i32) (i32.const 0))
  (func (export "shrike_on_event") (result i32) (i32.const 0))
)
