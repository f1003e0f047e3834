;; refused: invalid
;; Has structures that are collected.
(module
  (memory (export "memory") 1)
  (@custom "shrike" "abi = 1\nkind = \"strategy\"\nname = \"hostile\"\nversion = \"1\"\nabout = \"Does harm.\"\n")
  (type $s (struct (field i32)))
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_setup") (result i32) (i32.const 0))
  (func (export "shrike_on_event") (result i32)
    (drop (struct.new_default $s)) (i32.const 0))
)
