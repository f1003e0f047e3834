;; A strategy that runs until its parameter says otherwise.
(module
  (@custom "shrike"
    "abi = 1\n"
    "kind = \"strategy\"\n"
    "name = \"boom\"\n"
    "version = \"1\"\n"
    "about = \"Fails when it is told to.\"\n"
    "[[parameters]]\n"
    "name = \"boom\"\n"
    "type = \"flag\"\n"
    "default = false\n"
    "about = \"Whether to fail.\"\n")
  (memory (export "memory") 1 1)
  (global $boom (mut i64) (i64.const 0))
  (func (export "shrike_area") (result i32) (i32.const 0))
  ;; The first parameter's value stands at 192 of the setup.
  (func (export "shrike_setup") (result i32)
    (global.set $boom (i64.load (i32.const 192)))
    (i32.const 0))
  (func (export "shrike_on_event") (result i32)
    (if (i64.ne (global.get $boom) (i64.const 0)) (then unreachable))
    (i32.const 0)))
