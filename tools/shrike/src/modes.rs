//! What a data directory was traded with, and the way from paper to real money (A37).
//!
//! Paper and real money share no journal: a data directory belongs to the kind of money that its
//! first start was made with. Mode `live` needs more: completed round trips at a tenth of the
//! limits, and a record of the operator's promotion that names this program and this configuration.

mod lineage;
mod promotion;

use std::path::Path;

use model::Mode;
use settings::Settings;

pub use lineage::{Lineage, LineageError};
pub use promotion::{Arms, Promotion};

/// Round trips at a tenth of the limits before mode `live`: bought, sold and closed.
pub const ROUND_TRIPS_MIN: u32 = 20;

/// The journal of a data directory, whether it exists or not.
pub(crate) fn journal_of(data_dir: &Path) -> std::path::PathBuf {
    data_dir.join("journal")
}

/// That a data directory may be traded by a configuration; only `admit` makes one.
#[derive(Debug)]
pub struct Admitted(());

/// Asks a data directory what it was traded with and, for real money, what it proves: all its
/// decisions are read once then.
///
/// # Errors
/// A sentence that says what stands against it and what to do.
pub(crate) fn admit(settings: &Settings, data_dir: &Path) -> Result<Admitted, String> {
    let mode = settings.mode;
    check_kind(data_dir, mode)?;
    let real = matches!(mode, Mode::LiveMin | Mode::Live);
    if real && let Some(lineage) = unless_damaged(data_dir)? {
        check_nothing_held(&lineage, data_dir, mode)?;
        if mode == Mode::Live {
            check_promotion(&lineage, settings, data_dir)?;
        }
    }
    Ok(Admitted(()))
}

/// Refuses a data directory that was traded with another kind of money.
///
/// # Errors
/// A sentence that names both modes and what to do.
pub(crate) fn check_kind(data_dir: &Path, mode: Mode) -> Result<(), String> {
    let first = lineage::first_mode(&journal_of(data_dir)).map_err(|error| error.to_string())?;
    match first {
        Some(first) if kind(first) != kind(mode) => Err(format!(
            "the data directory {} was traded in mode {:?}, and this run says mode = {:?}: {} and {} \
             share no journal, no order ids and no permits; name another directory as data_dir or \
             with --data",
            data_dir.display(),
            first.name(),
            mode.name(),
            kind(first),
            kind(mode),
        )),
        Some(_) | None => Ok(()),
    }
}

/// Refuses to go from `live_min` to `live` or back over an open position: its orders have ids of the
/// mode that bought it.
pub(crate) fn check_nothing_held(
    lineage: &Lineage,
    data_dir: &Path,
    mode: Mode,
) -> Result<(), String> {
    match lineage.mode {
        Some(last) if last != mode && !lineage.open.is_empty() => Err(format!(
            "{} holds {} open positions of mode {:?}, and this run says mode = {:?}; close them in \
             the mode that bought them first",
            data_dir.display(),
            lineage.open.len(),
            last.name(),
            mode.name()
        )),
        Some(_) | None => Ok(()),
    }
}

/// What the journal proves; `None` where it breaks off. Such a start is not refused: it halts, and
/// what is held must be sold.
fn unless_damaged(data_dir: &Path) -> Result<Option<Lineage>, String> {
    match Lineage::read(&journal_of(data_dir)) {
        Ok(lineage) => Ok(Some(lineage)),
        Err(LineageError::Broken(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// What money a mode moves.
const fn kind(mode: Mode) -> &'static str {
    match mode {
        Mode::Demo => "a simulated exchange",
        Mode::Paper => "paper",
        Mode::LiveMin | Mode::Live => "real money",
    }
}

/// Refuses mode `live` without its round trips and a promotion of this program and configuration.
fn check_promotion(lineage: &Lineage, settings: &Settings, data_dir: &Path) -> Result<(), String> {
    let arms = Arms::of(settings).map_err(|error| format!("this program: {error}"))?;
    check_round_trips(lineage, data_dir)?;
    let how = "look at it and confirm it with `shrike promote`";
    let Some(promotion) = &lineage.promotion else {
        return Err(format!("mode \"live\" has no promotion in {}; {how}", data_dir.display()));
    };
    match promotion.arms.difference(&arms) {
        Some(difference) => Err(format!("the promotion is for another {difference}; {how}")),
        None => Ok(()),
    }
}

/// Refuses a data directory without enough completed round trips.
pub(crate) fn check_round_trips(lineage: &Lineage, data_dir: &Path) -> Result<(), String> {
    if lineage.round_trips >= ROUND_TRIPS_MIN {
        return Ok(());
    }
    Err(format!(
        "{} proves {} of {ROUND_TRIPS_MIN} completed round trips with real money; trade them with \
         mode = \"live_min\" in this data directory first",
        data_dir.display(),
        lineage.round_trips
    ))
}
