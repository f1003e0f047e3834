//! The shipped plug-ins as WebAssembly, and new ones from the template.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failure;
use crate::args::Args;
use crate::steps::{cargo, found, root};

pub(crate) const HELP: &str = "\
the shipped plug-ins as WebAssembly, into strategies/NAME/NAME.wasm

  --check    build and compare byte for byte with what is committed, and write nothing

Adds the target wasm32-unknown-unknown where rustup can. The bytes depend on the compiler, so
strategies/compiler.txt says which one wrote them; with another one --check says what it left out.

Example: cargo xtask plugins --check";

const TARGET: &str = "wasm32-unknown-unknown";
/// Bytes of a guest's stack. A frame that needs more is refused by the host's check anyway.
const STACK: &str = "-Clink-arg=-zstack-size=65536";
/// Names the compiler that wrote the committed files.
const COMPILER: &str = "strategies/compiler.txt";

pub(crate) fn run(args: &mut Args) -> Result<(), Failure> {
    let check = args.flag("--check");
    args.end()?;
    let compiler = Compiler::ask()?;
    let top = root();
    if check && let Some(why) = reason_to_leave_out(&top, &compiler) {
        println!("left out: the comparison of the shipped plug-ins, because {why}");
        return Ok(());
    }
    compiler.add_target().map_err(|why| Failure::Work(format!("No plug-ins: {why}.")))?;
    let mut differ = Vec::new();
    for name in shipped(&top)? {
        let built = build(&name, &top, &compiler)?;
        let path = top.join("strategies").join(&name).join(format!("{name}.wasm"));
        if !check {
            write(&path, &built)?;
        } else if std::fs::read(&path).ok().as_ref() != Some(&built) {
            differ.push(name.clone());
        }
        println!("{name:<16} {:>6} bytes", built.len());
    }
    if !check {
        return write(&top.join(COMPILER), format!("{}\n", compiler.version).as_bytes());
    }
    match &differ[..] {
        [] => Ok(()),
        names => Err(Failure::Work(format!(
            "The committed file of {} is not what its source builds: run `cargo xtask plugins` and \
             commit it.",
            names.join(", ")
        ))),
    }
}

/// Why the committed files cannot be compared here.
fn reason_to_leave_out(top: &Path, compiler: &Compiler) -> Option<String> {
    let wrote = std::fs::read_to_string(top.join(COMPILER)).unwrap_or_default();
    let (wrote, version) = (wrote.trim(), &compiler.version);
    if wrote != version {
        return Some(format!("they were written by {wrote} and this is {version}"));
    }
    compiler.add_target().err()
}

/// Folders of strategies/ with a manifest, in order of name.
fn shipped(top: &Path) -> Result<Vec<String>, Failure> {
    let folder = top.join("strategies");
    let entries = std::fs::read_dir(&folder).map_err(|error| failed(&folder, &error))?;
    let with_manifest =
        entries.flatten().filter(|entry| entry.path().join("plugin.toml").is_file());
    let mut names: Vec<String> =
        with_manifest.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// One module's bytes. All that moves a byte is fixed here and in the profile `plugin`.
fn build(name: &str, top: &Path, compiler: &Compiler) -> Result<Vec<u8>, Failure> {
    let folder = top.join("target/plugins");
    let mut command = cargo(&["rustc", "--quiet", "--package", name, "--lib"]);
    command.args(["--crate-type", "cdylib", "--target", TARGET, "--profile", "plugin"]);
    command.arg("--target-dir").arg(&folder);
    command.env("CARGO_ENCODED_RUSTFLAGS", compiler.flags(top).join("\u{1f}"));
    command.env("CARGO_INCREMENTAL", "0");
    let ended = command.status();
    if !ended.is_ok_and(|status| status.success()) {
        return Err(Failure::Work(format!("{name} does not build for {TARGET}.")));
    }
    let path = folder.join(TARGET).join("plugin").join(format!("{name}.wasm"));
    let module = std::fs::read(&path).map_err(|error| failed(&path, &error))?;
    match has_imports(&module) {
        Some(false) => Ok(module),
        Some(true) => {
            Err(Failure::Work(format!("{name} imports something: the host offers nothing.")))
        }
        None => Err(Failure::Work(format!("{name} is no module."))),
    }
}

/// Whether a section of imports is there; `None` for what is no module.
fn has_imports(module: &[u8]) -> Option<bool> {
    const IMPORTS: u8 = 2;
    let mut rest = module.strip_prefix(b"\0asm\x01\0\0\0")?;
    while let Some((id, behind)) = rest.split_first() {
        if *id == IMPORTS {
            return Some(true);
        }
        let (len, behind) = leb(behind)?;
        rest = behind.get(len..)?;
    }
    Some(false)
}

fn leb(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let len = bytes.iter().take(5).position(|byte| byte & 0x80 == 0)? + 1;
    let (number, rest) = bytes.split_at(len);
    let digits = number.iter().rev().map(|byte| usize::from(byte & 0x7f));
    Some((digits.fold(0, |value, digit| value << 7 | digit), rest))
}

/// The compiler that cargo calls.
#[derive(Debug)]
struct Compiler {
    /// As `rustc --version` says it.
    version: String,
    /// The commit it was made of.
    commit: String,
    sysroot: String,
}

impl Compiler {
    fn ask() -> Result<Self, Failure> {
        let verbose = ask("rustc", &["--version", "--verbose"])?;
        let commit = verbose.lines().find_map(|line| line.strip_prefix("commit-hash: "));
        Ok(Self {
            version: verbose.lines().next().unwrap_or_default().to_owned(),
            commit: commit.unwrap_or("unknown").to_owned(),
            sysroot: ask("rustc", &["--print", "sysroot"])?,
        })
    }

    /// No path of this machine reaches a module.
    fn flags(&self, top: &Path) -> [String; 3] {
        let library = format!("{}/lib/rustlib/src/rust", self.sysroot);
        [
            STACK.to_owned(),
            format!("--remap-path-prefix={}=/shrike", top.display()),
            format!("--remap-path-prefix={library}=/rustc/{}", self.commit),
        ]
    }

    /// # Errors
    /// Why there is no target.
    fn add_target(&self) -> Result<(), String> {
        let library = PathBuf::from(&self.sysroot).join("lib/rustlib").join(TARGET).join("lib");
        if library.is_dir() {
            return Ok(());
        }
        if !found("rustup") {
            return Err(format!("the target {TARGET} is missing and rustup is not installed"));
        }
        let mut command = Command::new("rustup");
        command.args(["target", "add", TARGET]).current_dir(root()).stdin(Stdio::null());
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            _ => Err(format!("the target {TARGET} is missing and rustup could not add it")),
        }
    }
}

