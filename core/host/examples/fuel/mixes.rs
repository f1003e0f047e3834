//! Mixes of instructions, each as slow for its kind as could be had.

/// A module whose `shrike_on_event` never comes back.
pub(crate) struct Mix {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    /// The caches hold something else before each call.
    pub(crate) cold: bool,
    /// Each call has an instance of its own.
    pub(crate) fresh: bool,
}

const MANIFEST: &str = r#"(@custom "shrike"
    "abi = 1\nkind = \"strategy\"\nname = \"mix\"\nversion = \"1\"\nabout = \"Burns fuel.\"\n")"#;

/// Locals that every body may use; their values come from memory, so nothing is known of them.
const LOCALS: &str = "
(local $a i64) (local $b i64) (local $c i64) (local $d i64) (local $e i64) (local $s i64)
(local $i i32) (local $j i32) (local $k i32)
(local $x f64) (local $y f64) (local $z f64) (local $w f64)
(local $u f32) (local $v f32)
(local.set $a (i64.load (i32.const 8192))) (local.set $b (i64.load (i32.const 8200)))
(local.set $c (i64.load (i32.const 8192))) (local.set $d (i64.load (i32.const 8192)))
(local.set $e (i64.load (i32.const 8192)))
(local.set $s (i64.load (i32.const 8232)))
(local.set $i (i32.load (i32.const 8192))) (local.set $j (i32.load (i32.const 8200)))
(local.set $x (f64.load (i32.const 8208))) (local.set $y (f64.load (i32.const 8216)))
(local.set $z (f64.load (i32.const 8208))) (local.set $w (f64.load (i32.const 8208)))
(local.set $u (f32.load (i32.const 8224))) (local.set $v (f32.load (i32.const 8228)))";

/// Whatever the body computed is stored, so nothing is left out.
const USE: &str = "
(i64.store (i32.const 8300) (i64.add (i64.add (local.get $a) (local.get $c)) (i64.add
(local.get $d) (local.get $e))))
(i32.store (i32.const 8308) (local.get $i)) (f64.store (i32.const 8316) (f64.add (local.get $z)
(f64.add (local.get $x) (local.get $w))))
(f32.store (i32.const 8324) (local.get $u)) (i64.store (i32.const 8232) (local.get $s))";

