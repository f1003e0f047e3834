use super::question::{SYMBOLS_MAX, TestOrder, weight};
use super::*;
use crate::mexc::listen_key::ListenKey;
use model::{
    ClientOrderId, ClientOrderIdParts, FixedList, Mode, OrderKind, OrderLeg, PermitId, Price, Qty,
    Side, SymbolId,
};

const T0: Mono = Mono::from_nanos(1_000_000_000);
const WAIT: Span = Span::from_secs(3);
const VENUE: VenueTime = VenueTime::from_millis(1_790_281_200_000);

#[test]
fn every_question_reads_as_the_documentation_says() {
    let id = order_id();
    let id_text = id.text();
    let key = ListenKey::new("abc123").unwrap();
    let (from, to) = (VenueTime::from_millis(5), VenueTime::from_millis(9));
    let symbol = SymbolId(0);
    let test = TestOrder {
        symbol,
        side: Side::Buy,
        kind: OrderKind::Limit,
        price: Price::from_raw(50_000).unwrap(),
        qty: Qty::from_raw(1_000_000).unwrap(),
        client_order_id: id,
    };
    let cases = [
        (Question::Time, "GET /api/v3/time".to_owned()),
        (Question::ExchangeInfo(FixedList::new()), "GET /api/v3/exchangeInfo".to_owned()),
        (
            Question::ExchangeInfo(list(&[0, 1])),
            "GET /api/v3/exchangeInfo?symbols=NEWUSDT,RAWUSDT".to_owned(),
        ),
        (
            Question::Depth { symbol, limit: 5_000 },
            "GET /api/v3/depth?symbol=NEWUSDT&limit=5000".to_owned(),
        ),
        (Question::Account, "GET /api/v3/account?".to_owned()),
        (
            Question::Order { symbol, client_order_id: id },
            format!("GET /api/v3/order?symbol=NEWUSDT&origClientOrderId={id_text}&"),
        ),
        (Question::OpenOrders { symbol }, "GET /api/v3/openOrders?symbol=NEWUSDT&".to_owned()),
        (
            Question::MyTrades { symbol, to, page: 1 },
            "GET /api/v3/myTrades?symbol=NEWUSDT&endTime=9&limit=100&".to_owned(),
        ),
        (
            Question::AllOrders { symbol, from, to: VenueTime::NONE },
            "GET /api/v3/allOrders?symbol=NEWUSDT&startTime=5&limit=1000&".to_owned(),
        ),
        (Question::ListenKeyCreate, "POST /api/v3/userDataStream?".to_owned()),
        (Question::ListenKeyExtend(key), "PUT /api/v3/userDataStream?listenKey=abc123&".to_owned()),
        (
            Question::ListenKeyClose(key),
            "DELETE /api/v3/userDataStream?listenKey=abc123&".to_owned(),
        ),
        (Question::SelfSymbols, "GET /api/v3/selfSymbols?".to_owned()),
        (
            Question::TestOrder(test),
            format!(
                "POST /api/v3/order/test?symbol=NEWUSDT&side=BUY&type=LIMIT&quantity=100\
                 &price=0.05&newClientOrderId={id_text}&"
            ),
        ),
    ];
    for (question, start) in cases {
        let mut desk = Desk::new();
        desk.ask(question).unwrap();
        let text = desk.transmit().unwrap();
        let (target, rest) = text.split_once(" HTTP/1.1\r\n").unwrap();
        let signed = weight(&question).by_account;
        let tail = "recvWindow=5000&timestamp=1790281200000";
        if signed {
            let (whole, signature) = target.split_once("&signature=").unwrap();
            assert_eq!(whole, format!("{start}{tail}"));
            let query = whole.split_once('?').unwrap().1;
            let expected = Signer::new(b"secret").unwrap().sign(query.as_bytes());
            assert_eq!(signature.as_bytes(), expected, "{start}");
        } else {
            assert_eq!(target, start);
        }
        assert!(rest.contains("X-MEXC-APIKEY: mx0key\r\n") && rest.ends_with("\r\n\r\n"));
    }
}

