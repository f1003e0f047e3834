//! Signatures in minisign's format: the right one is taken, all others are refused by name.
#![cfg(feature = "wasm")]

use std::path::{Path, PathBuf};

use plugins::signature::{Key, SignatureError, beside};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/signed")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("a file of the tests")
}

fn module() -> Vec<u8> {
    std::fs::read(folder().join("signed.wasm")).expect("a file of the tests")
}

fn key() -> Key {
    Key::parse(&text("key.pub")).expect("a key")
}

#[test]
fn a_signature_by_the_key_is_taken_with_its_comment() {
    let path = folder().join("signed.wasm");
    let comment = key().verify_with(&module(), &beside(&path)).expect("a good signature");
    assert!(comment.contains("file:signed.wasm"), "{comment}");
}

#[test]
fn a_signature_that_minisign_made_is_taken() {
    // From the pages of minisign's authors.
    let key = Key::parse("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3").unwrap();
    let signature = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/\
        z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
        wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==";
    assert!(key.verify(b"test", signature).is_ok());
    assert_eq!(key.verify(b"Test", signature), Err(SignatureError::WrongFile));
}

#[test]
fn a_key_is_its_line_alone_or_its_whole_file() {
    let line = text("key.pub").lines().nth(1).expect("two lines").to_owned();
    assert_eq!(line.len(), 56);
    assert_eq!(Key::parse(&line), Key::parse(&text("key.pub")));
    for bad in ["", "RW", "RWQB", &line[..55], &format!("{line}A"), "no key at all"] {
        assert!(matches!(Key::parse(bad), Err(SignatureError::BadKey { .. })), "{bad}");
    }
}

#[test]
fn a_signature_by_another_key_is_refused_even_under_the_right_ones_number() {
    let by = |name: &str| key().verify(&module(), &text(name));
    assert_eq!(by("by_another_key.minisig"), Err(SignatureError::WrongKey));
    assert_eq!(by("forged.minisig"), Err(SignatureError::WrongFile));
    assert_eq!(by("old_form.minisig"), Err(SignatureError::Legacy));
}

#[test]
fn a_signature_of_other_bytes_is_refused_whichever_bit_differs() {
    let (key, signature) = (key(), text("signed.wasm.minisig"));
    let module = module();
    for byte in (0..module.len()).step_by(7) {
        let mut changed = module.clone();
        changed[byte] ^= 1;
        assert_eq!(key.verify(&changed, &signature), Err(SignatureError::WrongFile), "{byte}");
    }
}

#[test]
fn a_comment_that_was_changed_spoils_the_signature() {
    let changed = text("signed.wasm.minisig").replace("1800000000", "1900000000");
    assert_eq!(key().verify(&module(), &changed), Err(SignatureError::WrongFile));
}

#[test]
fn what_is_no_signature_is_refused_wherever_it_is_cut() {
    let whole = text("signed.wasm.minisig");
    let last = whole.trim_end().len();
    for end in 0..last {
        let refused = key().verify(&module(), &whole[..end]).expect_err("cut");
        assert_eq!(refused, SignatureError::BadFormat, "cut at {end}");
    }
    assert!(key().verify(&module(), &whole[..last]).is_ok());
    let other = whole.replace("RUQ", "RVQ");
    assert_eq!(key().verify(&module(), &other), Err(SignatureError::BadFormat));
}

#[test]
fn a_signature_that_is_not_there_is_named_with_its_place() {
    let path = beside(Path::new("no_such.wasm"));
    let refused = key().verify_with(b"", &path).expect_err("no file");
    assert_eq!(refused.name(), "signature_missing");
    assert!(refused.to_string().contains("no_such.wasm.minisig"), "{refused}");
    let refused = key().verify_with(b"", &folder()).expect_err("a folder");
    assert_eq!(refused.name(), "signature_unreadable");
}
