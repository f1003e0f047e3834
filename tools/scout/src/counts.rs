//! What the scout has seen and could not use.

use core::fmt;

use model::VenueTime;
use venue::mexc::json::JsonError;

use crate::Page;

/// Everything counted, by page and together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pages: [PageCounts; 4],
    /// Events made.
    pub events: u64,
    /// Symbols named; never fewer than before.
    pub named: u32,
    /// Pairs of the last reading that matter and have no name because the table is full.
    pub unnamed: u32,
    /// Coins of the last reading whose assumed pair belongs to another coin in the web list; they
    /// are told when the list shows their own pair.
    pub contested: u32,
}

impl Counts {
    /// Those of one page.
    pub const fn page(&self, page: Page) -> &PageCounts {
        &self.pages[page as usize]
    }

    pub(crate) const fn page_mut(&mut self, page: Page) -> &mut PageCounts {
        &mut self.pages[page as usize]
    }
}

/// What became of one page's readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageCounts {
    /// Readings that were understood.
    pub read: u64,
    /// When the last of them came, in the exchange's clock.
    pub read_at: Option<VenueTime>,
    /// When the last reply or failure came.
    pub tried_at: Option<VenueTime>,
    /// Readings without a reply, or with one whose status is not 200.
    pub failed: u64,
    /// Replies of status 200 that are not this page.
    pub malformed: u64,
    /// Readings without one usable row where there had been some, or where some rows were odd.
    pub drifts: u64,
    /// Whether the last reading was such a one: the page may have changed its shape.
    pub drifting: bool,
    /// Usable rows of the last reading that was understood.
    pub rows: u32,
    /// Rows of it that were left out.
    pub bad_rows: u32,
    /// Status of the last reply; 0 when there was none.
    pub last_http: u16,
    /// The last thing that was wrong with a body or row.
    pub last_fault: Option<Fault>,
}

/// Why a body or a row cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not of the page's shape.
    Json(JsonError),
    /// The venue answered with this code.
    Refused {
        /// The code.
        code: i32,
    },
    /// A coin without an opening that can be read.
    NoTime,
    /// A row without the id of its coin.
    NoCoin,
    /// Tickers that are empty, too long or odd.
    Name,
    /// More rows than are kept.
    TooMany {
        /// How many are.
        max: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::Refused { code } => write!(f, "the venue answered with code {code}"),
            Self::NoTime => f.write_str("no opening that can be read"),
            Self::NoCoin => f.write_str("no coin id"),
            Self::Name => f.write_str("a ticker is empty, too long or odd"),
            Self::TooMany { max } => write!(f, "more than {max} rows"),
        }
    }
}

impl core::error::Error for Fault {}
