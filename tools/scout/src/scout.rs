//! Pages in, differences out. Pure: time is an argument, sockets are elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    AccountId, Body, Event, Span, SymbolId, SymbolNames, Text, TimerName, VenueKey, VenueTime,
};
use venue::SymbolTable;
use venue::mexc::json::JsonReader;

use crate::counts::{Counts, Fault, PageCounts};
use crate::pages::{self, Coin, ROWS_MAX, Reading, WebRow};
use crate::pair::Pair;
use crate::schedule::Schedule;
use crate::{Page, PairName, ScoutConfig};

/// Reads pages about listings and says what changed since the last reading.
///
/// It alone numbers symbols: each name goes out as a `Body::Symbol` before anything else is said
/// of it, in the dense order of the ids. An id is never taken back or given to another name; a
/// name that is listed again as another coin keeps its id, and its facts carry the other coin.
#[derive(Debug)]
pub struct Scout {
    config: ScoutConfig,
    table: SymbolTable,
    /// By the index of their id.
    pairs: Vec<Pair>,
    reader: JsonReader,
    schedule: Schedule,
    calendar: Known<VenueKey, Coin>,
    web: Known<(Text<24>, VenueKey), WebRow>,
    api: Known<Text<24>, Text<24>>,
    rules: RulesTurn,
    counts: Counts,
    started: bool,
}

/// The last believed reading of a page.
#[derive(Debug)]
struct Known<K, T> {
    rows: BTreeMap<K, T>,
    bad: u32,
    /// Readings in a row that had no row although there had been some.
    empty: u32,
}

impl<K, T> Default for Known<K, T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), bad: 0, empty: 0 }
    }
}

/// Whose rules are asked for next.
#[derive(Debug)]
struct RulesTurn {
    asked: Vec<SymbolId>,
    /// When all pairs that matter had their turn, not only those near their opening.
    all_at: Option<VenueTime>,
    /// How many names one question has; fewer after the venue refused one.
    names_max: usize,
    cursor: usize,
}

/// Who says that a name belongs to which coin.
#[derive(Clone, Copy, Debug)]
struct Claim {
    pair: PairName,
    coin: VenueKey,
    at: VenueTime,
    /// Whether the calendar says so, and not the web list alone.
    by_calendar: bool,
}

/// A coin matters until this long after its opening.
const FRESH: Span = Span::from_secs(86_400);

/// A page that is empty for no visible reason is believed when it was so this often in a row.
const EMPTY_BELIEVED: u32 = 3;

/// Failures of the calendar in a row from which the web list alone names coins.
const CALENDAR_BARRED: u32 = 2;

/// Pairs of one `exchangeInfo` question at most.
const NAMES_MAX: usize = 16;

impl Scout {
    /// Names given at most in one life. Each brings up to two assets, and the table must take
    /// both: an asset without its pair would shift every later index against the trader's.
    pub const SYMBOLS_MAX: usize = 2_000;

    /// Knows nothing yet but the names of the process before; the watched pairs are named with the first call of
    /// [`handle_start`](Self::handle_start) or of a page.
    pub fn new(config: ScoutConfig) -> Self {
        let (mut table, mut pairs) = (SymbolTable::new(), Vec::new());
        for (id, names) in &config.named {
            let pair = PairName::new(names.base.as_str(), names.quote.as_str());
            // One that clashes is refused by the trader, which has the same list.
            if table.enter(*id, names)
                && let Some(pair) = pair
            {
                pairs.push(Pair::new(*id, pair, false));
            }
        }
        Self {
            config,
            table,
            pairs,
            reader: JsonReader::new(JsonReader::PAGE),
            schedule: Schedule::new(),
            calendar: Known::default(),
            web: Known::default(),
            api: Known::default(),
            rules: RulesTurn { asked: Vec::new(), all_at: None, names_max: NAMES_MAX, cursor: 0 },
            counts: Counts::default(),
            started: false,
        }
    }

    /// Names the watched pairs, once.
    pub fn handle_start(&mut self, out: &mut Vec<Event>) {
        if self.started {
            return;
        }
        self.started = true;
        let before = out.len();
        for pair in self.config.watch.clone() {
            if let Some(at) = self.name(pair, out) {
                self.pairs[at].watched = true;
            } else {
                self.counts.unnamed = self.counts.unnamed.saturating_add(1);
            }
        }
        self.counts.events += (out.len() - before) as u64;
    }

