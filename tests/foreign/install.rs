//! ccxt from its registry, at pinned versions, into the build folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::process::{self, Ended};

const REQUIREMENTS: &str = include_str!("requirements.txt");
/// Longest installation.
const INSTALL_MAX: Duration = Duration::from_secs(400);

/// The folder of the installed packages, or why there is none. Installed once and kept.
pub(crate) fn packages() -> &'static Result<PathBuf, String> {
    static PACKAGES: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PACKAGES.get_or_init(install)
}

fn install() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ccxt");
    let (folder, stamp) = (home.join("packages"), home.join("requirements.txt"));
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == REQUIREMENTS) {
        return Ok(folder);
    }
    let told = |error: std::io::Error| format!("{}: {error}", home.display());
    // What an older list or a broken run left.
    if home.exists() {
        std::fs::remove_dir_all(&home).map_err(told)?;
    }
    std::fs::create_dir_all(&home).map_err(told)?;
    let list = home.join("wanted.txt");
    std::fs::write(&list, REQUIREMENTS).map_err(told)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    pip.args(["--only-binary", ":all:", "--retries", "2", "--timeout", "20", "--target"]);
    pip.arg(&folder).arg("--requirement").arg(&list);
    match process::run(&mut pip, INSTALL_MAX) {
        Ok(Ended { good: true, .. }) => {
            std::fs::write(&stamp, REQUIREMENTS).map_err(told)?;
            Ok(folder)
        }
        Ok(ended) => {
            let last = ended.errors.lines().rev().find(|line| !line.trim().is_empty());
            Err(format!("pip could not install ccxt: {}", last.unwrap_or("no reason given")))
        }
        Err(error) => Err(format!("python3 with pip: {error}")),
    }
}
