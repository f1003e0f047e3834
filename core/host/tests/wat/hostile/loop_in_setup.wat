;; setup: out_of_fuel
;; Never ends its set-up.
(module
  (memory (export "memory") 1)
  (@custom "shrike" "abi = 1\nkind = \"strategy\"\nname = \"hostile\"\nversion = \"1\"\nabout = \"Does harm.\"\n")
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_setup") (result i32)
    (loop $l (br $l)) (unreachable))
  (func (export "shrike_on_event") (result i32) (i32.const 0))
)