    /// Watches one more pair from here on, as if the configuration had named it; `false` when its
    /// quote is none of ours, no name is left, or the lists that were read do not have it.
    pub fn watch(&mut self, name: &str, out: &mut Vec<Event>) -> bool {
        self.handle_start(out);
        let Some(pair) = PairName::split(name, &self.config.quotes) else { return false };
        let read = !self.web.rows.is_empty() || !self.api.rows.is_empty();
        let listed = self.api.rows.contains_key(&pair.name())
            || rows_of(&self.web.rows, pair.name()).next().is_some();
        if read && !listed && self.table.find(name.as_bytes()).is_none() {
            return false;
        }
        let before = out.len();
        let Some(at) = self.name(pair, out) else { return false };
        let pair = &mut self.pairs[at];
        pair.watched = true;
        if let Some(coin) = holder(&self.web.rows, pair.pair.name(), pair.coin) {
            pair.own(coin);
        }
        // Its rules are asked for with the next question.
        self.rules.all_at = None;
        self.counts.events += (out.len() - before) as u64;
        true
    }

    /// Takes the reply to `page` and appends what it changes. Everything but status 200 is a
    /// failure without `Retry-After`; see [`handle_failure`](Self::handle_failure).
    pub fn handle_page(
        &mut self,
        now: VenueTime,
        page: Page,
        http: u16,
        body: &[u8],
        out: &mut Vec<Event>,
    ) {
        self.handle_start(out);
        if http != 200 {
            self.handle_failure(now, page, http, Span::ZERO);
            return;
        }
        let counts = self.counts.page_mut(page);
        (counts.last_http, counts.tried_at) = (http, Some(now));
        let before = out.len();
        let read = match page {
            Page::Calendar => self.take_calendar(now, body, out),
            Page::WebList => self.take_web_list(now, body, out),
            Page::ExchangeInfo => self.take_rules(now, body, out),
            Page::ApiSymbols => self.take_api(body, out),
        };
        self.counts.events += (out.len() - before) as u64;
        let counts = self.counts.page_mut(page);
        match read {
            Ok(()) => {
                counts.read += 1;
                counts.read_at = Some(now);
                self.schedule.succeeded(page);
            }
            Err(fault) => {
                counts.malformed += 1;
                counts.last_fault = Some(fault);
                let failures = self.schedule.failed(&self.config, now, page, http, Span::ZERO);
                log_failure(page, http, failures, Some(fault));
            }
        }
    }

    /// The page could not be had: its status, 0 without a reply, and its `Retry-After`, zero
    /// without one.
    pub fn handle_failure(&mut self, now: VenueTime, page: Page, http: u16, retry_after: Span) {
        let counts = self.counts.page_mut(page);
        counts.failed += 1;
        (counts.last_http, counts.tried_at) = (http, Some(now));
        if page == Page::ExchangeInfo && http == 400 {
            // One unknown pair spoils the question for all: fewer names find out which.
            self.rules.names_max = (self.rules.names_max / 2).max(1);
            self.schedule.succeeded(page);
            return;
        }
        let failures = self.schedule.failed(&self.config, now, page, http, retry_after);
        log_failure(page, http, failures, None);
    }

    /// The page to fetch now, if one is due. It counts as asked, whether a reply comes or not.
    pub fn poll_page(&mut self, now: VenueTime) -> Option<Page> {
        let (near, rules) = (self.is_near(now), self.has_rules_to_ask());
        let wanted = |page| page != Page::ExchangeInfo || rules;
        let page = self.schedule.poll(&self.config, now, near, wanted)?;
        if page == Page::ExchangeInfo {
            self.choose_rules(now);
        }
        Some(page)
    }

