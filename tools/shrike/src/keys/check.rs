//! What a key may do, found out by questions that change nothing.
//!
//! | question | proves, when it is not refused for want of permission |
//! |---|---|
//! | `GET account` | key, signature, address binding and clock are good; `SPOT_ACCOUNT_READ` |
//! | `GET selfSymbols` | `SPOT_ACCOUNT_R`; which pairs the key may trade |
//! | `GET openOrders` | `SPOT_DEAL_READ` |
//! | `POST order/test` | `SPOT_DEAL_WRITE`; the exchange checks such an order and places none |
//! | `GET capital/withdraw/history` | `SPOT_WITHDRAW_READ` |
//! | `DELETE capital/withdraw` of an id that no withdrawal has | `SPOT_WITHDRAW_W` |
//!
//! The last must be refused with 700007, and it alone decides whether a key may withdraw: the right
//! to read withdrawals moves nothing and is worth a warning. `canWithdraw` of `account` is about the
//! account and not about the key, so it proves nothing. What none of this proves: that a permission
//! is not added later, so it is asked again at each start; that the exchange asks for the permission
//! before it looks at the id. An exchange that looked at the id first would make a good key seem able
//! to withdraw, and never the other way round.

use std::fmt;

use model::Amount;
use venue::http1::Method;
use venue::mexc::errors;
use venue::mexc::json::{Account, ExchangeInfo, SymbolList};

use runtime::Secured;
use settings::{Account as Configured, Settings};
use venue::sign::Credentials;

use super::asker::{Answer, AskError, Asker, ClockSeen};
use crate::dialling::{DialError, Dialling, shown};
use crate::findings::Finding;

/// Withdrawals have 32 hexadecimal digits for an id; this is none.
const NO_WITHDRAWAL: &str = "id=shrike-asks-whether-it-may";
/// The right to withdraw, by the exchange's name.
pub(crate) const RIGHT_TO_WITHDRAW: &str = "SPOT_WITHDRAW_W";
/// A pair that every account trades, where the key's own list cannot be read.
const USUAL_PAIR: &str = "BTCUSDT";

/// Whether a key may withdraw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Withdraw {
    /// To cancel one was refused for want of permission.
    No,
    /// It has [`RIGHT_TO_WITHDRAW`].
    May,
    /// The question was not answered either way.
    Unknown {
        /// What came instead.
        seen: String,
    },
}

/// What was found of one account.
#[derive(Debug)]
pub(crate) struct AccountSeen {
    /// The lines.
    pub(crate) findings: Vec<Finding>,
    /// Whether its key may withdraw.
    pub(crate) withdraw: Withdraw,
    /// Free money by asset, once it could be read.
    pub(crate) balances: Option<Vec<(String, Amount)>>,
    /// What secured the connection, when it was.
    pub(crate) secured: Option<Secured>,
}

/// Whether the key has a permission, by the answer to a question that needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum May {
    Yes,
    No { code: i32 },
    Unknown { seen: String },
}

/// Connects as the account's links do, and asks everything. Without a key: whether the exchange is
/// there, and its clock.
///
/// # Errors
/// [`DialError`] for what the configuration says wrongly.
pub(crate) fn examine(
    settings: &Settings,
    account: Option<&Configured>,
    key: Option<Credentials>,
) -> Result<AccountSeen, DialError> {
    let mut seen = AccountSeen {
        findings: Vec::new(),
        withdraw: unknown("not asked"),
        balances: None,
        secured: None,
    };
    let place = &settings.venue.rest;
    let what = "exchange";
    let mend = "see whether this machine reaches it, and whether venue.rest is right";
    let endpoint = match Dialling::new(settings)?.endpoint(place, account) {
        Ok(endpoint) => endpoint,
        Err(error) if error.is_configuration() => return Err(error),
        Err(error) => {
            seen.findings.push(Finding::fail(what, error, mend));
            return Ok(seen);
        }
    };
    let has_key = key.is_some();
    let asked = Asker::new(endpoint, key).and_then(|mut asker| {
        let clock = asker.clock()?;
        Ok((asker, clock))
    });
    let (mut asker, clock) = match asked {
        Ok(asked) => asked,
        Err(error) => {
            let seen_there = format!("{}:{}: {error}", place.host, place.port);
            seen.findings.push(Finding::fail(what, seen_there, mend));
            return Ok(seen);
        }
    };
    seen.secured = asker.secured();
    let from = shown(account.and_then(|account| account.source));
    let way = format!("{}:{} answers, from {from}", place.host, place.port);
    seen.findings.push(Finding::ok(what, way));
    seen.findings.push(of_clock(settings, clock));
    if has_key {
        seen.ask_all(&mut asker, clock, &from);
    }
    Ok(seen)
}

