//! What records mean: names and scales of symbols, the exchange's clock, which process wrote them.
//! Kept in tables of its own, so that a start goes on where the last transaction ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use journal::{Boot, ChainHead};
use model::{Amount, AssetId, Mono, Price, Qty, SpecSource, SymbolId, SymbolNames, SymbolSpec};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{ArchiveError, money};

/// One pair, as the engine knows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Symbol {
    pub(crate) name: Arc<str>,
    pub(crate) base: Arc<str>,
    pub(crate) quote: Arc<str>,
    pub(crate) base_asset: Option<AssetId>,
    pub(crate) quote_asset: Option<AssetId>,
    pub(crate) scales: Option<(u8, u8)>,
    source: Option<SpecSource>,
    followed: bool,
}

impl Symbol {
    #[cfg(test)]
    pub(crate) fn with_scales(price: u8, qty: u8) -> Self {
        Self { scales: Some((price, qty)), ..Self::default() }
    }

    pub(crate) fn price(&self, price: Price) -> Option<String> {
        self.scales.map(|(decimals, _)| money::scaled(price.raw(), decimals))
    }

    pub(crate) fn qty(&self, qty: Qty) -> Option<Amount> {
        self.scales.and_then(|(_, decimals)| Amount::of_qty(qty, decimals))
    }
}

/// Symbols and assets by the ids of records.
#[derive(Debug, Default)]
pub(crate) struct Names {
    symbols: BTreeMap<SymbolId, Symbol>,
    assets: BTreeMap<AssetId, String>,
    changed: BTreeSet<SymbolId>,
    changed_assets: BTreeSet<AssetId>,
    nobody: Symbol,
}

impl Names {
    /// The pair; one without name and scales where none was heard.
    pub(crate) fn symbol(&self, id: SymbolId) -> &Symbol {
        self.symbols.get(&id).unwrap_or(&self.nobody)
    }

    /// The pair of a name; the latest number that bears it.
    pub(crate) fn by_name(&self, name: &str) -> &Symbol {
        let bears = |symbol: &&Symbol| &*symbol.name == name;
        self.symbols.values().rev().find(bears).unwrap_or(&self.nobody)
    }

    /// The venue's name, or the number where no name was heard.
    pub(crate) fn name(&self, id: SymbolId) -> Arc<str> {
        match self.symbols.get(&id) {
            Some(symbol) if !symbol.name.is_empty() => symbol.name.clone(),
            _ => format!("#{}", id.0).into(),
        }
    }

    /// The same, and none for no symbol.
    pub(crate) fn named(&self, id: SymbolId) -> Option<Arc<str>> {
        (id != SymbolId::NONE).then(|| self.name(id))
    }

    pub(crate) fn asset(&self, id: AssetId) -> Option<&str> {
        self.assets.get(&id).map(String::as_str)
    }

    pub(crate) fn on_names(&mut self, id: SymbolId, names: &SymbolNames) {
        if id == SymbolId::NONE {
            return;
        }
        let symbol = self.symbols.entry(id).or_default();
        let same = &*symbol.name == names.name.as_str();
        if !same {
            // The number names another pair: what was known of it is of the one before.
            *symbol = Symbol::default();
        }
        symbol.name = names.name.as_str().into();
        symbol.base = names.base.as_str().into();
        symbol.quote = names.quote.as_str().into();
        (symbol.base_asset, symbol.quote_asset) = (Some(names.base_asset), Some(names.quote_asset));
        self.changed.insert(id);
        for (asset, name) in
            [(names.base_asset, names.base.as_str()), (names.quote_asset, names.quote.as_str())]
        {
            if asset != AssetId::NONE {
                self.assets.insert(asset, name.to_owned());
                self.changed_assets.insert(asset);
            }
        }
    }

    /// Takes the scales that the engine takes: from a source at least as good, and never finer
    /// ones while the pair is followed.
    pub(crate) fn on_spec(&mut self, id: SymbolId, spec: &SymbolSpec) {
        if id == SymbolId::NONE {
            return;
        }
        let symbol = self.symbols.entry(id).or_default();
        let fresh = (spec.price_decimals, spec.qty_decimals);
        let finer = symbol.scales.is_some_and(|known| known.0 < fresh.0 || known.1 < fresh.1);
        let worse =
            symbol.source.is_some_and(|known| spec.source < known && known != SpecSource::WebList);
        let same = symbol.scales == Some(fresh) && symbol.source == Some(spec.source);
        if worse || same || finer && symbol.followed {
            return;
        }
        (symbol.scales, symbol.source) = (Some(fresh), Some(spec.source));
        self.changed.insert(id);
    }

    pub(crate) fn on_follow(&mut self, id: SymbolId, followed: bool) {
        if let Some(symbol) = self.symbols.get_mut(&id) {
            symbol.followed = followed;
            self.changed.insert(id);
        }
    }

