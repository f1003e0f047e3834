//! The compiler in a child process, and the cache of what it made. The tests run without the usual
//! harness, because this very program is the child: its standard output is the artefact.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use abi::{Call, Guest};
use host::wasm::{
    Blueprint, Cache, CompileLimits, Compiler, Found, Origin, Refused, Sandbox, child,
};

mod support;

use support::{good, strategy};

/// The argument that makes this program the child.
const CHILD: &str = "compile";

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(CHILD) {
        return child();
    }
    let tests: [(&str, fn()); 10] = [
        ("a child compiles a module that runs", a_child_compiles_a_module_that_runs),
        ("a child that takes too long is killed", a_child_that_takes_too_long_is_killed),
        ("a child with too little memory is named", a_child_with_too_little_memory_is_named),
        ("a child that is no compiler is named", a_child_that_is_no_compiler_is_named),
        ("a child that reads nothing is killed", a_child_that_reads_nothing_is_killed),
        ("modules that are slow to compile end in time", slow_modules_end_in_time),
        ("what was compiled is found again", what_was_compiled_is_found_again),
        ("a changed file is compiled again", a_changed_file_is_compiled_again),
        ("links and open files are not trusted", links_and_open_files_are_not_trusted),
        ("open and linked folders are refused", open_and_linked_folders_are_refused),
    ];
    for (name, test) in tests {
        test();
        report(name);
    }
    ExitCode::SUCCESS
}

#[expect(clippy::print_stderr, reason = "it stands in for the usual harness")]
fn report(name: &str) {
    eprintln!("{name} ... ok");
}

fn compiler(limits: CompileLimits) -> Compiler {
    let program = std::env::current_exe().expect("this program");
    Compiler { program, args: vec![CHILD.into()], limits }
}

fn usual() -> Compiler {
    compiler(CompileLimits::default())
}

fn a_child_compiles_a_module_that_runs() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let made = Blueprint::compile(&sandbox, &good(), &usual(), None);
    let (blueprint, origin) = made.expect("a good module");
    assert_eq!(origin, Origin::Compiled { spoiled: None });
    let mut instance = blueprint.instance().expect("an instance");
    assert_eq!(instance.call(Call::OnEvent), Ok(0));
}

fn a_child_that_takes_too_long_is_killed() {
    let limits = CompileLimits { wall: Duration::from_millis(1), ..CompileLimits::default() };
    let refused = compiler(limits).compile(&good()).expect_err("a millisecond is too short");
    assert_eq!(refused, Refused::CompileTimeout { cpu_s: 10, wall_ms: 1 });
}

fn a_child_with_too_little_memory_is_named() {
    let limits = CompileLimits { memory_bytes: 2 << 20, ..CompileLimits::default() };
    let refused = compiler(limits).compile(&heavy()).expect_err("two MiB are too few");
    assert_eq!(refused, Refused::CompileMemory { max: 2 << 20 });
}

fn a_child_that_is_no_compiler_is_named() {
    let name = |program: &str| {
        let compiler = Compiler { program: PathBuf::from(program), ..usual() };
        compiler.compile(&good()).expect_err("no compiler").name()
    };
    assert_eq!(name("/nowhere/at/all"), "compile_failed");
    assert_eq!(name("/bin/false"), "compile_failed");
    assert_eq!(name("/bin/true"), "compile_failed");
}

fn a_child_that_reads_nothing_is_killed() {
    let sleeper = Compiler {
        program: PathBuf::from("/bin/sleep"),
        args: vec!["60".into()],
        limits: CompileLimits { wall: Duration::from_millis(50), ..CompileLimits::default() },
    };
    let module = vec![0; 1 << 20];
    assert_eq!(sleeper.compile(&module).expect_err("no answer").name(), "compile_timeout");
}

/// Functions that are as hard for the compiler as the limits of a module let them be.
fn heavy() -> Vec<u8> {
    let branches = "(block (br_if 0 (i32.load (local.get 0))) (local.set 0 (i32.load offset=8 (local.get 0))))";
    let body = branches.repeat(3_500);
    let functions = format!("(func (param i32) (local i32) {body})").repeat(2);
    strategy(&functions, "(i32.const 0)")
}

/// A table of a thousand branches, again and again.
fn tabled() -> Vec<u8> {
    let blocks = "(block ".repeat(1_000);
    let labels: String = (0..1_000).map(|at| format!("{at} ")).collect();
    let ends = ")".repeat(1_000);
    let table = format!("(br_table {labels} (i32.load (i32.const 0)))");
    let body = format!("{blocks} {} {ends}", table.repeat(28));
    strategy(&format!("(func {body})").repeat(2), "(i32.const 0)")
}

