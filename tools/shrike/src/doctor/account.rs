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

/// The lines of an account, and whether its key may withdraw.
///
/// # Errors
/// [`CliError`] for what the configuration says wrongly.
pub(super) fn check(
    settings: &Settings,
    account: &Account,
    ring: &mut Keyring,
) -> Result<(Vec<Finding>, bool), CliError> {
    let mut found = Vec::new();
    let key = match ring.fetch(&account.key).and_then(|credentials| venue_key(&credentials)) {
        Ok(key) => Some(key),
        Err(error) => {
            found.push(no_key(settings, account, &error));
            None
        }
    };
    let has_key = key.is_some();
    let seen = examine(settings, Some(account), key).map_err(CliError::usage)?;
    found.extend(seen.findings);
    found.extend(seen.secured.as_ref().map(|secured| of_tls(secured, wall_ms())));
    if let (KeyRef::Store(name), true) = (&account.key, has_key) {
        let listed = &ring.entry(name)?.listed;
        found.push(key_age(listed.added_ms, listed.bound, wall_ms()));
    }
    if let Some(balances) = &seen.balances {
        found.extend(of_money(settings, account, balances));
    }
    Ok((found, matches!(seen.withdraw, Withdraw::May { .. })))
}

fn no_key(settings: &Settings, account: &Account, error: &CliError) -> Finding {
    let mend = "name a place that has one, or add it: shrike keys add NAME";
    match settings.mode {
        Mode::Live | Mode::LiveMin => Finding::fail("key", error, mend),
        Mode::Paper | Mode::Demo => Finding::warn(
            "key",
            format_args!("none at {}: {error}", account.key),
            "live trading needs one",
        ),
    }
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
fn of_money(settings: &Settings, account: &Account, balances: &[(String, Amount)]) -> Vec<Finding> {
    let free = balances.iter().find(|(asset, _)| asset == QUOTE);
    let free = free.map_or(Amount::ZERO, |(_, free)| *free);
    let (size, budget) = (settings.targets.base_size, account.budget);
    let what = "money for entries";
    let seen = format!("{free} {QUOTE} free; one entry {size}, budget {budget}");
    let first = if free < size {
        let mend = "put money into the spot account or lower targets.base_size";
        Finding::fail(what, seen, mend)
    } else if free < budget {
        let mend = "entries end when it is spent; put more in or lower the account's budget";
        Finding::warn(what, seen, mend)
    } else {
        Finding::ok(what, seen)
    };
    let limits = &settings.limits;
    let (order, day) = (limits.order_max_notional, limits.daily_max_buy);
    let what = "limits";
    let seen = format!("one order {order}, one day {day}, at work {}", limits.exposure_total);
    let second = if order < size {
        let mend = "entries are clipped to it; lower targets.base_size or raise the limit";
        Finding::warn(what, seen, mend)
    } else {
        Finding::ok(what, seen)
    };
    vec![first, second]
}
