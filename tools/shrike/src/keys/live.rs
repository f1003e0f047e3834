//! What is asked of every key before real money is traded with it.

use settings::{KeyRef, Settings};
use venue::sign::Credentials;

use super::check::{RIGHT_TO_WITHDRAW, Withdraw, examine, key_age};
use super::keyring::Keyring;
use super::wall_ms;
use crate::cli::CliError;
use crate::findings::{Finding, Verdict};

/// What was found and does not keep the trader from starting.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// Lines for people.
    pub(crate) notes: Vec<String>,
    /// Whether entries must wait for an operator: a key of which it is not known that it may not
    /// withdraw. Exits go on.
    pub(crate) hold: bool,
}

/// Asks of each account's key what it may do, and how old it is. `keys` are in the order of the
/// accounts, and came from `ring`.
///
/// # Errors
/// [`CliError`] with exit code 3 for a key that may withdraw.
pub(crate) fn before_trading(
    settings: &Settings,
    keys: &[Credentials],
    ring: &mut Keyring,
) -> Result<Doubts, CliError> {
    let mut doubts = Doubts::default();
    for (account, key) in settings.accounts.iter().zip(keys) {
        let name = &account.name;
        let seen = examine(settings, Some(account), Some(key.clone())).map_err(CliError::usage)?;
        match &seen.withdraw {
            Withdraw::May => {
                return Err(CliError::refused(format_args!(
                    "the key of account {name:?} has {RIGHT_TO_WITHDRAW}, and nothing is traded with a \
                     key that may withdraw; make one that only trades, and delete this one"
                )));
            }
            Withdraw::Unknown { .. } => doubts.hold = true,
            Withdraw::No => {}
        }
        let mut found = seen.findings;
        if let KeyRef::Store(entry) = &account.key {
            let listed = &ring.entry(entry)?.listed;
            found.push(key_age(listed.added_ms, listed.bound, wall_ms()));
        }
        let lines = found.into_iter().filter(|one| one.verdict > Verdict::Ok);
        doubts.notes.extend(lines.map(|one| note(name, &one)));
    }
    Ok(doubts)
}

fn note(account: &str, finding: &Finding) -> String {
    let Finding { what, seen, mend, .. } = finding;
    format!("account {account}: {what}: {seen}; {mend}")
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::cli::Exit;

    /// As the exchange refuses for want of permission.
    const NO: (u16, &str) = (400, r#"{"code":700007,"msg":"no permission"}"#);
    /// A list of withdrawals, with none in it.
    const READS: (u16, &str) = (200, "[]");
    /// Limits, faults, and a path that is not there.
    const LOST: [(u16, &str); 4] =
        [(503, ""), (429, r#"{"code":429,"msg":""}"#), (404, "{}"), (500, NO.1)];

    #[test]
    fn a_key_without_withdrawals_trades() {
        let doubts = asked(NO, NO).unwrap();
        assert!(!doubts.hold && doubts.notes.is_empty(), "{doubts:?}");
    }

    #[test]
    fn an_answer_that_settles_nothing_holds_entries_back_and_refuses_nothing() {
        for lost in LOST {
            for history in [NO, READS, lost] {
                let doubts = asked(history, lost).unwrap();
                assert!(doubts.hold, "{lost:?}");
                assert!(tells(&doubts, ": withdrawals: not known"), "{doubts:?}");
            }
        }
    }

    #[test]
    fn to_read_withdrawals_is_told_and_holds_nothing_back() {
        let doubts = asked(READS, NO).unwrap();
        assert!(!doubts.hold && doubts.notes.len() == 1, "{doubts:?}");
        assert!(tells(&doubts, "may read withdrawals"), "{doubts:?}");
        for lost in LOST {
            let doubts = asked(lost, NO).unwrap();
            assert!(!doubts.hold && doubts.notes.len() == 1, "{doubts:?}");
            assert!(tells(&doubts, ": list of withdrawals: not known"), "{doubts:?}");
        }
    }

    #[test]
    fn any_answer_but_want_of_permission_is_a_right_to_withdraw() {
        for has in [(200, "[]"), (400, r#"{"code":22222,"msg":""}"#)] {
            for history in [NO, READS, LOST[0]] {
                let error = asked(history, has).unwrap_err();
                assert_eq!(error.exit(), Exit::Refused);
                assert!(error.to_string().contains("SPOT_WITHDRAW_W"), "{error}");
            }
        }
    }

    fn tells(doubts: &Doubts, words: &str) -> bool {
        doubts.notes.iter().any(|note| note.contains(words))
    }

    /// What comes of an exchange that answers so about withdrawals and well otherwise.
    fn asked(
        history: (u16, &'static str),
        cancel: (u16, &'static str),
    ) -> Result<Doubts, CliError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let venue = thread::spawn(move || serve(&listener, history, cancel));
        let settings = Settings::demo(&[("venue.rest".to_owned(), address)]).unwrap();
        let key = Credentials::new("demo-key", b"demo-secret").unwrap();
        let doubts = before_trading(&settings, &[key], &mut Keyring::new(&settings));
        venue.join().unwrap();
        doubts
    }

    /// One connection, until the last question is answered.
    fn serve(listener: &TcpListener, history: (u16, &str), cancel: (u16, &str)) {
        let (mut socket, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(socket.try_clone().unwrap()).lines();
        let mut ended = false;
        while !ended {
            let request = lines.next().expect("a request").unwrap();
            while !lines.next().expect("a head").unwrap().is_empty() {}
            ended = request.starts_with("DELETE /api/v3/capital/withdraw?id=");
            let (status, body) = match request.split(['?', ' ']).nth(1).unwrap() {
                "/api/v3/time" => (200, format!(r#"{{"serverTime":{}}}"#, wall_ms())),
                "/api/v3/account" => (200, r#"{"balances":[]}"#.to_owned()),
                "/api/v3/selfSymbols" => (200, r#"{"code":200,"data":["BTCUSDT"]}"#.to_owned()),
                "/api/v3/openOrders" => (200, "[]".to_owned()),
                "/api/v3/order/test" => (200, "{}".to_owned()),
                "/api/v3/exchangeInfo" => (200, RULES.to_owned()),
                "/api/v3/capital/withdraw/history" => (history.0, history.1.to_owned()),
                "/api/v3/capital/withdraw" => (cancel.0, cancel.1.to_owned()),
                other => panic!("{other} was asked for"),
            };
            let len = body.len();
            write!(socket, "HTTP/1.1 {status} X\r\nContent-Length: {len}\r\n\r\n{body}").unwrap();
        }
    }

    const RULES: &str = r#"{"symbols":[{"symbol":"BTCUSDT","status":"1","baseAsset":"BTC",
        "quoteAsset":"USDT","baseAssetPrecision":6,"quotePrecision":2,"makerCommission":"0",
        "takerCommission":"0.0005"}]}"#;
}