fn module(fields: &str, setup: &str, on_event: &str) -> String {
    format!(
        "(module (memory (export \"memory\") 16 16) {MANIFEST} {fields}
        (func (export \"shrike_area\") (result i32) (i32.const 1024))
        (func (export \"shrike_setup\") (result i32) {LOCALS}
          (i64.store (i32.const 8192) (i64.const 0x7fffffffffffff01))
          (i64.store (i32.const 8200) (i64.const 3))
          (f64.store (i32.const 8208) (f64.const 1.2345678901234567e300))
          (f64.store (i32.const 8216) (f64.const 1.0000001))
          (f32.store (i32.const 8224) (f32.const 1.2345678e30))
          (f32.store (i32.const 8228) (f32.const 1.00001))
          (i64.store (i32.const 8232) (i64.const 88172645463325252))
          {setup} (i32.const 0))
        (func (export \"shrike_on_event\") (result i32) {LOCALS}
          {on_event} (i32.const 0)))"
    )
}

/// `body` so many times in a loop that never ends.
fn looped(name: &'static str, times: usize, body: &str) -> Mix {
    within(name, "", "", times, body)
}

fn within(name: &'static str, fields: &str, setup: &str, times: usize, body: &str) -> Mix {
    let body = body.repeat(times);
    let on_event = format!("(loop $l {body} {USE} (br $l))");
    Mix { name, text: module(fields, setup, &on_event), cold: false, fresh: false }
}

/// A guest that reads a word and writes one.
pub(crate) fn modest() -> String {
    module("", "", "").replace(
        LOCALS,
        "(i64.store (i32.const 3584) (i64.add (i64.load (i32.const 1024)) (i64.const 1)))",
    )
}

/// Every mix.
pub(crate) fn all() -> Vec<Mix> {
    let mut mixes = Vec::new();
    numbers(&mut mixes);
    floats(&mut mixes);
    memory(&mut mixes);
    control(&mut mixes);
    bulk(&mut mixes);
    mixes
}

fn numbers(to: &mut Vec<Mix>) {
    let one = |name, op: &str| {
        looped(name, 64, &format!("(local.set $a ({op} (local.get $a) (local.get $b)))"))
    };
    // The dividend is made large again after each.
    let divided = |name, op: &str| {
        let body =
            format!("(local.set $a (i64.xor (local.get $c) ({op} (local.get $a) (local.get $b))))");
        looped(name, 64, &body)
    };
    let divided_32 = |name, op: &str| {
        let body = format!(
            "(local.set $i (i32.or (i32.const 0x7fffff00) ({op} (local.get $i) (local.get $j))))"
        );
        looped(name, 64, &body)
    };
    let single =
        |name, op: &str| looped(name, 64, &format!("(local.set $a ({op} (local.get $a)))"));
    to.push(looped(
        "i64.add, four chains",
        32,
        "(local.set $a (i64.add (local.get $a)
        (local.get $b)))
        (local.set $c (i64.add (local.get $c) (local.get $b)))
        (local.set $d (i64.add (local.get $d) (local.get $b)))
        (local.set $e (i64.add (local.get $e) (local.get $b)))",
    ));
    to.push(looped(
        "i64.add and xor",
        64,
        "(local.set $a (i64.add (i64.xor (local.get $a) (local.get $c)) (local.get $b)))",
    ));
    to.push(one("i64.mul", "i64.mul"));
    to.push(one("i64.rotl", "i64.rotl"));
    to.push(one("i64.shr_s", "i64.shr_s"));
    to.push(divided("i64.div_s", "i64.div_s"));
    to.push(divided("i64.div_u", "i64.div_u"));
    to.push(divided("i64.rem_s", "i64.rem_s"));
    to.push(divided("i64.rem_u", "i64.rem_u"));
    to.push(divided_32("i32.div_s", "i32.div_s"));
    to.push(divided_32("i32.div_u", "i32.div_u"));
    to.push(divided_32("i32.rem_s", "i32.rem_s"));
    to.push(divided_32("i32.rem_u", "i32.rem_u"));
    to.push(single("i64.popcnt", "i64.popcnt"));
    to.push(single("i64.clz", "i64.clz"));
    to.push(single("i64.ctz", "i64.ctz"));
    to.push(single("i64.extend8_s", "i64.extend8_s"));
    to.push(looped(
        "i64.lt_s, i64.eqz, select",
        64,
        "(local.set $a (select (local.get $a)
        (local.get $c) (i64.lt_s (local.get $a) (local.get $b))))",
    ));
    to.push(looped(
        "i64.eqz chain",
        64,
        "(local.set $a (i64.extend_i32_u (i64.eqz (local.get $a))))",
    ));
}