#[test]
fn questions_are_asked_one_after_the_other_and_answered_in_order() {
    let mut desk = Desk::new();
    desk.ask(Question::Time).unwrap();
    desk.ask(Question::Account).unwrap();
    assert!(desk.transmit().unwrap().starts_with("GET /api/v3/time "));
    assert_eq!(desk.transmit(), None, "one in flight");
    desk.now = T0.after(Span::from_millis(4));
    desk.reply("200 OK", r#"{"serverTime":1}"#);
    assert!(desk.transmit().unwrap().starts_with("GET /api/v3/account?"));
    desk.reply("429 Too\r\nRetry-After: 7", "{}");
    let [time, account] = &desk.ended[..] else { panic!("{:?}", desk.ended) };
    assert_eq!((time.question, time.http), (Question::Time, 200));
    assert_eq!(time.body, br#"{"serverTime":1}"#);
    assert_eq!((time.sent_at, time.received_at), (T0, T0.after(Span::from_millis(4))));
    assert_eq!((account.http, account.retry_after), (429, Span::from_secs(7)));
    assert!(desk.session.is_empty());
}

#[test]
fn signed_questions_wait_for_the_clock_and_let_the_clock_question_pass() {
    let mut desk = Desk::new();
    desk.venue_now = VenueTime::NONE;
    desk.ask(Question::Account).unwrap();
    assert_eq!(desk.transmit(), None);
    desk.ask(Question::Time).unwrap();
    assert!(desk.transmit().unwrap().starts_with("GET /api/v3/time "));
    desk.reply("200 OK", "{}");
    assert_eq!(desk.transmit(), None);
    desk.venue_now = VENUE;
    assert!(desk.transmit().unwrap().starts_with("GET /api/v3/account?"));
}

#[test]
fn a_full_queue_and_a_question_that_cannot_be_written_are_named() {
    let mut desk = Desk::new();
    let unknown = Question::Depth { symbol: SymbolId(77), limit: 5 };
    assert_eq!(desk.ask(unknown), Err(AskError::BadSymbol));
    for _ in 0..QUEUE_MAX {
        desk.ask(Question::Time).unwrap();
    }
    assert_eq!(desk.ask(Question::Time), Err(AskError::Full { max: 32 }));

    let mut public = Desk::with(None);
    assert_eq!(public.ask(Question::Account), Err(AskError::NoKey));
    public.ask(Question::Time).unwrap();
    assert!(!public.transmit().unwrap().contains("APIKEY"));
}

#[test]
fn the_longest_question_fits() {
    let mut desk = Desk::new();
    let mut symbols = FixedList::new();
    for n in 0..SYMBOLS_MAX {
        let name = format!("币安人生币安{n:02}USDT");
        symbols.push(desk.table.add(&name, "X", "USDT").unwrap()).unwrap();
    }
    desk.ask(Question::ExchangeInfo(symbols)).unwrap();
    let text = desk.transmit().unwrap();
    assert!(text.len() > 1_000 && text.ends_with("\r\n\r\n"));
    let key = ListenKey::new(&"k".repeat(128)).unwrap();
    desk.reply("200 OK", "{}");
    desk.ask(Question::ListenKeyExtend(key)).unwrap();
    assert!(desk.transmit().is_some());
}

#[test]
fn a_connection_that_goes_ends_the_question_in_flight_and_keeps_the_others() {
    let mut desk = Desk::new();
    desk.ask(Question::Time).unwrap();
    desk.ask(Question::Account).unwrap();
    desk.transmit();
    desk.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{");
    desk.close();
    let [lost] = &desk.ended[..] else { panic!("{:?}", desk.ended) };
    assert_eq!((lost.question, lost.http, lost.body.len()), (Question::Time, 0, 0));
    assert_eq!(desk.transmit(), None);
    desk.session.handle_open();
    assert!(desk.transmit().unwrap().starts_with("GET /api/v3/account?"));
}

#[test]
fn a_question_without_an_answer_ends_in_time_wherever_it_waits() {
    let mut desk = Desk::new();
    desk.ask(Question::Time).unwrap();
    desk.ask(Question::Account).unwrap();
    desk.transmit();
    desk.now = T0.after(Span::from_secs(1));
    desk.ask(Question::SelfSymbols).unwrap();
    let (at, name) = desk.session.poll_timeout().unwrap();
    assert_eq!((at, name), (T0.after(WAIT), "query_answer"));
    desk.timeout(at.before(Span::from_nanos(1)));
    assert!(desk.ended.is_empty());
    desk.timeout(at);
    let ended: Vec<_> = desk.ended.iter().map(|reply| (reply.question, reply.http)).collect();
    assert_eq!(ended, [(Question::Time, 0), (Question::Account, 0)]);
    assert!(desk.session.must_close());
    assert_eq!(desk.session.len(), 1);
}

#[test]
fn a_question_that_waits_for_no_connection_ends_too() {
    let mut desk = Desk::new();
    desk.close();
    desk.ask(Question::Time).unwrap();
    desk.timeout(T0.after(WAIT));
    assert_eq!(desk.ended.len(), 1);
    assert_eq!(desk.session.poll_timeout(), None);
}

#[test]
fn bytes_that_nobody_asked_for_end_the_connection() {
    let mut desk = Desk::new();
    desk.reply("200 OK", "{}");
    assert!(desk.session.must_close() && desk.ended.is_empty());
    let mut desk = Desk::new();
    desk.ask(Question::Time).unwrap();
    desk.transmit();
    desk.feed(b"nonsense\r\n\r\n");
    assert!(desk.session.must_close());
    assert_eq!(desk.ended[0].http, 0);
}

#[test]
fn a_reply_that_closes_is_handed_on_and_the_next_question_waits_for_another_connection() {
    let mut desk = Desk::new();
    desk.ask(Question::Time).unwrap();
    desk.ask(Question::Account).unwrap();
    desk.transmit();
    desk.reply("200 OK\r\nConnection: close", "{}");
    assert_eq!(desk.ended.len(), 1);
    assert!(desk.session.must_close());
    assert_eq!(desk.transmit(), None);
}

#[test]
fn weights_are_the_dearer_ones_of_the_two_documentations() {
    let cases = [
        (Question::Time, 1, false),
        (Question::ExchangeInfo(FixedList::new()), 25, false),
        (Question::Depth { symbol: SymbolId(0), limit: 5 }, 3, false),
        (Question::Account, 10, true),
        (Question::OpenOrders { symbol: SymbolId(0) }, 3, true),
        (Question::Order { symbol: SymbolId(0), client_order_id: order_id() }, 2, true),
    ];
    for (question, units, by_account) in cases {
        let weight = weight(&question);
        assert_eq!((weight.units, weight.by_account), (units, by_account), "{question:?}");
    }
}

#[derive(Debug)]
struct Ended {
    question: Question,
    http: u16,
    retry_after: Span,
    body: Vec<u8>,
    sent_at: Mono,
    received_at: Mono,
}

struct Desk {
    session: QuerySession,
    table: SymbolTable,
    now: Mono,
    venue_now: VenueTime,
    ended: Vec<Ended>,
}

impl Desk {
    fn new() -> Self {
        Self::with(Some(Credentials::new("mx0key", b"secret").unwrap()))
    }

    fn with(credentials: Option<Credentials>) -> Self {
        let mut table = SymbolTable::new();
        let symbol = table.add("NEWUSDT", "NEW", "USDT").unwrap();
        table.add("RAWUSDT", "RAW", "USDT").unwrap();
        table.set_scales(symbol, 6, 4);
        let mut session = QuerySession::new(QueryConfig {
            host: "api.mexc.com",
            credentials,
            answer_wait: WAIT,
            recv_window_ms: 5_000,
            limits: Limits::PAGES,
        })
        .unwrap();
        session.handle_open();
        Self { session, table, now: T0, venue_now: VENUE, ended: Vec::new() }
    }

    fn ask(&mut self, question: Question) -> Result<(), AskError> {
        self.session.ask(self.now, question, &self.table)
    }

    fn transmit(&mut self) -> Option<String> {
        let text = self.session.poll_transmit(self.now, self.venue_now)?.to_vec();
        self.session.handle_transmitted(text.len());
        Some(String::from_utf8(text).unwrap())
    }

    fn reply(&mut self, status: &str, body: &str) {
        let len = body.len();
        let text = format!("HTTP/1.1 {status}\r\nContent-Length: {len}\r\n\r\n{body}");
        self.feed(text.as_bytes());
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.session.handle_bytes(self.now, bytes, &mut |reply| self.ended.push(keep(&reply)));
    }

    fn close(&mut self) {
        self.session.handle_closed(self.now, &mut |reply| self.ended.push(keep(&reply)));
    }

    fn timeout(&mut self, now: Mono) {
        self.now = now;
        self.session.handle_timeout(now, &mut |reply| self.ended.push(keep(&reply)));
    }
}

fn keep(reply: &Reply<'_>) -> Ended {
    Ended {
        question: reply.question,
        http: reply.http,
        retry_after: reply.retry_after,
        body: reply.body.to_vec(),
        sent_at: reply.sent_at,
        received_at: reply.received_at,
    }
}

fn order_id() -> ClientOrderId {
    ClientOrderId::new(ClientOrderIdParts {
        mode: Mode::Demo,
        instance: 1,
        epoch: 1,
        permit: PermitId(7),
        leg: OrderLeg::ENTRY,
        attempt: 0,
    })
}

fn list(ids: &[u32]) -> FixedList<SymbolId, SYMBOLS_MAX> {
    let mut list = FixedList::new();
    for &id in ids {
        list.push(SymbolId(id)).unwrap();
    }
    list
}
