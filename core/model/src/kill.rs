//! How far trading is stopped.

/// The kill switch. Ordered: a raise never lowers it; only an operator's resume does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum KillLevel {
    /// Trading as configured.
    #[default]
    Active = 0,
    /// No risk-adding frame; entries cancelled; targets stay; exits go on.
    Halt = 1,
    /// [`Halt`](Self::Halt), entry permits revoked and targets cancelled.
    Reduce = 2,
    /// [`Reduce`](Self::Reduce), all other orders cancelled, everything sold.
    Flatten = 3,
}

impl KillLevel {
    /// From its number.
    pub const fn from_u8(level: u8) -> Option<Self> {
        Some(match level {
            0 => Self::Active,
            1 => Self::Halt,
            2 => Self::Reduce,
            3 => Self::Flatten,
            _ => return None,
        })
    }

    /// The word used in commands, logs and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Halt => "halt",
            Self::Reduce => "reduce",
            Self::Flatten => "flatten",
        }
    }
}

/// Why entries wait. A block clears itself when its cause goes; it never binds an exit or cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Block {
    /// The private stream of the account is not synchronised.
    PrivateStream = 0,
    /// The exchange's clock is not known well enough.
    Clock = 1,
    /// The journal is filling or behind.
    Journal = 2,
    /// Orders, deals and balances have not been reconciled since the last (re)connection.
    Reconciliation = 3,
    /// No order connection is open.
    OrderLink = 4,
    /// The disk refuses records.
    Disk = 5,
    /// A decoder met what it cannot read on a private stream.
    Decode = 6,
}

impl Block {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::PrivateStream,
        Self::Clock,
        Self::Journal,
        Self::Reconciliation,
        Self::OrderLink,
        Self::Disk,
        Self::Decode,
    ];

    /// The word used in status, logs and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PrivateStream => "private_stream",
            Self::Clock => "clock",
            Self::Journal => "journal",
            Self::Reconciliation => "reconciliation",
            Self::OrderLink => "order_link",
            Self::Disk => "disk",
            Self::Decode => "decode",
        }
    }
}

/// The set of blocks in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Blocks(u8);

impl Blocks {
    /// Nothing blocked.
    pub const NONE: Self = Self(0);

    /// With `block` in force or lifted.
    #[must_use]
    pub const fn with(self, block: Block, on: bool) -> Self {
        let bit = 1 << block as u8;
        Self(if on { self.0 | bit } else { self.0 & !bit })
    }

    /// Whether `block` is in force.
    pub const fn has(self, block: Block) -> bool {
        self.0 & (1 << block as u8) != 0
    }

    /// Whether none is.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The first one in force.
    pub fn first(self) -> Option<Block> {
        Block::ALL.into_iter().find(|&block| self.has(block))
    }

    /// As bits.
    pub const fn bits(self) -> u8 {
        self.0
    }
}
