//! `shrike record`: what the exchange's public streams send, into a capture ([`capture`]).
//!
//! Public streams and public REST requests alone: no key is read, nothing is signed, and the
//! private stream, whose path is a secret, is never opened.

pub(crate) mod capture;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use model::SymbolId;
use runtime::Endpoint;
use serde_json::json;
use settings::Settings;
use venue::http1::Method;
use venue::mexc::feed::topic::{DepthLevels, Speed, Topic};

use self::capture::{Begin, FORM, Op, Record, Wall, Writer};
use crate::cli::{CliError, Exit, Out};
use crate::dialling::Dialling;
use crate::dialling::stream::{Came, Stream};
use crate::keys::Asker;

/// Four topics a pair, and 30 a connection.
const SYMBOLS_MAX: usize = 7;
/// Connections in a row that brought nothing before a capture is given up.
const FAILURES_MAX: u32 = 5;
/// Between two connections.
const RETRY: Duration = Duration::from_secs(1);
/// How long is waited for one thing at a time.
const LOOK: Duration = Duration::from_millis(200);

/// A request by the name of its endpoint; `{}` is a pair.
const REST: &[(&str, &str)] = &[
    ("ping", "/api/v3/ping"),
    ("time", "/api/v3/time"),
    ("defaultSymbols", "/api/v3/defaultSymbols"),
    ("symbol/offline", "/api/v3/symbol/offline"),
    ("exchangeInfo", "/api/v3/exchangeInfo?symbol={}"),
    ("depth", "/api/v3/depth?symbol={}&limit=1000"),
    ("trades", "/api/v3/trades?symbol={}&limit=500"),
    ("aggTrades", "/api/v3/aggTrades?symbol={}"),
    ("klines", "/api/v3/klines?symbol={}&interval=1m"),
    ("ticker/24hr", "/api/v3/ticker/24hr?symbol={}"),
    ("ticker/bookTicker", "/api/v3/ticker/bookTicker?symbol={}"),
];

/// Record the raw frames of the exchange's public streams into a capture
#[derive(Debug, Args)]
#[command(
    after_help = "Lines of JSON: time by our clock, where from, payload in hexadecimal digits; deals, \
                  depth, best prices and the top 20 levels of each pair. Ends in order on SIGINT and \
                  SIGTERM. Appends to a file that is there. No key is read, and the private stream is \
                  never opened.\nRead it with: shrike inspect capture FILE\nExample: shrike record \
                  --symbols BTCUSDT,ETHUSDT --rest exchangeInfo,depth --seconds 600 --out \
                  morning.jsonl"
)]
pub(crate) struct RecordArgs {
    /// Pairs, at most 7
    #[arg(long, value_name = "A,B", value_delimiter = ',', default_value = "BTCUSDT")]
    symbols: Vec<String>,
    /// File to append to; else one named by the time, in this folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How long
    #[arg(long, value_name = "N", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Largest size of the file, MiB
    #[arg(long, value_name = "N", default_value_t = 256,
          value_parser = clap::value_parser!(u64).range(1..=65_536))]
    max_mib: u64,
    /// REST replies too, asked for once behind the subscription, such as exchangeInfo,depth
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    rest: Vec<String>,
    /// Configuration that names the exchange
    #[arg(long, value_name = "FILE", default_value = "config/trader.toml")]
    config: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]: usage for line and configuration, failed when nothing more comes.
pub(crate) fn run(args: &RecordArgs, out: &mut Out) -> Result<Exit, CliError> {
    let topics = topics(&args.symbols)?;
    let requests = requests(&args.rest, &args.symbols)?;
    let env: Vec<(String, String)> = std::env::vars().collect();
    let settings =
        Settings::load(std::slice::from_ref(&args.config), &env, &[]).map_err(CliError::usage)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| CliError::failed(format_args!("signals: {error}")))?;
    }
    let dial = |place| -> Result<Endpoint, CliError> {
        Dialling::new(&settings).and_then(|dialling| dialling.endpoint(place, None)).map_err(
            |error| match error.is_configuration() {
                true => CliError::usage(error),
                false => CliError::failed(error),
            },
        )
    };
    let place = &settings.venue.ws;
    let (ws, rest) = (dial(place)?, dial(&settings.venue.rest)?);
    let wall = Wall::new();
    let path = args.out.clone().unwrap_or_else(|| {
        let secs = crate::keys::wall_ms().div_euclid(1_000);
        PathBuf::from(format!("shrike-capture-{secs}.jsonl"))
    });
    let mut recorder = Recorder {
        from: format!("{}:{}{}", place.host, place.port, place.path),
        path: place.path.clone(),
        writer: Writer::open(&path, args.max_mib << 20)?,
        wall,
        until: Instant::now() + Duration::from_secs(args.seconds),
        stop,
        frames: 0,
        replies: 0,
        lost: 0,
        full: false,
    };
    let begin = Begin {
        capture: FORM,
        venue: settings.venue.name.as_str().to_owned(),
        symbols: args.symbols.clone(),
        topics: topics.clone(),
    };
    recorder.put(&Record { begin: Some(begin), ..Record::bare(wall.now(), Op::Begin, "") })?;
    if !out.is_json() {
        out.line(format_args!("recording into {}", path.display()))?;
        out.flush()?;
    }
    let recorded = recorder.record(&ws, &topics, rest, requests);
    let Recorder { frames, replies, lost, full, .. } = recorder;
    let (shown, bytes) = (path.display().to_string(), recorder.writer.len());
    if out.is_json() {
        out.document(&json!({ "file": shown, "bytes": bytes, "frames": frames,
            "replies": replies, "lost": lost, "full": full }))?;
    } else {
        let end = if full { "; the file is full" } else { "" };
        out.line(format_args!("{shown}: {frames} frames, {replies} replies, {bytes} bytes{end}"))?;
    }
    recorded?;
    if full && frames == 0 {
        return Err(CliError::failed(format_args!(
            "{shown} has {bytes} bytes already; name another file, or raise --max-mib"
        )));
    }
    match lost {
        0 => Ok(Exit::Done),
        lost => Err(CliError::failed(format_args!(
            "{lost} REST replies did not come; the lines `lost` of the capture say why"
        ))),
    }
}

