;; refused: start_function
;; Loops before anybody calls it.
(module
  (memory (export "memory") 1)
  (@custom "shrike" "abi = 1\nkind = \"strategy\"\nname = \"hostile\"\nversion = \"1\"\nabout = \"Does harm.\"\n")
  (start $forever)
  (func $forever (loop $l (br $l)))
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_setup") (result i32) (i32.const 0))
  (func (export "shrike_on_event") (result i32) (i32.const 0))
)
