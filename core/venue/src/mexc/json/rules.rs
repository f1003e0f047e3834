//! The rules of pairs: `exchangeInfo`, `tradeFee`, and what the web list tells of them.

use model::{
    Amount, MAX_DECIMALS, NumError, OrderKind, OrderKinds, Price, Qty, SpecSource, SymbolSpec,
    SymbolStatus, TradeSides, VenueTime,
};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::JsonError;
use super::listing::WebPair;
use super::record::{Loose, PlainDecimal, Rows, records};

records! {
    /// `exchangeInfo`.
    ExchangeInfo<'a> {
        /// The exchange's clock.
        server_time: Option<VenueTime> = "serverTime",
        /// The pairs; an unknown one that was asked for gives an empty list.
        symbols: Rows<PairRules<'a>> = "symbols",
    }

    /// A pair of `exchangeInfo`.
    PairRules<'a> {
        /// The pair.
        symbol: &'a str = "symbol",
        /// `1` or `ENABLED` online, `2` paused, `3` offline.
        status: &'a str = "status",
        /// Base asset.
        base_asset: &'a str = "baseAsset",
        /// Quote asset.
        quote_asset: &'a str = "quoteAsset",
        /// Name of the coin.
        full_name: Option<&'a str> = "fullName",
        /// Decimals of quantities.
        base_asset_precision: u8 = "baseAssetPrecision",
        /// Decimals of prices.
        quote_precision: u8 = "quotePrecision",
        /// The same under its other name.
        quote_asset_precision: Option<u8> = "quoteAssetPrecision",
        /// Decimals of fees in base.
        base_commission_precision: Option<u8> = "baseCommissionPrecision",
        /// Decimals of fees in quote.
        quote_commission_precision: Option<u8> = "quoteCommissionPrecision",
        /// Smallest quantity of an order; zero for none.
        base_size_precision: Option<PlainDecimal<'a>> = "baseSizePrecision",
        /// Smallest amount of a limit order in quote.
        quote_amount_precision: Option<PlainDecimal<'a>> = "quoteAmountPrecision",
        /// The same of a market order.
        quote_amount_precision_market: Option<PlainDecimal<'a>> = "quoteAmountPrecisionMarket",
        /// Largest amount of a limit order in quote.
        max_quote_amount: Option<PlainDecimal<'a>> = "maxQuoteAmount",
        /// The same of a market order.
        max_quote_amount_market: Option<PlainDecimal<'a>> = "maxQuoteAmountMarket",
        /// Kinds of orders; IOC and FOK are taken although never listed.
        order_types: Option<Vec<&'a str>> = "orderTypes",
        /// Older replies only.
        quote_order_qty_market_allowed: Option<bool> = "quoteOrderQtyMarketAllowed",
        /// Whether the API may trade it; may be false while the pair is online.
        is_spot_trading_allowed: Option<bool> = "isSpotTradingAllowed",
        /// Whether it is traded on margin.
        is_margin_trading_allowed: Option<bool> = "isMarginTradingAllowed",
        /// Such as `SPOT`.
        permissions: Option<Vec<&'a str>> = "permissions",
        /// The price band.
        filters: Option<Rows<Filter<'a>>> = "filters",
        /// Fee of a resting order, a fraction.
        maker_commission: Decimal = "makerCommission",
        /// Fee of a crossing order, a fraction.
        taker_commission: Decimal = "takerCommission",
        /// 1 both sides, 2 buys, 3 sells, 4 closed; a number or a text.
        trade_side_type: Option<u8> = "tradeSideType",
        /// The mark of special treatment, a risk warning.
        st: Option<bool> = "st",
        /// Token contract; may be empty.
        contract_address: Option<&'a str> = "contractAddress",
        /// First opening, seen from 2026-07.
        first_open_time: Loose<'a> = "firstOpenTime",
        /// Not documented.
        biz_type: Loose<'a> = "bizType",
    }

    /// A price band; what the multipliers multiply is disputed.
    Filter<'a> {
        /// `PERCENT_PRICE_BY_SIDE`.
        filter_type: &'a str = "filterType",
        /// For buys.
        bid_multiplier_up: Option<PlainDecimal<'a>> = "bidMultiplierUp",
        /// For sells.
        ask_multiplier_down: Option<PlainDecimal<'a>> = "askMultiplierDown",
    }

    /// `tradeFee`.
    TradeFee<'a> {
        /// The rates.
        data: FeeRates = "data",
        /// 0 for success.
        code: Option<i32> = "code",
        /// `success`.
        msg: Option<&'a str> = "msg",
        /// When.
        timestamp: Option<VenueTime> = "timestamp",
    }

    /// Own fee rates of a pair, fractions written as bare numbers.
    FeeRates {
        /// Resting.
        maker_commission: Decimal = "makerCommission",
        /// Crossing.
        taker_commission: Decimal = "takerCommission",
    }
}

