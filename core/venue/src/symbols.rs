//! The one table of names: the venue's text to our dense ids and scales.

use model::{AssetId, SymbolId, SymbolNames, Text};

/// A symbol as sessions and codecs need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolEntry {
    /// Its id.
    pub id: SymbolId,
    /// The venue's name, such as `NEWUSDT`.
    pub name: Text<24>,
    /// Base asset.
    pub base: AssetId,
    /// Quote asset.
    pub quote: AssetId,
    /// Scale of prices; 0 and 0 until the rules are read.
    pub price_decimals: u8,
    /// Scale of quantities.
    pub qty_decimals: u8,
}

/// Names of symbols and assets. Looking up allocates nothing; adding happens off the hot path.
///
/// An id whose name was lost with its process stays empty: nobody finds it, and no other name gets it.
#[derive(Debug)]
pub struct SymbolTable {
    symbols: Vec<SymbolEntry>,
    assets: Vec<Text<16>>,
    by_name: Index,
    by_asset: Index,
}

impl Default for SymbolTable {
    fn default() -> Self {
        Self::new()
    }
}

impl SymbolTable {
    /// Symbols and assets held at most; a name beyond it is refused.
    pub const CAPACITY: usize = 4_096;

    /// An empty table with all of its memory.
    pub fn new() -> Self {
        Self {
            symbols: Vec::with_capacity(Self::CAPACITY),
            assets: Vec::with_capacity(Self::CAPACITY),
            by_name: Index::new(),
            by_asset: Index::new(),
        }
    }

    /// Enters a pair, or finds it; `None` when the table is full or a name is too long.
    pub fn add(&mut self, name: &str, base: &str, quote: &str) -> Option<SymbolId> {
        if let Some(entry) = self.find(name.as_bytes()) {
            return Some(entry.id);
        }
        if self.symbols.len() == Self::CAPACITY {
            return None;
        }
        let name = Text::new(name)?;
        let (base, quote) = (self.add_asset(base)?, self.add_asset(quote)?);
        let id = SymbolId(self.symbols.len() as u32);
        let entry = SymbolEntry { id, name, base, quote, price_decimals: 0, qty_decimals: 0 };
        self.by_name.insert(name.as_bytes(), id.0);
        self.symbols.push(entry);
        Some(id)
    }

    /// Enters a pair of an earlier process under the ids it has had; ids below that nobody named stay
    /// empty. `false` when there is no room, or an id or a name means something else already.
    pub fn enter(&mut self, id: SymbolId, names: &SymbolNames) -> bool {
        let SymbolNames { name, base_asset, quote_asset, .. } = *names;
        let base = Text::new(names.base.as_str());
        let quote = Text::new(names.quote.as_str());
        let (Some(base), Some(quote)) = (base, quote) else { return false };
        let at = id.index();
        let taken = self.get(id).is_some() || self.find(name.as_bytes()).is_some();
        if name.is_empty() || taken || at >= Self::CAPACITY {
            return false;
        }
        if !self.enter_asset(base_asset, base) || !self.enter_asset(quote_asset, quote) {
            return false;
        }
        while self.symbols.len() <= at {
            let id = SymbolId(self.symbols.len() as u32);
            let none = AssetId(u32::MAX);
            let (name, base, quote) = (Text::EMPTY, none, none);
            let empty = SymbolEntry { id, name, base, quote, price_decimals: 0, qty_decimals: 0 };
            self.symbols.push(empty);
        }
        let entry = &mut self.symbols[at];
        (entry.name, entry.base, entry.quote) = (name, base_asset, quote_asset);
        self.by_name.insert(name.as_bytes(), id.0);
        true
    }

    fn enter_asset(&mut self, id: AssetId, name: Text<16>) -> bool {
        if let Some(held) = self.find_asset(name.as_bytes()) {
            return held == id;
        }
        let at = id.0 as usize;
        if name.is_empty() || self.asset(id).is_some() || at >= Self::CAPACITY {
            return false;
        }
        while self.assets.len() <= at {
            self.assets.push(Text::EMPTY);
        }
        self.assets[at] = name;
        self.by_asset.insert(name.as_bytes(), id.0);
        true
    }

    /// Enters an asset, or finds it; `None` when the table is full or the name is too long.
    pub fn add_asset(&mut self, name: &str) -> Option<AssetId> {
        if let Some(id) = self.find_asset(name.as_bytes()) {
            return Some(id);
        }
        if self.assets.len() == Self::CAPACITY {
            return None;
        }
        let id = AssetId(self.assets.len() as u32);
        self.assets.push(Text::new(name)?);
        self.by_asset.insert(name.as_bytes(), id.0);
        Some(id)
    }

    /// Sets the scales of a symbol once its rules are read.
    pub fn set_scales(&mut self, id: SymbolId, price_decimals: u8, qty_decimals: u8) {
        if let Some(entry) = self.symbols.get_mut(id.index()) {
            entry.price_decimals = price_decimals;
            entry.qty_decimals = qty_decimals;
        }
    }

    /// The symbol of the venue's name.
    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<&SymbolEntry> {
        let same = |id: u32| self.symbols[id as usize].name.as_bytes() == name;
        self.by_name.find(name, same).map(|id| &self.symbols[id as usize])
    }

    /// The asset of the venue's name.
    pub fn find_asset(&self, name: &[u8]) -> Option<AssetId> {
        let same = |id: u32| self.assets[id as usize].as_bytes() == name;
        self.by_asset.find(name, same).map(AssetId)
    }

    /// The symbol behind an id.
    pub fn get(&self, id: SymbolId) -> Option<&SymbolEntry> {
        self.symbols.get(id.index()).filter(|entry| !entry.name.is_empty())
    }