fn floats(to: &mut Vec<Mix>) {
    let pair = |name, op: &str| {
        looped(name, 64, &format!("(local.set $x ({op} (local.get $x) (local.get $y)))"))
    };
    let pair_32 = |name, op: &str| {
        looped(name, 64, &format!("(local.set $u ({op} (local.get $u) (local.get $v)))"))
    };
    let single =
        |name, op: &str| looped(name, 64, &format!("(local.set $x ({op} (local.get $x)))"));
    let single_32 =
        |name, op: &str| looped(name, 64, &format!("(local.set $u ({op} (local.get $u)))"));
    to.push(pair("f64.add", "f64.add"));
    to.push(pair("f64.mul", "f64.mul"));
    to.push(pair("f64.div", "f64.div"));
    to.push(pair("f64.min", "f64.min"));
    to.push(pair("f64.max", "f64.max"));
    to.push(pair("f64.copysign", "f64.copysign"));
    to.push(pair_32("f32.add", "f32.add"));
    to.push(pair_32("f32.div", "f32.div"));
    to.push(pair_32("f32.min", "f32.min"));
    to.push(single("f64.sqrt", "f64.sqrt"));
    to.push(single_32("f32.sqrt", "f32.sqrt"));
    to.push(looped(
        "f64.sqrt of mixed values",
        64,
        "(local.set $x (f64.sqrt (f64.add (local.get $x) (local.get $w))))",
    ));
    to.push(looped(
        "f64.div of small by large",
        64,
        "(local.set $x (f64.div
        (f64.const 3.3333333333e-308) (f64.add (local.get $x) (local.get $y))))",
    ));
    to.push(single("f64.nearest", "f64.nearest"));
    to.push(single("f64.ceil", "f64.ceil"));
    to.push(single("f64.trunc", "f64.trunc"));
    to.push(single_32("f32.floor", "f32.floor"));
    to.push(single("f64.abs, f64.neg", "f64.neg"));
    tiny(to);
    to.push(looped(
        "f64.lt, select",
        64,
        "(local.set $x (select (local.get $x) (local.get $y)
        (f64.lt (local.get $x) (local.get $z))))",
    ));
    let there = |name, to_int: &str, back: &str| {
        let body = format!("(local.set $y ({back} ({to_int} (local.get $y))))");
        looped(name, 64, &body)
    };
    to.push(there("i64.trunc_f64_s and back", "i64.trunc_f64_s", "f64.convert_i64_s"));
    to.push(there("i64.trunc_f64_u and back", "i64.trunc_f64_u", "f64.convert_i64_u"));
    to.push(there("i32.trunc_f64_s and back", "i32.trunc_f64_s", "f64.convert_i32_s"));
    to.push(there("i32.trunc_f64_u and back", "i32.trunc_f64_u", "f64.convert_i32_u"));
    to.push(there("i64.trunc_sat_f64_s and back", "i64.trunc_sat_f64_s", "f64.convert_i64_s"));
    to.push(there("i64.trunc_sat_f64_u and back", "i64.trunc_sat_f64_u", "f64.convert_i64_u"));
    to.push(there("i32.trunc_sat_f64_u and back", "i32.trunc_sat_f64_u", "f64.convert_i32_u"));
    to.push(there("f32.demote, f64.promote", "f32.demote_f64", "f64.promote_f32"));
    to.push(there("reinterpret both ways", "i64.reinterpret_f64", "f64.reinterpret_i64"));
    let there_32 = |name, to_int: &str, back: &str| {
        let body = format!("(local.set $v ({back} ({to_int} (local.get $v))))");
        looped(name, 64, &body)
    };
    to.push(there_32("i64.trunc_f32_u and back", "i64.trunc_f32_u", "f32.convert_i64_u"));
    to.push(there_32("i64.trunc_sat_f32_u and back", "i64.trunc_sat_f32_u", "f32.convert_i64_u"));
}

