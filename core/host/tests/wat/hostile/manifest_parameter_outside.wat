;; refused: manifest
;; A parameter begins outside its bounds.
(module
  (memory (export "memory") 1)
  (@custom "shrike" "abi = 1\nkind = \"strategy\"\nname = \"hostile\"\nversion = \"1\"\nabout = \"Does harm.\"\n[[parameters]]\nname = \"p0\"\ntype = \"whole\"\nunit = \"x\"\nmin = 1\nmax = 5\ndefault = 9\nabout = \"It.\"\n")
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_setup") (result i32) (i32.const 0))
  (func (export "shrike_on_event") (result i32) (i32.const 0))
)