    /// When [`poll_page`](Self::poll_page) may have a page next; not before `now`.
    pub fn poll_timeout(&self, now: VenueTime) -> (VenueTime, TimerName) {
        let (near, rules) = (self.is_near(now), self.has_rules_to_ask());
        let wanted = |page| page != Page::ExchangeInfo || rules;
        let page = self.schedule.next_at(&self.config, now, near, wanted);
        let openings = self.pairs.iter().flat_map(Pair::openings);
        let nears = openings.map(|at| at.before(self.config.near_from)).filter(|at| *at > now);
        match nears.min() {
            Some(at) if at < page => (at, "near an opening"),
            _ => (page.max(now), "page"),
        }
    }

    /// Path and query of a page; for `exchangeInfo` of the pairs chosen by the last
    /// [`poll_page`](Self::poll_page).
    pub fn path(&self, now: VenueTime, page: Page) -> String {
        match page {
            Page::Calendar => {
                format!("/api/operation/new_coin_calendar?timestamp={}", now.millis())
            }
            Page::WebList => "/api/platform/spot/market-v2/web/symbolsV2".to_owned(),
            Page::ApiSymbols => "/api/v3/defaultSymbols".to_owned(),
            Page::ExchangeInfo => {
                let mut path = "/api/v3/exchangeInfo?symbols=".to_owned();
                let asked = self.rules.asked.iter().filter_map(|id| self.place_at(*id));
                for (nth, at) in asked.enumerate() {
                    if nth > 0 {
                        path.push(',');
                    }
                    encode(self.pairs[at].pair.name().as_str(), &mut path);
                }
                path
            }
        }
    }

    /// Notes weight that somebody else on this address has spent, such as a question for the time.
    pub fn charge(&mut self, now: VenueTime, weight: u32) {
        self.schedule.charge(now, weight);
    }

    /// What was seen and could not be used.
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The names given so far.
    pub const fn table(&self) -> &SymbolTable {
        &self.table
    }

    fn take_calendar(
        &mut self,
        now: VenueTime,
        body: &[u8],
        out: &mut Vec<Event>,
    ) -> Result<(), Fault> {
        let reading = pages::calendar(&mut self.reader, body)?;
        if self.calendar.take(reading, |coin| coin.key, self.counts.page_mut(Page::Calendar)) {
            self.settle(now, out);
        }
        Ok(())
    }

    fn take_web_list(
        &mut self,
        now: VenueTime,
        body: &[u8],
        out: &mut Vec<Event>,
    ) -> Result<(), Fault> {
        let reading = pages::web_list(&mut self.reader, now, body)?;
        if self.web.take(reading, WebRow::key, self.counts.page_mut(Page::WebList)) {
            self.settle(now, out);
        }
        Ok(())
    }

    fn take_rules(
        &mut self,
        now: VenueTime,
        body: &[u8],
        out: &mut Vec<Event>,
    ) -> Result<(), Fault> {
        let reading = pages::exchange_info(&mut self.reader, now, body)?;
        // No row at all is the answer about pairs that the venue does not have yet.
        let drifting = reading.rows.is_empty() && reading.bad > 0;
        note(self.counts.page_mut(Page::ExchangeInfo), &reading, drifting);
        for (name, spec) in reading.rows {
            if let Some(at) = self.place_of(name.as_str()) {
                self.pairs[at].tell_rules(spec, out);
            }
        }
        self.rules.names_max = (self.rules.names_max * 2).min(NAMES_MAX);
        Ok(())
    }

    fn take_api(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let reading = pages::api_symbols(&mut self.reader, body)?;
        if self.api.take(reading, |name| *name, self.counts.page_mut(Page::ApiSymbols)) {
            for pair in &mut self.pairs {
                pair.tell_api(self.api.rows.contains_key(&pair.pair.name()), out);
            }
        }
        Ok(())
    }

    /// Brings what was told in line with what calendar, web list and API list say together.
    fn settle(&mut self, now: VenueTime, out: &mut Vec<Event>) {
        let (claims, contested) = self.claims(now);
        let mut unnamed = 0;
        for claim in claims.values() {
            match self.name(claim.pair, out) {
                Some(at) => self.pairs[at].own(claim.coin),
                None => unnamed += 1,
            }
        }
        (self.counts.contested, self.counts.unnamed) = (contested, unnamed);
        for pair in &mut self.pairs {
            let name = pair.pair.name();
            let claim = claims.get(&name);
            if claim.is_none()
                && pair.watched
                && let Some(coin) = holder(&self.web.rows, name, pair.coin)
            {
                pair.own(coin);
            }
            let planned = claim.filter(|claim| claim.by_calendar).map(|claim| claim.at);
            pair.tell_opening(now, planned, out);
            pair.tell_row(self.web.rows.get(&(name, pair.coin)), out);
            pair.tell_api(self.api.rows.contains_key(&name), out);
        }
    }

