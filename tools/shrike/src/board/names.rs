//! What numbers mean: names of symbols and assets, and the scales that figures are printed at.

use std::collections::BTreeMap;

use model::{
    Amount, AssetId, Price, Qty, Round, Signal, SpecSource, SymbolId, SymbolNames, SymbolSpec,
    Text, format_scaled,
};

/// Symbols kept at most: as many as the trader's own table has.
const SYMBOLS_MAX: usize = 4_096;
/// Assets kept at most: two a symbol.
const ASSETS_MAX: usize = 2 * SYMBOLS_MAX;

/// Decimals of a symbol's prices and quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scales {
    pub(super) price: u8,
    pub(super) qty: u8,
}

impl Scales {
    /// What a quantity is worth at a price; `None` when it overflows.
    pub(super) fn value(self, price: Price, qty: Qty, round: Round) -> Option<Amount> {
        Amount::notional(price, self.price, qty, self.qty, round)
    }

    /// A price as text.
    pub fn price(self, price: Price) -> String {
        format_scaled(price.raw(), self.price, &mut [0; 40]).to_owned()
    }

    /// A quantity as text.
    pub fn qty(self, qty: Qty) -> String {
        format_scaled(qty.raw(), self.qty, &mut [0; 40]).to_owned()
    }
}

/// One pair.
#[derive(Clone, Debug, Default)]
pub(super) struct Symbol {
    pub(super) name: Text<24>,
    pub(super) quote: Text<8>,
    pub(super) scales: Option<Scales>,
    pub(super) signal: Option<Signal>,
    source: Option<SpecSource>,
    followed: bool,
}

/// Every name and scale heard of.
#[derive(Debug, Default)]
pub(super) struct Names {
    symbols: BTreeMap<SymbolId, Symbol>,
    assets: BTreeMap<AssetId, Text<16>>,
    /// Names that found no room.
    pub(super) left_out: u64,
}

impl Names {
    pub(super) fn symbol(&self, id: SymbolId) -> Option<&Symbol> {
        self.symbols.get(&id)
    }

    /// The venue's name, or the number where no name was heard.
    pub(super) fn name(&self, id: SymbolId) -> String {
        match self.symbols.get(&id) {
            Some(symbol) if !symbol.name.is_empty() => symbol.name.as_str().to_owned(),
            _ => format!("#{}", id.0),
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<SymbolId> {
        let mut symbols = self.symbols.iter();
        symbols.find(|(_, symbol)| symbol.name.as_str() == name).map(|(id, _)| *id)
    }

    pub(super) fn asset(&self, id: AssetId) -> Option<&str> {
        self.assets.get(&id).map(Text::as_str)
    }

    pub(super) fn scales(&self, id: SymbolId) -> Option<Scales> {
        self.symbols.get(&id)?.scales
    }

    pub(super) fn on_names(&mut self, id: SymbolId, names: &SymbolNames) {
        let Some(symbol) = self.slot(id) else { return };
        symbol.name = names.name;
        symbol.quote = names.quote;
        let quote = Text::clipped(names.quote.as_str());
        for (asset, name) in [(names.base_asset, names.base), (names.quote_asset, quote)] {
            if asset != AssetId::NONE && self.assets.len() < ASSETS_MAX {
                self.assets.insert(asset, name);
            }
        }
    }

    /// Takes the scales that the engine takes: from a source at least as good, and never finer
    /// ones while the pair is followed.
    pub(super) fn on_spec(&mut self, id: SymbolId, spec: &SymbolSpec) {
        let Some(symbol) = self.slot(id) else { return };
        let fresh = Scales { price: spec.price_decimals, qty: spec.qty_decimals };
        let finer =
            symbol.scales.is_some_and(|known| known.price < fresh.price || known.qty < fresh.qty);
        let worse =
            symbol.source.is_some_and(|known| spec.source < known && known != SpecSource::WebList);
        if worse || finer && symbol.followed {
            return;
        }
        symbol.scales = Some(fresh);
        symbol.source = Some(spec.source);
    }

    pub(super) fn on_follow(&mut self, id: SymbolId, followed: bool) {
        if let Some(symbol) = self.slot(id) {
            symbol.followed = followed;
        }
    }

    pub(super) fn on_signal(&mut self, signal: &Signal) {
        if let Some(symbol) = self.slot(signal.symbol) {
            symbol.signal = Some(*signal);
        }
    }

    fn slot(&mut self, id: SymbolId) -> Option<&mut Symbol> {
        if id == SymbolId::NONE {
            return None;
        }
        if !self.symbols.contains_key(&id) && self.symbols.len() >= SYMBOLS_MAX {
            self.left_out += 1;
            return None;
        }
        Some(self.symbols.entry(id).or_default())
    }
}
