//! The scout under the virtual clock: its pages come from the exchange's own web endpoints, over
//! a connection without delay, because pages are slow and their timing decides nothing.

use std::net::{IpAddr, Ipv4Addr};

use exchange::{Exchange, HttpConn};
use model::{Event, SymbolId, SymbolNames, VenueTime};
use scout::{Page, Scout, ScoutConfig};
use settings::Settings;
use venue::http1::{Limits, Method, ResponseParser, Suffix};

#[derive(Debug)]
pub(crate) struct Pages {
    scout: Scout,
    conn: HttpConn,
    parser: ResponseParser,
    suffix: Suffix,
    out: Vec<Event>,
}

/// Not the trader's address: pages have a budget of their own here.
const SCOUT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

impl Pages {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            scout: Scout::new(scout_config(settings)),
            conn: HttpConn::new(SCOUT),
            parser: ResponseParser::new(Limits::PAGES),
            suffix: Suffix::new("www.example.test", &[]).expect("a plain host name"),
            out: Vec::new(),
        }
    }

    /// The scout of the next process, which knows the names and nothing else.
    pub(crate) fn restart(&mut self, settings: &Settings, named: Vec<(SymbolId, SymbolNames)>) {
        self.scout = Scout::new(ScoutConfig { named, ..scout_config(settings) });
        self.out.clear();
    }

    pub(crate) fn poll_timeout(&self, now: VenueTime) -> VenueTime {
        self.scout.poll_timeout(now).0
    }

    /// Fetches every page that is due and gives what they changed.
    pub(crate) fn run(&mut self, now: VenueTime, exchange: &mut Exchange) -> Vec<Event> {
        while let Some(page) = self.scout.poll_page(now) {
            self.fetch(now, page, exchange);
        }
        std::mem::take(&mut self.out)
    }

    fn fetch(&mut self, now: VenueTime, page: Page, exchange: &mut Exchange) {
        if self.conn.is_finished() {
            self.conn = HttpConn::new(SCOUT);
            self.parser.reset();
        }
        let mut request = Method::Get.word().as_bytes().to_vec();
        request.extend_from_slice(self.scout.path(now, page).as_bytes());
        request.extend_from_slice(self.suffix.as_bytes());
        self.conn.handle_bytes(now, &request, exchange);
        let bytes = self.conn.poll_transmit(now).map(<[u8]>::to_vec).unwrap_or_default();
        self.conn.transmitted(bytes.len());
        let _ = self.parser.feed(&bytes);
        match self.parser.response() {
            Some(response) if response.status == 200 => {
                let http = response.status;
                self.scout.handle_page(now, page, http, response.body, &mut self.out);
            }
            Some(response) => {
                let (http, retry_after) = (response.status, response.retry_after);
                self.scout.handle_failure(now, page, http, retry_after);
            }
            None => self.scout.handle_failure(now, page, 0, model::Span::ZERO),
        }
    }
}

/// The scout's settings as the configuration names them.
pub fn scout_config(settings: &Settings) -> ScoutConfig {
    let period = |period: &settings::Period| scout::Period { far: period.far, near: period.near };
    ScoutConfig {
        near_from: settings.scout.near_from,
        calendar: period(&settings.scout.calendar),
        web_list: period(&settings.scout.symbols),
        exchange_info: period(&settings.scout.exchange_info),
        api_symbols: period(&settings.scout.exchange_info),
        weight_per_10s: settings.limits.rate_ip_weight_per_10s,
        ..ScoutConfig::default()
    }
}