    /// Which names belong to coins that open or have just opened, and how many coins wait for a
    /// name that the web list gives to another coin: ordering it would buy that other one.
    fn claims(&self, now: VenueTime) -> (BTreeMap<Text<24>, Claim>, u32) {
        let since = now.before(FRESH);
        let fresh = |key: &VenueKey| self.calendar.rows.get(key).filter(|coin| coin.at >= since);
        let ours = |quote: &str| self.config.quotes.iter().any(|ours| ours == quote);
        // While the calendar is barred, a row with a time ahead is witness enough.
        let alone = self.schedule.failures(Page::Calendar) >= CALENDAR_BARRED;
        let mut claims = BTreeMap::new();
        let mut shown = BTreeSet::new();
        for row in self.web.rows.values().filter(|row| ours(row.pair.quote.as_str())) {
            if let Some(coin) = fresh(&row.coin) {
                shown.insert(coin.key);
                offer(&mut claims, row.pair, coin, true);
            } else if alone && row.opens_at > now {
                let coin = Coin { key: row.coin, ticker: row.pair.base, at: row.opens_at };
                offer(&mut claims, row.pair, &coin, false);
            }
        }
        let mut contested = 0;
        for coin in self.calendar.rows.values().filter(|coin| coin.at >= since) {
            let quote = self.config.quotes.first().map_or("", String::as_str);
            let assumed = PairName::new(coin.ticker.as_str(), quote);
            let Some(pair) = assumed.filter(|_| !shown.contains(&coin.key)) else { continue };
            if rows_of(&self.web.rows, pair.name()).next().is_some() {
                contested += 1;
            } else {
                offer(&mut claims, pair, coin, true);
            }
        }
        (claims, contested)
    }

    /// The index of the pair, which is named if it was not; `None` when there is no name left.
    fn name(&mut self, pair: PairName, out: &mut Vec<Event>) -> Option<usize> {
        let name = pair.name();
        if let Some(at) = self.place_of(name.as_str()) {
            return Some(at);
        }
        if self.pairs.len() == Self::SYMBOLS_MAX {
            return None;
        }
        let id = self.table.add(name.as_str(), pair.base.as_str(), pair.quote.as_str())?;
        let entry = self.table.get(id)?;
        let names = SymbolNames {
            name,
            base: pair.base,
            quote: pair.quote,
            base_asset: entry.base,
            quote_asset: entry.quote,
        };
        out.push(Event::of(AccountId::NONE, id, Body::Symbol(names)));
        self.pairs.push(Pair::new(id, pair, false));
        self.counts.named += 1;
        tracing::info!(symbol = id.0, %name, "named a pair");
        Some(self.pairs.len() - 1)
    }

    /// Pairs stand in the order of their ids, of which those of lost names are missing.
    fn place_of(&self, name: &str) -> Option<usize> {
        self.place_at(self.table.find(name.as_bytes())?.id)
    }

    fn place_at(&self, id: SymbolId) -> Option<usize> {
        self.pairs.binary_search_by_key(&id, |pair| pair.id).ok()
    }

    fn is_near(&self, now: VenueTime) -> bool {
        self.pairs.iter().any(|pair| self.is_pair_near(now, pair))
    }

    fn is_pair_near(&self, now: VenueTime, pair: &Pair) -> bool {
        let (from, until) = (self.config.near_from, self.config.near_until);
        pair.openings().any(|at| now >= at.before(from) && now <= at.after(until))
    }

    fn has_rules_to_ask(&self) -> bool {
        self.pairs.iter().any(Pair::matters)
    }

