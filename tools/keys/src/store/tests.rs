//! The store's promises: what comes back, what is refused, and with which words.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::format::{HEAD, LEAST, SEAL};

#[test]
fn what_is_added_comes_back_with_name_time_and_binding() {
    let place = Place::new();
    place.save(&[("main", "the-key", "the-secret"), ("second", "k2", "s2")]);
    let store = place.open().unwrap();
    let main = store.get("main").unwrap();
    assert_eq!((main.credentials.key.as_str(), main.listed.added_ms), ("the-key", 1_000));
    assert_eq!(store.get("second").unwrap().credentials.secret, "s2");
    let names: Vec<String> = list(&place.path).unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["main", "second"]);
}

#[test]
fn neither_half_of_a_key_nor_the_passphrase_stands_in_the_file_or_in_debug() {
    let place = Place::new();
    place.save(&[("main", "canary-key-0001", "canary-secret-0002")]);
    let text = String::from_utf8_lossy(&fs::read(&place.path).unwrap()).into_owned();
    let shown = format!("{:?} {:?}", place.open().unwrap(), pass("canary-phrase-3"));
    for (place, text) in [("the file", text), ("Debug", shown)] {
        assert!(!text.contains("canary"), "{place}: {text}");
    }
}

#[test]
fn a_key_is_replaced_only_when_asked_and_removed_by_its_name() {
    let place = Place::new();
    place.save(&[("main", "old", "old")]);
    let mut store = place.change();
    let error = store.add(entry("main", "new", "new"), false).unwrap_err();
    assert_eq!(error.fault, Fault::Exists { name: "main".into() });
    store.add(entry("main", "new", "new"), true).unwrap();
    store.save(&right()).unwrap();
    drop(store);
    assert_eq!(place.open().unwrap().get("main").unwrap().credentials.key, "new");
    let mut store = place.change();
    store.remove("main").unwrap();
    let error = store.remove("main").unwrap_err();
    assert!(error.to_string().contains("it is empty"), "{error}");
    store.save(&right()).unwrap();
    assert_eq!(list(&place.path).unwrap(), []);
}

#[test]
fn names_and_keys_that_cannot_be_are_refused() {
    let place = Place::new();
    let mut store = place.change();
    for name in ["", "Main", "a b", "a/b", &"a".repeat(33)] {
        assert_eq!(store.add(entry(name, "k", "s"), false).unwrap_err().fault, Fault::Name);
    }
    for (key, secret) in
        [("", "s"), ("k", ""), ("k k", "s"), ("k", "s\n"), ("k", &*"s".repeat(513))]
    {
        assert_eq!(store.add(entry("main", key, secret), false).unwrap_err().fault, Fault::Form);
    }
    for index in 0..ENTRIES_MAX {
        store.add(entry(&format!("key-{index}"), "k", "s"), false).unwrap();
    }
    assert_eq!(store.add(entry("one-more", "k", "s"), false).unwrap_err().fault, Fault::Full);
    assert_eq!(store.add(entry("key-3", "k", "s"), true), Ok(()));
}

#[test]
fn a_wrong_passphrase_is_told_from_damage() {
    let place = Place::new();
    place.save(&[("main", "k", "s")]);
    let error = Store::open(&place.path, &pass("another passphrase")).unwrap_err();
    assert_eq!(error.fault, Fault::WrongPassphrase);
    assert!(error.to_string().contains("does not open"), "{error}");
}

#[test]
fn every_cut_is_told_with_its_figures_and_every_flipped_bit_as_damage() {
    let place = Place::new();
    place.save(&[("main", "the-key", "the-secret")]);
    let whole = fs::read(&place.path).unwrap();
    for len in 0..whole.len() {
        let fault = place.with(&whole[..len]);
        let told = matches!(fault, Fault::Cut { found, wanted } if found == len && wanted > len);
        assert!(told, "{len} bytes: {fault:?}");
    }
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            let fault = place.with(&bytes);
            let told = match at {
                0..8 => fault == Fault::NotAStore,
                8..10 => matches!(fault, Fault::Newer { .. } | Fault::Damaged),
                10..14 => matches!(fault, Fault::Cut { .. } | Fault::Damaged),
                _ => fault == Fault::Damaged,
            };
            assert!(told, "bit {bit} of byte {at}: {fault:?}");
        }
    }
    assert_eq!(place.with(&[&whole[..], b"x"].concat()), Fault::Damaged);
}

#[test]
fn a_change_with_a_mended_checksum_is_told_as_forged() {
    let place = Place::new();
    place.save(&[("main", "the-key", "the-secret"), ("copy", "another", "another")]);
    let whole = fs::read(&place.path).unwrap();
    let first_byte_of_name = HEAD + SEAL + 2 + 1;
    for at in first_byte_of_name..whole.len() - format::DIGEST {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        let told = place.with(&summed(bytes));
        assert!(matches!(told, Fault::Forged | Fault::Damaged), "byte {at}: {told:?}");
    }
    let mut renamed = whole.clone();
    renamed[first_byte_of_name] = b'p';
    assert_eq!(place.with(&summed(renamed)), Fault::Forged);
    let mut older = whole;
    older[first_byte_of_name + 4] ^= 1;
    assert_eq!(place.with(&summed(older)), Fault::Forged, "when it was added");
}