/// The names of all topics.
fn topics(symbols: &[String]) -> Result<Vec<String>, CliError> {
    if symbols.len() > SYMBOLS_MAX {
        return Err(CliError::usage(format_args!(
            "{} pairs, and one connection carries {SYMBOLS_MAX}; record the others beside it",
            symbols.len()
        )));
    }
    let none = SymbolId::NONE;
    let mut names = Vec::new();
    for symbol in symbols {
        if symbol.is_empty() || !symbol.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(CliError::usage(format_args!(
                "{symbol:?} is no pair; write it as the exchange does, such as BTCUSDT"
            )));
        }
        for topic in [
            Topic::Deals(none, Speed::Ms10),
            Topic::Depth(none, Speed::Ms10),
            Topic::BookTop(none, Speed::Ms10),
            Topic::LimitDepth(none, DepthLevels::Twenty),
        ] {
            let name = topic.name(symbol).ok_or_else(|| {
                CliError::usage(format_args!("{symbol:?} is longer than any pair"))
            })?;
            names.push(name.as_str().to_owned());
        }
    }
    Ok(names)
}

/// A REST request: the name of its endpoint, its path, its query.
type Request = (&'static str, String, String);

fn requests(wanted: &[String], symbols: &[String]) -> Result<Vec<Request>, CliError> {
    let mut all = Vec::new();
    for name in wanted {
        let Some((name, form)) = REST.iter().find(|(known, _)| known == name) else {
            let known: Vec<&str> = REST.iter().map(|(known, _)| *known).collect();
            return Err(CliError::usage(format_args!(
                "--rest {name:?} is no public endpoint; known: {}",
                known.join(" ")
            )));
        };
        let (path, query) = form.split_once('?').unwrap_or((form, ""));
        let one = |symbol: &str| (*name, path.to_owned(), query.replace("{}", symbol));
        match query.is_empty() {
            true => all.push(one("")),
            false => all.extend(symbols.iter().map(|symbol| one(symbol))),
        }
    }
    Ok(all)
}

struct Recorder {
    from: String,
    path: String,
    writer: Writer,
    wall: Wall,
    until: Instant,
    stop: Arc<AtomicBool>,
    frames: u64,
    replies: u64,
    lost: u64,
    full: bool,
}

impl Recorder {
    /// Records until it is time, until a signal, or until the file is full.
    fn record(
        &mut self,
        ws: &Endpoint,
        topics: &[String],
        rest: Endpoint,
        requests: Vec<Request>,
    ) -> Result<(), CliError> {
        let (sender, mut answers) = channel();
        let (wall, stop) = (self.wall, Arc::clone(&self.stop));
        let mut asker = Some(move || ask(rest, &requests, wall, &stop, &sender));
        let mut failures = 0;
        let ended = loop {
            if self.is_over() {
                break Ok(());
            }
            let before = self.frames;
            let why = match Stream::open(ws, &self.path) {
                Ok(stream) => {
                    if let Some(ask) = asker.take() {
                        thread::spawn(ask);
                    }
                    match self.follow(stream, topics, &mut answers)? {
                        None => break Ok(()),
                        Some(why) => why,
                    }
                }
                Err(error) => error.to_string(),
            };
            failures = if self.frames > before { 1 } else { failures + 1 };
            let gone = Record::bare(self.wall.now(), Op::Closed, &self.from);
            self.put(&Record { why: Some(why.clone()), ..gone })?;
            if failures >= FAILURES_MAX {
                let from = &self.from;
                break Err(CliError::failed(format_args!(
                    "{from}: nothing came over {failures} connections in a row; the last: {why}"
                )));
            }
            let wait = Instant::now() + RETRY;
            while Instant::now() < wait && !self.is_over() {
                self.take(&answers)?;
                thread::sleep(Duration::from_millis(20));
            }
        };
        if asker.is_none() {
            self.take_rest(&answers)?;
        }
        ended
    }

    fn is_over(&self) -> bool {
        self.full || self.stop.load(Ordering::Relaxed) || Instant::now() >= self.until
    }

    /// One connection; `None` when the recording is over, else why the connection is.
    fn follow(
        &mut self,
        mut stream: Stream,
        topics: &[String],
        answers: &mut Receiver<Record>,
    ) -> Result<Option<String>, CliError> {
        self.put(&Record::bare(self.wall.now(), Op::Open, &self.from))?;
        let asked = match stream.subscribe(1, topics) {
            Ok(asked) => asked,
            Err(error) => return Ok(Some(error.to_string())),
        };
        self.put(&Record::of(self.wall.now(), Op::Sent, &self.from, &asked))?;
        while !self.is_over() {
            self.take(answers)?;
            let until = self.until.min(Instant::now() + LOOK);
            let came = stream.read(until);
            let at = self.wall.now();
            let (op, payload) = match came {
                Ok(Came::Binary(payload)) => (Op::Binary, payload),
                Ok(Came::Text(payload)) => (Op::Text, payload),
                Ok(Came::Nothing) => continue,
                Ok(Came::Closed(code)) => return Ok(Some(format!("closed with code {code}"))),
                Err(error) => return Ok(Some(error.to_string())),
            };
            if self.put(&Record::of(at, op, &self.from, &payload))? {
                self.frames += 1;
            }
        }
        stream.close();
        self.put(&Record { why: Some("done".to_owned()), ..self.closed() })?;
        Ok(None)
    }

    fn closed(&self) -> Record {
        Record::bare(self.wall.now(), Op::Closed, &self.from)
    }

    /// Replies that came meanwhile.
    fn take(&mut self, answers: &Receiver<Record>) -> Result<(), CliError> {
        while let Ok(record) = answers.try_recv() {
            self.keep(&record)?;
        }
        Ok(())
    }

    /// Those that are still to come; none of them takes longer than its own patience.
    fn take_rest(&mut self, answers: &Receiver<Record>) -> Result<(), CliError> {
        while let Ok(record) = answers.recv() {
            self.keep(&record)?;
        }
        Ok(())
    }

    fn keep(&mut self, record: &Record) -> Result<(), CliError> {
        let kept = self.put(record)?;
        if record.op == Op::Lost {
            self.lost += 1;
        } else if kept {
            self.replies += 1;
        }
        Ok(())
    }

    fn put(&mut self, record: &Record) -> Result<bool, CliError> {
        let kept = !self.full && self.writer.write(record)?;
        self.full |= !kept;
        Ok(kept)
    }
}

/// Asks for one reply after the other over a connection of its own.
fn ask(
    endpoint: Endpoint,
    requests: &[Request],
    wall: Wall,
    stop: &AtomicBool,
    to: &Sender<Record>,
) {
    let mut asker = Asker::new(endpoint, None);
    for (name, path, query) in requests {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let from = match query.is_empty() {
            true => path.clone(),
            false => format!("{path}?{query}"),
        };
        let asked = asker.as_mut().map_err(|error| error.to_string()).and_then(|asker| {
            asker.unsigned(Method::Get, path, query).map_err(|error| error.to_string())
        });
        let record = match asked {
            Ok(answer) => Record {
                http: Some(answer.http),
                ..Record::of(wall.now(), Op::Rest, &from, &answer.body)
            },
            Err(why) => Record { why: Some(why), ..Record::bare(wall.now(), Op::Lost, &from) },
        };
        // Nobody is left to take it when the recording failed.
        let _ = to.send(Record { endpoint: Some((*name).to_owned()), ..record });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::ENDPOINTS;

    #[test]
    fn every_reply_that_can_be_recorded_can_be_read() {
        for (name, path) in REST {
            assert!(ENDPOINTS.contains(name) && path.starts_with("/api/v3/"), "{name}");
        }
    }

    #[test]
    fn a_pair_in_the_wrong_form_and_too_many_are_refused_with_the_mend() {
        let many = vec!["BTCUSDT".to_owned(); 8];
        assert!(topics(&many).unwrap_err().to_string().contains("8 pairs"));
        for bad in ["", "BTC_USDT", "BTC USDT", "A\"B"] {
            let error = topics(&[bad.to_owned()]).unwrap_err();
            assert_eq!(error.exit(), Exit::Usage);
            assert!(error.to_string().contains("BTCUSDT"), "{error}");
        }
        assert_eq!(topics(&many[..7]).unwrap().len(), 28);
    }
}
