//! Bodies of pages to rows that own what they hold. A row that cannot be used is left out and
//! counted; a body that is not the page at all is a [`Fault`].

use model::{ListingBody, SymbolSpec, Text, Triple, VenueKey, VenueTime};
use venue::mexc::json::{
    Calendar, ExchangeInfo, JsonReader, NewCoin, PairRules, Rows, SymbolList, WebList, WebPair,
};

use crate::{Fault, PairName};

/// Rows of a page kept at most. The venue lists some 3,000 pairs.
pub(crate) const ROWS_MAX: usize = 16_384;

/// The usable rows of one reading.
#[derive(Debug)]
pub(crate) struct Reading<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) bad: u32,
    pub(crate) fault: Option<Fault>,
}

impl<T> Reading<T> {
    fn of<R>(found: &Rows<R>, read: impl Fn(&R) -> Result<T, Fault>) -> Self {
        let fault = found.first_error.map(Fault::Json);
        let mut reading = Self { rows: Vec::new(), bad: found.bad, fault };
        for row in &found.rows {
            let row = if reading.rows.len() == ROWS_MAX {
                Err(Fault::TooMany { max: ROWS_MAX })
            } else {
                read(row)
            };
            match row {
                Ok(row) => reading.rows.push(row),
                Err(fault) => {
                    reading.bad = reading.bad.saturating_add(1);
                    reading.fault.get_or_insert(fault);
                }
            }
        }
        reading
    }
}

/// A coin of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coin {
    pub(crate) key: VenueKey,
    pub(crate) ticker: Text<16>,
    pub(crate) at: VenueTime,
}

pub(crate) fn calendar(reader: &mut JsonReader, body: &[u8]) -> Result<Reading<Coin>, Fault> {
    let document = reader.parse(body).map_err(Fault::Json)?;
    let page: Calendar<'_> = document.read().map_err(Fault::Json)?;
    Ok(Reading::of(&page.data.new_coins, coin))
}

fn coin(row: &NewCoin<'_>) -> Result<Coin, Fault> {
    let key = VenueKey::of(row.vcoin_id.as_bytes());
    if !key.is_some() {
        return Err(Fault::NoCoin);
    }
    let ticker = PairName::new(row.vcoin_name, "X").ok_or(Fault::Name)?.base;
    let at = row.first_open_time.millis().ok_or(Fault::NoTime)?;
    Ok(Coin { key, ticker, at })
}

/// A pair of the web list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WebRow {
    pub(crate) coin: VenueKey,
    pub(crate) pair: PairName,
    pub(crate) name: Text<24>,
    pub(crate) opens_at: VenueTime,
    pub(crate) listed: ListingBody,
    /// Without a version; `None` when the row does not tell its scales.
    pub(crate) spec: Option<SymbolSpec>,
}

impl WebRow {
    /// Names first, since rows are looked up by them.
    pub(crate) const fn key(&self) -> (Text<24>, VenueKey) {
        (self.name, self.coin)
    }
}

pub(crate) fn web_list(
    reader: &mut JsonReader,
    now: VenueTime,
    body: &[u8],
) -> Result<Reading<WebRow>, Fault> {
    let document = reader.parse(body).map_err(Fault::Json)?;
    let page: WebList<'_> = document.read().map_err(Fault::Json)?;
    Ok(Reading::of(&page.pairs, |row| web_row(row, now)))
}

fn web_row(row: &WebPair<'_>, now: VenueTime) -> Result<WebRow, Fault> {
    let coin = VenueKey::of(row.cd.as_bytes());
    if !coin.is_some() {
        return Err(Fault::NoCoin);
    }
    let pair = PairName::new(row.vn, row.quote).ok_or(Fault::Name)?;
    let opens_at = row.ot.millis().unwrap_or(VenueTime::NONE);
    let small = |value: venue::mexc::json::Loose<'_>| value.small().unwrap_or_default();
    let triple = Triple { sts: small(row.sts), st: small(row.st), tt: small(row.tt) };
    let scale = |value: venue::mexc::json::Loose<'_>| value.small().unwrap_or(u8::MAX);
    let listed = ListingBody::Listed {
        triple,
        price_scale: scale(row.ps),
        qty_scale: scale(row.qs),
        opens_at,
    };
    // A scale too fine to hold makes no rules; the row still tells the opening.
    let spec = row.spec(0, now).ok().flatten();
    Ok(WebRow { coin, pair, name: pair.name(), opens_at, listed, spec })
}

/// The rules of a pair, without a version.
pub(crate) fn exchange_info(
    reader: &mut JsonReader,
    now: VenueTime,
    body: &[u8],
) -> Result<Reading<(Text<24>, SymbolSpec)>, Fault> {
    let document = reader.parse(body).map_err(Fault::Json)?;
    let page: ExchangeInfo<'_> = document.read().map_err(Fault::Json)?;
    Ok(Reading::of(&page.symbols, |row| rules(row, now)))
}

fn rules(row: &PairRules<'_>, now: VenueTime) -> Result<(Text<24>, SymbolSpec), Fault> {
    let name = Text::new(row.symbol).ok_or(Fault::Name)?;
    Ok((name, row.spec(0, now).map_err(Fault::Json)?))
}

/// Names of the pairs that are open to the API.
pub(crate) fn api_symbols(
    reader: &mut JsonReader,
    body: &[u8],
) -> Result<Reading<Text<24>>, Fault> {
    let document = reader.parse(body).map_err(Fault::Json)?;
    let page: SymbolList<'_> = document.read().map_err(Fault::Json)?;
    if !page.is_ok() {
        return Err(Fault::Refused { code: page.code });
    }
    let names = Rows { rows: page.data, bad: 0, first_error: None };
    Ok(Reading::of(&names, |name| Text::new(name).ok_or(Fault::Name)))
}
