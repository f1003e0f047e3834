;; on_event: out_of_fuel
;; Copies its memory again and again.
(module
  (memory (export "memory") 16)
  (@custom "shrike" "abi = 1\nkind = \"strategy\"\nname = \"hostile\"\nversion = \"1\"\nabout = \"Does harm.\"\n")
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_setup") (result i32) (i32.const 0))
  (func (export "shrike_on_event") (result i32)
    (loop $l (memory.copy (i32.const 1) (i32.const 0) (i32.const 1048575)) (br $l)) (unreachable))
)
