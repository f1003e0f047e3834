//! What a step asks of the machine.

use std::collections::VecDeque;

use model::wire::{Reader, Wire, WireError, Writer};
use model::{
    AccountId, ClientOrderId, PluginReport, Record, Request, Signal, Slot, SymbolId, TargetId,
    WhyNot, wire_enum,
};
use risk::{Approved, Refusal};

/// Something the machine must do. `O` is an [`Approved`] order, or its [`Request`] when read back
/// from a journal.
#[derive(Debug, PartialEq, Eq)]
pub enum Action<O = Approved> {
    /// Send this order.
    Place(O),
    /// Send the cancel of this order.
    Cancel {
        /// Whose.
        account: AccountId,
        /// The pair.
        symbol: SymbolId,
        /// Which.
        client_order_id: ClientOrderId,
    },
    /// Ask the venue.
    Ask {
        /// Whose account, or none.
        account: AccountId,
        /// The pair, or none.
        symbol: SymbolId,
        /// What.
        question: Question,
    },
    /// Subscribe to the market data of a pair.
    Follow {
        /// Which.
        symbol: SymbolId,
    },
    /// Give up the market data of a pair.
    Unfollow {
        /// Which.
        symbol: SymbolId,
    },
    /// Keep this record for years; report a token other than zero once it is on disk.
    Persist {
        /// For [`model::Body::Durable`]; 0 when nobody waits for it.
        token: u64,
        /// What.
        record: Record,
    },
    /// For the records only.
    Note(Note),
}

/// A question to the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// What became of an order.
    Order(ClientOrderId),
    /// Open orders of the pair.
    OpenOrders,
    /// Recent orders of the pair.
    AllOrders,
    /// Recent deals of ours in the pair.
    Trades,
    /// Balances.
    Balances,
    /// The book.
    Book,
    /// The pair's rules.
    Rules,
}

/// Why something was decided, for the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// The gate refused.
    Refused {
        /// What was wanted.
        request: Request,
        /// Why not.
        refusal: Refusal,
    },
    /// Detection saw a pattern.
    Signal(Signal),
    /// A wish of a plug-in was not followed.
    Declined {
        /// For this pair.
        symbol: SymbolId,
        /// Of which plug-in.
        slot: Slot,
        /// Why.
        why: WhyNot,
    },
    /// What became of a wish of the operator, in the step that heard it.
    Answer {
        /// The wish's own.
        token: u64,
        /// What.
        outcome: Outcome,
    },
    /// What a plug-in said or did.
    Plugin(PluginReport),
}

/// What became of a wish of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is followed; what it leads to shows in the records.
    Done {
        /// The target that it made or changed.
        target: Option<TargetId>,
    },
    /// It is not followed.
    Declined {
        /// Why.
        why: WhyNot,
    },
    /// It is not followed: the gate would refuse what it leads to.
    Refused {
        /// With the figures compared.
        refusal: Refusal,
    },
    /// The order that a target would send; it is placed nowhere.
    Rehearse(Request),
}

impl From<WhyNot> for Outcome {
    fn from(why: WhyNot) -> Self {
        Self::Declined { why }
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { refusal }
    }
}

wire_enum!(Question {
    1 => Order(id),
    2 => OpenOrders,
    3 => AllOrders,
    4 => Trades,
    5 => Balances,
    6 => Book,
    7 => Rules,
});
wire_enum!(Note {
    1 => Refused { request, refusal },
    2 => Signal(signal),
    3 => Declined { symbol, slot, why },
    4 => Answer { token, outcome },
    5 => Plugin(report),
});
wire_enum!(Outcome {
    1 => Done { target },
    2 => Declined { why },
    3 => Refused { refusal },
    4 => Rehearse(request),
});

/// The order inside an action: approved when it leaves, a bare request when it is read back.
pub trait Order {
    /// What was approved.
    fn request(&self) -> &Request;
}

impl Order for Approved {
    fn request(&self) -> &Request {
        Approved::request(self)
    }
}

impl Order for Request {
    fn request(&self) -> &Request {
        self
    }
}

impl<O: Order> Action<O> {
    /// Most bytes that an action needs in the journal.
    pub const WIRE_MAX: usize = 512;

    /// Appends the journal's bytes of this action.
    pub fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::Place(order) => {
                1_u8.write(out);
                order.request().write(out);
            }
            Self::Cancel { account, symbol, client_order_id } => {
                2_u8.write(out);
                account.write(out);
                symbol.write(out);
                client_order_id.write(out);
            }
            Self::Ask { account, symbol, question } => {
                3_u8.write(out);
                account.write(out);
                symbol.write(out);
                question.write(out);
            }
            Self::Follow { symbol } => {
                4_u8.write(out);
                symbol.write(out);
            }
            Self::Unfollow { symbol } => {
                5_u8.write(out);
                symbol.write(out);
            }
            Self::Persist { token, record } => {
                6_u8.write(out);
                token.write(out);
                record.write(out);
            }
            Self::Note(note) => {
                7_u8.write(out);
                note.write(out);
            }
        }
    }
}

impl Action<Request> {
    /// Reads what [`write`](Action::write) wrote. A request read back is no pass through the gate.
    ///
    /// # Errors
    /// [`WireError`] when the bytes are no action.
    pub fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match u8::read(from)? {
            1 => Self::Place(Wire::read(from)?),
            2 => Self::Cancel {
                account: Wire::read(from)?,
                symbol: Wire::read(from)?,
                client_order_id: Wire::read(from)?,
            },
            3 => Self::Ask {
                account: Wire::read(from)?,
                symbol: Wire::read(from)?,
                question: Wire::read(from)?,
            },
            4 => Self::Follow { symbol: Wire::read(from)? },
            5 => Self::Unfollow { symbol: Wire::read(from)? },
            6 => Self::Persist { token: Wire::read(from)?, record: Wire::read(from)? },
            7 => Self::Note(Wire::read(from)?),
            tag => return Err(WireError::Tag { of: "Action", tag }),
        })
    }
}

/// The actions of one step, in order. The caller owns it and drains it after each step.
#[derive(Debug)]
pub struct Actions {
    items: VecDeque<Action>,
}

impl Default for Actions {
    fn default() -> Self {
        Self::new()
    }
}

impl Actions {
    /// No step makes more: 16 slots x 4 intents x 2 (what is done and its note), and for each of
    /// 8 accounts 32 cancels, 3 positions x 6 rungs x 2, and 16 records and questions a target
    /// for 5 targets.
    pub const CAPACITY: usize = 16 * 4 * 2 + 8 * (32 + 3 * 6 * 2 + 5 * 16);

    /// With all of its memory.
    pub fn new() -> Self {
        Self { items: VecDeque::with_capacity(Self::CAPACITY) }
    }

    /// Appends an action.
    ///
    /// # Panics
    /// When a step makes more than [`CAPACITY`](Self::CAPACITY): the sum above is wrong.
    pub fn push(&mut self, action: Action) {
        assert!(self.items.len() < Self::CAPACITY, "more than {} actions", Self::CAPACITY);
        self.items.push_back(action);
    }

    /// Takes the first.
    pub fn pop(&mut self) -> Option<Action> {
        self.items.pop_front()
    }

    /// Takes all of them, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = Action> + '_ {
        self.items.drain(..)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Action> {
        self.items.iter()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether the step asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}
