;; A strategy that does as it should: it counts its calls and proposes nothing.
(module
  (memory (export "memory") 1)
  (@custom "shrike" "abi = 1\nkind = \"strategy\"\nname = \"good\"\nversion = \"1\"\nabout = \"Counts.\"\nstate = { version = 2, bytes = 8 }\n")
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_state") (result i32) (i32.const 8192))
  (func (export "shrike_setup") (result i32) (i32.const 0))
  (func (export "shrike_on_event") (result i32)
    (i64.store (i32.const 8192) (i64.add (i64.load (i32.const 8192)) (i64.const 1)))
    (i32.const 0))
  (func (export "shrike_save") (result i32) (i32.const 8))
  (func (export "shrike_restore") (param i32 i32) (result i32)
    (i32.or (i32.ne (local.get 0) (i32.const 2)) (i32.ne (local.get 1) (i32.const 8)))))
