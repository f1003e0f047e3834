//! Witnesses of listings: symbol lists, announcements and the unofficial web pages.

use model::VenueTime;

use super::record::{Loose, Read, Rows, records};
use super::{JsonError, Value};
use crate::mexc::codec::Sink;

records! {
    /// `defaultSymbols` and `selfSymbols`.
    SymbolList<'a> {
        /// 200 for success.
        code: i32 = "code",
        /// The pairs open to the API.
        data: Vec<&'a str> = "data",
        /// Null on success.
        msg: Option<&'a str> = "msg",
    }

    /// `symbol/offline`.
    OfflineList<'a> {
        /// Suspended and delisted pairs.
        data: Rows<OfflinePair<'a>> = "data",
    }

    /// A pair of `symbol/offline`.
    OfflinePair<'a> {
        /// The pair.
        symbol: &'a str = "symbol",
        /// 2 suspended, 3 delisted.
        state: u8 = "state",
        /// When it went offline.
        offline_time: Option<VenueTime> = "offlineTime",
    }

    /// `announcements`.
    Announcements<'a> {
        /// 0 for success.
        code: i32 = "code",
        /// Pages; one in all samples.
        data: Vec<AnnouncementPage<'a>> = "data",
        /// Empty on success.
        msg: Option<&'a str> = "msg",
    }

    /// A page of `announcements`.
    AnnouncementPage<'a> {
        /// Titles.
        details: Rows<Announcement<'a>> = "details",
        /// A number as text.
        total_page: Option<i64> = "totalPage",
    }

    /// An announcement.
    Announcement<'a> {
        /// Title.
        title: &'a str = "title",
        /// Its page.
        url: Option<&'a str> = "url",
        /// Such as `CN`.
        language: Option<&'a str> = "language",
        /// When it was posted.
        post_time: Option<VenueTime> = "postTime",
    }

    /// The web calendar of new coins.
    Calendar<'a> {
        /// The page's one object.
        data: CalendarData<'a> = "data",
        /// May be there.
        code: Loose<'a> = "code",
        /// May be there.
        msg: Loose<'a> = "msg",
    }

    /// What the calendar holds.
    CalendarData<'a> {
        /// Past days and coming ones.
        new_coins: Rows<NewCoin<'a>> = "newCoins",
    }

    /// A coin of the calendar.
    NewCoin<'a> {
        /// The coin's id: `cd` of the web list, `coinId` of the account stream.
        vcoin_id: &'a str = "vcoinId",
        /// Ticker.
        vcoin_name: &'a str = "vcoinName",
        /// Name of the project.
        vcoin_name_full: Loose<'a> = "vcoinNameFull",
        /// Opening in ms; [`Loose::millis`] reads it.
        first_open_time: Loose<'a> = "firstOpenTime",
        /// Trading zone.
        zone: Loose<'a> = "zone",
    }

    /// A pair of the web list. Every key but `cd` and `vn` may be missing or odd.
    WebPair<'a> {
        /// Id of the pair.
        id: Loose<'a> = "id",
        /// Id of the quote coin.
        mcd: Loose<'a> = "mcd",
        /// Id of the base coin.
        cd: &'a str = "cd",
        /// Base ticker.
        vn: &'a str = "vn",
        /// Name of the coin.
        full_name: Loose<'a> = "fn",
        /// Name of the coin in English.
        full_name_en: Loose<'a> = "fne",
        /// State; 1 on a pair in normal trading.
        sts: Loose<'a> = "sts",
        /// State; 1 on a pair in normal trading.
        st: Loose<'a> = "st",
        /// State; 1 on a pair in normal trading.
        tt: Loose<'a> = "tt",
        /// Deposits; 1 on a pair in normal trading.
        dst: Loose<'a> = "dst",
        /// Such as `NEW`.
        tp: Loose<'a> = "tp",
        /// Opening in ms; [`Loose::millis`] reads it.
        ot: Loose<'a> = "ot",
        /// Decimals of price.
        ps: Loose<'a> = "ps",
        /// Decimals of quantity.
        qs: Loose<'a> = "qs",
        /// Token contract.
        ca: Loose<'a> = "ca",
        /// Quote ticker: the key of the list that the pair stood in, or its own `mn`.
        quote: &'a str = "mn",
    }

    /// The object `info` of a pair's web page.
    PairInfo<'a> {
        /// Id of the pair.
        id: Loose<'a> = "id",
        /// Id of the quote coin.
        mcd: Loose<'a> = "mcd",
        /// Id of the base coin.
        cd: &'a str = "cd",
        /// Base ticker; an unknown pair's page shows another pair.
        vn: &'a str = "vn",
        /// Quote ticker.
        mn: &'a str = "mn",
        /// Name of the coin.
        full_name: Loose<'a> = "fn",
        /// Decimals of price.
        ps: Loose<'a> = "ps",
        /// Decimals of quantity.
        qs: Loose<'a> = "qs",
        /// Not documented.
        bos: Loose<'a> = "bos",
        /// Kinds of orders.
        aol: Rows<PairOrderType<'a>> = "aol",
    }

    /// A kind of order of a pair's web page.
    PairOrderType<'a> {
        /// 1 limit, 5 market.
        ot: i32 = "ot",
        /// Its word.
        otn: Loose<'a> = "otn",
        /// 1 when it may be used.
        ots: i32 = "ots",
    }
}

