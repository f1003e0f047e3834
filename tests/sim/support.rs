//! Worlds to test with, and observers of their journals.

use engine::{Action, Target};
use journal::{Kind, Observer, RecordView, Trouble};
use model::wire::{Reader, Wire};
use model::{Amount, Body, Command, Event, Price, Request, Round, Side};
use settings::Settings;
use sim::{Storm, World, WorldConfig};

/// Openings of one run.
pub(crate) const LISTINGS: usize = 3;

/// The shipped configuration on the demo's exchange.
pub(crate) fn world(seed: u64, storm: Storm) -> World {
    let settings = Settings::demo(&[]).expect("the shipped configuration is sound");
    let keys = vec![("demo-key".to_owned(), "demo-secret".to_owned())];
    let config = WorldConfig { seed, listings: LISTINGS, storm, settings, keys, exchange: None };
    World::new(&config).expect("the shipped configuration makes a world")
}

/// What a world in paper mode is made from: no key at all. `changes` come on top.
pub(crate) fn on_paper(seed: u64, storm: Storm, changes: &[(&str, &str)]) -> WorldConfig {
    let account =
        "[{ name = \"paper\", key = \"env:NOT_READ\", source = \"any\", budget = \"450\" }]";
    let usual = [("mode", "paper"), ("accounts", account)];
    let all = usual.iter().chain(changes);
    let all: Vec<(String, String)> =
        all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let settings = Settings::demo(&all).expect("the shipped configuration is sound");
    let keys = Vec::new();
    WorldConfig { seed, listings: LISTINGS, storm, settings, keys, exchange: None }
}

/// The same with two accounts of different budgets, which take the same listings.
pub(crate) fn two_accounts(seed: u64, storm: Storm) -> World {
    two_accounts_with(seed, storm, "two-secret")
}

/// With this secret for the second one, whose own is `two-secret`.
pub(crate) fn two_accounts_with(seed: u64, storm: Storm, secret: &str) -> World {
    let accounts = r#"[{ name = "one", key = "demo", source = "any", budget = "450" },
        { name = "two", key = "demo", source = "any", budget = "200" }]"#;
    let overrides = [("accounts".to_owned(), accounts.replace('\n', ""))];
    let settings = Settings::demo(&overrides).expect("two accounts are allowed");
    let key = |name: &str| (format!("{name}-key"), format!("{name}-secret"));
    let mut keys = vec![key("one"), key("two")];
    let start = World::venue_start(seed);
    let mut exchange = exchange::Config::demo(seed, LISTINGS, start);
    let account = exchange.accounts[0].clone();
    exchange.accounts.clear();
    for (key, secret) in &keys {
        let keys = vec![exchange::KeyConfig::new(key, secret)];
        exchange.accounts.push(exchange::AccountConfig {
            name: key.clone(),
            keys,
            ..account.clone()
        });
    }
    keys[1].1 = secret.to_owned();
    let exchange = Some(exchange);
    let config = WorldConfig { seed, listings: LISTINGS, storm, settings, keys, exchange };
    World::new(&config).expect("two accounts make a world")
}

/// Whether the account holds no more of the coin than the exchange would take an order for: fees in
/// the coin itself leave a rest below the smallest order.
///
/// Too little at the best price while it was held is too little, and so is too little at the end of
/// the run: a rest that could not be sold when its target closed may be worth more later.
pub(crate) fn is_sold(world: &World, target: &Target) -> bool {
    let entry = world.trader.table().get(target.symbol()).expect("its pair has a name");
    let coin = world.trader.table().asset(entry.base).expect("its coin has a name");
    let pocket = world.exchange.balance(0, coin);
    let left = pocket.free.plus_or_max(pocket.locked);
    let Some(spec) = world.trader.engine().spec(target.symbol()) else {
        return left == Amount::ZERO;
    };
    let qty = left.to_qty(spec.qty_decimals).expect("a holding fits").floor_to(spec.step);
    let too_little = |price: Price, decimals: u8| {
        let value = Amount::notional(price, decimals, qty, spec.qty_decimals, Round::Down);
        value.expect("its value fits") < spec.notional_min
    };
    let book = world.exchange.book(entry.name.as_str()).expect("its pair has a book");
    let bid = book.levels(Side::Buy).next().map(|(price, _)| price);
    qty.is_zero()
        || qty < spec.qty_min
        || target.position.high.is_some_and(|price| too_little(price, spec.price_decimals))
        || bid.is_some_and(|price| too_little(price, book.scale().price))
}

/// Folds every record, with all that it says, into one number (FNV-1a).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) hash: u64,
    pub(crate) records: u64,
}

impl Stream {
    pub(crate) fn new() -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, records: 0 }
    }

    fn fold(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

impl Observer for Stream {
    fn on_record(&mut self, record: &RecordView<'_>) {
        self.records += 1;
        self.fold(&record.seq.to_le_bytes());
        self.fold(&record.at.nanos().to_le_bytes());
        self.fold(&[record.family as u8]);
        self.fold(&record.kind.0.to_le_bytes());
        self.fold(record.payload);
    }

    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, _: &Trouble) {}
}

/// Orders in the journal, before and behind the record of a kill.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Orders {
    pub(crate) killed: bool,
    pub(crate) buys_before: u64,
    pub(crate) buys_after: u64,
    pub(crate) sells_after: u64,
}

impl Observer for Orders {
    fn on_record(&mut self, record: &RecordView<'_>) {
        let mut from = Reader::new(record.payload);
        if record.kind == Kind::INPUT {
            let event = Event::read(&mut from).expect("the trader's own event reads back");
            self.killed |= matches!(event.body, Body::Command(Command::Kill { .. }));
        }
        if record.kind == Kind::OUTPUT {
            let action = Action::<Request>::read(&mut from).expect("its own action reads back");
            let Action::Place(request) = action else { return };
            match (request.side, self.killed) {
                (Side::Buy, false) => self.buys_before += 1,
                (Side::Buy, true) => self.buys_after += 1,
                (Side::Sell, true) => self.sells_after += 1,
                (Side::Sell, false) => {}
            }
        }
    }

    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, _: &Trouble) {}
}