/// Loops inside each other, each with values that live through all of them.
fn nested() -> Vec<u8> {
    let locals = "i64 ".repeat(1_000);
    let sets: String = (0..1_000)
        .map(|at| {
            format!(
                "(local.set {at} (i64.add (local.get {at}) (local.get {})))",
                (at * 7 + 1) % 1_000
            )
        })
        .collect();
    let loops = "(loop ".repeat(400);
    let ends = "(br_if 0 (i32.load (i32.const 0))))".repeat(400);
    let body = format!("(local {locals}) {loops} {sets} {ends}");
    strategy(&format!("(func {body})").repeat(4), "(i32.const 0)")
}

fn slow_modules_end_in_time() {
    let limits = CompileLimits { cpu_s: 2, memory_bytes: 256 << 20, wall: Duration::from_secs(30) };
    for module in [heavy(), tabled(), nested()] {
        // How fast the machine is decides which, and either is an answer.
        match compiler(limits).compile(&module) {
            Ok(artefact) => assert!(!artefact.is_empty()),
            Err(refused) => {
                assert!(
                    ["compile_timeout", "compile_memory"].contains(&refused.name()),
                    "{refused}"
                );
            }
        }
    }
}

/// A cache in a folder that goes away, and the file of the good module in it.
struct Kept {
    _folder: tempfile::TempDir,
    place: PathBuf,
    cache: Cache,
    sandbox: Sandbox,
    hash: [u8; 32],
}

impl Kept {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("artefacts");
        let cache = Cache::open(&place).expect("a cache");
        let sandbox = Sandbox::new().expect("a sandbox");
        let hash = *blake3::hash(&good()).as_bytes();
        Self { _folder: folder, place, cache, sandbox, hash }
    }

    fn compile(&self) -> Origin {
        let made = Blueprint::compile(&self.sandbox, &good(), &usual(), Some(&self.cache));
        let (blueprint, origin) = made.expect("a good module");
        let mut instance = blueprint.instance().expect("an instance");
        assert_eq!(instance.call(Call::OnEvent), Ok(0));
        origin
    }

    fn file(&self) -> PathBuf {
        let files: Vec<PathBuf> = fs::read_dir(&self.place)
            .expect("the folder")
            .map(|file| file.expect("a file").path())
            .collect();
        let [file] = &files[..] else { panic!("one file, not {files:?}") };
        file.clone()
    }

    /// It is not taken, for this reason; it is compiled again, and found after that.
    fn assert_spoiled(&self, why: &str) {
        assert_eq!(self.compile(), Origin::Compiled { spoiled: Some(why.to_owned()) });
        assert_eq!(self.compile(), Origin::Cache);
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

fn what_was_compiled_is_found_again() {
    let kept = Kept::new();
    assert_eq!(kept.cache.get(&kept.hash), Found::Nothing);
    assert_eq!(kept.compile(), Origin::Compiled { spoiled: None });
    assert_eq!(kept.compile(), Origin::Cache);
    assert_eq!((mode(&kept.place), mode(&kept.file())), (0o700, 0o600));
}

fn a_changed_file_is_compiled_again() {
    let kept = Kept::new();
    kept.compile();
    let change = |at: usize| {
        let file = kept.file();
        let mut bytes = fs::read(&file).expect("the file");
        let at = at.min(bytes.len() - 1);
        bytes[at] ^= 1;
        fs::write(&file, bytes).expect("the file");
    };
    change(0);
    kept.assert_spoiled("it is no artefact");
    change(20);
    kept.assert_spoiled("another engine made it");
    change(60);
    kept.assert_spoiled("it is of another module");
    change(90);
    kept.assert_spoiled("it was changed");
    change(usize::MAX);
    kept.assert_spoiled("it was changed");
    fs::write(kept.file(), b"").expect("the file");
    kept.assert_spoiled("it is no artefact");
}

fn links_and_open_files_are_not_trusted() {
    let kept = Kept::new();
    kept.compile();
    let file = kept.file();
    let elsewhere = kept.place.parent().expect("a folder").join("elsewhere");
    fs::rename(&file, &elsewhere).expect("a move");
    symlink(&elsewhere, &file).expect("a link");
    kept.assert_spoiled("it is a link");
    assert!(elsewhere.exists());
    set_mode(&file, 0o660);
    kept.assert_spoiled("others may enter it");
    fs::remove_file(&file).expect("the file");
    fs::create_dir(&file).expect("a folder");
    assert_eq!(kept.cache.get(&kept.hash), Found::Spoiled("it is no file"));
}

fn open_and_linked_folders_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = folder.path().join("open");
    fs::create_dir(&open).expect("a folder");
    set_mode(&open, 0o755);
    let error = Cache::open(&open).expect_err("others may look in");
    assert_eq!(error.text, "others may enter it");

    let own = folder.path().join("own");
    Cache::open(&own).expect("a cache");
    let linked = folder.path().join("linked");
    symlink(&own, &linked).expect("a link");
    assert!(Cache::open(&linked).is_err());
}
