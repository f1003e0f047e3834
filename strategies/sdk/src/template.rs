//! The template of a plug-in: outside of this repository, or as a member of it. Native only.

use std::format;
use std::string::String;
use std::vec::Vec;

/// Files of a plug-in named `name`, by their path in its folder. `sdk` is the way from there to
/// `strategies/sdk`, or an absolute one.
///
/// `name` is the caller's to check: a lower-case letter, then lower-case letters, digits and `_`,
/// at most 32.
pub fn files(name: &str, risk_rule: bool, sdk: &str) -> Vec<(&'static str, String)> {
    // A path of another system would be an escape in TOML.
    let sdk = sdk.replace('\\', "/");
    let own = [
        ("Cargo.toml", include_str!("../template/Cargo.toml.in")),
        (".cargo/config.toml", include_str!("../template/config.toml.in")),
        (".gitignore", include_str!("../template/gitignore.in")),
    ];
    let own = own.map(|(path, text)| (path, filled(text, name).replace("{{sdk}}", &sdk)));
    own.into_iter().chain(shared(name, risk_rule)).collect()
}

/// The same for a folder of `strategies/`, whose manifest takes everything from the workspace.
pub fn member_files(name: &str, risk_rule: bool) -> Vec<(&'static str, String)> {
    let manifest = filled(include_str!("../template/member.toml.in"), name);
    [("Cargo.toml", manifest)].into_iter().chain(shared(name, risk_rule)).collect()
}

/// What is the same in either place.
fn shared(name: &str, risk_rule: bool) -> [(&'static str, String); 3] {
    let (manifest, source) = if risk_rule {
        (include_str!("../template/rule.toml.in"), include_str!("../template/rule.rs.in"))
    } else {
        (include_str!("../template/strategy.toml.in"), include_str!("../template/strategy.rs.in"))
    };
    let files = [
        ("README.md", include_str!("../template/README.md.in")),
        ("plugin.toml", manifest),
        ("src/lib.rs", source),
    ];
    files.map(|(path, text)| (path, filled(text, name)))
}

fn filled(text: &str, name: &str) -> String {
    text.replace("{{name}}", name).replace("{{Type}}", &type_of(name))
}

/// `dip_buyer` as a type: `DipBuyer`.
fn type_of(name: &str) -> String {
    let words = name.split('_').filter_map(|word| {
        let (first, rest) = word.split_at_checked(1)?;
        Some(format!("{}{rest}", first.to_ascii_uppercase()))
    });
    words.collect()
}