/// Numbers below the smallest that a processor handles the fast way.
fn tiny(to: &mut Vec<Mix>) {
    let f64s = |name, body: &str| looped(name, 64, &format!("(local.set $z {body})"));
    let f32s = |name, body: &str| looped(name, 64, &format!("(local.set $u {body})"));
    to.push(f64s("f64.add of tiny", "(f64.sub (f64.const 4.1e-310) (f64.abs (local.get $z)))"));
    to.push(f64s(
        "f64.mul to tiny",
        "(f64.mul (f64.const 4.1e-310) (f64.add (local.get $z) (local.get $y)))",
    ));
    to.push(f64s(
        "f64.mul of tiny",
        "(f64.mul (f64.mul (f64.add (local.get $y) (local.get $z))
        (f64.const 1e-310)) (f64.const 1e300))",
    ));
    to.push(f64s(
        "f64.div to tiny",
        "(f64.div (f64.const 4.1e-310) (f64.add (local.get $z) (local.get $y)))",
    ));
    to.push(f64s(
        "f64.div of tiny by tiny",
        "(f64.div (f64.const 4.1e-310) (f64.add
        (f64.const 4.3e-310) (f64.mul (local.get $z) (f64.const 0))))",
    ));
    to.push(f64s(
        "f64.sqrt of tiny",
        "(f64.sqrt (f64.add (f64.const 4.1e-310) (f64.mul (local.get $z) (f64.const 0))))",
    ));
    to.push(f64s(
        "f64.nearest of tiny",
        "(f64.add (f64.const 4.1e-310) (f64.nearest (local.get $z)))",
    ));
    to.push(f64s(
        "f64.min of tiny",
        "(f64.min (f64.const 4.1e-310) (f64.add (local.get $z) (f64.const 4.3e-310)))",
    ));
    to.push(f64s(
        "f32.demote to tiny",
        "(f64.promote_f32 (f32.demote_f64 (f64.add (f64.const 1e-40) (local.get $z))))",
    ));
    to.push(f64s(
        "i64.trunc of tiny",
        "(f64.add (f64.const 4.1e-310) (f64.convert_i64_s (i64.trunc_f64_s (local.get $z))))",
    ));
    to.push(f32s(
        "f32.mul to tiny",
        "(f32.mul (f32.const 1e-40) (f32.add (local.get $u) (local.get $v)))",
    ));
    to.push(f32s(
        "f32.div to tiny",
        "(f32.div (f32.const 1e-40) (f32.add (local.get $u) (local.get $v)))",
    ));
    to.push(f32s("f32.add of tiny", "(f32.sub (f32.const 1e-40) (f32.abs (local.get $u)))"));
    to.push(looped(
        "f64.lt of tiny",
        64,
        "(local.set $i (i32.add (f64.lt (f64.const 4.1e-310)
        (f64.add (f64.const 4.1e-310) (f64.convert_i32_s (local.get $i)))) (i32.const 0)))",
    ));
}

fn memory(to: &mut Vec<Mix>) {
    let chase = |name, places: u32, base: u32, cold| {
        let body = "(local.set $i (i32.load (local.get $i)))".repeat(64);
        // The cycle is laid in the first calls, before the chase goes on in each.
        let on_event = format!(
            "(if (i32.eqz (i32.load (i32.const 9000))) (then
              (i32.store (i32.const 9000) (i32.const {base})) {}
              (return (i32.const 0))))
             (local.set $i (i32.load (i32.const 9000)))
             (loop $l {body} (i32.store (i32.const 9000) (local.get $i)) (br $l))",
            laid(places, base)
        );
        Mix { name, text: module("", "", &on_event), cold, fresh: false }
    };
    to.push(chase("load, chase through 16 KiB", 256, 65_536, false));
    to.push(chase("load, chase through 512 KiB", 8_192, 65_536, false));
    to.push(chase("load, chase through 960 KiB", 15_360 - 1_024, 65_536, false));
    to.push(chase("load, chase, caches cold", 15_360 - 1_024, 65_536, true));
    to.push(looped(
        "i64.load of one place",
        64,
        "(local.set $a (i64.add (local.get $a) (i64.load
        (i32.and (i32.wrap_i64 (local.get $a)) (i32.const 0xfff8)))))",
    ));
    to.push(looped(
        "load across pages",
        64,
        "(local.set $a (i64.add (local.get $a)
        (i64.load offset=4092 (i32.and (i32.wrap_i64 (local.get $a)) (i32.const 0xf000)))))",
    ));
    to.push(looped(
        "store, then load of it",
        64,
        "(i64.store (i32.const 12000) (local.get $a)) (local.set $a (i64.load (i32.const 12000)))",
    ));
    to.push(looped(
        "store, then load over its edge",
        64,
        "(i64.store (i32.const 12000) (local.get $a)) (local.set $a (i64.load (i32.const 12004)))",
    ));
    to.push(looped(
        "stores that miss",
        64,
        "(i64.store offset=65536 (i32.and (local.tee $i
        (i32.add (i32.mul (local.get $i) (i32.const 1664525)) (i32.const 1013904223)))
        (i32.const 0x7ffc0)) (local.get $a))",
    ));
    let mut cold = looped(
        "stores that miss, caches cold",
        64,
        "(i64.store offset=65536 (i32.and (local.tee $i (i32.add (i32.mul (local.get $i)
            (i32.const 1664525)) (i32.const 1013904223))) (i32.const 0x7ffc0)) (local.get $a))",
    );
    cold.cold = true;
    to.push(cold);
    to.push(looped(
        "stores across pages",
        64,
        "(i64.store offset=4092 (i32.and (local.tee $i
        (i32.add (local.get $i) (i32.const 4096))) (i32.const 0x7f000)) (local.get $a))",
    ));
    to.push(within(
        "global.get, global.set",
        "(global $g (mut i64) (i64.const 1))",
        "",
        64,
        "(global.set $g (i64.add (global.get $g) (local.get $b)))",
    ));
    to.push(looped("memory.size", 64, "(local.set $i (i32.add (local.get $i) (memory.size)))"));
    to.push(looped(
        "memory.grow by none",
        64,
        "(local.set $i (i32.add (local.get $i) (memory.grow (i32.const 0))))",
    ));
    to.push(looped(
        "memory.grow refused",
        64,
        "(local.set $i (i32.add (local.get $i) (memory.grow (i32.const 1))))",
    ));
    to.push(grown());
    to.push(spilled());
}

