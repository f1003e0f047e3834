//! `shrike plugin build`: a plug-in's folder to the module beside its manifest.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use host::Manifest;
use serde_json::json;

use super::report::Report;
use super::{check, workspace};
use crate::cli::{CliError, Exit, Out};

const TARGET: &str = "wasm32-unknown-unknown";
/// Bytes of a guest's stack; `cargo xtask plugins` builds with the same.
const STACK: &str = "-Clink-arg=-zstack-size=65536";

/// Build a plug-in for the sandbox, and check it
#[derive(Debug, Args)]
#[command(
    after_help = "Writes NAME.wasm beside plugin.toml. The same source gives the same bytes wherever it \
                        stands: no path of this machine is left in them.\n\
                        Exit code 0 when it would be taken, 3 when it would be refused.\n\
                        Example: shrike plugin build dip_buyer"
)]
pub(super) struct BuildArgs {
    /// The folder with plugin.toml and Cargo.toml
    #[arg(default_value = ".")]
    dir: PathBuf,
}

pub(super) fn run(args: &BuildArgs, out: &mut Out) -> Result<Exit, CliError> {
    let plugin = Plugin::read(&args.dir)?;
    let compiler = Rust::ask(&plugin.folder)?;
    compiler.check_target()?;
    let mut command = plugin.command(&compiler);
    let line = shown(&command);
    if !out.is_json() {
        out.line(&line)?;
        out.flush()?;
    }
    // What cargo has to say goes to the error output.
    let ended = command.stdout(Stdio::null()).status();
    let ended = ended.map_err(|error| CliError::failed(format!("cannot start cargo: {error}")))?;
    if !ended.success() {
        let name = &plugin.name;
        return Err(CliError::failed(format!("{name} does not build for {TARGET}: see above")));
    }
    let built = plugin.built();
    let module = fs::read(&built).map_err(|error| cannot("read", &built, &error))?;
    let file = workspace::inside(&args.dir, &format!("{}.wasm", plugin.name));
    fs::write(&file, &module).map_err(|error| cannot("write", &file, &error))?;
    let mut report = Report::new(&file, &module);
    check::look(&mut report, &module, None)?;
    if out.is_json() {
        out.document(&json!({ "file": file, "command": line, "check": report.document() }))?;
        return Ok(report.exit());
    }
    report.print(out)?;
    if report.ok() {
        out.line(format_args!("Next: shrike plugin swap SLOT {}", file.display()))?;
    }
    Ok(report.exit())
}

/// A folder that a module is built from.
struct Plugin {
    name: String,
    folder: PathBuf,
    /// The clone that it is a member of.
    clone: Option<PathBuf>,
    /// The clone that its kit is in.
    sdk: Option<PathBuf>,
}

impl Plugin {
    fn read(dir: &Path) -> Result<Self, CliError> {
        let no_folder = |error| {
            let what = format!("{}: {error}", dir.display());
            CliError::usage(format!("{what}; give the folder that holds plugin.toml"))
        };
        let folder = dir.canonicalize().map_err(no_folder)?;
        let text = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|error| {
                let what = format!("cannot read {}: {error}", path.display());
                CliError::usage(format!("{what}; `shrike plugin new` writes one"))
            })
        };
        let manifest = Manifest::parse(&text("plugin.toml")?).map_err(|error| {
            CliError::usage(format!("{}: {error}", folder.join("plugin.toml").display()))
        })?;
        let cargo = text("Cargo.toml")?;
        let package = workspace::name_of(&cargo);
        if package.as_deref() != Some(&manifest.name) {
            return Err(CliError::usage(format!(
                "plugin.toml says name = {:?} and Cargo.toml {:?}: give both one name",
                manifest.name,
                package.unwrap_or_default()
            )));
        }
        let clone = folder.parent().and_then(workspace::clone_of);
        let sdk = workspace::sdk_of(&cargo, &folder);
        Ok(Self { name: manifest.name, folder, clone, sdk })
    }

    fn target(&self) -> PathBuf {
        match &self.clone {
            Some(top) => top.join("target/plugins"),
            None => self.folder.join("target"),
        }
    }

    fn built(&self) -> PathBuf {
        self.target().join(TARGET).join("plugin").join(format!("{}.wasm", self.name))
    }

    fn command(&self, compiler: &Rust) -> Command {
        let mut command = Command::new("cargo");
        command.current_dir(&self.folder).args(["rustc", "--quiet"]);
        command.args(["--package", &self.name, "--lib", "--crate-type", "cdylib"]);
        command.args(["--target", TARGET, "--profile", "plugin", "--target-dir"]);
        command.arg(self.target());
        command.env("CARGO_ENCODED_RUSTFLAGS", self.flags(compiler).join("\u{1f}"));
        command.env("CARGO_INCREMENTAL", "0");
        command
    }

    /// A stack that fits, and no path of this machine.
    fn flags(&self, compiler: &Rust) -> Vec<String> {
        let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
        let mut flags = vec![STACK.to_owned()];
        match &self.clone {
            Some(top) => flags.push(remap(top, "/shrike")),
            None => {
                flags.push(remap(&self.folder, "/plugin"));
                flags.extend(self.sdk.as_deref().map(|top| remap(top, "/shrike")));
            }
        }
        let library = Path::new(&compiler.sysroot).join("lib/rustlib/src/rust");
        flags.push(remap(&library, &format!("/rustc/{}", compiler.commit)));
        flags
    }
}

/// The command as somebody would type it.
fn shown(command: &Command) -> String {
    let mut line = String::new();
    for (name, value) in command.get_envs() {
        let value = value.unwrap_or_default().to_string_lossy().replace('\u{1f}', "\\x1f");
        line += &format!("{}=$'{value}' ", name.to_string_lossy());
    }
    line += &command.get_program().to_string_lossy();
    for word in command.get_args() {
        line += " ";
        line += &word.to_string_lossy();
    }
    line
}

/// The compiler that cargo calls in the plug-in's folder.
struct Rust {
    commit: String,
    sysroot: String,
}

impl Rust {
    fn ask(folder: &Path) -> Result<Self, CliError> {
        let ask = |words: &[&str]| {
            let output = Command::new("rustc").args(words).current_dir(folder).output();
            let output = output.map_err(|error| {
                let mend = "a plug-in is built with Rust: see https://rustup.rs";
                CliError::failed(format!("cannot start rustc: {error}; {mend}"))
            })?;
            Ok::<_, CliError>(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let verbose = ask(&["--version", "--verbose"])?;
        let commit = verbose.lines().find_map(|line| line.strip_prefix("commit-hash: "));
        let commit = commit.unwrap_or("unknown").to_owned();
        Ok(Self { commit, sysroot: ask(&["--print", "sysroot"])? })
    }

    /// Nothing is installed unasked.
    fn check_target(&self) -> Result<(), CliError> {
        let library = Path::new(&self.sysroot).join("lib/rustlib").join(TARGET).join("lib");
        if library.is_dir() {
            return Ok(());
        }
        Err(CliError::failed(format!(
            "this Rust cannot build for the sandbox ({} is not there): run `rustup target add \
             {TARGET}` once, and this again",
            library.display()
        )))
    }
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> CliError {
    CliError::failed(format!("cannot {what} {}: {error}", path.display()))
}