/// Host clocks that are further away than this are not synchronised.
const HOST_AHEAD_MAX_MS: i64 = 1_000;

fn of_clock(settings: &Settings, clock: ClockSeen) -> Finding {
    let what = "clock";
    let (error, ahead) = (clock.error.as_millis(), clock.host_ahead_ms);
    let max = settings.limits.clock_max_error.millis();
    let seen = format!("known to {error} ms of {max} allowed; this host is {ahead} ms ahead");
    if error > u128::from(max) {
        let mend = "entries would be held back; move nearer to the exchange, or see what delays it";
        return Finding::fail(what, seen, mend);
    }
    if ahead.abs() > HOST_AHEAD_MAX_MS {
        let mend = "orders carry the exchange's own time; logs do not: synchronise with chrony";
        return Finding::warn(what, seen, mend);
    }
    Finding::ok(what, seen)
}

impl AccountSeen {
    fn ask_all(&mut self, asker: &mut Asker, clock: ClockSeen, from: &str) {
        let asked = asker.signed(Method::Get, "/api/v3/account", "");
        if !self.add_account(asker, asked, clock, from) {
            return;
        }
        let asked = asker.signed(Method::Get, "/api/v3/selfSymbols", "");
        let pair = self.add_symbols(asker, asked);
        let asked = asker.signed(Method::Get, "/api/v3/openOrders", &format!("symbol={pair}"));
        self.add_permission("SPOT_DEAL_READ", &asked);
        let order = format!("symbol={pair}&side=BUY&type=LIMIT&quantity=1&price=1");
        let asked = asker.signed(Method::Post, "/api/v3/order/test", &order);
        self.add_permission("SPOT_DEAL_WRITE", &asked);
        self.add_rules(asker, &pair);
        let history = asker.signed(Method::Get, "/api/v3/capital/withdraw/history", "limit=1");
        self.add_reads_withdrawals(may(&history));
        let cancel = asker.signed(Method::Delete, "/api/v3/capital/withdraw", NO_WITHDRAWAL);
        self.add_withdraw(may(&cancel));
    }

    /// False when nothing else can be asked with this key.
    fn add_account(
        &mut self,
        asker: &mut Asker,
        asked: Result<Answer, AskError>,
        clock: ClockSeen,
        from: &str,
    ) -> bool {
        let permission = may(&asked);
        if let (Err(_), _) | (_, May::Unknown { .. }) = (&asked, &permission) {
            self.findings.push(refused(&asked, from));
            return false;
        }
        let error = clock.error.as_millis();
        self.findings.push(Finding::ok("key", "the exchange knows it, and its secret signs"));
        self.findings.push(Finding::ok("address binding", format_args!("accepted from {from}")));
        self.findings.push(Finding::ok(
            "clock of signed requests",
            format_args!("accepted; the exchange's, known to {error} ms"),
        ));
        self.add_permission("SPOT_ACCOUNT_READ", &asked);
        if let (Ok(answer), May::Yes) = (&asked, permission) {
            self.add_balances(asker, answer);
        }
        true
    }

    fn add_balances(&mut self, asker: &mut Asker, answer: &Answer) {
        let read = asker.read(&answer.body, |document| {
            let account: Account<'_> = document.read()?;
            let free = account.balances.iter().map(|balance| {
                let free = Amount::parse(balance.usable().as_str().as_bytes());
                (balance.asset.to_owned(), free.unwrap_or(Amount::ZERO))
            });
            Ok((free.collect::<Vec<_>>(), account.can_trade))
        });
        self.findings.push(match read {
            Ok((_, Some(false))) => Finding::fail(
                "account",
                "the exchange does not let it trade",
                "log in on its web page, or ask its support",
            ),
            Ok((free, _)) => {
                let finding = Finding::ok("balances", format_args!("{} assets", free.len()));
                self.balances = Some(free);
                finding
            }
            Err(error) => Finding::fail("balances", error, "ask again; a new form of the reply?"),
        });
    }