    /// The pairs near their opening, and once in a far period all that matter. A list longer than
    /// one question goes round.
    fn choose_rules(&mut self, now: VenueTime) {
        let near = self.pairs.iter().filter(|pair| self.is_pair_near(now, pair));
        let mut ids: Vec<SymbolId> = near.filter(|pair| pair.matters()).map(|p| p.id).collect();
        let far = self.config.exchange_info.far;
        let all = self.rules.all_at.is_none_or(|at| at > now || now.since(at) >= far);
        if all || ids.is_empty() {
            ids = self.pairs.iter().filter(|pair| pair.matters()).map(|pair| pair.id).collect();
            self.rules.all_at = Some(now);
        }
        let taken = ids.len().min(self.rules.names_max);
        let first = self.rules.cursor;
        self.rules.asked.clear();
        self.rules.asked.extend((0..taken).map(|n| ids[(first + n) % ids.len()]));
        self.rules.cursor = (first + taken) % Self::SYMBOLS_MAX;
    }
}

impl<K: Ord, T> Known<K, T> {
    /// Whether the reading is believed; then it is what is known. While more rows are odd than
    /// before, rows that seem to be missing may be among them, and stand for this once.
    fn take(
        &mut self,
        reading: Reading<T>,
        key: impl Fn(&T) -> K,
        counts: &mut PageCounts,
    ) -> bool {
        let empty = reading.rows.is_empty();
        let drifting = empty && (!self.rows.is_empty() || reading.bad > 0);
        note(counts, &reading, drifting);
        if drifting {
            self.empty = self.empty.saturating_add(1);
            if reading.bad > 0 || self.empty < EMPTY_BELIEVED {
                return false;
            }
        }
        self.empty = 0;
        let held = reading.bad > self.bad;
        self.bad = reading.bad;
        let fresh = reading.rows.into_iter().map(|row| (key(&row), row)).collect();
        let known = core::mem::replace(&mut self.rows, fresh);
        if held {
            for (key, row) in known {
                if self.rows.len() == ROWS_MAX {
                    break;
                }
                self.rows.entry(key).or_insert(row);
            }
        }
        true
    }
}

fn note<T>(counts: &mut PageCounts, reading: &Reading<T>, drifting: bool) {
    counts.rows = u32::try_from(reading.rows.len()).unwrap_or(u32::MAX);
    counts.bad_rows = reading.bad;
    if reading.fault.is_some() {
        counts.last_fault = reading.fault;
    }
    if drifting && !counts.drifting {
        tracing::warn!(fault = ?reading.fault, "a page has no usable row; its shape may have changed");
    }
    counts.drifting = drifting;
    counts.drifts += u64::from(drifting);
}

type WebRows = BTreeMap<(Text<24>, VenueKey), WebRow>;

fn rows_of(rows: &WebRows, name: Text<24>) -> impl Iterator<Item = &WebRow> {
    rows.range((name, VenueKey(0))..=(name, VenueKey(u128::MAX))).map(|(_, row)| row)
}

/// The coin that a watched name belongs to: the known one while it is listed, else the youngest.
fn holder(rows: &WebRows, name: Text<24>, known: VenueKey) -> Option<VenueKey> {
    if rows.contains_key(&(name, known)) {
        return Some(known);
    }
    rows_of(rows, name).max_by_key(|row| (row.opens_at, row.coin)).map(|row| row.coin)
}

/// Of two coins with one name the one that opens later has it: the earlier one's time is over.
fn offer(claims: &mut BTreeMap<Text<24>, Claim>, pair: PairName, coin: &Coin, by_calendar: bool) {
    let fresh = Claim { pair, coin: coin.key, at: coin.at, by_calendar };
    let claim = claims.entry(pair.name()).or_insert(fresh);
    if (claim.at, claim.coin) < (fresh.at, fresh.coin) {
        *claim = fresh;
    }
}

/// As it may stand in a query. Some names of pairs are not ASCII.
fn encode(text: &str, out: &mut String) {
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let hex = |digit: u8| char::from(b"0123456789ABCDEF"[usize::from(digit)]);
            out.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
}

/// The first failure and then ever fewer of them: a page may be barred for days.
fn log_failure(page: Page, http: u16, failures: u32, fault: Option<Fault>) {
    if failures.is_power_of_two() {
        let fault = fault.map(tracing::field::display);
        tracing::warn!(page = page.word(), http, failures, fault, "a page could not be read");
    }
}
