//! What witnesses say of listings.

use std::sync::Arc;

use model::{Event, ListingBody, ListingFact, Source, VenueKey};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Done, Here, Projection};
use crate::ArchiveError;

/// One listing: a coin under a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ListingRow {
    id: i64,
    symbol: Arc<str>,
    coin: Option<String>,
    gone: bool,
    opens_at: Option<i64>,
    opens_by: Option<String>,
    triple: Option<(u8, u8, u8)>,
    scales: (Option<u8>, Option<u8>),
    api_allowed: Option<bool>,
    first_at: Option<i64>,
    last_at: Option<i64>,
    last_seq: i64,
    dirty: bool,
}

/// What the web list has shown before openings.
const READY: (u8, u8, u8) = (2, 2, 4);
/// Decimals that the web list did not name.
const UNSAID: u8 = u8::MAX;

impl Projection {
    pub(super) fn on_listing(
        &mut self,
        db: &Connection,
        here: Here,
        event: &Event,
        fact: &ListingFact,
    ) -> Done {
        let symbol = self.names.name(event.symbol);
        if !self.listings.contains_key(&symbol)
            && let Some(row) = ListingRow::load(db, &symbol)?
        {
            self.listings.insert(symbol.clone(), row);
        }
        let coin = fact.coin.is_some().then_some(fact.coin);
        let row = self.listings.entry(symbol.clone()).or_default();
        if row.is_of_another(coin) {
            // The name is listed again as another coin: the old row is written for good.
            row.flush(db)?;
            *row = ListingRow::default();
        }
        if row.id == 0 {
            (row.id, row.symbol, row.first_at) = (here.row(), symbol, here.at);
        }
        row.take(here, fact, coin);
        Ok(())
    }
}

impl ListingRow {
    fn is_of_another(&self, coin: Option<VenueKey>) -> bool {
        let told = coin.map(digits);
        self.coin.is_some() && told.is_some() && self.coin != told
    }

    fn take(&mut self, here: Here, fact: &ListingFact, coin: Option<VenueKey>) {
        self.coin = self.coin.take().or(coin.map(digits));
        self.gone = matches!(fact.body, ListingBody::Gone);
        match fact.body {
            ListingBody::Opens { at } => self.opens(at.nanos(), fact.source),
            ListingBody::Listed { triple, price_scale, qty_scale, opens_at } => {
                self.triple = Some((triple.sts, triple.st, triple.tt));
                let said = |scale: u8| (scale != UNSAID).then_some(scale);
                self.scales = (said(price_scale), said(qty_scale));
                if opens_at.is_some() {
                    self.opens(opens_at.nanos(), fact.source);
                }
            }
            ListingBody::ApiAllowed { allowed } => self.api_allowed = Some(allowed),
            ListingBody::Gone => {}
        }
        (self.last_at, self.last_seq, self.dirty) = (here.at, here.row(), true);
    }

    fn opens(&mut self, at: i64, source: Source) {
        self.opens_at = (at != 0).then_some(at);
        self.opens_by = Some(name_of(source).to_owned());
    }

    fn state(&self) -> &'static str {
        match (self.gone, self.triple, self.opens_at) {
            (true, _, _) => "withdrawn",
            (_, Some(READY), _) => "ready",
            (_, Some(_), _) => "pre_ready",
            (_, None, Some(_)) => "scheduled",
            (_, None, None) => "announced",
        }
    }

    fn load(db: &Connection, symbol: &str) -> Result<Option<Self>, ArchiveError> {
        let mut statement = db.prepare_cached(
            "SELECT id, coin, state, opens_at, opens_by, sts, st, tt, price_scale, qty_scale, \
             api_allowed, first_at, last_at, last_seq FROM listings WHERE symbol = ? \
             ORDER BY id DESC LIMIT 1",
        )?;
        let row = statement.query_row([symbol], |row| {
            let triple: (Option<u8>, Option<u8>, Option<u8>) =
                (row.get(5)?, row.get(6)?, row.get(7)?);
            Ok(Self {
                id: row.get(0)?,
                symbol: symbol.into(),
                coin: row.get(1)?,
                gone: row.get_ref(2)?.as_str().is_ok_and(|state| state == "withdrawn"),
                opens_at: row.get(3)?,
                opens_by: row.get(4)?,
                triple: triple.0.zip(triple.1).zip(triple.2).map(|((a, b), c)| (a, b, c)),
                scales: (row.get(8)?, row.get(9)?),
                api_allowed: row.get(10)?,
                first_at: row.get(11)?,
                last_at: row.get(12)?,
                last_seq: row.get(13)?,
                dirty: false,
            })
        });
        Ok(row.optional()?)
    }

    pub(super) fn flush(&mut self, db: &Connection) -> Done {
        if !std::mem::take(&mut self.dirty) {
            return Ok(());
        }
        let triple = self.triple;
        db.prepare_cached(
            "INSERT OR REPLACE INTO listings (id, symbol, coin, state, opens_at, opens_by, sts, \
             st, tt, price_scale, qty_scale, api_allowed, first_at, last_at, last_seq) \
             VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        )?
        .execute(params![
            self.id,
            self.symbol,
            self.coin,
            self.state(),
            self.opens_at,
            self.opens_by,
            triple.map(|triple| triple.0),
            triple.map(|triple| triple.1),
            triple.map(|triple| triple.2),
            self.scales.0,
            self.scales.1,
            self.api_allowed,
            self.first_at,
            self.last_at,
            self.last_seq,
        ])?;
        Ok(())
    }
}

fn digits(key: VenueKey) -> String {
    format!("{:032x}", key.0)
}

const fn name_of(source: Source) -> &'static str {
    match source {
        Source::Calendar => "calendar",
        Source::WebList => "web_list",
        Source::ExchangeInfo => "exchange_info",
        Source::ApiSymbols => "api_symbols",
        Source::Announcement => "announcement",
        Source::FirstPrint => "first_print",
        Source::Futures => "futures",
        Source::Operator => "operator",
    }
}
