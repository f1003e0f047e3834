;; on_event: out_of_fuel or on_event: stack_overflow
;; Calls itself for ever.
(module
  (memory (export "memory") 1)
  (@custom "shrike" "abi = 1\nkind = \"strategy\"\nname = \"hostile\"\nversion = \"1\"\nabout = \"Does harm.\"\n")
  (func $r (param i32) (result i32) (i32.add (call $r (local.get 0)) (i32.const 1)))
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_setup") (result i32) (i32.const 0))
  (func (export "shrike_on_event") (result i32)
    (call $r (i32.const 0)))
)