#[test]
fn a_newer_version_and_an_impossible_cost_are_told() {
    let place = Place::new();
    place.save(&[]);
    let whole = fs::read(&place.path).unwrap();
    assert_eq!(whole.len(), LEAST);
    let mut newer = whole.clone();
    newer[8] = 2;
    assert_eq!(place.with(&newer), Fault::Newer { version: 2 });
    let mut greedy = whole;
    greedy[14..18].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(place.with(&summed(greedy)), Fault::Cost);
    assert_eq!(place.with(b"[accounts]\n"), Fault::NotAStore);
}

#[test]
fn the_file_is_its_owners_alone_and_refused_when_it_is_not() {
    let place = Place::new();
    place.save(&[("main", "k", "s")]);
    assert_eq!(fs::metadata(&place.path).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(place.path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&place.path, fs::Permissions::from_mode(mode)).unwrap();
        let error = place.open().unwrap_err();
        assert_eq!(error.fault, Fault::Open { mode });
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}

#[test]
fn a_save_replaces_the_file_whole_and_leaves_no_draft() {
    let place = Place::new();
    place.save(&[("main", "k", "s")]);
    let before = fs::read(&place.path).unwrap();
    fs::write(place.path.with_file_name("keys.new"), b"left by a crash").unwrap();
    place.save(&[("other", "k", "s")]);
    assert_ne!(fs::read(&place.path).unwrap(), before);
    assert!(!place.path.with_file_name("keys.new").exists());
}

#[test]
fn equal_contents_are_sealed_differently_each_time() {
    let place = Place::new();
    place.save(&[("main", "k", "s")]);
    let first = fs::read(&place.path).unwrap();
    place.change().save(&right()).unwrap();
    let second = fs::read(&place.path).unwrap();
    let salt = HEAD - SALT..HEAD;
    assert_ne!(first[salt.clone()], second[salt]);
}

#[test]
fn two_commands_do_not_change_one_store_at_once() {
    let place = Place::new();
    let first = place.change();
    let second = Store::open_to_change(&place.path, &right(), Cost::LEAST).unwrap_err();
    assert_eq!(second.fault, Fault::Busy);
    drop(first);
    place.change();
}

#[test]
fn a_store_that_is_not_there_says_how_one_is_made() {
    let place = Place::new();
    let error = place.open().unwrap_err();
    assert_eq!(error.fault, Fault::Missing);
    assert!(error.to_string().contains("shrike keys add"), "{error}");
}

#[test]
fn a_new_store_wants_a_passphrase_of_twelve_characters() {
    assert!(Passphrase::chosen("elevenchars".into()).is_err());
    assert!(Passphrase::chosen("twelve chars\n".into()).is_ok());
    assert!(Passphrase::given("right\r\n".into()).is(&Passphrase::given("right".into())));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let place = Place::new();
        let mut file = format::head(0, Cost::LEAST, [7; SALT]);
        file.extend(&bytes);
        let len = u32::try_from(file.len() + format::DIGEST).unwrap();
        file[10..14].copy_from_slice(&len.to_le_bytes());
        let sum = format::digest(&file);
        file.extend(sum);
        prop_assert!(decode(&file, &right()).is_err());
        prop_assert!(decode(&bytes, &right()).is_err());
        drop(place);
    }

    #[test]
    fn any_keys_come_back(key in "[!-~]{1,512}", secret in "[!-~]{1,512}", name in "[a-z0-9_-]{1,32}") {
        let place = Place::new();
        place.save(&[(&name, &key, &secret)]);
        let store = place.open().unwrap();
        let found = &store.get(&name).unwrap().credentials;
        prop_assert_eq!((&found.key, &found.secret), (&key, &secret));
    }
}

struct Place {
    _folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inner/keys");
        Self { _folder: folder, path }
    }

    fn change(&self) -> Store {
        Store::open_to_change(&self.path, &right(), Cost::LEAST).unwrap()
    }

    fn open(&self) -> Result<Store, StoreError> {
        Store::open(&self.path, &right())
    }

    /// A store of just these keys.
    fn save(&self, keys: &[(&str, &str, &str)]) {
        let mut store = self.change();
        store.entries.clear();
        for (name, key, secret) in keys {
            store.add(entry(name, key, secret), false).unwrap();
        }
        store.save(&right()).unwrap();
    }

    /// What is said of a file of these bytes.
    fn with(&self, bytes: &[u8]) -> Fault {
        fs::write(&self.path, bytes).unwrap();
        self.open().unwrap_err().fault
    }
}

fn pass(text: &str) -> Passphrase {
    Passphrase::given(text.to_owned())
}

fn right() -> Passphrase {
    pass("the right passphrase")
}

fn entry(name: &str, key: &str, secret: &str) -> Entry {
    let listed = Listed { name: name.to_owned(), added_ms: 1_000, bound: false };
    let credentials = Credentials { key: key.to_owned(), secret: secret.to_owned() };
    Entry { listed, credentials }
}

/// With the checksum that the bytes now ask for.
fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - format::DIGEST);
    let sum = format::digest(&bytes);
    bytes.extend(sum);
    bytes
}
