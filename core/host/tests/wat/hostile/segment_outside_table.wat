;; instance: segment_outside
;; Its functions do not fit in its table.
(module
  (memory (export "memory") 1)
  (@custom "shrike" "abi = 1\nkind = \"strategy\"\nname = \"hostile\"\nversion = \"1\"\nabout = \"Does harm.\"\n")
  (func $f)
  (table $t 1 funcref)
  (elem (table $t) (i32.const 1) func $f)
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_setup") (result i32) (i32.const 0))
  (func (export "shrike_on_event") (result i32) (i32.const 0))
)
