;; on_event: out_of_fuel
;; Loops within loops.
(module
  (memory (export "memory") 1)
  (@custom "shrike" "abi = 1\nkind = \"strategy\"\nname = \"hostile\"\nversion = \"1\"\nabout = \"Does harm.\"\n")
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_setup") (result i32) (i32.const 0))
  (func (export "shrike_on_event") (result i32)
    (loop $a (loop $b (loop $c (br_if $b (i32.eqz (i32.load (i32.const 0)))) (br $a)))) (i32.const 0))
)