impl SymbolList<'_> {
    /// Whether the list can be believed: this endpoint says 200 for success.
    pub const fn is_ok(&self) -> bool {
        self.code == 200
    }
}

/// The web list of pairs, symbolsV2, in either of its two shapes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WebList<'a> {
    /// All pairs.
    pub pairs: Rows<WebPair<'a>>,
}

/// Id of USDT, which a flat list names instead of the ticker.
const USDT_ID: &str = "128f589271cb4951b03e71e6323eb7be";

impl<'a> Read<'a> for WebList<'a> {
    fn read(value: Value<'_, 'a>, _: &'static str) -> Result<Self, JsonError> {
        let symbols = value.get("data").get("symbols");
        let mut pairs = Rows::default();
        if let Some(rows) = symbols.items() {
            rows.for_each(|row| pairs.add(web_pair(row, None)));
        } else if let Some(quotes) = symbols.entries() {
            for (quote, rows) in quotes {
                let rows = rows
                    .items()
                    .ok_or(JsonError::Type { field: "data.symbols.*", expected: "a list" })?;
                rows.for_each(|row| pairs.add(web_pair(row, Some(quote))));
            }
        } else {
            return Err(JsonError::Type { field: "data.symbols", expected: "an object or a list" });
        }
        Ok(Self { pairs })
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.object(name, self);
    }
}

impl crate::mexc::codec::Fields for WebList<'_> {
    fn fields(&self, sink: &mut dyn Sink) {
        self.pairs.show("symbols", sink);
    }
}

/// A row with its quote: the key above it, else its own `mn`, else USDT by its id, else nothing.
fn web_pair<'a>(row: Value<'_, 'a>, quote: Option<&'a str>) -> Result<WebPair<'a>, JsonError> {
    let by_id = if row.get("mcd").text() == Some(USDT_ID) { "USDT" } else { "" };
    let quote = quote.or(row.get("mn").text()).unwrap_or(by_id);
    WebPair::read_with(row, quote)
}

impl<'a> WebPair<'a> {
    fn read_with(row: Value<'_, 'a>, quote: &'a str) -> Result<Self, JsonError> {
        let loose = |key: &str| Loose(row.get(key).text());
        let needed = |field| row.get(field).text().ok_or(JsonError::Missing { field });
        Ok(Self {
            id: loose("id"),
            mcd: loose("mcd"),
            cd: needed("cd")?,
            vn: needed("vn")?,
            full_name: loose("fn"),
            full_name_en: loose("fne"),
            sts: loose("sts"),
            st: loose("st"),
            tt: loose("tt"),
            dst: loose("dst"),
            tp: loose("tp"),
            ot: loose("ot"),
            ps: loose("ps"),
            qs: loose("qs"),
            ca: loose("ca"),
            quote,
        })
    }
}
