//! Chance against every rule at once.

use proptest::prelude::*;

use super::*;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Book(Vec<i64>, Vec<i64>),
    Print(Side, i64, i64),
    Order(Side, OrderKind, i64, i64),
    CancelLast,
    Pass(u64),
    Cut,
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn kind() -> impl Strategy<Value = OrderKind> {
    prop_oneof![
        3 => Just(OrderKind::Limit),
        1 => Just(OrderKind::LimitMaker),
        3 => Just(OrderKind::ImmediateOrCancel),
        1 => Just(OrderKind::FillOrKill),
        1 => Just(OrderKind::Market),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let levels = || proptest::collection::vec(0_i64..30, 0..6);
    prop_oneof![
        4 => (levels(), levels()).prop_map(|(bids, asks)| Step::Book(bids, asks)),
        4 => (side(), 90_i64..110, 1_i64..40).prop_map(|(s, p, q)| Step::Print(s, p, q)),
        5 => (side(), kind(), 90_i64..110, 2_i64..60).prop_map(|(s, k, p, q)| Step::Order(s, k, p, q)),
        1 => Just(Step::CancelLast),
        4 => (1_u64..40).prop_map(Step::Pass),
        1 => Just(Step::Cut),
    ]
}

/// Everything that a run of steps brought about.
struct Ran {
    desk: Desk,
    orders: Vec<Request>,
    /// All that was ever shown at each side and price, changed quantities anew, and all prints.
    offered: i64,
}

fn run(seed: u64, steps: &[Step]) -> Ran {
    let latency = Latency { order_spread: Span::from_millis(9), ..config().latency };
    let mut desk = Desk::with(PaperConfig { seed, latency, ..config() });
    desk.paper.purse.open(ME, "NEW", COIN);
    desk.paper.purse.receive(ME, COIN, Amount::from_units(500));
    let (mut orders, mut offered) = (Vec::new(), 0_i64);
    for step in steps {
        match step {
            Step::Book(bids, asks) => {
                let bids: Vec<(i64, i64)> =
                    bids.iter().enumerate().map(|(at, q)| (99 - at as i64, *q + 1)).collect();
                let asks: Vec<(i64, i64)> =
                    asks.iter().enumerate().map(|(at, q)| (101 + at as i64, *q + 1)).collect();
                offered += bids.iter().chain(&asks).map(|(_, q)| q).sum::<i64>();
                desk.book(&bids, &asks);
            }
            Step::Print(side, cents, coins) => {
                offered += coins;
                desk.print(*side, *cents, *coins);
            }
            Step::Order(side, kind, cents, coins) => {
                let request = desk.request(*side, *kind, *cents, *coins);
                if desk.paper.write_order(desk.now, request).is_ok() {
                    orders.push(request);
                }
                desk.run();
            }
            Step::CancelLast => {
                if let Some(last) = orders.last() {
                    let cancel = desk.cancel_of(last.client_order_id);
                    let _ = desk.paper.cancel(desk.now, &cancel);
                }
                desk.run();
            }
            Step::Pass(millis) => desk.pass(*millis),
            Step::Cut => {
                desk.paper.handle_reachable(desk.now, false);
                desk.pass(3);
                desk.paper.handle_reachable(desk.now, true);
            }
        }
    }
    desk.pass(1_000);
    desk.ask(Ask::Trades);
    Ran { desk, orders, offered }
}

/// Each deal once, whoever told of it.
fn deals(desk: &Desk) -> BTreeMap<u128, Fill> {
    let fill = |event: &Event| {
        if let Body::Fill(fill) = event.body { Some((fill.trade.0, fill)) } else { None }
    };
    desk.said.iter().filter_map(fill).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_order_is_filled_beyond_its_size_or_at_a_price_worse_than_its_limit(
        seed in 0_u64..1_000, steps in proptest::collection::vec(step(), 1..80),
    ) {
        let ran = run(seed, &steps);
        for order in &ran.orders {
            let id = Some(order.client_order_id);
            let deals: Vec<Fill> =
                deals(&ran.desk).into_values().filter(|f| f.client_order_id == id).collect();
            let sum: i64 = deals.iter().map(|fill| fill.qty.raw()).sum();
            prop_assert!(sum <= order.qty.raw());
            let inside = |fill: &Fill| match (order.kind, order.side) {
                (OrderKind::Market, _) => true,
                (_, Side::Buy) => fill.price <= order.price,
                (_, Side::Sell) => fill.price >= order.price,
            };
            prop_assert!(deals.iter().all(inside));
            let maker = |fill: &Fill| fill.maker && fill.price != order.price;
            prop_assert!(!deals.iter().any(maker), "a resting order deals at its own price");
        }
    }

    #[test]
    fn no_more_is_dealt_than_books_and_prints_showed(
        seed in 0_u64..1_000, steps in proptest::collection::vec(step(), 1..80),
    ) {
        let ran = run(seed, &steps);
        let sum: i64 = deals(&ran.desk).values().map(|fill| fill.qty.raw()).sum();
        prop_assert!(sum <= ran.offered * 10_000, "{sum} of {}", ran.offered);
    }

    #[test]
    fn money_moves_by_deals_and_fees_alone_and_never_below_zero(
        seed in 0_u64..1_000, steps in proptest::collection::vec(step(), 1..80),
    ) {
        let ran = run(seed, &steps);
        let (mut usdt, mut coin) = (Amount::from_units(10_000), Amount::from_units(500));
        for fill in deals(&ran.desk).values() {
            let value = Amount::notional(fill.price, 4, fill.qty, 4, model::Round::Up).unwrap();
            let coins = Amount::of_qty(fill.qty, 4).unwrap();
            let (to_usdt, to_coin) = match fill.side {
                Side::Buy => (-value.raw(), coins.raw()),
                Side::Sell => (value.raw(), -coins.raw()),
            };
            let fee = |asset| if fill.fee_asset == asset { fill.fee.raw() } else { 0 };
            usdt = Amount::from_raw(usdt.raw() + to_usdt - fee(USDT));
            coin = Amount::from_raw(coin.raw() + to_coin - fee(COIN));
        }
        let desk = &ran.desk;
        let all = |asset| desk.free(asset).plus_or_max(desk.locked(asset));
        prop_assert_eq!((all(USDT), all(COIN)), (usdt, coin));
        for asset in [USDT, COIN] {
            prop_assert!(!desk.free(asset).is_negative() && !desk.locked(asset).is_negative());
        }
        let open = (0..).map_while(|at| desk.paper.orders.get(at)).filter(|order| order.is_open());
        let locked = open.fold(Amount::ZERO, |sum, order| sum.plus_or_max(order.locked));
        prop_assert_eq!(desk.locked(USDT).plus_or_max(desk.locked(COIN)), locked);
    }

    #[test]
    fn equal_seeds_and_calls_give_equal_events(
        seed in 0_u64..1_000, steps in proptest::collection::vec(step(), 1..60),
    ) {
        prop_assert_eq!(run(seed, &steps).desk.said, run(seed, &steps).desk.said);
    }
}
