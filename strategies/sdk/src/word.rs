//! What numbers of the contract mean. A number that the contract does not name is `Unknown`.

use core::fmt;

/// The pair, by its index; dense from 0, never another one in the same run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct SymbolId(pub u32);

/// An account, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct AccountId(pub u8);

/// A target, by its number from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct TargetId(pub u32);

macro_rules! words {
    (
        $(#[$meta:meta])*
        $name:ident {
            $( $(#[$of:meta])* $variant:ident = $number:literal $word:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name {
            $( $(#[$of])* $variant = $number, )*
            /// A number that this version of the contract does not name.
            Unknown = 255,
        }

        impl $name {
            /// By the contract's number.
            #[inline]
            pub const fn from_number(number: u8) -> Self {
                match number {
                    $( $number => Self::$variant, )*
                    _ => Self::Unknown,
                }
            }

            /// The contract's number.
            #[inline]
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// A word for records.
            pub const fn name(self) -> &'static str {
                match self {
                    $( Self::$variant => $word, )*
                    Self::Unknown => "unknown",
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

words! {
    /// What was seen.
    Pattern {
        /// The web list's state says ready.
        ReadyState = 1 "ready_state",
        /// The state is on its way.
        PreReady = 2 "pre_ready",
        /// The calendar names an opening ahead.
        LaunchSequence = 3 "launch_sequence",
        /// The price moved.
        PriceMove = 4 "price_move",
        /// The volume rose.
        VolumeSpike = 5 "volume_spike",
        /// Several at once.
        Combined = 6 "combined",
    }
}

words! {
    /// Where a target stands.
    TargetState {
        /// Waits for a stronger signal.
        Pending = 0 "pending",
        /// Strong enough; waits for a reference price, rules or time.
        Ready = 1 "ready",
        /// Its permit is on disk; it will fire.
        Armed = 2 "armed",
        /// Orders are leaving.
        Executing = 3 "executing",
        /// Holds a position.
        Open = 4 "open",
        /// Sells the last of it.
        Closing = 5 "closing",
        /// Bought and sold.
        Completed = 6 "completed",
        /// Its orders failed.
        Failed = 7 "failed",
        /// Called off by the operator or a kill.
        Cancelled = 8 "cancelled",
        /// Its window passed without a fill.
        Expired = 9 "expired",
        /// The opening passed before it was armed.
        Missed = 10 "missed",
        /// Something forbids it.
        Blocked = 11 "blocked",
    }
}

impl TargetState {
    /// Whether nothing can come of it any more.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Cancelled | Self::Expired | Self::Missed
        )
    }

    /// Whether a proposal may still change it, or make another one in its place.
    pub const fn is_open_to_revision(self) -> bool {
        matches!(self, Self::Pending | Self::Ready) || self.is_final()
    }
}

words! {
    /// Which way.
    Side {
        /// Base for quote.
        Buy = 1 "buy",
        /// Quote for base.
        Sell = 2 "sell",
    }
}

words! {
    /// How far the operator, or the program itself, has stopped it.
    Kill {
        /// Trades.
        Active = 0 "active",
        /// Buys nothing.
        Halt = 1 "halt",
        /// Buys nothing, and permits are gone.
        Reduce = 2 "reduce",
        /// Sells everything.
        Flatten = 3 "flatten",
    }
}

words! {
    /// What kind of order.
    OrderKind {
        /// May rest.
        Limit = 0 "limit",
        /// Rests or is refused.
        LimitMaker = 1 "limit_maker",
        /// Fills at once, the rest is cancelled.
        ImmediateOrCancel = 2 "immediate_or_cancel",
        /// Fills whole at once, or not at all.
        FillOrKill = 3 "fill_or_kill",
        /// At whatever price.
        Market = 4 "market",
    }
}

words! {
    /// What became of an order.
    OrderStatus {
        /// Accepted.
        New = 1 "new",
        /// Filled whole.
        Filled = 2 "filled",
        /// Filled in part, and alive.
        PartFilled = 3 "part_filled",
        /// Over without a deal.
        Cancelled = 4 "cancelled",
        /// Over with a part filled.
        PartCancelled = 5 "part_cancelled",
    }
}

words! {
    /// Who spoke about a listing.
    Source {
        /// The calendar of new coins.
        Calendar = 1 "calendar",
        /// The list behind the web page.
        WebList = 2 "web_list",
        /// `exchangeInfo`.
        ExchangeInfo = 3 "exchange_info",
        /// The list of symbols that the API trades.
        ApiSymbols = 4 "api_symbols",
        /// An announcement.
        Announcement = 5 "announcement",
        /// The first deal.
        FirstPrint = 6 "first_print",
        /// The perpetual.
        Futures = 7 "futures",
        /// The operator.
        Operator = 8 "operator",
    }
}

words! {
    /// Why nothing of a position is left to sell.
    Closed {
        /// It is open.
        Not = 0 "open",
        /// The ladder sold it.
        TakeProfit = 1 "take_profit",
        /// The stop below the entry.
        StopLoss = 2 "stop_loss",
        /// The stop below the highest bid.
        Trailing = 3 "trailing",
        /// The stop at the entry.
        BreakEven = 4 "break_even",
        /// Time ran out.
        TimeStop = 5 "time_stop",
        /// Somebody sold it by hand.
        ByHand = 6 "by_hand",
        /// The kill switch.
        Kill = 7 "kill",
        /// What is left is too small for any order.
        Dust = 8 "dust",
        /// Somebody else looks after it.
        HandedOver = 9 "handed_over",
    }
}

words! {
    /// A fact behind a signal.
    Factor {
        /// The calendar's opening in milliseconds since the epoch.
        CalendarOpening = 1 "calendar_opening",
        /// The web list's opening in milliseconds since the epoch.
        WebListOpening = 2 "web_list_opening",
        /// The web list's state as `sts * 10000 + st * 100 + tt`.
        State = 3 "state",
        /// Precision as `price * 100 + quantity`.
        Precision = 4 "precision",
        /// Status in `exchangeInfo`.
        ExchangeInfo = 5 "exchange_info",
        /// 1 when the API may trade the pair.
        ApiAllowed = 6 "api_allowed",
    }
}