/// The cycle through `places` (a power of two less some) is laid with a stride that meets all.
fn laid(places: u32, base: u32) -> String {
    // Places are met in the order of a stride that has no divisor in common with their number.
    let stride = [2_731_u32, 2_729, 2_719, 2_711]
        .into_iter()
        .find(|stride| gcd(*stride, places) == 1)
        .expect("a stride");
    format!(
        "(local.set $k (i32.const {places})) (local.set $i (i32.const 0))
        (loop $c
          (local.set $j (i32.rem_u (i32.add (local.get $i) (i32.const {stride}))
          (i32.const {places})))
          (i32.store offset={base} (i32.shl (local.get $i) (i32.const 6)) (i32.add
          (i32.const {base}) (i32.shl (local.get $j) (i32.const 6))))
          (local.set $i (local.get $j))
          (br_if $c (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))"
    )
}

const fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Memory grows by as much as one call may, and every page of it is touched.
fn grown() -> Mix {
    let on_event = "(local.set $k (memory.grow (i32.const 2)))
        (local.set $k (i32.shl (local.get $k) (i32.const 16)))
        (local.set $j (i32.const 32))
        (loop $t
          (i32.store (local.get $k) (i32.const 1))
          (local.set $k (i32.add (local.get $k) (i32.const 4096)))
          (br_if $t (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))";
    let text = module("", "", on_event).replace("\"memory\") 16 16", "\"memory\") 1 16");
    Mix { name: "memory.grow, fresh pages touched", text, cold: false, fresh: true }
}

/// More values than registers, moved around.
fn spilled() -> Mix {
    let locals: String = (0..400).map(|at| format!("(local $n{at} i64)")).collect();
    let set: String = (0..400)
        .map(|at| format!("(local.set $n{at} (i64.load offset={} (i32.const 8192)))", at * 8))
        .collect();
    let body: String = (0..400)
        .map(|at| {
            let other = (at * 173 + 7) % 400;
            format!("(local.set $n{at} (i64.add (local.get $n{at}) (local.get $n{other})))")
        })
        .collect();
    let kept: String = (0..400)
        .map(|at| format!("(i64.store offset={} (i32.const 16384) (local.get $n{at}))", at * 8))
        .collect();
    let text = format!(
        "(func $spill {locals} {set} (loop $l {body} (br_if $l (i32.eqz (i32.load
            (i32.const 8)))) ) {kept})"
    );
    Mix {
        name: "four hundred locals",
        text: module(&text, "", "(call $spill)"),
        cold: false,
        fresh: false,
    }
}

const XORSHIFT: &str =
    "(local.set $s (i64.xor (local.get $s) (i64.shl (local.get $s) (i64.const 13))))
    (local.set $s (i64.xor (local.get $s) (i64.shr_u (local.get $s) (i64.const 7))))
    (local.set $s (i64.xor (local.get $s) (i64.shl (local.get $s) (i64.const 17))))";

