use super::topic::{DepthLevels, Speed};
use super::*;
use model::{BookTop, Depth, DepthKind};

const T0: Mono = Mono::from_nanos(1_000_000_000);
const DEALS: &str = "spot@public.aggre.deals.v3.api.pb@10ms@NEWUSDT";
const DEPTH: &str = "spot@public.aggre.depth.v3.api.pb@10ms@NEWUSDT";

#[test]
fn fresh_channels_go_out_in_one_message_and_live_when_echoed() {
    let mut desk = Desk::new();
    desk.want_pair();
    desk.open();
    let text = desk.send().unwrap();
    assert_eq!(
        text,
        format!(r#"{{"method":"SUBSCRIPTION","params":["{DEALS}","{DEPTH}"],"id":1}}"#)
    );
    assert_eq!(desk.told(), [(Stream::Deals, LinkState::Asked), (Stream::Depth, LinkState::Asked)]);
    assert_eq!(desk.send(), None);
    desk.ack(1, &format!("{DEALS},{DEPTH}"));
    assert_eq!(desk.told(), [(Stream::Deals, LinkState::Live), (Stream::Depth, LinkState::Live)]);
}

#[test]
fn a_refused_topic_is_noticed_although_its_code_is_zero_and_asked_for_until_it_exists() {
    let mut desk = Desk::new();
    desk.want_pair();
    desk.open();
    desk.send();
    desk.told();
    let refused = format!("Not Subscribed successfully! [{DEALS},{DEPTH}].  Reason： Blocked! ");
    desk.ack(1, &refused);
    assert_eq!(
        desk.told(),
        [(Stream::Deals, LinkState::Refused), (Stream::Depth, LinkState::Refused)]
    );
    assert_eq!(desk.send(), None, "not before the wait is over");

    let mut waits = Vec::new();
    for id in 0..6_u64 {
        let before = desk.now;
        desk.now = desk.feed.poll_timeout().unwrap().0;
        waits.push(desk.now.since(before).millis());
        for name in [DEALS, DEPTH] {
            let text = desk.send().unwrap();
            assert!(text.contains(&format!("[\"{name}\"]")), "alone: {text}");
        }
        for (offset, name) in [DEALS, DEPTH].into_iter().enumerate() {
            let text = format!("Not Subscribed successfully! [{name}].  Reason： Blocked! ");
            desk.ack(2 + id * 2 + offset as u64, &text);
        }
    }
    assert_eq!(waits, [500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    desk.told();
    desk.feed.hurry(desk.now, desk.symbol);
    let text = desk.send().unwrap();
    assert!(text.contains(DEALS));
    desk.ack(14, DEALS);
    assert_eq!(desk.told(), [(Stream::Deals, LinkState::Asked), (Stream::Deals, LinkState::Live)]);
}

#[test]
fn a_refusal_in_part_leaves_the_rest_alive() {
    let mut desk = Desk::new();
    desk.want_pair();
    desk.open();
    desk.send();
    desk.told();
    desk.ack(
        1,
        &format!(
            "Subscribed successful! [{DEALS}]. Not Subscribed successfully! [{DEPTH}].  \
             Reason： Blocked! "
        ),
    );
    assert_eq!(
        desk.told(),
        [(Stream::Deals, LinkState::Live), (Stream::Depth, LinkState::Refused)]
    );
}

#[test]
fn an_empty_acknowledgement_means_subscribed_already() {
    for id in [0, 1] {
        let mut desk = Desk::new();
        desk.want_pair();
        desk.open();
        desk.send();
        desk.told();
        desk.ack(id, "");
        assert_eq!(desk.told().len(), 2, "id {id}");
        assert_eq!(desk.state(Stream::Depth), Some(LinkState::Live));
    }
    let mut desk = Desk::new();
    desk.want_pair();
    desk.open();
    desk.send();
    desk.ack(99, "");
    assert_eq!(desk.state(Stream::Depth), Some(LinkState::Asked));
}

#[test]
fn an_echo_of_something_else_changes_nothing() {
    let mut desk = Desk::new();
    desk.want_pair();
    desk.open();
    desk.send();
    desk.told();
    for text in ["spot@public.aggre.deals.v3.api.pb@100ms@NEWUSDT", "Invalid request", "]["] {
        desk.ack(1, text);
    }
    assert_eq!(desk.told(), []);
}

#[test]
fn data_before_the_acknowledgement_is_proof_enough() {
    let mut desk = Desk::new();
    desk.want_pair();
    desk.open();
    desk.send();
    desk.told();
    desk.data();
    assert_eq!(desk.told(), [(Stream::Depth, LinkState::Live)]);
    desk.ack(1, &format!("{DEALS},{DEPTH}"));
    assert_eq!(desk.told(), [(Stream::Deals, LinkState::Live)]);
}

#[test]
fn missing_acknowledgements_are_asked_again_and_then_end_the_connection() {
    let mut desk = Desk::new();
    desk.want_pair();
    desk.open();
    desk.send();
    desk.told();
    for round in 0..3 {
        assert!(!desk.feed.must_close(), "round {round}");
        let (at, name) = desk.feed.poll_timeout().unwrap();
        assert_eq!(name, "feed_ack");
        desk.timeout(at);
        if desk.feed.must_close() {
            assert_eq!(round, 2);
            return;
        }
        desk.now = desk.feed.poll_timeout().unwrap().0;
        while desk.send().is_some() {}
        desk.heard();
    }
    panic!("never given up");
}

#[test]
fn an_acknowledgement_between_missing_ones_keeps_the_connection() {
    let mut desk = Desk::live();
    for n in 0..6 {
        let symbol = desk.table.add(&format!("C{n}USDT"), &format!("C{n}"), "USDT").unwrap();
        let topic = Topic::Deals(symbol, Speed::Ms100);
        desk.feed.want(topic, Silence::Allowed, &desk.table).unwrap();
        desk.send();
        desk.timeout(desk.now.after(Span::from_secs(5)));
        assert!(!desk.feed.must_close(), "round {n}");
        desk.ack(0, topic.name(&format!("C{n}USDT")).unwrap().as_str());
    }
}

#[test]
fn a_late_acknowledgement_of_the_first_request_counts() {
    let mut desk = Desk::new();
    desk.want_pair();
    desk.open();
    desk.send();
    let (at, _) = desk.feed.poll_timeout().unwrap();
    desk.timeout(at);
    desk.ack(1, &format!("{DEALS},{DEPTH}"));
    assert_eq!(desk.state(Stream::Deals), Some(LinkState::Live));
    assert_eq!(desk.state(Stream::Depth), Some(LinkState::Live));
}

#[test]
fn a_ping_leaves_every_twenty_seconds_and_silence_after_it_ends_the_connection() {
    let mut desk = Desk::live();
    for round in 1..=3_u64 {
        let (at, name) = desk.feed.poll_timeout().unwrap();
        assert_eq!((at, name), (T0.after(Span::from_secs(20 * round)), "feed_ping"));
        desk.now = at;
        assert_eq!(desk.send().unwrap(), r#"{"method":"PING"}"#);
        desk.ack(0, "PONG");
    }
    desk.now = desk.feed.poll_timeout().unwrap().0;
    desk.send();
    let (at, name) = desk.feed.poll_timeout().unwrap();
    assert_eq!((at.since(desk.now), name), (Span::from_secs(10), "feed_pong"));
    desk.timeout(at);
    assert!(desk.feed.must_close());
    assert_eq!((desk.feed.poll_timeout(), desk.send()), (None, None));
}

#[test]
fn a_book_that_falls_silent_is_stale_until_it_speaks() {
    let mut desk = Desk::live();
    desk.now = T0.after(Span::from_secs(5));
    desk.expect_traffic(Silence::TRADING);
    let (at, name) = desk.feed.poll_timeout().unwrap();
    assert_eq!((at.since(desk.now), name), (Span::from_millis(1_500), "feed_stale"));
    desk.heard();
    desk.timeout(at);
    assert_eq!(desk.told(), [(Stream::Depth, LinkState::Stale)]);
    desk.heard();
    assert_eq!(desk.told(), [], "other traffic does not wake a book");
    desk.data();
    assert_eq!(desk.told(), [(Stream::Depth, LinkState::Live)]);

    desk.timeout(desk.now.after(Span::from_secs(2)));
    assert_eq!(desk.told(), [(Stream::Depth, LinkState::Stale)]);
    desk.expect_traffic(Silence::Allowed);
    assert_eq!(desk.told(), [(Stream::Depth, LinkState::Live)]);
}

#[test]
fn the_private_stream_is_as_good_as_its_worst_channel() {
    let mut desk = Desk::new();
    for topic in Topic::PRIVATE {
        desk.feed.want(topic, Silence::PRIVATE, &desk.table).unwrap();
    }
    desk.open();
    desk.send();
    let names = ["orders", "deals", "account"].map(|word| format!("spot@private.{word}.v3.api.pb"));
    desk.ack(1, &names[0]);
    desk.ack(1, &names[1]);
    assert_eq!(desk.told(), [(Stream::Private, LinkState::Asked)]);
    desk.ack(1, &names[2]);
    let [event] = desk.events[..] else { panic!("{:?}", desk.events) };
    assert_eq!((event.account, event.symbol), (AccountId(2), SymbolId::NONE));
    assert_eq!(desk.told(), [(Stream::Private, LinkState::Live)]);
    desk.timeout(T0.after(Span::from_secs(65)));
    assert_eq!(desk.told(), [(Stream::Private, LinkState::Stale)]);
    desk.heard();
    assert_eq!(desk.told(), [(Stream::Private, LinkState::Live)]);
}

#[test]
fn a_connection_that_goes_takes_every_stream_down_and_asks_again_after_it() {
    let mut desk = Desk::live();
    desk.close();
    assert_eq!(desk.told(), [(Stream::Depth, LinkState::Down), (Stream::Deals, LinkState::Down)]);
    assert_eq!(desk.send(), None);
    desk.open();
    assert!(desk.send().unwrap().ends_with(r#""id":1}"#));
}

#[test]
fn an_unwanted_channel_is_left_and_makes_room() {
    let mut desk = Desk::live();
    let topic = Topic::Deals(desk.symbol, Speed::Ms10);
    desk.feed.unwant(topic, &mut |event| desk.events.push(event));
    assert_eq!(desk.told(), [(Stream::Deals, LinkState::Down)]);
    assert_eq!(
        desk.send().unwrap(),
        format!(r#"{{"method":"UNSUBSCRIPTION","params":["{DEALS}"],"id":2}}"#)
    );
    assert_eq!(desk.feed.slots.len(), 2);
    desk.ack(2, DEALS);
    assert_eq!((desk.feed.slots.len(), desk.feed.wanted()), (1, 1));
    assert_eq!(desk.told(), []);
}

#[test]
fn a_channel_that_is_wanted_again_is_not_deceived_by_the_farewell() {
    let mut desk = Desk::live();
    let topic = Topic::Deals(desk.symbol, Speed::Ms10);
    desk.feed.unwant(topic, &mut |_| {});
    desk.send();
    desk.feed.want(topic, Silence::Allowed, &desk.table).unwrap();
    assert!(desk.send().unwrap().ends_with(r#""id":3}"#));
    desk.ack(2, DEALS);
    assert_eq!(desk.state(Stream::Deals), Some(LinkState::Asked));
    desk.ack(3, DEALS);
    assert_eq!(desk.state(Stream::Deals), Some(LinkState::Live));
}

#[test]
fn a_channel_that_goes_while_its_message_waits_leaves_no_wrong_message() {
    let mut desk = Desk::new();
    desk.want_pair();
    desk.open();
    assert!(desk.feed.poll_transmit(T0).unwrap().contains(DEALS));
    desk.feed.unwant(Topic::Deals(desk.symbol, Speed::Ms10), &mut |_| {});
    let text = desk.send().unwrap();
    assert!(!text.contains(DEALS) && text.contains(DEPTH), "{text}");
    assert_eq!(desk.state(Stream::Depth), Some(LinkState::Asked));
}

#[test]
fn a_full_connection_says_so() {
    let mut desk = Desk::new();
    for n in 0..TOPICS_MAX {
        let symbol = desk.table.add(&format!("C{n}USDT"), &format!("C{n}"), "USDT").unwrap();
        let topic = Topic::LimitDepth(symbol, DepthLevels::Five);
        desk.feed.want(topic, Silence::Allowed, &desk.table).unwrap();
    }
    let full = desk.feed.want(Topic::Orders, Silence::PRIVATE, &desk.table);
    assert_eq!(full, Err(FeedError::Full { max: 28 }));
    let capacity = desk.feed.text.capacity();
    desk.open();
    assert!(desk.send().is_some());
    assert_eq!(desk.feed.text.capacity(), capacity, "the longest message fits its buffer");
    let unknown = SymbolId(9_999);
    assert_eq!(
        Desk::new().feed.want(Topic::Deals(unknown, Speed::Ms10), Silence::Allowed, &desk.table),
        Err(FeedError::BadSymbol { symbol: unknown })
    );
}

#[test]
fn no_second_has_more_messages_than_it_may() {
    let mut desk = Desk::new();
    desk.want_pair();
    desk.open();
    let mut sent = Vec::new();
    while sent.len() < 300 {
        if desk.send().is_some() {
            sent.push(desk.now);
            desk.ack(0, &format!("Not Subscribed successfully! [{DEALS},{DEPTH}]."));
            desk.feed.hurry(desk.now, desk.symbol);
        } else {
            desk.now = desk.feed.poll_timeout().unwrap().0;
        }
    }
    for window in sent.windows(MESSAGES_PER_SECOND + 1) {
        let span = window[MESSAGES_PER_SECOND].since(window[0]);
        assert!(span >= Span::from_secs(1), "{span}");
    }
}

#[test]
fn a_rotation_is_due_before_the_venue_closes() {
    let desk = Desk::live();
    assert!(!desk.feed.rotation_due(T0.after(Span::from_secs(22 * 3_600))));
    assert!(desk.feed.rotation_due(T0.after(Span::from_secs(23 * 3_600))));
}

#[test]
fn events_belong_to_the_channel_that_carries_them() {
    let symbol = SymbolId(0);
    let of = |body| Event::of(AccountId::NONE, symbol, body);
    let top = of(Body::Top(BookTop { bid: None, ask: None, version: 0 }));
    let limited = of(Body::Depth(Depth::new(DepthKind::Top, true, 1, 1)));
    assert!(Topic::BookTop(symbol, Speed::Ms10).carries(&top));
    assert!(!Topic::BookTop(SymbolId(1), Speed::Ms10).carries(&top));
    assert!(Topic::LimitDepth(symbol, DepthLevels::Ten).carries(&limited));
    assert!(!Topic::Depth(symbol, Speed::Ms10).carries(&limited));
}

struct Desk {
    feed: FeedSession,
    table: SymbolTable,
    symbol: SymbolId,
    now: Mono,
    events: Vec<Event>,
}

impl Desk {
    fn new() -> Self {
        let mut table = SymbolTable::new();
        let symbol = table.add("NEWUSDT", "NEW", "USDT").unwrap();
        let feed = FeedSession::new(FeedConfig::default(), AccountId(2));
        Self { feed, table, symbol, now: T0, events: Vec::new() }
    }

    /// Two channels, open and accepted.
    fn live() -> Self {
        let mut desk = Self::new();
        desk.want_pair();
        desk.open();
        desk.send();
        desk.ack(1, &format!("{DEALS},{DEPTH}"));
        desk.told();
        desk
    }

    fn want_pair(&mut self) {
        for topic in
            [Topic::Deals(self.symbol, Speed::Ms10), Topic::Depth(self.symbol, Speed::Ms10)]
        {
            self.feed.want(topic, Silence::Allowed, &self.table).unwrap();
        }
    }

    fn open(&mut self) {
        self.feed.handle_open(self.now);
    }

    fn close(&mut self) {
        self.feed.handle_closed(&mut |event| self.events.push(event));
    }

    fn send(&mut self) -> Option<String> {
        let text = self.feed.poll_transmit(self.now)?.to_owned();
        self.feed.handle_transmitted(self.now, &mut |event| self.events.push(event));
        Some(text)
    }

    fn ack(&mut self, id: u64, msg: &str) {
        let control = Control::of(id, 0, msg);
        self.feed.handle_control(self.now, &control, &mut |event| self.events.push(event));
    }

    fn data(&mut self) {
        let depth = Depth::new(DepthKind::Diff, true, 1, 1);
        let event = Event::of(AccountId::NONE, self.symbol, Body::Depth(depth));
        self.feed.handle_event(self.now, &event, &mut |event| self.events.push(event));
    }

    fn heard(&mut self) {
        self.feed.handle_heard(self.now, &mut |event| self.events.push(event));
    }

    fn timeout(&mut self, now: Mono) {
        self.now = now;
        self.feed.handle_timeout(now, &mut |event| self.events.push(event));
    }

    fn expect_traffic(&mut self, silence: Silence) {
        let topic = Topic::Depth(self.symbol, Speed::Ms10);
        self.feed.set_silence(self.now, topic, silence, &mut |event| self.events.push(event));
    }

    fn state(&self, stream: Stream) -> Option<LinkState> {
        self.feed.state(self.symbol, stream)
    }

    fn told(&mut self) -> Vec<(Stream, LinkState)> {
        let told = |event: Event| {
            let Body::Stream { stream, state } = event.body else { panic!("{event:?}") };
            (stream, state)
        };
        self.events.drain(..).map(told).collect()
    }
}