    /// The pair that further questions are about.
    fn add_symbols(&mut self, asker: &mut Asker, asked: Result<Answer, AskError>) -> String {
        self.add_permission("SPOT_ACCOUNT_R", &asked);
        let usual = || USUAL_PAIR.to_owned();
        let (Ok(answer), May::Yes) = (&asked, may(&asked)) else { return usual() };
        let read = asker.read(&answer.body, |document| {
            let list: SymbolList<'_> = document.read()?;
            let usual = list.data.iter().find(|name| **name == USUAL_PAIR);
            let pair = usual.or(list.data.first()).map(|name| (*name).to_owned());
            Ok((list.data.len(), pair))
        });
        let what = "pairs open to the key";
        match read {
            Ok((count, Some(pair))) => {
                self.findings.push(Finding::ok(what, count));
                pair
            }
            Ok((_, None)) => {
                let mend = "name the pairs on the exchange's API page, or all of them";
                self.findings.push(Finding::fail(what, 0, mend));
                usual()
            }
            Err(error) => {
                self.findings.push(Finding::fail(what, error, "ask again"));
                usual()
            }
        }
    }

    fn add_rules(&mut self, asker: &mut Asker, pair: &str) {
        let asked = asker.public("/api/v3/exchangeInfo", &format!("symbol={pair}"));
        let read = asked.and_then(|answer| {
            asker.read(&answer.body, |document| {
                let info: ExchangeInfo<'_> = document.read()?;
                let shown =
                    info.symbols.rows.iter().find(|rules| rules.symbol == pair).map(|rules| {
                        let (base, quote) = (rules.base_asset_precision, rules.quote_precision);
                        format!("{pair}: quantities to {base} decimals, prices to {quote}")
                    });
                Ok(shown)
            })
        });
        let what = "rules of the exchange";
        self.findings.push(match read {
            Ok(Some(shown)) => Finding::ok(what, shown),
            Ok(None) => Finding::warn(what, format_args!("none of {pair}"), "ask again"),
            Err(error) => Finding::fail(what, error, "entries need the rules; ask again"),
        });
    }

    fn add_permission(&mut self, name: &'static str, asked: &Result<Answer, AskError>) {
        let what = format!("permission {name}");
        self.findings.push(match may(asked) {
            May::Yes => Finding::ok(what, "granted"),
            May::No { code } => Finding::fail(
                what,
                format_args!("missing (code {code}, {})", meaning(code)),
                format_args!("grant it to the key on the exchange's API page"),
            ),
            May::Unknown { seen } => Finding::warn(what, seen, "ask again"),
        });
    }

    /// Worth a look at most: who reads withdrawals moves nothing.
    fn add_reads_withdrawals(&mut self, read: May) {
        let what = "list of withdrawals";
        self.findings.push(match read {
            May::No { .. } => Finding::ok(what, "the key may not read it"),
            May::Yes => Finding::warn(
                what,
                "the key may read withdrawals (SPOT_WITHDRAW_READ); a trading key does not need it",
                "take the permission from the key on the exchange's API page",
            ),
            May::Unknown { seen } => {
                Finding::warn(what, format_args!("not known: {seen}"), "ask again")
            }
        });
    }

    fn add_withdraw(&mut self, write: May) {
        self.withdraw = match write {
            May::Yes => Withdraw::May,
            May::No { .. } => Withdraw::No,
            May::Unknown { seen } => Withdraw::Unknown { seen },
        };
        let what = "withdrawals";
        self.findings.push(match &self.withdraw {
            Withdraw::No => Finding::ok(what, "the key has no permission for them (code 700007)"),
            Withdraw::May => Finding::fail(
                what,
                format_args!("the key has {RIGHT_TO_WITHDRAW}"),
                "make another key without any permission to withdraw, best of a sub-account, and \
                 delete this one",
            ),
            Withdraw::Unknown { seen } => Finding::fail(
                what,
                format_args!("not known: {seen}"),
                "ask again; a key of a sub-account has no such permission at all",
            ),
        });
    }
}

fn unknown(seen: &str) -> Withdraw {
    Withdraw::Unknown { seen: seen.to_owned() }
}