fn control(to: &mut Vec<Mix>) {
    to.push(Mix {
        name: "empty loop",
        text: module("", "", "(loop $l (br $l))"),
        cold: false,
        fresh: false,
    });
    to.push(looped("empty loops in a row", 64, "(loop)"));
    to.push(looped(
        "loop that turns twice",
        16,
        "(local.set $k (i32.const 2)) (loop $t (br_if $t
        (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))",
    ));
    // Each takes its own bit, so that the mixing of bits does not hide the guesses that fail.
    let bits: String = (0..32)
        .map(|bit| {
            format!(
                "(if (i32.and (i32.wrap_i64 (local.get $s)) (i32.const {})) (then (i64.store
                    (i32.const 12000) (local.get $s))))",
                1_u32 << bit
            )
        })
        .collect();
    to.push(looped("if, guessed wrong", 2, &format!("{XORSHIFT} {bits}")));
    let products: String = (0..32)
        .map(|bit| {
            format!(
                "(if (i32.and (i32.wrap_i64 (local.get $s)) (i32.const {})) (then (local.set $a
                    (local.get $b))))",
                1_u32 << bit
            )
        })
        .collect();
    to.push(looped("if without memory, guessed wrong", 2, &format!("{XORSHIFT} {products}")));
    let leaves: String = (0..32)
        .map(|bit| {
            format!(
                "(block (br_if 0 (i32.and (i32.wrap_i64 (local.get $s)) (i32.const {})))
                    (local.set $a (local.get $b)))",
                1_u32 << bit
            )
        })
        .collect();
    to.push(looped("br_if without memory, guessed wrong", 2, &format!("{XORSHIFT} {leaves}")));
    let skips: String = (0..32)
        .map(|bit| {
            format!(
                "(block (br_if 0 (i32.and (i32.wrap_i64 (local.get $s)) (i32.const {})))
                    (i64.store (i32.const 12000) (local.get $s)))",
                1_u32 << bit
            )
        })
        .collect();
    to.push(looped("br_if, guessed wrong", 2, &format!("{XORSHIFT} {skips}")));
    let tables: String = (0..15)
        .map(|at| {
            format!(
                "(block $e (block $3 (block $2 (block $1 (block $0
                (br_table $0 $1 $2 $3 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $s)
                (i64.const {}))) (i32.const 3))))
                (i32.store (i32.const 12000) (i32.const 1)) (br $e)) (i32.store
                (i32.const 12000) (i32.const 2)) (br $e))
                (i32.store (i32.const 12000) (i32.const 3)) (br $e))
                (i32.store (i32.const 12000) (i32.const 4)))",
                at * 4
            )
        })
        .collect();
    to.push(looped("br_table, guessed wrong", 2, &format!("{XORSHIFT} {tables}")));
    to.push(within("call of an empty function", "(func $f)", "", 64, "(call $f)"));
    to.push(within(
        "call of a getter",
        "(func $f (param i64) (result i64) (i64.xor (local.get 0) (i64.const 5)))",
        "",
        64,
        "(local.set $a (call $f (local.get $a)))",
    ));
    let params = "(param i64) ".repeat(32);
    let given = "(local.get $a) ".repeat(32);
    to.push(within(
        "call with 32 values",
        &format!("(func $f {params} (result i64) (local.get 31))"),
        "",
        16,
        &format!("(local.set $a (call $f {given}))"),
    ));
    let results = "(result i64) ".repeat(32);
    let values = "(local.get 0) ".repeat(32);
    let taken = "(local.set $a) ".repeat(32);
    to.push(within(
        "call that gives 32 values",
        &format!("(func $f (param i64) {results} {values})"),
        "",
        16,
        &format!("(call $f (local.get $a)) {taken}"),
    ));
    let functions: String = (0..16)
        .map(|at| {
            format!(
                "(func $f{at} (param i64) (result i64) (i64.xor (local.get 0) (i64.const {at})))"
            )
        })
        .collect();
    let names: String = (0..16).map(|at| format!("$f{at} ")).collect();
    let table = format!(
        "{functions} (table funcref (elem {names})) (type $t (func (param i64) (result i64)))"
    );
    to.push(within(
        "call_indirect of one function",
        &table,
        "",
        32,
        "(local.set $a (call_indirect (type $t) (local.get $a) (i32.const 3)))",
    ));
    let calls: String = (0..15)
        .map(|at| {
            format!(
                "(local.set $a (call_indirect (type $t) (local.get $a) (i32.and (i32.wrap_i64
                    (i64.shr_u (local.get $s) (i64.const {}))) (i32.const 15))))",
                at * 4
            )
        })
        .collect();
    to.push(within("call_indirect, guessed wrong", &table, "", 2, &format!("{XORSHIFT} {calls}")));
    to.push(deep("recursion to the end of the stack", ""));
    to.push(deep(
        "recursion with work behind it",
        &"(local.set 0 (i64.rem_u (i64.const 0x7fffffffffffff01) (local.get 0)))".repeat(200),
    ));
    to.push(wide("straight code, cold", true));
    to.push(wide("straight code", false));
    to.push(long("straight code, long constants, cold", true));
    to.push(long("straight code, long constants", false));
    to.push(scattered("branches over far code, cold", true));
    to.push(scattered("branches over far code", false));
    to.push(hopping());
    to.push(Mix {
        name: "unreachable",
        text: module("", "", "(unreachable)"),
        cold: false,
        fresh: false,
    });
}

