use model::*;

use super::*;
use crate::Collar;

#[test]
fn an_order_at_each_limit_passes_and_one_step_beyond_it_is_refused() {
    let mut case = Case::new();
    case.limits.order_notional_max = Amount::from_units(50);
    case.request.qty = qty(5_000); // 50.00 at 0.01
    case.passes();
    case.request.qty = qty(5_001);
    case.is_refused("A01");
}

#[test]
fn the_compiled_ceiling_holds_whatever_the_limits_say() {
    let mut case = Case::new();
    case.limits.order_notional_max = Amount::from_units(1_000_000);
    case.request.qty = qty(100_001);
    assert!(matches!(case.refusal(), Refusal::NotionalAboveCeiling { .. }));
}

#[test]
fn the_book_share_clips_where_allowed_and_refuses_where_not() {
    let mut case = Case::new();
    case.exposure.opposite_depth = Some(qty(10_000));
    case.limits.clip_allowed = true;
    assert_eq!(case.passes().qty, qty(2_000));
    case.limits.clip_allowed = false;
    case.is_refused("A02");
}

#[test]
fn a_price_far_from_the_book_is_refused_once_there_is_a_book() {
    let mut case = Case::new();
    case.exposure.reference = Price::from_raw(5_000);
    case.is_refused("A03");
    case.exposure.reference = None;
    case.exposure.drift_from = Price::from_raw(5_000);
    case.is_refused("A04");
}

#[test]
fn an_entry_is_never_a_market_order() {
    let mut case = Case::new();
    case.request.kind = OrderKind::Market;
    case.is_refused("A05");
}

#[test]
fn the_venues_own_rules_are_kept() {
    for change in [
        (|c: &mut Case| c.request.price = price(10_001)) as fn(&mut Case),
        |c| c.request.qty = qty(5_000).plus(Qty::from_raw(1).unwrap()).unwrap(),
        |c| c.request.qty = qty(1),
        |c| c.spec().qty_min = qty(5_001),
        |c| c.spec().notional_max = Amount::from_units(1),
        |c| c.spec().api_allowed = false,
        |c| c.spec().sides = TradeSides::BuyOnly,
        |c| c.spec().status = SymbolStatus::Paused,
        |c| c.exposure.spec = None,
    ] {
        let mut case = Case::new();
        case.exposure.opened = true;
        change(&mut case);
        case.is_refused("A06");
    }
}

#[test]
fn tradability_is_only_shown_before_the_opening() {
    let mut case = Case::new();
    case.spec().status = SymbolStatus::Paused;
    case.passes();
}

#[test]
fn a_permit_binds_account_symbol_coin_and_side() {
    for change in [
        (|c: &mut Case| c.request.account = AccountId(1)) as fn(&mut Case),
        |c| c.request.symbol = SymbolId(9),
        |c| c.exposure.coin = VenueKey(77),
        |c| c.exposure.permit = None,
        |c| c.request.authority = Authority::Permit(PermitId(2)),
    ] {
        let mut case = Case::new();
        change(&mut case);
        case.is_refused("A07");
    }
}

#[test]
fn nothing_leaves_outside_a_live_and_durable_permit() {
    for change in [
        (|c: &mut Case| c.permit().durable = false) as fn(&mut Case),
        |c| c.permit().revoked = true,
        |c| c.request.timestamp = VenueTime::from_millis(999),
        |c| c.request.timestamp = VenueTime::from_millis(2_001),
        |c| c.request.price = price(10_100),
        |c| c.permit().notional_used = Amount::from_units(51),
        |c| c.permit().orders_sent = 3,
        |c| c.request.recv_window_ms = 2_001,
    ] {
        let mut case = Case::new();
        change(&mut case);
        case.is_refused("permit");
    }
}

#[test]
fn totals_count_what_is_in_flight() {
    for (change, control) in [
        (
            (|e: &mut Exposure| e.symbol_notional = Amount::from_units(101)) as fn(&mut Exposure),
            "A12",
        ),
        (|e| e.quote_notional = Amount::from_units(401), "A12"),
        (|e| e.total_notional = Amount::from_units(401), "A12"),
        (|e| e.bought_today = Amount::from_units(851), "A17"),
        (|e| e.bought_today = Amount::MAX, "A11"),
        (|e| e.same_leg = 1, "A08"),
        (|e| e.orders_live = 20, "A13"),
        (|e| e.orders_live_symbol = 4, "A13"),
        (|e| e.rate_room = 0, "A15"),
        (|e| e.own_opposite = Price::from_raw(10_000), "A29"),
        (|e| e.kill = KillLevel::Halt, "A30"),
        (|e| e.blocks = Blocks::NONE.with(Block::Clock, true), "blocked"),
    ] {
        let mut case = Case::new();
        change(&mut case.exposure);
        case.is_refused(control);
    }
}

