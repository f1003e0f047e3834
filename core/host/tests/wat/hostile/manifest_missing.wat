;; refused: no_manifest
;; Says nothing about itself.
(module
  (memory (export "memory") 1)
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_setup") (result i32) (i32.const 0))
  (func (export "shrike_on_event") (result i32) (i32.const 0))
)