/// Which of key, signature, address binding, clock or account an answer to `account` blames.
fn refused(asked: &Result<Answer, AskError>, from: &str) -> Finding {
    let answer = match asked {
        Ok(answer) => answer,
        Err(error) => return Finding::fail("exchange", error, "see whether it is reachable"),
    };
    let what = match answer.code {
        400 | 10072 | 700_001 | 730_706 | 730_707 => "key",
        602 | 700_002 => "signature",
        700_006 => "address binding",
        10073 | 700_003 | 700_005 => "clock",
        10001 | 10015 | 10098 | 10099 | 60005 | 730_001 | 730_100 => "account",
        _ => "exchange",
    };
    let seen = Seen(answer);
    let mend = match (answer.http, errors::advice(answer.code)) {
        (429 | 418, _) => "too much was asked from this address or account: wait some minutes",
        (_, "") => "ask again",
        (_, advice) => advice,
    };
    match address_in(&answer.text).filter(|_| what == "address binding") {
        Some(address) => Finding::fail(
            what,
            format_args!("{seen}; it sees {address}, and we leave from {from}"),
            format_args!("add {address} to the key's addresses on the exchange's API page"),
        ),
        None => Finding::fail(what, seen, mend),
    }
}

fn may(asked: &Result<Answer, AskError>) -> May {
    let answer = match asked {
        Ok(answer) => answer,
        Err(error) => return May::Unknown { seen: error.to_string() },
    };
    match (answer.http, answer.code) {
        // Limits and faults settle nothing, whatever their bodies say.
        (408 | 418 | 429 | 500.., _) => May::Unknown { seen: Seen(answer).to_string() },
        (_, code @ (401 | 700_007)) => May::No { code },
        (200, 0 | 200) => May::Yes,
        // The firewall, or a path that is not there any more.
        (403..=405, _) => May::Unknown { seen: Seen(answer).to_string() },
        (_, code) if code == 0 || of_the_key(code) => {
            May::Unknown { seen: Seen(answer).to_string() }
        }
        // A refusal of what was asked for and not of who asked.
        _ => May::Yes,
    }
}

/// Codes that speak of key, signature, address, clock, account or the exchange itself.
fn of_the_key(code: i32) -> bool {
    use model::RejectClass::{BackOff, Clock, StopAll, Unknown};
    // Answers about an id that nothing has.
    if matches!(code, -2013 | -2011 | 22222) {
        return false;
    }
    let class = errors::find(code).map(|row| row.class);
    matches!(class, Some(StopAll | Clock | BackOff | Unknown)) || code == 700_005
}

/// An answer without the exchange's words, which may repeat what was sent.
struct Seen<'a>(&'a Answer);

impl fmt::Display for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Answer { http, code, .. } = self.0;
        match code {
            0 => write!(f, "HTTP {http} without a code"),
            code => write!(f, "code {code}, {} (HTTP {http})", meaning(*code)),
        }
    }
}

fn meaning(code: i32) -> &'static str {
    errors::find(code).map_or("which is in no list", |row| row.meaning)
}

/// The address that the exchange names, as in `IP [203.0.113.7] not in the ip white list`.
fn address_in(text: &str) -> Option<std::net::IpAddr> {
    let ends = |c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':');
    text.split(ends).find_map(|word| word.trim_end_matches(['.', ':']).parse().ok())
}