#[test]
fn a_sale_passes_through_kill_blocks_and_every_value_limit() {
    let mut case = Case::new().selling();
    case.exposure.kill = KillLevel::Flatten;
    case.exposure.blocks = Blocks::NONE.with(Block::Journal, true);
    case.limits.order_notional_max = Amount::from_units(1);
    case.exposure.total_notional = Amount::from_units(10_000);
    case.permit().revoked = true;
    case.request.timestamp = VenueTime::from_millis(999_999);
    case.passes();
}

#[test]
fn a_sale_of_more_than_is_free_is_refused() {
    let mut case = Case::new().selling();
    case.exposure.offered = qty(1);
    case.is_refused("held");
}

#[test]
fn the_authorities_cannot_be_swapped() {
    let mut case = Case::new();
    case.request.authority = Authority::Exit(PermitId(1));
    case.is_refused("A07");
    let mut case = Case::new().selling();
    case.request.authority = Authority::Permit(PermitId(1));
    case.is_refused("A07");
}

#[test]
fn a_plug_in_rule_can_only_tighten() {
    let mut case = Case::new();
    case.verdict = RuleVerdict::Shrink { qty: qty(3_000) };
    assert_eq!(case.passes().qty, qty(3_000));
    case.verdict = RuleVerdict::Shrink { qty: qty(9_000) };
    assert_eq!(case.passes().qty, qty(5_000));
    case.verdict = RuleVerdict::Shrink { qty: qty(1) };
    case.is_refused("A06");
    let slot = Slot(3);
    case.verdict = RuleVerdict::Refuse { slot, code: 7 };
    case.is_refused("rule");
    case.verdict = RuleVerdict::Silent { slot };
    case.is_refused("rule");
}

#[test]
fn no_rule_of_a_plug_in_stands_between_a_position_and_its_sale() {
    let mut case = Case::new().selling();
    let slot = Slot(0);
    for verdict in [RuleVerdict::Refuse { slot, code: 7 }, RuleVerdict::Silent { slot }] {
        case.verdict = verdict;
        case.passes();
    }
}

#[test]
fn no_price_and_quantity_of_the_whole_range_gets_past_the_ceiling() {
    let mut state = 99_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 1) as i64 >> (state % 63)
    };
    let mut passed = 0;
    for _ in 0..200_000 {
        let mut case = Case::new();
        case.limits.order_notional_max = Amount::MAX;
        case.limits.exposure_symbol_max = Amount::MAX;
        case.limits.exposure_quote_max = Amount::MAX;
        case.limits.exposure_total_max = Amount::MAX;
        case.limits.daily_buy_max = Amount::MAX;
        case.permit().permit.notional_max = Amount::MAX;
        case.permit().permit.price_max = Price::from_raw(i64::MAX).unwrap();
        case.spec().tick = Price::from_raw(1).unwrap();
        case.spec().step = Qty::from_raw(1).unwrap();
        case.spec().notional_max = Amount::MAX;
        case.spec().notional_min = Amount::ZERO;
        case.request.price = Price::from_raw(next().max(1)).unwrap();
        case.request.qty = Qty::from_raw(next().max(1)).unwrap();
        let Ok(approved) = case.check() else { continue };
        passed += 1;
        let (price, qty) = (approved.request().price, approved.request().qty);
        let notional = Amount::notional(price, 6, qty, 4, Round::Up).unwrap();
        assert!(notional <= HARD_NOTIONAL_MAX, "{price:?} x {qty:?}");
    }
    assert!(passed > 1_000, "only {passed} passed: the property was hardly tried");
}

struct Case {
    limits: Limits,
    exposure: Exposure,
    request: Request,
    verdict: RuleVerdict,
}

impl RiskRules for RuleVerdictOnce {
    fn judge(&mut self, _: &RuleQuestion<'_>) -> RuleVerdict {
        self.0
    }
}

struct RuleVerdictOnce(RuleVerdict);