    /// The name of an asset.
    pub fn asset(&self, id: AssetId) -> Option<&str> {
        self.assets.get(id.0 as usize).map(Text::as_str).filter(|name| !name.is_empty())
    }

    /// All symbols in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &SymbolEntry> {
        self.symbols.iter().filter(|entry| !entry.name.is_empty())
    }
}

/// Open addressing over ids; twice the capacity, so that a probe is short and always ends.
#[derive(Debug)]
struct Index {
    slots: Vec<u32>,
}

const SLOTS: usize = SymbolTable::CAPACITY * 2;
const EMPTY: u32 = u32::MAX;

impl Index {
    fn new() -> Self {
        Self { slots: vec![EMPTY; SLOTS] }
    }

    fn insert(&mut self, name: &[u8], id: u32) {
        let mut at = start(name);
        while self.slots[at] != EMPTY {
            at = (at + 1) % SLOTS;
        }
        self.slots[at] = id;
    }

    fn find(&self, name: &[u8], same: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = start(name);
        loop {
            match self.slots[at] {
                EMPTY => return None,
                id if same(id) => return Some(id),
                _ => at = (at + 1) % SLOTS,
            }
        }
    }
}

/// Where a probe for `name` begins: by its length, its first and its last eight bytes, which
/// overlap in a short one. Names that share them all, of which a venue has few, are probed in turn.
#[inline(always)]
fn start(name: &[u8]) -> usize {
    let (first, last) = match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (name.first_chunk(), name.last_chunk()) {
            (Some(first), Some(last)) => {
                (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
            }
            _ => (name.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)), 0),
        },
    };
    let mixed = (first ^ (name.len() as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 32 ^ last).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (mixed >> 40) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_its_text_and_never_by_a_look_alike() {
        let mut table = SymbolTable::new();
        let abc = table.add("ABCUSDT", "ABC", "USDT").unwrap();
        let abc1 = table.add("ABC1USDT", "ABC1", "USDT").unwrap();
        assert_eq!(table.add("ABCUSDT", "ABC", "USDT"), Some(abc));
        assert_eq!(table.find(b"ABC1USDT").unwrap().id, abc1);
        assert_eq!(table.find(b"ABCUSDC"), None);
        assert_eq!(table.find_asset(b"USDT"), Some(table.get(abc).unwrap().quote));
    }

    #[test]
    fn names_that_differ_only_in_their_middle_are_told_apart() {
        let mut table = SymbolTable::new();
        let name = |n: usize| format!("AAAAAAAA{n:04}USDTUSDT");
        for n in 0..200 {
            assert_eq!(table.add(&name(n), &format!("C{n}"), "USDT"), Some(SymbolId(n as u32)));
        }
        for n in 0..200 {
            assert_eq!(table.find(name(n).as_bytes()).unwrap().id, SymbolId(n as u32));
        }
        assert_eq!(table.find(name(200).as_bytes()), None);
    }

    fn names(name: &str, base: (&str, u32), quote: (&str, u32)) -> SymbolNames {
        SymbolNames {
            name: Text::clipped(name),
            base: Text::clipped(base.0),
            quote: Text::clipped(quote.0),
            base_asset: AssetId(base.1),
            quote_asset: AssetId(quote.1),
        }
    }

    #[test]
    fn ids_that_were_had_stay_and_a_lost_name_leaves_its_id_to_nobody() {
        let mut table = SymbolTable::new();
        assert!(table.enter(SymbolId(0), &names("AUSDT", ("A", 0), ("USDT", 1))));
        // Symbol 1 with assets 2 and 3 is lost; 3 is known by the next.
        assert!(table.enter(SymbolId(2), &names("CUSDC", ("C", 4), ("USDC", 3))));
        assert_eq!(table.find(b"CUSDC").unwrap().id, SymbolId(2));
        assert_eq!((table.asset(AssetId(3)), table.asset(AssetId(2))), (Some("USDC"), None));
        assert_eq!(
            (table.get(SymbolId(1)), table.find(b""), table.iter().count()),
            (None, None, 2)
        );
        assert_eq!(table.add("BUSDC", "B", "USDC"), Some(SymbolId(3)), "the lost one, named anew");
        assert_eq!(table.get(SymbolId(3)).unwrap().base, AssetId(5));
    }

    #[test]
    fn an_id_or_a_name_never_means_two_things() {
        let mut table = SymbolTable::new();
        assert!(table.enter(SymbolId(1), &names("AUSDT", ("A", 0), ("USDT", 1))));
        assert!(!table.enter(SymbolId(1), &names("BUSDT", ("B", 2), ("USDT", 1))), "the id");
        assert!(!table.enter(SymbolId(2), &names("AUSDT", ("A", 0), ("USDT", 1))), "the name");
        assert!(!table.enter(SymbolId(2), &names("BUSDT", ("B", 0), ("USDT", 1))), "the asset");
        assert!(!table.enter(SymbolId(4_096), &names("BUSDT", ("B", 2), ("USDT", 1))), "the room");
    }

    #[test]
    fn a_full_table_refuses_and_still_finds() {
        let mut table = SymbolTable::new();
        for n in 0..SymbolTable::CAPACITY - 1 {
            assert!(table.add(&format!("C{n}USDT"), &format!("C{n}"), "USDT").is_some(), "{n}");
        }
        assert_eq!(table.add("LASTUSDT", "LAST1", "USDT2"), None);
        assert_eq!(table.find(b"C77USDT").unwrap().id, SymbolId(77));
        assert_eq!(table.find(b"NONE"), None);
    }
}
