//! Words of a manifest, read while the plug-in is compiled: the manifest alone says them.
//!
//! As much of TOML as a manifest needs: a line holds a key and its value, and a table begins at a
//! line of its own. What is not found stops the compiler. The host reads the whole manifest.

/// Text of a key before the first table.
///
/// # Panics
/// When the key is not there with a text in quotation marks.
pub const fn text(manifest: &'static str, key: &str) -> &'static str {
    match find(manifest, key, 0) {
        Some(at) => quoted(manifest, at),
        None => panic!("the manifest lacks a key"),
    }
}

/// The place of a parameter, which its value in `Setup` has too.
///
/// # Panics
/// When no parameter has the name.
pub const fn parameter(manifest: &'static str, name: &str) -> usize {
    let mut table = 1;
    while let Some(at) = find(manifest, "name", table) {
        if equal(quoted(manifest, at).as_bytes(), name.as_bytes()) {
            return table - 1;
        }
        table += 1;
    }
    panic!("the manifest has no parameter of that name")
}

/// Bytes of saved state; 0 when the manifest has no state.
pub const fn state_bytes(manifest: &'static str) -> usize {
    state(manifest, "bytes")
}

/// Version of the state; 0 when the manifest has no state.
pub const fn state_version(manifest: &'static str) -> u32 {
    state(manifest, "version") as u32
}

/// Stops the compiler when the manifest is of another kind, or says another thing about state.
#[doc(hidden)]
pub const fn check(manifest: &'static str, kind: &str, state: bool) {
    assert!(
        equal(text(manifest, "kind").as_bytes(), kind.as_bytes()),
        "the manifest's kind is not the one that export! names"
    );
    assert!(
        (state_bytes(manifest) > 0) == state,
        "say `state` in export! exactly when the manifest has a state"
    );
}

const fn state(manifest: &'static str, key: &str) -> usize {
    let Some(mut at) = find(manifest, "state", 0) else { return 0 };
    let text = manifest.as_bytes();
    while at < text.len() && text[at] != b'\n' {
        if starts(text, at, key.as_bytes()) {
            return number(text, at + key.len());
        }
        at += 1;
    }
    panic!("the manifest's state lacks `version` or `bytes`")
}

/// Behind the key's `=` in the `table`th table, 0 for what stands before the first one.
const fn find(manifest: &str, key: &str, table: usize) -> Option<usize> {
    let text = manifest.as_bytes();
    let mut tables = 0;
    let mut start = 0;
    while start < text.len() {
        let end = line_end(text, start);
        let at = blank_end(text, start);
        if at < end && text[at] == b'[' {
            tables += 1;
        }
        if tables == table && starts(text, at, key.as_bytes()) {
            let equals = blank_end(text, at + key.len());
            if equals < end && text[equals] == b'=' {
                return Some(equals + 1);
            }
        }
        start = end + 1;
    }
    None
}

const fn quoted(manifest: &'static str, from: usize) -> &'static str {
    let text = manifest.as_bytes();
    let start = blank_end(text, from);
    assert!(start < text.len() && text[start] == b'"', "a text in quotation marks was expected");
    let mut end = start + 1;
    while text[end] != b'"' {
        end += 1;
    }
    manifest.split_at(end).0.split_at(start + 1).1
}

const fn number(text: &[u8], from: usize) -> usize {
    let mut at = blank_end(text, from);
    assert!(text[at] == b'=', "a number was expected");
    at = blank_end(text, at + 1);
    let mut number = 0;
    while at < text.len() && text[at].is_ascii_digit() {
        number = number * 10 + (text[at] - b'0') as usize;
        at += 1;
    }
    number
}

const fn starts(text: &[u8], at: usize, with: &[u8]) -> bool {
    if text.len() - at < with.len() {
        return false;
    }
    equal(text.split_at(at).1.split_at(with.len()).0, with)
}

pub(crate) const fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

const fn line_end(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < text.len() && text[at] != b'\n' {
        at += 1;
    }
    at
}

const fn blank_end(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < text.len() && (text[at] == b' ' || text[at] == b'\t') {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "\
        # name = \"no\"\n\
        abi = 1\n\
        name=\"momentum\"  # name = \"other\"\n\
        kind = \"strategy\"\n\
        state = { version = 3, bytes = 64 }\n\
        [[parameters]]\n  name = \"move_bps\"\n\
        [[parameters]]\nname_not = 1\n\tname\t= \"window_ms\"";

    #[test]
    fn keys_parameters_and_state_are_found_where_they_stand() {
        assert_eq!(text(MANIFEST, "name"), "momentum");
        assert_eq!(text(MANIFEST, "kind"), "strategy");
        assert_eq!(parameter(MANIFEST, "move_bps"), 0);
        assert_eq!(parameter(MANIFEST, "window_ms"), 1);
        assert_eq!((state_version(MANIFEST), state_bytes(MANIFEST)), (3, 64));
        assert_eq!((state_version("abi = 1"), state_bytes("abi = 1")), (0, 0));
    }

    #[test]
    #[should_panic(expected = "no parameter of that name")]
    fn a_parameter_that_the_manifest_lacks_stops_the_compiler() {
        parameter(MANIFEST, "momentum");
    }

    #[test]
    #[should_panic(expected = "lacks a key")]
    fn a_key_of_a_table_is_none_of_the_manifest() {
        text("[x]\nname = \"x\"", "name");
    }

    #[test]
    #[should_panic(expected = "exactly when the manifest has a state")]
    fn a_state_that_export_does_not_name_stops_the_compiler() {
        check(MANIFEST, "strategy", false);
    }
}
