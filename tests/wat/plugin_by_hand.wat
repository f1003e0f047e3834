;; A strategy in WebAssembly's text format, written from core/abi/README.md alone: it proposes the
;; operator's own plan for account 0 when a signal is sure enough and no target is there, says so in
;; the log, and sets timer 0 a second ahead.
(module
  (@custom "shrike"
    "abi = 1\n"
    "kind = \"strategy\"\n"
    "name = \"plugin_by_hand\"\n"
    "version = \"0.1.0\"\n"
    "about = \"Proposes the operator's own plan when a signal is sure enough.\"\n"
    "events = []\n"
    "state = { version = 1, bytes = 8 }\n")

  (memory (export "memory") 1 1)

  ;; The area: 4,096 bytes from 4,096 on. Behind it, at 8,192, a copy of the operator's plans: the way
  ;; in (80 bytes) and the way out (96). At 8,448 the state: how many proposals were made.
  (global $area i32 (i32.const 4096))
  (global $plans i32 (i32.const 8192))
  (global $state i32 (i32.const 8448))
  (global $confidence (mut i32) (i32.const 101))
  (global $made (mut i64) (i64.const 0))
  (data (i32.const 8704) "proposed by hand")

  (func (export "shrike_area") (result i32)
    (global.get $area))

  ;; Setup: target_confidence at 2, entry at 16, exit at 96.
  (func (export "shrike_setup") (result i32)
    (global.set $confidence (i32.load8_u offset=2 (global.get $area)))
    (call $copy (global.get $plans) (i32.add (global.get $area) (i32.const 16)) (i32.const 176))
    (i32.const 0))

  ;; Head: now at 0, signals at 50, targets at 51. The first Signal stands at 176 of the area: pattern
  ;; at 0, confidence at 1, symbol at 4.
  (func (export "shrike_on_event") (result i32)
    (local $intent i32)
    (local.set $intent (i32.add (global.get $area) (i32.const 2560)))
    (if (i32.eqz (i32.load8_u offset=50 (global.get $area)))
      (then (return (i32.const 0))))
    (if (i32.load8_u offset=51 (global.get $area))
      (then (return (i32.const 0))))
    (if (i32.lt_u (i32.load8_u offset=177 (global.get $area)) (global.get $confidence))
      (then (return (i32.const 0))))
    ;; Intent: kind 1 (propose), account 0, then pattern, confidence and symbol of the signal.
    (i32.store8 offset=0 (local.get $intent) (i32.const 1))
    (i32.store8 offset=1 (local.get $intent) (i32.const 0))
    (i32.store8 offset=2 (local.get $intent) (i32.load8_u offset=176 (global.get $area)))
    (i32.store8 offset=3 (local.get $intent) (i32.load8_u offset=177 (global.get $area)))
    (i32.store offset=4 (local.get $intent) (i32.load offset=180 (global.get $area)))
    ;; The way in stands at 32 of the intent, the way out behind it at 112.
    (call $copy (i32.add (local.get $intent) (i32.const 32)) (global.get $plans) (i32.const 176))
    ;; TimerSet at 3,392: timer 0, no pair, now and 1,000,000,000 ns.
    (i32.store offset=3392 (global.get $area) (i32.const 0))
    (i32.store offset=3396 (global.get $area) (i32.const -1))
    (i64.store offset=3400 (global.get $area)
      (i64.add (i64.load (global.get $area)) (i64.const 1000000000)))
    ;; The log at 3,520.
    (call $copy (i32.add (global.get $area) (i32.const 3520)) (i32.const 8704) (i32.const 16))
    (global.set $made (i64.add (global.get $made) (i64.const 1)))
    ;; One intent, one timer, sixteen bytes of log.
    (i32.const 0x00100101))

  (func (export "shrike_state") (result i32)
    (global.get $state))

  (func (export "shrike_save") (result i32)
    (i64.store (global.get $state) (global.get $made))
    (i32.const 8))

  (func (export "shrike_restore") (param $version i32) (param $len i32) (result i32)
    (if (i32.or (i32.ne (local.get $version) (i32.const 1)) (i32.ne (local.get $len) (i32.const 8)))
      (then (return (i32.const 1))))
    (global.set $made (i64.load (global.get $state)))
    (i32.const 0))

  ;; Copies $len bytes, a multiple of eight, from the last one down.
  (func $copy (param $to i32) (param $from i32) (param $len i32)
    (loop $next
      (if (i32.eqz (local.get $len)) (then (return)))
      (local.set $len (i32.sub (local.get $len) (i32.const 8)))
      (i64.store
        (i32.add (local.get $to) (local.get $len))
        (i64.load (i32.add (local.get $from) (local.get $len))))
      (br $next))))
