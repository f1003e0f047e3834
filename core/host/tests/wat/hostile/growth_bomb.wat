;; on_event: out_of_fuel
;; Wants more memory for ever, and writes to it.
(module
  (memory (export "memory") 1)
  (@custom "shrike" "abi = 1\nkind = \"strategy\"\nname = \"hostile\"\nversion = \"1\"\nabout = \"Does harm.\"\n")
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_setup") (result i32) (i32.const 0))
  (func (export "shrike_on_event") (result i32)
    (loop $l (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then (memory.fill (i32.const 0) (i32.const 255) (i32.shl (memory.size) (i32.const 16))))) (br $l)) (unreachable))
)