fn deep(name: &'static str, behind: &str) -> Mix {
    let field = format!(
        "(func $r (param i64) (result i64) (drop (call $r (i64.add (local.get 0)
            (i64.const 1)))) {behind} (local.get 0))"
    );
    Mix {
        name,
        text: module(&field, "", "(drop (call $r (i64.const 3)))"),
        cold: false,
        fresh: false,
    }
}

/// More machine code than the first cache holds, run once from end to end.
fn wide(name: &'static str, cold: bool) -> Mix {
    let body = "(i64.store offset=12000 (i32.const 0)
        (i64.add (i64.load offset=12008 (i32.const 0)) (i64.const 77)))"
        .repeat(1_500);
    let functions: String = (0..4).map(|at| format!("(func $w{at} {body})")).collect();
    let calls: String = (0..4).map(|at| format!("(call $w{at})")).collect();
    Mix {
        name,
        text: module(&functions, "", &format!("(loop $l {calls} (br $l))")),
        cold,
        fresh: false,
    }
}

/// Branches that each go to another line of the code, as many as a module can have.
fn scattered(name: &'static str, cold: bool) -> Mix {
    let block = "(block (br_if 0 (local.get 0)) (i64.store (i32.const 0x7fff0)
        (i64.const 0x7fffffffffffffff))
        (i64.store (i32.const 0x7fff8) (i64.const 0x7fffffffffffffff)))";
    let body = block.repeat(740);
    let functions: String = (0..4).map(|at| format!("(func $w{at} (param i32) {body})")).collect();
    let calls: String = (0..4).map(|at| format!("(call $w{at} (local.get $j))")).collect();
    let text = module(&functions, "", &format!("(loop $l {calls} {USE} (br $l))"));
    Mix { name, text, cold, fresh: false }
}

/// As much machine code as a module can have.
fn long(name: &'static str, cold: bool) -> Mix {
    let body: String = (0..4_000_u64)
        .map(|at| format!("(i64.const {}) i64.xor ", 0x7000_0000_0000_0000 | (at * 0x1_0001_0001)))
        .collect();
    let functions: String = (0..2)
        .map(|at| format!("(func $w{at} (param i64) (result i64) (local.get 0) {body})"))
        .collect();
    let calls: String =
        (0..2).map(|at| format!("(local.set $a (call $w{at} (local.get $a)))")).collect();
    let text = module(&functions, "", &format!("(loop $l {calls} {USE} (br $l))"));
    Mix { name, text, cold, fresh: false }
}

