//! Where the kit for plug-ins stands: in a clone of the repository, around this folder or around
//! the program.

use std::path::{Path, PathBuf};

use toml::Table;

use crate::cli::CliError;

/// Where the kit is in a clone.
const SDK: &str = "strategies/sdk";

/// The kit that was named, or the one of the clone that the current folder or this program is in.
pub(super) fn sdk(named: Option<&Path>) -> Result<PathBuf, CliError> {
    if let Some(path) = named {
        let whole = path.canonicalize().ok().filter(|whole| is_sdk(whole));
        return whole.ok_or_else(|| {
            CliError::usage(format!(
                "{} is not the kit for plug-ins: --sdk takes the folder {SDK} of a clone",
                path.display()
            ))
        });
    }
    let here = std::env::current_dir().ok();
    let program = std::env::current_exe().and_then(|program| program.canonicalize()).ok();
    let places = [here, program];
    let found = places.iter().flatten().find_map(|place| above(place));
    found.ok_or_else(|| {
        let shown = |place: &Option<PathBuf>| {
            place.as_ref().map_or_else(|| "?".into(), |place| place.display().to_string())
        };
        CliError::usage(format!(
            "no {SDK} above the current folder {} nor above this program {}: say where it is with \
             --sdk PATH, such as --sdk ~/shrike/{SDK}",
            shown(&places[0]),
            shown(&places[1])
        ))
    })
}

/// The kit of the first clone from `place` upwards.
fn above(place: &Path) -> Option<PathBuf> {
    place.ancestors().map(|folder| folder.join(SDK)).find(|folder| is_sdk(folder))
}

fn is_sdk(folder: &Path) -> bool {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    name_of(&manifest).as_deref() == Some("sdk")
}

/// A name in a folder, as somebody who stands there would write it.
pub(super) fn inside(folder: &Path, name: &str) -> PathBuf {
    if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) }
}

/// The name of the package in a `Cargo.toml`.
pub(super) fn name_of(manifest: &str) -> Option<String> {
    let table = manifest.parse::<Table>().ok()?;
    Some(table.get("package")?.get("name")?.as_str()?.to_owned())
}

/// The clone whose `strategies/` is this folder.
pub(super) fn clone_of(strategies: &Path) -> Option<PathBuf> {
    let strategies = strategies.canonicalize().ok()?;
    let top = strategies.parent()?;
    let is_ours = strategies.file_name()? == "strategies" && is_sdk(&top.join(SDK));
    is_ours.then(|| top.to_owned())
}

/// The clone that holds the kit which a `Cargo.toml` in `folder` depends on by its path.
pub(super) fn sdk_of(manifest: &str, folder: &Path) -> Option<PathBuf> {
    let table = manifest.parse::<Table>().ok()?;
    let path = table.get("dependencies")?.get("sdk")?.get("path")?.as_str()?;
    let sdk = folder.join(path).canonicalize().ok()?;
    sdk.ends_with(SDK).then(|| sdk.ancestors().nth(2).map(Path::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kit_is_found_from_any_folder_of_the_clone_and_nowhere_else() {
        let room = Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = above(&room.join("src/cli")).expect("the kit");
        assert!(found.ends_with(SDK) && is_sdk(&found), "{}", found.display());
        assert_eq!(above(Path::new("/")), None);
        let strategies = found.parent().expect("a folder");
        assert_eq!(clone_of(strategies).as_deref(), strategies.canonicalize().unwrap().parent());
        assert_eq!(clone_of(room), None);
    }
}
