//! What the journal's bytes of an event or an action cost, both ways. The write is on the hot path,
//! the read in replay. Run with `cargo bench -p benches --bench wire`.

use std::hint::black_box;

use benches::Bench;
use engine::Action;
use model::wire::{Reader, Wire, Writer};
use model::{
    AccountId, Amount, AssetId, Authority, Body, BookTop, ClientOrderId, ClientOrderIdParts, Depth,
    DepthKind, Event, Fill, FillSource, Level, Mode, OrderKind, OrderLeg, PermitId, Price, Print,
    Qty, Request, Side, SymbolId, VenueKey, VenueTime,
};

const PASSES: usize = 5_000;

fn main() {
    let mut bench = Bench::default();
    for (name, body) in bodies() {
        let event = Event {
            stamped: VenueTime::from_millis(1_790_000_000_123),
            ..Event::of(AccountId::NONE, SymbolId(3), body)
        };
        let mut bytes = [0; 512];
        let len = written(&mut bytes, |out| event.write(out));
        let mut buffer = [0; 512];
        bench = bench
            .group(format!("{name}, {len} B"))
            .case("write", PASSES, move || {
                let event = black_box(&event);
                black_box(written(&mut buffer, |out| event.write(out)));
            })
            .case("read", PASSES, move || {
                let event = Event::read(&mut Reader::new(black_box(&bytes[..len])));
                black_box(event.is_ok());
                let _ = black_box(event);
            });
    }
    let action = Action::Place(request());
    let mut bytes = [0; Action::<Request>::WIRE_MAX];
    let mut buffer = bytes;
    let len = written(&mut bytes, |out| action.write(out));
    bench
        .group(format!("Action::Place, {len} B"))
        .case("write", PASSES, move || {
            let action = black_box(&action);
            black_box(written(&mut buffer, |out| action.write(out)));
        })
        .case("read", PASSES, move || {
            let action = Action::read(&mut Reader::new(black_box(&bytes[..len])));
            black_box(action.is_ok());
            let _ = black_box(action);
        })
        .main();
}

fn written(buffer: &mut [u8], write: impl FnOnce(&mut Writer<'_>)) -> usize {
    let mut out = Writer::new(buffer);
    write(&mut out);
    out.len()
}

fn bodies() -> [(&'static str, Body); 4] {
    let price = price();
    let level = Level { price, qty: qty() };
    let mut depth = Depth::new(DepthKind::Diff, true, 17_521_975_448, 17_521_975_547);
    for side in [Side::Sell, Side::Sell, Side::Sell, Side::Buy, Side::Buy] {
        assert!(depth.push(side, level), "an event holds five levels");
    }
    let top = BookTop { bid: Some(level), ask: Some(level), version: 17_521_975_547 };
    let print = Print { price, qty: qty(), taker: Side::Buy };
    let fill = Fill {
        client_order_id: Some(id()),
        order: VenueKey(9),
        trade: VenueKey(8),
        fee: Amount::ONE,
        price,
        qty: qty(),
        fee_asset: AssetId(2),
        side: Side::Buy,
        maker: false,
        source: FillSource::Stream,
    };
    [
        ("Event, book ticker", Body::Top(top)),
        ("Event, print", Body::Print(print)),
        ("Event, five levels", Body::Depth(depth)),
        ("Event, fill", Body::Fill(fill)),
    ]
}

fn request() -> Request {
    Request {
        account: AccountId(0),
        symbol: SymbolId(3),
        side: Side::Buy,
        kind: OrderKind::ImmediateOrCancel,
        price: price(),
        qty: qty(),
        authority: Authority::Permit(PermitId(7)),
        client_order_id: id(),
        timestamp: VenueTime::from_millis(1_790_000_000_123),
        recv_window_ms: 2_000,
    }
}

fn price() -> Price {
    Price::from_raw(8_125_000).expect("positive")
}

fn qty() -> Qty {
    Qty::from_raw(12_345_000).expect("not negative")
}

fn id() -> ClientOrderId {
    ClientOrderId::new(ClientOrderIdParts {
        mode: Mode::Demo,
        instance: 0x00be_ac05,
        epoch: 1,
        permit: PermitId(7),
        leg: OrderLeg::ENTRY,
        attempt: 0,
    })
}
