//! Samples, the symbol table they need, and a seeded generator.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use venue::SymbolTable;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/mexc")
}

/// The bytes of a text sample.
pub(crate) fn body(name: &str) -> Vec<u8> {
    let path = folder().join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A text sample as a tree, by an independent reader.
pub(crate) fn tree(name: &str) -> Value {
    serde_json::from_slice(&body(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The bytes of a binary sample, by its name without ending.
pub(crate) fn frame(name: &str) -> Vec<u8> {
    let text = String::from_utf8(body(&format!("{name}.hex"))).unwrap();
    let digits = text.trim();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Names of the samples with this ending, without it, in order.
pub(crate) fn names(ending: &str) -> Vec<String> {
    let entries = fs::read_dir(folder()).unwrap();
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .into_string()
                .unwrap()
                .strip_suffix(ending)
                .map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

/// Pairs of the samples with 2 and 8 decimals of precision, but NEWUSDT with 8 and 4.
pub(crate) fn table() -> SymbolTable {
    let mut table = SymbolTable::new();
    for (name, base, quote) in [
        ("BTCUSDT", "BTC", "USDT"),
        ("BTCUSDC", "BTC", "USDC"),
        ("SOLUSDT", "SOL", "USDT"),
        ("ETHUSDT", "ETH", "USDT"),
        ("MXUSDT", "MX", "USDT"),
        ("ATLASUSDT", "ATLAS", "USDT"),
        ("LTCBTC", "LTC", "BTC"),
        ("NEWUSDT", "NEW", "USDT"),
        ("RAWUSDT", "RAW", "USDT"),
    ] {
        let id = table.add(name, base, quote).unwrap();
        match name {
            "NEWUSDT" => table.set_scales(id, 10, 6),
            "RAWUSDT" => {}
            _ => table.set_scales(id, 8, 10),
        }
    }
    table
}

/// The xorshift generator; the seed is part of the test.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}
