//! The account's part: exchange, key, permissions, money against limits.

use model::{Amount, Mode};
use runtime::Secured;
use settings::{Account, KeyRef, Settings};

use super::certificate::ends_at_ms;
use crate::cli::CliError;
use crate::findings::Finding;
use crate::keys::{Keyring, Withdraw, date, examine, key_age, venue_key, wall_ms};

/// What entries are paid with.
const QUOTE: &str = "USDT";
const CERTIFICATE_DAYS_MIN: i64 = 14;
/// Of the key of an account on paper.
const ON_PAPER: &str = "paper needs none: none was read and nothing was signed; `shrike keys check \
                        NAME` asks about one";

/// The lines of an account, and whether its key may withdraw. On paper no key is fetched and nothing
/// is signed, as in a run on paper.
///
/// # Errors
/// [`CliError`] for what the configuration says wrongly.
pub(super) fn check(
    settings: &Settings,
    account: &Account,
    ring: &mut Keyring,
) -> Result<(Vec<Finding>, bool), CliError> {
    let (key, of_key) = match settings.mode {
        Mode::Paper => (None, Some(Finding::ok("key", ON_PAPER))),
        Mode::Demo | Mode::LiveMin | Mode::Live => {
            match ring.fetch(&account.key).and_then(|credentials| venue_key(&credentials)) {
                Ok(key) => (Some(key), None),
                Err(error) => (None, Some(no_key(account, &error))),
            }
        }
    };
    let has_key = key.is_some();
    let mut found = Vec::from_iter(of_key);
    let seen = examine(settings, Some(account), key).map_err(CliError::usage)?;
    found.extend(seen.findings);
    found.extend(seen.secured.as_ref().map(|secured| of_tls(secured, wall_ms())));
    if let (KeyRef::Store(name), true) = (&account.key, has_key) {
        let listed = &ring.entry(name)?.listed;
        found.push(key_age(listed.added_ms, listed.bound, wall_ms()));
    }
    found.extend(seen.balances.as_ref().map(|free| of_money(settings, account, free)));
    found.push(of_limits(settings));
    Ok((found, seen.withdraw == Withdraw::May))
}

fn no_key(account: &Account, error: &CliError) -> Finding {
    Finding::fail(
        "key",
        format_args!("none at {}: {error}", account.key),
        "name a place that has one, or add it: shrike keys add NAME",
    )
}

fn of_tls(secured: &Secured, now_ms: i64) -> Finding {
    let Secured { version, suite, certificate } = secured;
    let Some(end) = ends_at_ms(certificate) else {
        return Finding::warn("TLS", format_args!("{version}, {suite}"), "its end cannot be read");
    };
    let seen = format!("{version}, {suite}; certificate good until {}", date(end));
    match (end - now_ms).div_euclid(86_400_000) {
        CERTIFICATE_DAYS_MIN.. => Finding::ok("TLS", seen),
        days => {
            Finding::warn("TLS", seen, format_args!("it ends in {days} days; no link after that"))
        }
    }
}

/// Whether what may be spent is there.
fn of_money(settings: &Settings, account: &Account, balances: &[(String, Amount)]) -> Finding {
    let free = balances.iter().find(|(asset, _)| asset == QUOTE);
    let free = free.map_or(Amount::ZERO, |(_, free)| *free);
    let (size, budget) = (settings.targets.base_size, account.budget);
    let what = "money for entries";
    let seen = format!("{free} {QUOTE} free; one entry {size}, budget {budget}");
    if free < size {
        let mend = "put money into the spot account or lower targets.base_size";
        Finding::fail(what, seen, mend)
    } else if free < budget {
        let mend = "entries end when it is spent; put more in or lower the account's budget";
        Finding::warn(what, seen, mend)
    } else {
        Finding::ok(what, seen)
    }
}

/// Whether one entry fits into what one order may be.
fn of_limits(settings: &Settings) -> Finding {
    let (size, limits) = (settings.targets.base_size, &settings.limits);
    let (order, day) = (limits.order_max_notional, limits.daily_max_buy);
    let what = "limits";
    let seen = format!("one order {order}, one day {day}, at work {}", limits.exposure_total);
    if order < size {
        let mend = "entries are clipped to it; lower targets.base_size or raise the limit";
        Finding::warn(what, seen, mend)
    } else {
        Finding::ok(what, seen)
    }
}
