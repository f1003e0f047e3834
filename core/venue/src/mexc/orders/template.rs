//! What is the same for every request of a symbol, made before it is needed.

use model::{SymbolId, Text};

use crate::SymbolTable;
use crate::mexc::url::Query;

/// The prepared part of one symbol.
#[derive(Clone, Copy, Debug)]
pub(super) struct Template {
    symbol: SymbolId,
    /// The venue's name, to recognise replies by.
    pub(super) name: Text<24>,
    len: u8,
    /// `symbol=NAME`, encoded; a name of 24 bytes may take three times as many.
    query: [u8; QUERY],
}

const QUERY: usize = 7 + 24 * 3;

impl Template {
    /// `symbol=NAME` as it stands in the query.
    pub(super) fn query(&self) -> &[u8] {
        &self.query[..usize::from(self.len)]
    }
}

/// Prepared symbols; the one prepared longest ago makes room for the next.
#[derive(Debug)]
pub(super) struct Templates {
    slots: Vec<Template>,
    next: usize,
}

impl Templates {
    /// Symbols prepared at a time: more than one account may have targets and positions.
    pub(super) const CAPACITY: usize = 64;

    pub(super) fn new() -> Self {
        Self { slots: Vec::with_capacity(Self::CAPACITY), next: 0 }
    }

    /// The template of `symbol`, made when there is none; `None` when the table lacks the symbol.
    pub(super) fn get(&mut self, symbol: SymbolId, table: &SymbolTable) -> Option<&Template> {
        if let Some(at) = self.slots.iter().position(|slot| slot.symbol == symbol) {
            return self.slots.get(at);
        }
        let name = table.get(symbol)?.name;
        let mut query = [0; QUERY];
        let mut writer = Query::new(&mut query, 0);
        writer.encoded("symbol", name.as_str());
        let len = writer.finish().ok().and_then(|len| u8::try_from(len).ok())?;
        let template = Template { symbol, name, len, query };
        let at = self.next;
        self.next = (self.next + 1) % Self::CAPACITY;
        match self.slots.get_mut(at) {
            Some(slot) => *slot = template,
            None => self.slots.push(template),
        }
        self.slots.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_symbols_than_slots_are_still_served() {
        let mut table = SymbolTable::new();
        let mut templates = Templates::new();
        for n in 0..200 {
            table.add(&format!("C{n}USDT"), &format!("C{n}"), "USDT").unwrap();
        }
        for round in 0..2 {
            for n in 0..200 {
                let template = templates.get(SymbolId(n), &table).unwrap();
                assert_eq!(template.query(), format!("symbol=C{n}USDT").as_bytes(), "{round}");
            }
        }
        assert_eq!(templates.slots.len(), Templates::CAPACITY);
        assert!(templates.get(SymbolId(200), &table).is_none());
    }

    #[test]
    fn the_longest_name_fits_however_it_is_written() {
        let mut table = SymbolTable::new();
        let id = table.add("币安人生币安US", "币", "US").unwrap();
        let mut templates = Templates::new();
        let query = templates.get(id, &table).unwrap().query();
        assert!(query.starts_with(b"symbol=%E5%B8%81%E5%AE%89"));
    }
}
