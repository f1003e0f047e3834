//! Bodies of REST and web pages by the name of their endpoint.

use serde_json::{Map, Value};
use venue::mexc::codec::Fields;
use venue::mexc::json::{
    Account, AggTrade, Announcements, ApiError, BatchOrder, BookTicker, Calendar, Coin, Depth,
    Document, Empty, ExchangeInfo, JsonError, JsonReader, Kline, ListenKey, ListenKeys, MyTrade,
    NewOrder, OfflineList, Order, PairInfo, PairRules, Read, ServerTime, StpGroup, SymbolList,
    Ticker24, Trade, TradeFee, WebList,
};

use super::{InspectError, tree};

/// `name => how many records: record`; `any` is one record or a list of them.
macro_rules! endpoints {
    ($life:lifetime; $( $name:literal => $many:ident $record:ty, )*) => {
        /// Names that [`rest`] knows.
        pub const ENDPOINTS: &[&str] = &[$($name),*];

        fn show<$life>(endpoint: &str, body: &Document<$life>) -> Option<Result<Value, JsonError>> {
            Some(match endpoint {
                $( $name => $many::<$record>(body), )*
                _ => return None,
            })
        }
    };
}

endpoints! { 'r;
    "ping" => one Empty,
    "time" => one ServerTime,
    "defaultSymbols" => one SymbolList<'r>,
    "selfSymbols" => one SymbolList<'r>,
    "symbol/offline" => one OfflineList<'r>,
    "exchangeInfo" => one ExchangeInfo<'r>,
    "exchangeInfo/symbol" => one PairRules<'r>,
    "depth" => one Depth<'r>,
    "trades" => list Trade<'r>,
    "aggTrades" => list AggTrade<'r>,
    "klines" => list Kline<'r>,
    "ticker/24hr" => any Ticker24<'r>,
    "ticker/bookTicker" => any BookTicker<'r>,
    "announcements" => one Announcements<'r>,
    "account" => one Account<'r>,
    "order/new" => one NewOrder<'r>,
    "order/test" => one Empty,
    "order/cancel" => one Order<'r>,
    "order" => one Order<'r>,
    "batchOrders" => list BatchOrder<'r>,
    "openOrders" => list Order<'r>,
    "allOrders" => list Order<'r>,
    "myTrades" => list MyTrade<'r>,
    "tradeFee" => one TradeFee<'r>,
    "userDataStream" => one ListenKey<'r>,
    "userDataStream/list" => one ListenKeys<'r>,
    "capital/config/getall" => list Coin<'r>,
    "strategy/group" => one StpGroup<'r>,
    "calendar" => one Calendar<'r>,
    "symbolsV2" => one WebList<'r>,
    "pairInfo" => one PairInfo<'r>,
    "error" => one ApiError<'r>,
}

/// Shows what the client reads from a body of `endpoint`; a body that the venue refused with is
/// shown as `refused`.
///
/// # Errors
/// [`InspectError::Endpoint`] for a name not in [`ENDPOINTS`], with the nearest one;
/// [`InspectError::Body`] with the field that cannot be read.
pub fn rest(endpoint: &str, body: &[u8]) -> Result<Value, InspectError> {
    let mut reader = JsonReader::new(JsonReader::PAGE);
    let document = reader.parse(body).map_err(InspectError::Body)?;
    match show(endpoint, &document) {
        None => {
            Err(InspectError::Endpoint { asked: endpoint.to_owned(), nearest: nearest(endpoint) })
        }
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => match document.read::<ApiError<'_>>() {
            Ok(refusal) => {
                Ok(Value::Object(Map::from_iter([("refused".to_owned(), tree::object(&refusal))])))
            }
            Err(_) => Err(InspectError::Body(error)),
        },
    }
}

fn nearest(asked: &str) -> &'static str {
    let distance = |name: &&&str| strsim::damerau_levenshtein(asked, name);
    ENDPOINTS.iter().min_by_key(distance).copied().unwrap_or("time")
}

fn one<'r, T: Read<'r> + Fields>(body: &Document<'r>) -> Result<Value, JsonError> {
    body.read::<T>().map(|record| tree::object(&record))
}

fn list<'r, T: Read<'r> + Fields>(body: &Document<'r>) -> Result<Value, JsonError> {
    let records = body.read::<Vec<T>>()?;
    Ok(records.iter().map(|record| tree::object(record)).collect())
}

fn any<'r, T: Read<'r> + Fields>(body: &Document<'r>) -> Result<Value, JsonError> {
    one::<T>(body).or_else(|_| list::<T>(body))
}
