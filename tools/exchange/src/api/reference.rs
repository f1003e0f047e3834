//! What clients load before they trade: coins with their networks, and futures contracts.

use std::fmt::Write;

use super::json::{Quoted, list};
use super::{Call, Effect};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::market::Symbol;
use crate::rng::Rng;

type Reply = Result<Effect, ApiError>;

/// Networks that coins move on, as the exchange names them: long and short.
const NETWORKS: [(&str, &str); 4] = [
    ("Ethereum(ERC20)", "ETH"),
    ("BNB Smart Chain(BEP20)", "BSC"),
    ("Solana(SOL)", "SOL"),
    ("Tron(TRC20)", "TRX"),
];

/// Coins of every pair that is listed by now.
pub(super) fn coins(exchange: &mut Exchange, _: &Call<'_>, out: &mut String) -> Reply {
    let now = exchange.now;
    let shown = |asset: usize| {
        let mut pairs = exchange.symbols.iter();
        pairs.any(|pair| (pair.base == asset || pair.quote == asset) && pair.is_listed(now))
    };
    let assets = exchange.ledger.assets().iter().enumerate().filter(|(asset, _)| shown(*asset));
    list(out, assets, |out, (asset, coin)| {
        let pair = exchange.symbols.iter().find(|pair| pair.base == asset);
        let schedule = pair.and_then(|pair| pair.schedule.as_ref());
        let name = schedule.map_or(coin.as_str(), |schedule| schedule.full_name());
        coin_object(coin, name, out);
    });
    Ok(Effect::default())
}

fn coin_object(coin: &str, name: &str, out: &mut String) {
    // Facts of a coin do not depend on the seed.
    let mut rng = Rng::new(2, coin);
    let first = rng.below(NETWORKS.len() as u64) as usize;
    let networks = match coin {
        "BTC" => vec![("Bitcoin(BTC)", "BTC")],
        _ => vec![NETWORKS[first], NETWORKS[(first + 1) % NETWORKS.len()]],
    };
    let _ = write!(out, "{{\"coin\":{},\"name\":{},\"networkList\":", Quoted(coin), Quoted(name));
    list(out, networks.into_iter(), |out, (long, short)| {
        let contract = rng.hex(40);
        let _ = write!(
            out,
            "{{\"coin\":{coin},\"depositDesc\":null,\"depositEnable\":true,\"minConfirm\":{},\
             \"name\":{name},\"network\":\"{long}\",\"withdrawEnable\":true,\"withdrawFee\":\"0.5\",\
             \"withdrawIntegerMultiple\":null,\"withdrawMax\":\"1000000\",\"withdrawMin\":\"10\",\
             \"sameAddress\":false,\"contract\":\"0x{contract}\",\"withdrawTips\":null,\
             \"depositTips\":null,\"netWork\":\"{short}\"}}",
            rng.between(3, 120),
            coin = Quoted(coin),
            name = Quoted(name),
        );
    });
    out.push('}');
}

/// A perpetual contract for each pair that has traded for long. It is described, not traded.
pub(super) fn contracts(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let listed = || exchange.symbols.iter().filter(|symbol| symbol.schedule.is_none());
    out.push_str("{\"success\":true,\"code\":0,\"data\":");
    match call.params.get("symbol") {
        None => list(out, listed(), |out, symbol| contract(symbol, out)),
        Some(name) => match listed().find(|symbol| contract_name(symbol) == name.as_ref()) {
            Some(symbol) => contract(symbol, out),
            None => {
                out.clear();
                out.push_str(
                    "{\"success\":false,\"code\":1001,\"message\":\"Contract does not exist\"}",
                );
                return Ok(Effect::default());
            }
        },
    }
    out.push('}');
    Ok(Effect::default())
}

pub(super) fn contract_ping(exchange: &mut Exchange, _: &Call<'_>, out: &mut String) -> Reply {
    let now = exchange.now.millis();
    let _ = write!(out, "{{\"success\":true,\"code\":0,\"data\":{now}}}");
    Ok(Effect::default())
}

fn contract_name(symbol: &Symbol) -> String {
    format!("{}_{}", symbol.rules.config.base, symbol.rules.config.quote)
}

fn contract(symbol: &Symbol, out: &mut String) {
    let (base, quote) = (&symbol.rules.config.base, &symbol.rules.config.quote);
    let unit = |decimals: u8| model::format_scaled(1, decimals, &mut [0; 40]).to_owned();
    let _ = write!(
        out,
        "{{\"symbol\":\"{base}_{quote}\",\"displayName\":\"{base}_{quote}永续\",\
         \"displayNameEn\":\"{base}_{quote} SWAP\",\"positionOpenType\":3,\"baseCoin\":\"{base}\",\
         \"quoteCoin\":\"{quote}\",\"settleCoin\":\"{quote}\",\"contractSize\":{},\
         \"minLeverage\":1,\"maxLeverage\":125,\"priceScale\":{price},\"volScale\":0,\
         \"amountScale\":4,\"priceUnit\":{},\"volUnit\":1,\"minVol\":1,\"maxVol\":5000000,\
         \"bidLimitPriceRate\":0.03,\"askLimitPriceRate\":0.03,\"takerFeeRate\":0.0006,\
         \"makerFeeRate\":0.0002,\"maintenanceMarginRate\":0.004,\"initialMarginRate\":0.008,\
         \"riskBaseVol\":150000,\"riskIncrVol\":150000,\"riskIncrMmr\":0.004,\"riskIncrImr\":0.004,\
         \"riskLevelLimit\":5,\"priceCoefficientVariation\":0.05,\"indexOrigin\":[\"MEXC\"],\
         \"state\":0,\"isNew\":false,\"isHot\":true,\"isHidden\":false,\"conceptPlate\":[],\
         \"riskLimitType\":\"BY_VOLUME\",\"maxNumOrders\":[200,50],\"marketOrderMaxLevel\":15,\
         \"marketOrderPriceLimitRate1\":0.03,\"marketOrderPriceLimitRate2\":0.005,\
         \"triggerProtect\":0.05,\"appraisal\":0,\"showAppraisalCountdown\":0,\
         \"automaticDelivery\":0,\"apiAllowed\":false}}",
        unit(symbol.rules.config.qty_decimals.saturating_sub(2)),
        unit(symbol.rules.config.price_decimals),
        price = symbol.rules.config.price_decimals,
    );
}