/// Decimals kept beyond the venue's, so that a finer precision later is an exact rescale.
const SPARE_DECIMALS: u8 = 2;

impl PairRules<'_> {
    /// The rules as the engine keeps them.
    ///
    /// A missing smallest amount or quantity reads as none and a missing largest as unbounded:
    /// the venue itself refuses what it does not take. A missing permission reads as not allowed,
    /// missing sides as both.
    ///
    /// # Errors
    /// [`JsonError::Value`] for a status or side without a meaning, [`JsonError::Number`] for a
    /// precision or figure that the scales do not hold.
    pub fn spec(&self, version: u32, read_at: VenueTime) -> Result<SymbolSpec, JsonError> {
        let (price_decimals, tick) = scale(self.quote_precision, "quotePrecision")?;
        let (qty_decimals, step) = scale(self.base_asset_precision, "baseAssetPrecision")?;
        Ok(SymbolSpec {
            version,
            price_decimals,
            qty_decimals,
            tick: positive_price(tick, "quotePrecision")?,
            step: positive_qty(step, "baseAssetPrecision")?,
            qty_min: match self.base_size_precision {
                Some(least) => qty_up(least, qty_decimals, "baseSizePrecision")?,
                None => Qty::ZERO,
            },
            notional_min: amount(self.quote_amount_precision, "quoteAmountPrecision")?
                .unwrap_or(Amount::ZERO),
            notional_max: amount(self.max_quote_amount, "maxQuoteAmount")?.unwrap_or(Amount::MAX),
            maker_fee_ppm: parts_per_million(self.maker_commission, "makerCommission")?,
            taker_fee_ppm: parts_per_million(self.taker_commission, "takerCommission")?,
            status: status(self.status)?,
            sides: sides(self.trade_side_type)?,
            kinds: kinds(self.order_types.as_deref().unwrap_or_default()),
            api_allowed: self.is_spot_trading_allowed.unwrap_or(false),
            source: SpecSource::ExchangeInfo,
            read_at,
        })
    }
}

impl FeeRates {
    /// Maker and taker in millionths, rounded up.
    ///
    /// # Errors
    /// [`JsonError::Number`] for a rate below 0 or above 1.
    pub fn ppm(&self) -> Result<(u32, u32), JsonError> {
        Ok((
            parts_per_million(self.maker_commission, "makerCommission")?,
            parts_per_million(self.taker_commission, "takerCommission")?,
        ))
    }
}

impl WebPair<'_> {
    /// The highest rate of any sample of the venue: 0.3 %.
    const FEE_PPM: u32 = 3_000;

    /// The rules as far as the web list tells them, for the time before `exchangeInfo` has the
    /// pair; `None` when it does not tell the scales.
    ///
    /// What it does not tell is taken to the side that costs least when wrong. Fees: the highest
    /// rate seen. Smallest amount: 1 unit of a dollar coin, the venue's usual one, none for other
    /// quotes, whose units are worth too much to guess; an order too small is refused with the
    /// figure. Kinds: no MARKET, which some pairs lack and openings cancel. Online and open to the
    /// API: `true`, since the list shows neither and the venue's own refusal (30001, 10007) is the
    /// answer that retries wait for.
    ///
    /// # Errors
    /// [`JsonError::Number`] for a scale too fine to hold.
    pub fn spec(&self, version: u32, read_at: VenueTime) -> Result<Option<SymbolSpec>, JsonError> {
        let (Some(ps), Some(qs)) = (self.ps.small(), self.qs.small()) else { return Ok(None) };
        let (price_decimals, tick) = scale(ps, "ps")?;
        let (qty_decimals, step) = scale(qs, "qs")?;
        let dollar = matches!(self.quote, "USDT" | "USDC" | "USD1");
        Ok(Some(SymbolSpec {
            version,
            price_decimals,
            qty_decimals,
            tick: positive_price(tick, "ps")?,
            step: positive_qty(step, "qs")?,
            qty_min: Qty::ZERO,
            notional_min: if dollar { Amount::ONE } else { Amount::ZERO },
            notional_max: Amount::MAX,
            maker_fee_ppm: Self::FEE_PPM,
            taker_fee_ppm: Self::FEE_PPM,
            status: SymbolStatus::Online,
            sides: TradeSides::Both,
            kinds: kinds(&["LIMIT", "LIMIT_MAKER"]),
            api_allowed: true,
            source: SpecSource::WebList,
            read_at,
        }))
    }
}