/// Calls of a thousand functions that stand far from each other.
fn hopping() -> Mix {
    let body = "(i64.store offset=12000 (i32.const 0) (local.get 0))".repeat(8);
    let functions: String = (0..1_000)
        .map(|at| {
            format!(
                "(func $h{at} (param i64) (result i64) (if (i64.eqz (local.get 0)) (then {body}))
                (i64.add (local.get 0) (i64.const {at})))"
            )
        })
        .collect();
    let names: String = (0..1_000).map(|at| format!("$h{at} ")).collect();
    let fields = format!(
        "{functions} (table funcref (elem {names})) (type $t (func (param i64) (result i64)))"
    );
    let calls: String = (0..6)
        .map(|at| {
            format!(
                "(local.set $a (call_indirect (type $t) (local.get $a) (i32.rem_u
                (i32.wrap_i64 (i64.shr_u (local.get $s) (i64.const {}))) (i32.const 1000))))",
                at * 10
            )
        })
        .collect();
    let mut mix = within(
        "call_indirect of far functions, cold",
        &fields,
        "",
        2,
        &format!("{XORSHIFT} {calls}"),
    );
    mix.cold = true;
    mix
}

fn bulk(to: &mut Vec<Mix>) {
    let sized = |name, op: &str, bytes: u32, times| {
        // The size comes from memory, so the compiler does not know it.
        let setup = format!("(i32.store (i32.const 9100) (i32.const {bytes}))");
        let on_event = format!(
            "(local.set $j (i32.load (i32.const 9100))) (loop $l {} (br $l))",
            op.repeat(times)
        );
        let fields = format!(
            "(data $d \"{}\") (func $n) (table $t 512 funcref) (elem $e {})",
            "x".repeat(2_048),
            "func ".to_owned() + &"$n ".repeat(256)
        );
        Mix { name, text: module(&fields, &setup, &on_event), cold: false, fresh: false }
    };
    let copy = "(memory.copy (i32.const 65536) (i32.const 524289) (local.get $j))";
    let fill = "(memory.fill (i32.const 65537) (i32.const 7) (local.get $j))";
    let init = "(memory.init $d (i32.const 65536) (i32.const 0) (local.get $j))";
    to.push(sized("memory.copy of 0", copy, 0, 64));
    to.push(sized("memory.copy of 8", copy, 8, 64));
    to.push(sized("memory.copy of 300", copy, 300, 64));
    to.push(sized("memory.copy of 64 KiB", copy, 65_536, 2));
    let mut cold = sized("memory.copy of 400 KiB, cold", copy, 409_600, 2);
    cold.cold = true;
    to.push(cold);
    to.push(sized(
        "memory.copy onto itself",
        "(memory.copy (i32.const 65537) (i32.const 65536) (local.get $j))",
        60_000,
        2,
    ));
    to.push(sized("memory.fill of 0", fill, 0, 64));
    to.push(sized("memory.fill of 64 KiB", fill, 65_536, 2));
    let mut cold = sized("memory.fill of 900 KiB, cold", fill, 900_000, 2);
    cold.cold = true;
    to.push(cold);
    to.push(sized("memory.init of 0", init, 0, 64));
    to.push(sized("memory.init of 2 KiB", init, 2_048, 8));
    to.push(sized("data.drop", "(data.drop $d)", 0, 64));
    to.push(sized(
        "table.copy of 0",
        "(table.copy $t $t (i32.const 0) (i32.const 256) (local.get $j))",
        0,
        64,
    ));
    to.push(sized(
        "table.copy of 256",
        "(table.copy $t $t (i32.const 0) (i32.const 256) (local.get $j))",
        256,
        8,
    ));
    to.push(sized(
        "table.init of 0",
        "(table.init $t $e (i32.const 0) (i32.const 0) (local.get $j))",
        0,
        64,
    ));
    to.push(sized(
        "table.init of 256",
        "(table.init $t $e (i32.const 0) (i32.const 0) (local.get $j))",
        256,
        8,
    ));
    to.push(sized("elem.drop", "(elem.drop $e)", 0, 64));
}
