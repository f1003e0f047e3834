use super::*;
use model::{
    Cancelled, ClientOrderIdParts, Mode, OrderLeg, OrderStatus, PermitId, Placed, Price, Qty, Side,
    VenueKey,
};

const START: Mono = Mono::from_nanos(1_000_000_000);
const ACK_WAIT: Span = Span::from_millis(800);

#[test]
fn an_order_is_written_signed_and_accepted() {
    let mut desk = Desk::new();
    desk.place(&desk.entry()).unwrap();
    assert!(desk.session.head_is_entry());
    let text = desk.transmit();
    let (query, rest) = split(&text, "POST /api/v3/order?");
    let (signed, signature) = query.rsplit_once("&signature=").unwrap();
    assert_eq!(
        signed,
        format!(
            "symbol=NEWUSDT&side=BUY&type=IMMEDIATE_OR_CANCEL&quantity=1000.5&price=0.05\
             &newClientOrderId={}&recvWindow=1000&timestamp=1790281200000",
            desk.id
        )
    );
    let expected = Signer::new(b"secret").unwrap().sign(signed.as_bytes());
    assert_eq!(signature.as_bytes(), expected);
    assert!(rest.contains("X-MEXC-APIKEY: mx0key\r\n"));
    assert!(rest.contains("Content-Type: application/json\r\n"));
    assert!(rest.contains("Content-Length: 0\r\n"));
    assert!(rest.ends_with("\r\n\r\n"));
    let sent = desk.events.pop().unwrap();
    let Body::Sent(Sent { client_order_id, cancel: false, at }) = sent.body else {
        panic!("{sent:?}")
    };
    assert_eq!((client_order_id, at), (desk.id, START));

    desk.reply("200 OK", r#"{"symbol":"NEWUSDT","orderId":"C02__7","transactTime":1790281200031}"#);
    let [text, placed] = desk.events[..] else { panic!("{:?}", desk.events) };
    assert!(
        !text.last && matches!(text.body, Body::VenueText(text) if text.text.as_str() == "C02__7")
    );
    assert_eq!(placed.stamped, VenueTime::from_millis(1_790_281_200_031));
    assert_eq!((placed.account, placed.symbol, placed.last), (AccountId(0), desk.symbol, true));
    let order = VenueKey::of(b"C02__7");
    assert_eq!(placed.body, Body::Placed(Placed { client_order_id: desk.id, order }));
    assert!(desk.session.is_free());
}

#[test]
fn a_market_sale_carries_no_price_and_is_no_entry() {
    let mut desk = Desk::new();
    let request = Request {
        side: Side::Sell,
        kind: OrderKind::Market,
        authority: Authority::Exit(PermitId(7)),
        ..desk.entry()
    };
    desk.place(&request).unwrap();
    assert!(!desk.session.head_is_entry());
    let text = desk.transmit();
    assert!(text.contains("side=SELL&type=MARKET&quantity=1000.5&newClientOrderId="));
    assert!(!text.contains("price="));
}

#[test]
fn a_test_order_goes_to_the_test_endpoint_and_tells_no_event() {
    let mut desk = Desk::new();
    let request = desk.entry();
    desk.session.test_order(START, &request, &desk.table).unwrap();
    assert!(!desk.session.head_is_entry());
    let text = desk.transmit();
    assert!(text.starts_with("POST /api/v3/order/test?symbol=NEWUSDT&"));
    desk.reply("200 OK", "{}");
    assert_eq!(desk.events, []);
    let passed = desk.session.poll_rehearsal().unwrap();
    assert_eq!((passed.http, passed.class), (200, None));

    desk.session.test_order(START, &request, &desk.table).unwrap();
    desk.transmit();
    desk.reply("400 Bad Request", r#"{"code":700006,"msg":"IP"}"#);
    let failed = desk.session.poll_rehearsal().unwrap();
    assert_eq!((failed.code, failed.class), (700006, Some(RejectClass::StopAll)));
    assert_eq!(desk.session.poll_rehearsal(), None);
}

#[test]
fn a_cancel_is_written_and_confirmed() {
    let mut desk = Desk::new();
    desk.cancel().unwrap();
    let text = desk.transmit();
    assert!(text.starts_with("DELETE /api/v3/order?symbol=NEWUSDT&origClientOrderId="));
    desk.events.clear();
    let body = format!(
        concat!(
            r#"{{"symbol":"NEWUSDT","origClientOrderId":"{}","orderId":"C02__7","#,
            r#""executedQty":"1.5000","status":"PARTIALLY_CANCELED"}}"#,
        ),
        desk.id
    );
    desk.reply("200 OK", &body);
    let expected = Cancelled {
        client_order_id: desk.id,
        order: VenueKey::of(b"C02__7"),
        status: OrderStatus::PartiallyCancelled,
        filled: Qty::from_raw(15_000).unwrap(),
    };
    assert_eq!(desk.bodies(), [Body::Cancelled(expected)]);
}

#[test]
fn a_cancel_that_is_not_final_is_not_confirmed() {
    for body in [
        r#"{"status":"NEW","executedQty":"0"}"#,
        r#"{"status":"CANCELED"}"#,
        r#"{"status":"CANCELED","executedQty":"-1"}"#,
        r#"{"status":"GONE","executedQty":"0"}"#,
        "{}",
    ] {
        let mut desk = Desk::new();
        desk.cancel().unwrap();
        desk.transmit();
        desk.events.clear();
        desk.reply("200 OK", body);
        let lost = ReplyLost { client_order_id: desk.id, cancel: true, http: 200 };
        assert_eq!(desk.bodies(), [Body::ReplyLost(lost)], "{body}");
    }
}

#[test]
fn the_cap_of_an_opening_reaches_the_engine_as_a_figure() {
    let mut desk = Desk::new();
    desk.place(&desk.entry()).unwrap();
    desk.transmit();
    desk.events.clear();
    desk.reply("400 Bad", r#"{"code":30010,"msg":"Order price cannot exceed 0.05USDT"}"#);
    let Body::Reject(reject) = desk.events[1].body else { panic!("{:?}", desk.events) };
    assert_eq!(reject.class, RejectClass::Reprice);
    assert_eq!(reject.figure, Price::from_raw(50_000));
    assert_eq!((reject.http, reject.code, reject.cancel), (400, 30010, false));
    let Body::VenueText(text) = desk.events[0].body else { panic!("{:?}", desk.events) };
    assert_eq!(text.key, VenueKey(desk.id.raw()));
}

#[test]
fn a_limit_tells_how_long_to_wait() {
    let mut desk = Desk::new();
    desk.place(&desk.entry()).unwrap();
    desk.transmit();
    desk.events.clear();
    desk.feed(b"HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n");
    let [Body::Reject(reject)] = desk.bodies()[..] else { panic!("{:?}", desk.events) };
    assert_eq!((reject.class, reject.retry_after), (RejectClass::BackOff, Span::from_secs(3)));
    assert!(desk.session.is_free());
}

#[test]
fn a_limit_that_does_not_tell_how_long_is_waited_out_by_its_kind() {
    for (status, least) in [("429 Too Many", 1), ("403 Forbidden", 5), ("418 Banned", 120)] {
        let mut desk = Desk::new();
        desk.place(&desk.entry()).unwrap();
        desk.transmit();
        desk.events.clear();
        desk.feed(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes());
        let [Body::Reject(reject)] = desk.bodies()[..] else { panic!("{:?}", desk.events) };
        assert_eq!(reject.retry_after, Span::from_secs(least), "{status}");
    }
}

#[test]
fn replies_that_settle_nothing_are_lost_and_not_rejected() {
    let cases = [
        ("500 Internal", r#"{"code":30001,"msg":"x"}"#, 500),
        ("503 Unavailable", "", 503),
        ("504 Timeout", "<html>", 504),
        ("200 OK", "{", 200),
        ("200 OK", "{}", 200),
        ("200 OK", r#"{"orderId":null}"#, 200),
        ("200 OK", r#"{"orderId":""}"#, 200),
        ("200 OK", r#"[{"orderId":"1"}]"#, 200),
        ("200 OK", r#"{"code":31999}"#, 200),
        ("400 Bad", "<html>", 400),
        ("302 Found", "", 302),
    ];
    for (status, body, http) in cases {
        let mut desk = Desk::new();
        desk.place(&desk.entry()).unwrap();
        desk.transmit();
        desk.events.clear();
        desk.reply(status, body);
        let lost = ReplyLost { client_order_id: desk.id, cancel: false, http };
        assert_eq!(desk.bodies().last(), Some(&Body::ReplyLost(lost)), "{status} {body}");
        assert!(desk.session.is_free(), "{status}");
    }
}

#[test]
fn a_reply_of_another_request_is_not_believed() {
    for body in [
        r#"{"symbol":"BTCUSDT","orderId":"1"}"#,
        r#"{"symbol":"BTCUSDT","code":30001}"#,
        r#"{"symbol":"NEWUSDT","orderId":"1","code":30001}"#,
    ] {
        let mut desk = Desk::new();
        desk.place(&desk.entry()).unwrap();
        desk.transmit();
        desk.events.clear();
        desk.reply("200 OK", body);
        let lost = ReplyLost { client_order_id: desk.id, cancel: false, http: 200 };
        assert_eq!(desk.bodies(), [Body::ReplyLost(lost)]);
        assert!(desk.session.must_close() && !desk.session.is_free());
    }
}

#[test]
fn a_response_that_nobody_asked_for_ends_the_connection() {
    let mut desk = Desk::new();
    desk.reply("408 Request Timeout", "");
    assert!(desk.session.must_close());
    assert_eq!(desk.events, []);

    let mut desk = Desk::new();
    desk.place(&desk.entry()).unwrap();
    desk.reply("200 OK", r#"{"orderId":"1"}"#);
    assert!(desk.session.must_close());
    desk.close();
    assert_eq!(desk.bodies(), [Body::Busy { client_order_id: desk.id, cancel: false }]);
}

#[test]
fn a_second_request_waits_for_another_connection() {
    let mut desk = Desk::new();
    desk.place(&desk.entry()).unwrap();
    let busy = Busy { client_order_id: desk.id, cancel: true, why: BusyWhy::InFlight };
    assert_eq!(desk.cancel(), Err(busy));
    assert!(!desk.session.warm(START));
}

#[test]
fn what_cannot_be_written_is_named_and_nothing_is_sent() {
    let mut desk = Desk::new();
    let cases = [
        (Request { account: AccountId(1), ..desk.entry() }, BusyWhy::OtherAccount),
        (Request { symbol: SymbolId(99), ..desk.entry() }, BusyWhy::UnknownSymbol),
        (Request { symbol: desk.unready, ..desk.entry() }, BusyWhy::NoScales),
    ];
    for (request, why) in cases {
        assert_eq!(desk.place(&request).unwrap_err().why, why);
        assert_eq!(desk.session.poll_transmit(), None);
        assert!(desk.session.is_free());
    }
    desk.close();
    assert_eq!(desk.place(&desk.entry()).unwrap_err().why, BusyWhy::NotOpen);
}

#[test]
fn the_kill_flag_can_take_back_a_whole_request_but_no_part_of_one() {
    let mut desk = Desk::new();
    desk.place(&desk.entry()).unwrap();
    assert_eq!(desk.session.drop_unsent(), Some(desk.id));
    assert_eq!(desk.session.poll_transmit(), None);
    assert!(desk.session.is_free());

    desk.place(&desk.entry()).unwrap();
    desk.sent(1);
    assert!(!desk.session.head_is_entry());
    assert_eq!(desk.session.drop_unsent(), None);
    assert!(desk.session.poll_transmit().is_some());
    assert_eq!(desk.events, []);
    desk.transmit();
    assert_eq!(desk.events.len(), 1);
}

#[test]
fn a_connection_that_goes_tells_what_may_exist_from_what_cannot() {
    let mut desk = Desk::new();
    desk.place(&desk.entry()).unwrap();
    desk.close();
    assert_eq!(desk.bodies(), [Body::Busy { client_order_id: desk.id, cancel: false }]);

    for sent in [1, usize::MAX] {
        let mut desk = Desk::new();
        desk.place(&desk.entry()).unwrap();
        desk.sent(sent);
        desk.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"orderId\":\"1\"}");
        desk.events.clear();
        desk.close();
        let lost = ReplyLost { client_order_id: desk.id, cancel: false, http: 0 };
        assert_eq!(desk.bodies(), [Body::ReplyLost(lost)]);
        desk.session.handle_open(START);
        assert!(desk.session.is_free());
    }
}

#[test]
fn silence_ends_in_a_lost_reply_and_a_closed_connection() {
    let mut desk = Desk::new();
    assert_eq!(desk.session.poll_timeout(), None);
    desk.place(&desk.entry()).unwrap();
    desk.transmit();
    desk.events.clear();
    let (at, name) = desk.session.poll_timeout().unwrap();
    assert_eq!((at, name), (START.after(ACK_WAIT), "order_ack"));
    desk.timeout(at.before(Span::from_nanos(1)));
    assert_eq!(desk.events, []);
    desk.timeout(at);
    let lost = ReplyLost { client_order_id: desk.id, cancel: false, http: 0 };
    assert_eq!(desk.bodies(), [Body::ReplyLost(lost)]);
    assert!(desk.session.must_close());
    assert_eq!(desk.session.poll_timeout(), None);
    desk.reply("200 OK", r#"{"orderId":"1"}"#);
    assert_eq!(desk.events.len(), 1, "a late reply on a spent connection is not read");
}

#[test]
fn an_order_that_could_not_leave_in_time_is_not_lost() {
    let mut desk = Desk::new();
    desk.place(&desk.entry()).unwrap();
    desk.timeout(START.after(ACK_WAIT));
    assert_eq!(desk.bodies(), [Body::Busy { client_order_id: desk.id, cancel: false }]);
    assert_eq!(desk.session.poll_transmit(), None);
}

#[test]
fn a_reply_that_closes_is_believed_first() {
    let mut desk = Desk::new();
    desk.place(&desk.entry()).unwrap();
    desk.transmit();
    desk.events.clear();
    desk.feed(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 15\r\n\r\n{\"orderId\":\"1\"}",
    );
    assert!(matches!(desk.events[1].body, Body::Placed(_)));
    assert!(desk.session.must_close());

    let mut desk = Desk::new();
    desk.place(&desk.entry()).unwrap();
    desk.transmit();
    desk.events.clear();
    desk.feed(b"HTTP/1.1 200 OK\r\n\r\n{\"orderId\":\"1\"}");
    desk.close();
    assert!(matches!(desk.events[1].body, Body::Placed(_)));
}

#[test]
fn a_reply_that_overtakes_its_request_is_believed_and_ends_the_connection() {
    let mut desk = Desk::new();
    desk.place(&desk.entry()).unwrap();
    desk.sent(10);
    desk.reply("400 Bad", r#"{"code":30001,"msg":""}"#);
    let [Body::Reject(reject)] = desk.bodies()[..] else { panic!("{:?}", desk.events) };
    assert_eq!(reject.class, RejectClass::Wait);
    assert!(desk.session.must_close(), "the rest of the request would be taken for another one");
    assert_eq!(desk.session.poll_transmit(), None);
}

#[test]
fn bytes_that_are_no_response_lose_the_reply() {
    let mut desk = Desk::new();
    desk.place(&desk.entry()).unwrap();
    desk.transmit();
    desk.events.clear();
    desk.feed(b"\x15\x03\x03\x00\x02\r\n\r\n");
    let lost = ReplyLost { client_order_id: desk.id, cancel: false, http: 0 };
    assert_eq!(desk.bodies(), [Body::ReplyLost(lost)]);
    assert!(desk.session.must_close());
}

#[test]
fn a_ping_keeps_the_connection_warm_and_tells_nobody() {
    let mut desk = Desk::new();
    assert_eq!(desk.session.idle_since(), Some(START));
    assert!(desk.session.warm(START));
    let text = desk.transmit();
    assert!(text.starts_with("GET /api/v3/ping HTTP/1.1\r\n"));
    let later = START.after(Span::from_millis(5));
    let mut out = |event: Event| panic!("{event:?}");
    desk.session.handle_bytes(later, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", &mut out);
    assert_eq!(desk.session.idle_since(), Some(later));
}

#[test]
fn every_cut_of_a_reply_gives_the_same_events() {
    let body = r#"{"symbol":"NEWUSDT","orderId":"C02__7","transactTime":1}"#;
    let bytes = response("200 OK", body);
    for at in 0..=bytes.len() {
        let mut desk = Desk::new();
        desk.place(&desk.entry()).unwrap();
        desk.transmit();
        desk.events.clear();
        desk.feed(&bytes[..at]);
        desk.feed(&bytes[at..]);
        assert_eq!(desk.events.len(), 2, "cut at {at}");
        assert!(desk.session.is_free());
    }
}

#[test]
fn the_key_is_in_no_debug_output() {
    let desk = Desk::new();
    let text = format!("{:?}", desk.session);
    assert!(!text.contains("mx0key") && !text.contains("secret"), "{text}");
}

struct Desk {
    session: OrderSession,
    table: SymbolTable,
    symbol: SymbolId,
    unready: SymbolId,
    id: ClientOrderId,
    events: Vec<Event>,
}

impl Desk {
    fn new() -> Self {
        let mut table = SymbolTable::new();
        let symbol = table.add("NEWUSDT", "NEW", "USDT").unwrap();
        let unready = table.add("RAWUSDT", "RAW", "USDT").unwrap();
        table.set_scales(symbol, 6, 4);
        let mut session = OrderSession::new(OrderConfig {
            account: AccountId(0),
            host: "api.mexc.com",
            credentials: Credentials::new("mx0key", b"secret").unwrap(),
            ack_wait: ACK_WAIT,
        })
        .unwrap();
        assert!(session.prepare(symbol, &table));
        session.handle_open(START);
        let id = ClientOrderId::new(ClientOrderIdParts {
            mode: Mode::Demo,
            instance: 1,
            epoch: 1,
            permit: PermitId(7),
            leg: OrderLeg::ENTRY,
            attempt: 0,
        });
        Self { session, table, symbol, unready, id, events: Vec::new() }
    }

    fn entry(&self) -> Request {
        Request {
            account: AccountId(0),
            symbol: self.symbol,
            side: Side::Buy,
            kind: OrderKind::ImmediateOrCancel,
            price: Price::from_raw(50_000).unwrap(),
            qty: Qty::from_raw(10_005_000).unwrap(),
            authority: Authority::Permit(PermitId(7)),
            client_order_id: self.id,
            timestamp: VenueTime::from_millis(1_790_281_200_000),
            recv_window_ms: 1_000,
        }
    }

    /// What `place` does, past the gate that only `risk` can open.
    fn place(&mut self, request: &Request) -> Result<(), Busy> {
        let ask = Ask::Place(request.client_order_id);
        self.session.write_order(START, request, &self.table, ask)
    }

    fn cancel(&mut self) -> Result<(), Busy> {
        let cancel = CancelRequest {
            account: AccountId(0),
            symbol: self.symbol,
            client_order_id: self.id,
            timestamp: VenueTime::from_millis(1_790_281_200_000),
            recv_window_ms: 2_000,
        };
        self.session.cancel(START, &cancel, &self.table)
    }

    fn transmit(&mut self) -> String {
        let text = String::from_utf8(self.session.poll_transmit().unwrap().to_vec()).unwrap();
        self.sent(usize::MAX);
        text
    }

    fn sent(&mut self, len: usize) {
        let len = len.min(self.session.poll_transmit().unwrap().len());
        self.session.handle_transmitted(START, len, &mut |event| self.events.push(event));
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.session.handle_bytes(START, bytes, &mut |event| self.events.push(event));
    }

    fn reply(&mut self, status: &str, body: &str) {
        self.feed(&response(status, body));
    }

    fn close(&mut self) {
        self.session.handle_closed(START, &mut |event| self.events.push(event));
    }

    fn timeout(&mut self, now: Mono) {
        self.session.handle_timeout(now, &mut |event| self.events.push(event));
    }

    fn bodies(&self) -> Vec<Body> {
        self.events.iter().map(|event| event.body).collect()
    }
}

fn response(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Checks the start of a request, then gives its query and what follows the target.
fn split<'a>(text: &'a str, line: &str) -> (&'a str, &'a str) {
    text.strip_prefix(line).unwrap().split_once(' ').unwrap()
}
