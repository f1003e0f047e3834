//! API keys: where they are kept, how they are asked for, and what they may do.

mod asker;
mod check;
mod commands;
mod keyring;
mod live;
mod terminal;

pub(crate) use asker::{Answer, AskError, Asker};
pub(crate) use check::{Withdraw, examine, key_age};
pub use commands::{KeysArgs, run};
pub(crate) use keyring::{Keyring, venue_key};
pub(crate) use live::{Doubts, before_trading};

/// Days since 1970-01-01 and the calendar's year, month and day of it.
pub(crate) fn date(ms: i64) -> String {
    // Howard Hinnant's days_from_civil turned round: years begin in March, so that leap days end
    // them.
    let days = ms.div_euclid(86_400_000) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (year + era * 400, if month < 10 { month + 3 } else { month - 9 });
    format!("{:04}-{month:02}-{day:02}", year + i64::from(month <= 2))
}

/// The host's calendar, in milliseconds since 1970.
pub(crate) fn wall_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0)
}

/// Keeps this process's memory out of core files and away from other processes of its user.
pub(crate) fn no_dumps() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    // A kernel that denies it leaves things as they are; `shrike doctor --host` tells the limits.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_a_key_does_not_show_it_even_in_a_panic() {
        let settings = settings::Settings::demo(&[]).unwrap();
        let ring = Keyring::new(&settings);
        let credentials =
            settings::Credentials { key: "canary-key".into(), secret: "canary-secret".into() };
        let plan = crate::trader::assembly::Plan {
            settings,
            data_dir: "data".into(),
            keys: vec![venue_key(&credentials).unwrap()],
            operator: "somebody".into(),
        };
        let broken = std::panic::catch_unwind(|| {
            std::panic::panic_any(format!("{plan:?} {credentials:?} {ring:?}"));
        });
        let said = broken.unwrap_err().downcast::<String>().unwrap();
        assert!(said.contains("data_dir") && !said.contains("canary"), "{said}");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let day = 86_400_000;
        for (days, wanted) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (789, "1972-02-29"),
            (11_016, "2000-02-29"),
            (20_777, "2026-11-20"),
            (-1, "1969-12-31"),
        ] {
            assert_eq!(date(days * day), wanted);
            assert_eq!(date(days * day + day - 1), wanted);
        }
    }
}