/// What a program prints, in the workspace.
fn ask(program: &str, words: &[&str]) -> Result<String, Failure> {
    let output = Command::new(program).args(words).current_dir(root()).output();
    let output = output.map_err(|error| Failure::Work(format!("{program}: {error}")))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Work(format!("{}: {error}", path.display()))
}

pub(crate) const NEW_HELP: &str = "\
a plug-in of the workspace from the template: strategies/NAME

  NAME      lower-case letters, digits and _, at most 32
  --rule    a risk rule; otherwise a strategy

Example: cargo xtask new-plugin dip_buyer";

const TEMPLATE: &str = "strategies/sdk/template";
const ROOMS: &str = "tests/tidy/rooms.rs";

pub(crate) fn new(args: &mut Args) -> Result<(), Failure> {
    let rule = args.flag("--rule");
    let name = args.word().ok_or_else(|| Failure::Usage("A plug-in needs a name.".into()))?;
    args.end()?;
    if !is_name(&name) {
        let text = "lower-case letters, digits and _, at most 32, a letter first";
        return Err(Failure::Usage(format!("`{name}` is no name: {text}.")));
    }
    let top = root();
    let taken = ["core", "strategies", "tools"].map(|folder| top.join(folder).join(&name));
    if taken.iter().any(|folder| folder.exists()) {
        return Err(Failure::Work(format!("There is a room named {name}.")));
    }
    let folder = top.join("strategies").join(&name);
    std::fs::create_dir_all(folder.join("src")).map_err(|error| failed(&folder, &error))?;
    let kind = if rule { "rule" } else { "strategy" };
    for (to, from) in [
        ("Cargo.toml", "member.toml.in"),
        ("README.md", "README.md.in"),
        ("plugin.toml", &format!("{kind}.toml.in")),
        ("src/lib.rs", &format!("{kind}.rs.in")),
    ] {
        let path = top.join(TEMPLATE).join(from);
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
        write(&folder.join(to), filled(&text, &name).as_bytes())?;
    }
    add_row(&top, &name)?;
    println!("strategies/{name} is there, with its row in {ROOMS}.");
    println!("Next: cargo test -p {name}; then `cargo xtask plugins` builds it for the sandbox.");
    Ok(())
}

fn is_name(name: &str) -> bool {
    name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A text of the template with its name in place. `sdk::template` does the same.
fn filled(text: &str, name: &str) -> String {
    let words = name.split('_').filter_map(|word| {
        let (first, rest) = word.split_at_checked(1)?;
        Some(first.to_ascii_uppercase() + rest)
    });
    text.replace("{{name}}", name).replace("{{Type}}", &words.collect::<String>())
}

/// Says in the table of rooms that the plug-in knows the kit alone.
fn add_row(top: &Path, name: &str) -> Result<(), Failure> {
    let path = top.join(ROOMS);
    let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
    let before = "    Room {\n        folder: \"tools/archive\",";
    let row =
        format!("    Room {{ folder: \"strategies/{name}\", ours: &[\"sdk\"], outside: &[] }},\n");
    write(&path, text.replacen(before, &(row + before), 1).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_seen_behind_other_sections() {
        let head = b"\0asm\x01\0\0\0";
        let of = |sections: &[u8]| has_imports(&[head, sections].concat());
        assert_eq!(of(&[]), Some(false));
        assert_eq!(of(&[0, 2, 1, b'x', 7, 0]), Some(false));
        assert_eq!(of(&[0, 0x82, 0, 1, b'x', 2, 0]), Some(true));
        assert_eq!(of(&[0, 9, 1]), None);
        assert_eq!(has_imports(b"MZ"), None);
    }

    #[test]
    fn a_name_is_one_word_that_a_crate_may_have() {
        for name in ["a", "dip_buyer", "x2", &"a".repeat(32)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "2x", "_x", "Dip", "dip-buyer", "dip/../x", &"a".repeat(33)] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn the_template_gets_the_name_and_the_type() {
        assert_eq!(filled("{{name}}: {{Type}}", "dip_buyer_2"), "dip_buyer_2: DipBuyer2");
    }

    #[test]
    fn no_path_of_this_machine_is_left_in_the_flags_of_another() {
        let compiler = |sysroot: &str| Compiler {
            version: "rustc 1".into(),
            commit: "abc".into(),
            sysroot: sysroot.into(),
        };
        let to = |flags: [String; 3]| flags.map(|flag| flag.rsplit('=').next().map(str::to_owned));
        let here = compiler("/one").flags(Path::new("/a"));
        assert_eq!(to(here), to(compiler("/two").flags(Path::new("/b"))));
    }
}
