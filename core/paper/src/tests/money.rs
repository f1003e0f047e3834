//! Purse, locks and fees.

use super::*;

use OrderKind::{ImmediateOrCancel, Limit};

fn amount(text: &str) -> Amount {
    Amount::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_buy_pays_its_fee_in_the_coin_and_a_sale_in_quote() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(100, 10)]);
    let id = desk.order(Side::Buy, ImmediateOrCancel, 100, 10);
    assert_eq!((desk.free(USDT), desk.free(COIN)), (amount("9990"), amount("9.995")));
    let fill = desk.fills(id)[0];
    assert_eq!((fill.fee, fill.fee_asset), (amount("0.005"), COIN));
    desk.book(&[(99, 50)], &[(100, 11)]);
    let id = desk.order(Side::Sell, ImmediateOrCancel, 99, 5);
    assert_eq!((desk.free(USDT), desk.free(COIN)), (amount("9994.947525"), amount("4.995")));
    let fill = desk.fills(id)[0];
    assert_eq!((fill.fee, fill.fee_asset), (amount("0.002475"), USDT));
}

#[test]
fn a_fee_in_quote_is_held_with_the_order() {
    let fees = Fees { maker_ppm: 1_000, taker_ppm: 2_000, asset: FeeAsset::Quote };
    let mut desk = Desk::with(PaperConfig { fees, ..config() });
    desk.book(&[(99, 5)], &[(100, 10)]);
    let id = desk.order(Side::Buy, ImmediateOrCancel, 100, 10);
    assert_eq!((desk.free(USDT), desk.locked(USDT)), (amount("9989.98"), Amount::ZERO));
    assert_eq!(desk.free(COIN), amount("10"));
    assert_eq!(desk.fills(id)[0].fee_asset, USDT);
}

#[test]
fn the_pairs_own_fees_count_where_they_are_higher() {
    let mut desk = Desk::open();
    desk.rules(SymbolSpec { taker_fee_ppm: 4_000, maker_fee_ppm: 2_000, ..spec() });
    desk.book(&[(99, 5)], &[(100, 10)]);
    let taker = desk.order(Side::Buy, ImmediateOrCancel, 100, 10);
    let maker = desk.order(Side::Buy, Limit, 99, 10);
    desk.print(Side::Sell, 98, 10);
    desk.pass(10);
    let fee = |id| desk.fills(id)[0].fee;
    assert_eq!((fee(taker), fee(maker)), (amount("0.04"), amount("0.02")));
}

#[test]
fn a_better_price_frees_what_it_saves() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(100, 4)]);
    desk.order(Side::Buy, Limit, 110, 10);
    assert_eq!((desk.free(USDT), desk.locked(USDT)), (amount("9989.4"), amount("6.6")));
}

#[test]
fn nobody_spends_what_is_not_there() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(100, 10)]);
    let buy = desk.order(Side::Buy, Limit, 100, 10_001);
    let sell = desk.order(Side::Sell, Limit, 100, 5);
    assert_eq!((desk.code(buy), desk.code(sell)), (Some(30_004), Some(30_005)));
    let first = desk.order(Side::Buy, Limit, 90, 6_000);
    let second = desk.order(Side::Buy, Limit, 90, 6_000);
    assert_eq!((desk.code(first), desk.code(second)), (None, Some(30_004)));
}

#[test]
fn as_many_orders_are_open_as_allowed() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(100, 10)]);
    for at in 0..crate::order::Orders::OPEN_MAX {
        let id = desk.order(Side::Buy, Limit, 90, 2);
        desk.pass(100);
        assert_eq!(desk.code(id), None, "order {at}");
    }
    let one_more = desk.order(Side::Buy, Limit, 90, 2);
    assert_eq!(desk.code(one_more), Some(30_029));
}