/// The scale of a precision, and one step of that precision at it.
fn scale(precision: u8, field: &'static str) -> Result<(u8, i64), JsonError> {
    let decimals = precision.saturating_add(SPARE_DECIMALS);
    if decimals > MAX_DECIMALS {
        let cause = NumError::TooFine { decimals: precision, scale: MAX_DECIMALS - SPARE_DECIMALS };
        return Err(JsonError::Number { field, cause });
    }
    Ok((decimals, 10_i64.pow(u32::from(SPARE_DECIMALS))))
}

fn positive_price(raw: i64, field: &'static str) -> Result<Price, JsonError> {
    Price::from_raw(raw).ok_or(JsonError::Number { field, cause: NumError::NotPositive })
}

fn positive_qty(raw: i64, field: &'static str) -> Result<Qty, JsonError> {
    Qty::from_raw(raw).ok_or(JsonError::Number { field, cause: NumError::NotPositive })
}

/// A smallest quantity, rounded up when it is finer than the scale.
fn qty_up(least: PlainDecimal<'_>, decimals: u8, field: &'static str) -> Result<Qty, JsonError> {
    let fail = |cause| JsonError::Number { field, cause };
    match least.qty(decimals) {
        Err(NumError::TooFine { .. }) => {
            let exact = least.exact().map_err(fail)?;
            let rounded =
                exact.round_dp_with_strategy(u32::from(decimals), RoundingStrategy::AwayFromZero);
            Qty::parse(rounded.to_string().as_bytes(), decimals).map_err(fail)
        }
        other => other.map_err(fail),
    }
}

fn amount(
    value: Option<PlainDecimal<'_>>,
    field: &'static str,
) -> Result<Option<Amount>, JsonError> {
    let fail = |cause| JsonError::Number { field, cause };
    let amount = value.map(PlainDecimal::amount).transpose().map_err(fail)?;
    match amount {
        Some(amount) if amount.is_negative() => Err(fail(NumError::NotPositive)),
        other => Ok(other),
    }
}

fn parts_per_million(rate: Decimal, field: &'static str) -> Result<u32, JsonError> {
    let fail = |cause| JsonError::Number { field, cause };
    if rate.is_sign_negative() && !rate.is_zero() {
        return Err(fail(NumError::NotPositive));
    }
    if rate > Decimal::ONE {
        return Err(fail(NumError::Overflow));
    }
    (rate * Decimal::from(1_000_000)).ceil().to_u32().ok_or(fail(NumError::Overflow))
}

fn status(word: &str) -> Result<SymbolStatus, JsonError> {
    match word {
        "1" | "ENABLED" => Ok(SymbolStatus::Online),
        "2" => Ok(SymbolStatus::Paused),
        "3" => Ok(SymbolStatus::Offline),
        other => Err(JsonError::value("status", other)),
    }
}

fn sides(number: Option<u8>) -> Result<TradeSides, JsonError> {
    match number {
        None | Some(1) => Ok(TradeSides::Both),
        Some(2) => Ok(TradeSides::BuyOnly),
        Some(3) => Ok(TradeSides::SellOnly),
        Some(4) => Ok(TradeSides::Closed),
        Some(other) => {
            let mut buffer = [0; 40];
            let found = model::format_scaled(i64::from(other), 0, &mut buffer);
            Err(JsonError::value("tradeSideType", found))
        }
    }
}

fn kinds(words: &[&str]) -> OrderKinds {
    let always =
        OrderKinds::default().with(OrderKind::ImmediateOrCancel).with(OrderKind::FillOrKill);
    words.iter().fold(always, |kinds, word| match *word {
        "LIMIT" => kinds.with(OrderKind::Limit),
        "MARKET" => kinds.with(OrderKind::Market),
        "LIMIT_MAKER" => kinds.with(OrderKind::LimitMaker),
        _ => kinds,
    })
}