    pub(crate) fn load(db: &Connection) -> Result<Self, ArchiveError> {
        let mut names = Self::default();
        let mut rows = db.prepare(
            "SELECT id, name, base, quote, base_asset, quote_asset, price_decimals, qty_decimals, \
             source, followed FROM symbols",
        )?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let asset = |at| -> rusqlite::Result<AssetId> { Ok(AssetId(row.get(at)?)) };
            let scales: (Option<u8>, Option<u8>) = (row.get(6)?, row.get(7)?);
            let symbol = Symbol {
                name: row.get(1)?,
                base: row.get(2)?,
                quote: row.get(3)?,
                base_asset: Some(asset(4)?),
                quote_asset: Some(asset(5)?),
                scales: scales.0.zip(scales.1),
                source: row.get::<_, Option<u8>>(8)?.and_then(source_of),
                followed: row.get(9)?,
            };
            names.symbols.insert(SymbolId(row.get(0)?), symbol);
        }
        let mut rows = db.prepare("SELECT id, name FROM assets")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            names.assets.insert(AssetId(row.get(0)?), row.get(1)?);
        }
        Ok(names)
    }

    pub(crate) fn flush(&mut self, db: &Connection) -> Result<(), ArchiveError> {
        for id in std::mem::take(&mut self.changed) {
            let symbol = self.symbol(id);
            let asset = |asset: Option<AssetId>| asset.unwrap_or(AssetId::NONE).0;
            let (price, qty) = symbol.scales.unzip();
            db.prepare_cached("INSERT OR REPLACE INTO symbols VALUES (?,?,?,?,?,?,?,?,?,?)")?
                .execute(params![
                    id.0,
                    symbol.name,
                    symbol.base,
                    symbol.quote,
                    asset(symbol.base_asset),
                    asset(symbol.quote_asset),
                    price,
                    qty,
                    symbol.source.map(|source| source as u8),
                    symbol.followed,
                ])?;
        }
        for id in std::mem::take(&mut self.changed_assets) {
            db.prepare_cached("INSERT OR REPLACE INTO assets VALUES (?,?)")?
                .execute(params![id.0, self.assets.get(&id)])?;
        }
        Ok(())
    }
}

const fn source_of(raw: u8) -> Option<SpecSource> {
    match raw {
        1 => Some(SpecSource::WebList),
        2 => Some(SpecSource::ExchangeInfo),
        _ => None,
    }
}

/// The process that wrote the records, and its clocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) instance: u32,
    pub(crate) epoch: u32,
    pub(crate) operator: String,
    /// The exchange's clock minus the monotonic one, in nanoseconds: the last estimate; before the
    /// first what the boot record said, which may be this machine's own clock.
    offset: Option<i64>,
}

impl Run {
    pub(crate) fn on_boot(&mut self, boot: &Boot, operator: &str) {
        let told = [boot.venue_anchor, boot.wall_anchor].into_iter().find(|&anchor| anchor != 0);
        let mono = i64::try_from(boot.mono_anchor).ok();
        *self = Self {
            instance: boot.instance,
            epoch: boot.epoch,
            operator: operator.to_owned(),
            offset: told.zip(mono).and_then(|(told, mono)| told.checked_sub(mono)),
        };
    }

    pub(crate) fn on_sample(&mut self, offset: i64) {
        self.offset = Some(offset);
    }

    /// Nanoseconds since the epoch in the exchange's clock, where it can be told.
    pub(crate) fn moment(&self, at: Mono) -> Option<i64> {
        i64::try_from(at.nanos()).ok()?.checked_add(self.offset?)
    }
}

/// What `meta` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meta {
    /// The chain of decisions as far as it was applied.
    pub(crate) position: ChainHead,
    /// The segment that the last record applied stands in.
    pub(crate) segment: u32,
    pub(crate) run: Run,
    /// Records that could not be read.
    pub(crate) undecodable: u64,
    /// Figures without the scale to write them at.
    pub(crate) unscaled: u64,
    /// When the last record was made.
    pub(crate) last_at: Option<i64>,
}

impl Meta {
    pub(crate) fn load(db: &Connection) -> Result<Self, ArchiveError> {
        let number = |key: &str| -> Result<Option<i64>, ArchiveError> {
            let mut row = db.prepare_cached("SELECT value FROM meta WHERE key = ?")?;
            Ok(row.query_row([key], |row| row.get(0)).optional()?)
        };
        let count = |key: &str| -> Result<u64, ArchiveError> {
            Ok(number(key)?.and_then(|value| u64::try_from(value).ok()).unwrap_or(0))
        };
        let mut row = db.prepare_cached("SELECT value FROM meta WHERE key = ?")?;
        let hash: Option<Vec<u8>> = row.query_row(["hash"], |row| row.get(0)).optional()?;
        let operator: Option<String> = row.query_row(["operator"], |row| row.get(0)).optional()?;
        let hash = hash.and_then(|hash| hash.try_into().ok()).unwrap_or_default();
        Ok(Self {
            position: ChainHead { frames: count("frames")?, seq: count("seq")?, hash },
            segment: count("segment")? as u32,
            run: Run {
                instance: count("instance")? as u32,
                epoch: count("epoch")? as u32,
                operator: operator.unwrap_or_default(),
                offset: number("offset")?,
            },
            undecodable: count("undecodable")?,
            unscaled: count("unscaled")?,
            last_at: number("last_at")?,
        })
    }

    pub(crate) fn store(&self, db: &Connection) -> Result<(), ArchiveError> {
        let Self { position, run, .. } = self;
        let mut put = db.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?, ?)")?;
        let count = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        for (key, value) in [
            ("seq", Some(count(position.seq))),
            ("frames", Some(count(position.frames))),
            ("segment", Some(self.segment.into())),
            ("instance", Some(run.instance.into())),
            ("epoch", Some(run.epoch.into())),
            ("offset", run.offset),
            ("undecodable", Some(count(self.undecodable))),
            ("unscaled", Some(count(self.unscaled))),
            ("last_at", self.last_at),
        ] {
            match value {
                Some(value) => put.execute(params![key, value])?,
                None => db.prepare_cached("DELETE FROM meta WHERE key = ?")?.execute([key])?,
            };
        }
        put.execute(params!["hash", position.hash.as_slice()])?;
        put.execute(params!["operator", run.operator])?;
        Ok(())
    }
}