/// How old a key is, against the 90 days after which one that is bound to no address ends.
pub(crate) fn key_age(added_ms: i64, bound: bool, now_ms: i64) -> Finding {
    let days = now_ms.saturating_sub(added_ms).div_euclid(86_400_000);
    let seen = format!("{days} days, added {}", super::date(added_ms));
    let mend = "make another key and `shrike keys add NAME --replace`; if this one is bound to \
                addresses, say so with --bound";
    match days {
        ..0 => Finding::warn("age of the key", seen, "the clock was wrong then or is wrong now"),
        _ if bound => {
            Finding::ok("age of the key", format_args!("{seen}; bound to addresses by your word"))
        }
        0..60 => Finding::ok("age of the key", seen),
        60..80 => Finding::warn(
            "age of the key",
            format_args!("{seen}; a key without a bound address ends after 90"),
            mend,
        ),
        80.. => Finding::warn(
            "age of the key",
            format_args!("{seen}; a key without a bound address ends after 90, SOON"),
            mend,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::Verdict;

    #[test]
    fn permission_is_read_from_the_answer_and_never_guessed() {
        let answer =
            |http, code| may(&Ok(Answer { http, code, text: String::new(), body: Vec::new() }));
        for (http, code) in [(200, 0), (200, 200), (400, 30002), (400, 10007), (400, 22222)] {
            assert_eq!(answer(http, code), May::Yes, "{http} {code}");
        }
        for (http, code) in [(400, 700_007), (401, 700_007), (200, 700_007), (401, 401)] {
            assert_eq!(answer(http, code), May::No { code }, "{http} {code}");
        }
        let unknown =
            [(503, 0), (500, 30002), (429, 429), (403, 0), (404, 404), (400, 0), (400, 700_003)];
        let more = [(401, 10072), (400, 700_006), (504, 0), (500, 700_007), (429, 700_007)];
        for (http, code) in unknown.into_iter().chain(more) {
            assert!(matches!(answer(http, code), May::Unknown { .. }), "{http} {code}");
        }
        let broken = Err(AskError::Io(std::io::ErrorKind::TimedOut.into()));
        assert!(matches!(may(&broken), May::Unknown { .. }));
    }

    #[test]
    fn only_a_refusal_of_the_write_proves_that_a_key_may_not_withdraw() {
        for (read, of_read) in
            [(no(), Verdict::Ok), (May::Yes, Verdict::Warn), (lost(), Verdict::Warn)]
        {
            let seen = |write| {
                let mut seen = AccountSeen {
                    findings: Vec::new(),
                    withdraw: unknown("not asked"),
                    balances: None,
                    secured: None,
                };
                seen.add_reads_withdrawals(read.clone());
                seen.add_withdraw(write);
                assert_eq!(seen.findings[0].verdict, of_read, "{:?}", seen.findings);
                (seen.withdraw, seen.findings[1].verdict)
            };
            assert_eq!(seen(no()), (Withdraw::No, Verdict::Ok), "{read:?}");
            assert_eq!(seen(May::Yes), (Withdraw::May, Verdict::Fail), "{read:?}");
            assert_eq!(seen(lost()), (unknown("HTTP 503"), Verdict::Fail), "{read:?}");
        }
    }

    fn no() -> May {
        May::No { code: 700_007 }
    }

    fn lost() -> May {
        May::Unknown { seen: "HTTP 503".into() }
    }

    #[test]
    fn each_code_blames_its_part_and_names_a_mend() {
        for (http, code, what, mend) in [
            (401, 10072, "key", "90 days"),
            (400, 700_001, "key", "compare it"),
            (400, 400, "key", "none was sent"),
            (400, 700_002, "signature", "secret does not belong"),
            (400, 700_006, "address binding", "not in the key's list"),
            (400, 700_003, "clock", "recvWindow"),
            (400, 10073, "clock", "recvWindow"),
            (400, 60005, "account", "web page"),
            (503, 0, "exchange", "ask again"),
        ] {
            let text = String::new();
            let found = refused(&Ok(Answer { http, code, text, body: Vec::new() }), "any");
            assert_eq!((found.what.as_str(), found.verdict), (what, Verdict::Fail), "{code}");
            assert!(found.mend.contains(mend), "{code}: {}", found.mend);
            let shown = if code == 0 { http.to_string() } else { code.to_string() };
            assert!(found.seen.contains(&shown), "{code}: {}", found.seen);
        }
    }

    #[test]
    fn the_address_that_the_exchange_sees_is_named_in_the_mend() {
        let text = "IP [203.0.113.7] not in the ip white list".to_owned();
        let found = refused(&Ok(Answer { http: 400, code: 700_006, text, body: vec![] }), "any");
        assert!(found.mend.contains("add 203.0.113.7"), "{}", found.mend);
        assert_eq!(address_in("IP [2001:db8::7] not here"), "2001:db8::7".parse().ok());
        assert_eq!(address_in("not here."), None);
    }

    #[test]
    fn a_key_ages_into_warnings_unless_it_is_bound() {
        let day = 86_400_000;
        let verdict = |days, bound| key_age(0, bound, days * day).verdict;
        for (days, wanted) in [(0, Verdict::Ok), (59, Verdict::Ok), (60, Verdict::Warn)] {
            assert_eq!(verdict(days, false), wanted, "{days}");
        }
        assert!(key_age(0, false, 80 * day).seen.contains("SOON"));
        assert!(!key_age(0, false, 79 * day).seen.contains("SOON"));
        assert_eq!(verdict(200, true), Verdict::Ok);
        assert_eq!(verdict(-1, true), Verdict::Warn);
    }
}
