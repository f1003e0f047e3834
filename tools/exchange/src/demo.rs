//! The demo's listings: names, prices, caps and fates from the seed.

use crate::config::{
    BeforeOpen, FlowConfig, Knot, ListingConfig, SymbolConfig, TripleStep, usual_cap_text,
};
use crate::rng::Rng;

/// What becomes of a coin after its opening.
#[derive(Clone, Copy)]
enum Fate {
    Rises,
    Falls,
    StaysFlat,
}

const FATES: [Fate; 3] = [Fate::Rises, Fate::Falls, Fate::StaysFlat];

/// `count` listings, the first `first_ms` after the origin, then `apart_ms` apart. Fates take
/// turns in an order that the seed chooses, so that three listings in a row see all of them.
pub(crate) fn listings(
    seed: u64,
    count: usize,
    first_ms: i64,
    apart_ms: i64,
) -> Vec<ListingConfig> {
    let mut rng = Rng::new(seed, "demo listings");
    let turn = rng.below(3) as usize;
    let step = 1 + rng.below(2) as usize;
    let mut names: Vec<String> = ["BTC", "ETH", "MX", "USDT"].map(str::to_owned).into();
    (0..count)
        .map(|at| {
            let base = fresh_name(&mut rng, &names);
            names.push(base.clone());
            let fate = FATES[(turn + at * step) % 3];
            listing(&mut rng, base, fate, first_ms + apart_ms * at as i64)
        })
        .collect()
}

fn fresh_name(rng: &mut Rng, taken: &[String]) -> String {
    loop {
        let len = 3 + rng.below(3) as usize;
        let letter = |at: usize, rng: &mut Rng| {
            let letters: &[u8] = if at.is_multiple_of(2) { b"BCDFGKLMNPRSTVXZ" } else { b"AEIOUY" };
            char::from(letters[rng.below(letters.len() as u64) as usize])
        };
        let name: String = (0..len).map(|at| letter(at, rng)).collect();
        if !taken.contains(&name) {
            return name;
        }
    }
}

fn listing(rng: &mut Rng, base: String, fate: Fate, opens_after_ms: i64) -> ListingConfig {
    let price_decimals = 4 + rng.below(3) as u8;
    let qty_decimals = rng.below(3) as u8;
    // First ask in ticks: four digits, so that one tick is between 1 and 10 ten-thousandths.
    let ask = rng.between(1_200, 9_800);
    let asks = asks(rng, ask, price_decimals, qty_decimals);
    let cap = ask * rng.between(10_250, 11_200) / 10_000;
    let cap_ms = rng.between(1_200, 2_500) as u64;
    let mut flow = FlowConfig::around(&decimal(ask - ask / 100, price_decimals), "220");
    flow.spread_bps = 60;
    flow.tick_ms = 40;
    flow.noise_ppm = 900;
    flow.taker_permille = 500;
    flow.orders_max = 40;
    flow.path = path(rng, fate, cap_ms);
    let triple = |before_ms, sts, st, tt| TripleStep { before_ms, sts, st, tt };
    ListingConfig {
        full_name: format!("{base} Network"),
        market: SymbolConfig {
            taker_fee_ppm: 500,
            flow: Some(flow),
            ..SymbolConfig::pair(&base, "1", price_decimals, qty_decimals, "1")
        },
        opens_after_ms,
        moves: Vec::new(),
        late_us: rng.between(0, 80_000),
        calendar_before_ms: 604_800_000,
        listed_before_ms: 604_800_000,
        triples: vec![
            triple(604_800_000, 1, 1, 1),
            triple(7_400, 2, 1, 1),
            triple(6_900, 2, 2, 1),
            triple(6_400, 2, 2, 4),
        ],
        web_without: Vec::new(),
        asks,
        asks_before_ms: 5_000,
        orders: Vec::new(),
        before_open: BeforeOpen::NotOpen,
        before_open_status: None,
        before_open_side_type: None,
        api_after_ms: 0,
        first_side_type: None,
        first_side_ms: 0,
        cap: Some(decimal(cap, price_decimals)),
        cap_ms,
        cap_text: usual_cap_text(),
        market_cancelled_ms: 0,
        flow_after_ms: rng.between(20, 60) as u64,
        gone_after_ms: None,
        gone_state: 3,
        faults: Vec::new(),
    }
}

/// Six levels within five hundredths of the first, 250 to 900 quote each.
fn asks(rng: &mut Rng, ask: i64, price_decimals: u8, qty_decimals: u8) -> Vec<(String, String)> {
    let mut price = ask;
    (0..6)
        .map(|_| {
            let level = price;
            price += (ask * rng.between(30, 100) / 10_000).max(1);
            // value / price, in steps of the quantity
            let value = rng.between(250, 900);
            let scale = 10_i64.pow(u32::from(price_decimals) + u32::from(qty_decimals));
            let qty = (value * scale / level).max(1);
            (decimal(level, price_decimals), decimal(qty, qty_decimals))
        })
        .collect()
}

fn path(rng: &mut Rng, fate: Fate, cap_ms: u64) -> Vec<Knot> {
    let knot = |after_ms, change_bps| Knot { after_ms, change_bps };
    let (first, last) = match fate {
        Fate::Rises => (rng.between(100, 200), rng.between(4_000, 9_000)),
        Fate::Falls => (rng.between(50, 150), -rng.between(2_500, 4_500)),
        Fate::StaysFlat => (rng.between(50, 150), rng.between(0, 150)),
    };
    let reached = cap_ms + rng.between(3_000, 5_000) as u64;
    vec![knot(0, 0), knot(cap_ms, first), knot(reached, last)]
}

/// An integer at `decimals` as plain text.
fn decimal(raw: i64, decimals: u8) -> String {
    model::format_scaled(raw, decimals, &mut [0; 40]).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_listings_and_another_seed_others() {
        assert_eq!(listings(5, 4, 8_000, 3_000), listings(5, 4, 8_000, 3_000));
        assert_ne!(listings(5, 4, 8_000, 3_000), listings(6, 4, 8_000, 3_000));
    }

    #[test]
    fn a_longer_demo_begins_like_a_shorter_one() {
        let long = listings(5, 6, 8_000, 3_000);
        assert_eq!(long[..2], listings(5, 2, 8_000, 3_000));
    }

    #[test]
    fn openings_are_full_seconds_three_apart_and_names_differ() {
        let all = listings(11, 40, 8_000, 3_000);
        for (at, listing) in all.iter().enumerate() {
            assert_eq!(listing.opens_after_ms, 8_000 + 3_000 * at as i64);
            let same = all.iter().filter(|other| other.market.base == listing.market.base);
            assert_eq!(same.count(), 1, "{}", listing.market.base);
            assert!((0..=80_000).contains(&listing.late_us));
        }
    }
}