impl Case {
    fn new() -> Self {
        let id = PermitId(1);
        let parts = ClientOrderIdParts {
            mode: Mode::Demo,
            instance: 1,
            epoch: 1,
            permit: id,
            leg: OrderLeg::ENTRY,
            attempt: 0,
        };
        let request = Request {
            account: AccountId(0),
            symbol: SymbolId(0),
            side: Side::Buy,
            kind: OrderKind::ImmediateOrCancel,
            price: price(10_000),
            qty: qty(5_000),
            authority: Authority::Permit(id),
            client_order_id: ClientOrderId::new(parts),
            timestamp: VenueTime::from_millis(1_500),
            recv_window_ms: 2_000,
        };
        Self { limits: limits(), exposure: exposure(id), request, verdict: RuleVerdict::Allow }
    }

    fn selling(mut self) -> Self {
        self.request.side = Side::Sell;
        self.request.authority = Authority::Exit(PermitId(1));
        self
    }

    fn spec(&mut self) -> &mut SymbolSpec {
        self.exposure.spec.as_mut().unwrap()
    }

    fn permit(&mut self) -> &mut PermitUse {
        self.exposure.permit.as_mut().unwrap()
    }

    fn check(&self) -> Result<Approved, Refusal> {
        check(&self.limits, &self.exposure, self.request, &mut RuleVerdictOnce(self.verdict))
    }

    fn passes(&self) -> Request {
        *self.check().expect("should pass").request()
    }

    fn refusal(&self) -> Refusal {
        self.check().expect_err("should be refused")
    }

    fn is_refused(&self, control: &str) {
        let refusal = self.refusal();
        assert_eq!(refusal.control(), control, "{refusal}");
    }
}

/// Prices at six decimals, ticks of 0.0001.
fn price(raw: i64) -> Price {
    Price::from_raw(raw).unwrap()
}

/// Quantities at four decimals, whole coins.
fn qty(coins: i64) -> Qty {
    Qty::from_raw(coins * 10_000).unwrap()
}

fn limits() -> Limits {
    Limits {
        order_notional_max: Amount::from_units(150),
        order_qty_max: Amount::MAX,
        book_share_bps_max: 2_000,
        clip_allowed: false,
        collar_listing: Collar { bps: 2_000 },
        collar_established: Collar { bps: 300 },
        drift_bps_max: 5_000,
        drift_window: Span::from_secs(10),
        filters_age_max: Span::from_secs(60),
        exposure_symbol_max: Amount::from_units(150),
        exposure_quote_max: Amount::from_units(450),
        exposure_total_max: Amount::from_units(450),
        orders_live_max: 20,
        orders_live_symbol_max: 4,
        targets_active_max: 5,
        positions_max: 3,
        daily_buy_max: Amount::from_units(900),
    }
}

fn exposure(id: PermitId) -> Exposure {
    let spec = SymbolSpec {
        version: 1,
        price_decimals: 6,
        qty_decimals: 4,
        tick: price(100),
        step: qty(1),
        qty_min: Qty::ZERO,
        notional_min: Amount::from_units(1),
        notional_max: Amount::from_units(2_000_000),
        maker_fee_ppm: 0,
        taker_fee_ppm: 500,
        status: SymbolStatus::Online,
        sides: TradeSides::Both,
        kinds: OrderKinds::ALL,
        api_allowed: true,
        source: SpecSource::ExchangeInfo,
        read_at: VenueTime::from_millis(1_000),
    };
    let permit = Permit {
        id,
        target: TargetId(1),
        account: AccountId(0),
        symbol: SymbolId(0),
        coin: VenueKey(5),
        side: Side::Buy,
        mode: Mode::Demo,
        notional_max: Amount::from_units(100),
        price_max: price(10_000),
        reference: PriceSource::PreOpenAsk,
        reference_price: price(9_000),
        valid_from: VenueTime::from_millis(1_000),
        valid_to: VenueTime::from_millis(2_000),
        orders_max: 3,
        plugin: 0,
        config: 0,
        operator: Text::EMPTY,
    };
    Exposure {
        now: Mono::ZERO,
        bid: None,
        ask: None,
        venue_now: VenueTime::from_millis(1_500),
        spec: Some(spec),
        coin: VenueKey(5),
        permit: Some(PermitUse {
            permit,
            durable: true,
            revoked: false,
            orders_sent: 0,
            notional_used: Amount::ZERO,
        }),
        kill: KillLevel::Active,
        blocks: Blocks::NONE,
        opened: false,
        listing: true,
        reference: None,
        drift_from: None,
        opposite_depth: None,
        own_opposite: None,
        held: qty(5_000),
        offered: Qty::ZERO,
        same_leg: 0,
        orders_live: 0,
        orders_live_symbol: 0,
        symbol_notional: Amount::ZERO,
        quote_notional: Amount::ZERO,
        total_notional: Amount::ZERO,
        bought_today: Amount::ZERO,
        rate_room: 1,
    }
}
