;; on_event: out_of_bounds
;; Copies over the end of its memory.
(module
  (memory (export "memory") 1)
  (@custom "shrike" "abi = 1\nkind = \"strategy\"\nname = \"hostile\"\nversion = \"1\"\nabout = \"Does harm.\"\n")
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_setup") (result i32) (i32.const 0))
  (func (export "shrike_on_event") (result i32)
    (memory.copy (i32.const 60000) (i32.const 0) (i32.const 5537)) (i32.const 0))
)
