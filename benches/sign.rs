//! What making an order or a cancel ready for the socket costs: query from the prepared template,
//! HMAC-SHA256, headers.
//!
//! The order goes to the venue's test endpoint, because only the gate makes what the other one
//! takes; but for its path the bytes and the code are the same. Run with
//! `cargo bench -p benches --bench sign`.

use std::hint::black_box;

use benches::Bench;
use model::{
    AccountId, Authority, ClientOrderId, ClientOrderIdParts, Mode, Mono, OrderKind, OrderLeg,
    PermitId, Price, Qty, Request, Side, Span, SymbolId, VenueTime,
};
use venue::SymbolTable;
use venue::mexc::orders::{CancelRequest, OrderConfig, OrderSession};
use venue::sign::Credentials;

const PASSES: usize = 500;
const NOW: Mono = Mono::from_nanos(1_000_000_000);
/// A query of the length that an order has.
const QUERY: &[u8] =
    b"symbol=NEWUSDT&side=BUY&type=IMMEDIATE_OR_CANCEL&quantity=1234.5&price=0.08125\
&newClientOrderId=aaaaaaaaaaaaaaaaaaaaaaaa&recvWindow=2000&timestamp=1790000000123";

fn main() {
    let (table, symbol) = table();
    let (mut orders, mut cancels) = (session(&table, symbol), session(&table, symbol));
    let signer = credentials().signer().clone();
    let (request, cancel) = (request(symbol), cancel(symbol));
    let table = &table;
    Bench::default()
        .group("order connection")
        .case("order, written and signed", PASSES, move || {
            let written = orders.test_order(NOW, black_box(&request), table);
            assert!(written.is_ok(), "{written:?}");
            black_box(orders.poll_transmit());
            black_box(orders.drop_unsent());
        })
        .case("cancel, written and signed", PASSES, move || {
            let written = cancels.cancel(NOW, black_box(&cancel), table);
            assert!(written.is_ok(), "{written:?}");
            black_box(cancels.poll_transmit());
            black_box(cancels.drop_unsent());
        })
        .case("signature alone", PASSES, move || {
            black_box(signer.sign(black_box(QUERY)));
        })
        .main();
}

fn credentials() -> Credentials {
    Credentials::new("mx0benchmark", b"a secret that signs nothing of worth").expect("a plain key")
}

fn table() -> (SymbolTable, SymbolId) {
    let mut table = SymbolTable::new();
    let symbol = table.add("NEWUSDT", "NEW", "USDT").expect("room in an empty table");
    table.set_scales(symbol, 8, 4);
    (table, symbol)
}

fn session(table: &SymbolTable, symbol: SymbolId) -> OrderSession {
    let config = OrderConfig {
        account: AccountId(0),
        host: "api.mexc.com",
        credentials: credentials(),
        ack_wait: Span::from_secs(2),
    };
    let mut session = OrderSession::new(config).expect("a plain host");
    session.handle_open(NOW);
    assert!(session.prepare(symbol, table), "the symbol is in the table");
    session
}

fn request(symbol: SymbolId) -> Request {
    Request {
        account: AccountId(0),
        symbol,
        side: Side::Buy,
        kind: OrderKind::ImmediateOrCancel,
        price: Price::from_raw(8_125_000).expect("positive"),
        qty: Qty::from_raw(12_345_000).expect("not negative"),
        authority: Authority::Permit(PermitId(7)),
        client_order_id: id(),
        timestamp: VenueTime::from_millis(1_790_000_000_123),
        recv_window_ms: 2_000,
    }
}

fn cancel(symbol: SymbolId) -> CancelRequest {
    CancelRequest {
        account: AccountId(0),
        symbol,
        client_order_id: id(),
        timestamp: VenueTime::from_millis(1_790_000_000_123),
        recv_window_ms: 2_000,
    }
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
