//! What of an engine must outlive its process, as bytes.
//!
//! Accounts go by name: another order of them in the configuration changes nothing, and one that is
//! gone may not have anything left to do.
//!
//! Only what decisions alone tell is in it: names, rules, witnesses, targets, permits, positions,
//! orders that may still fill, deals that were applied, what was bought today, the kill level.
//! Books, links, timers and balances are learnt again. An order without a reply is saved as one of
//! unknown fate.

use model::wire::{Reader, Wire, WireError, Writer};
use model::{
    AccountId, Amount, ExitRecord, FixedList, KillLevel, LearntFact, OrderStatus, Permit, Price,
    Qty, Request, Slot, Strategies, SymbolId, SymbolNames, SymbolSpec, TargetId, TargetRecord,
    TargetState, Text, Triple, VenueKey, VenueTime, wire_struct,
};
use risk::PermitUse;

use crate::Engine;
use crate::confidence::Learnt;
use crate::listing::Listing;
use crate::orders::{Order, OrderState};
use crate::plugins::SetParameter;
use crate::symbols::Symbol;
use crate::target::{Position, Target};

/// Layout of the bytes; a change to it is a new number.
const VERSION: u16 = 5;

/// Longest bytes of one symbol, target or order, and of what stands before them.
const EACH_MAX: usize = 2 * 1024;

/// Why bytes are not an image that this engine can begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// Made by another version of the program.
    Version {
        /// In the bytes.
        found: u16,
        /// That this program reads.
        ours: u16,
    },
    /// Not the bytes of an image.
    Wire(WireError),
    /// Bytes behind the end.
    Trailing {
        /// How many.
        len: usize,
    },
    /// More of something than this engine has room for.
    TooMany {
        /// Of what.
        of: &'static str,
    },
    /// An account with something left to do is not in the configuration.
    NoAccount {
        /// What it was called.
        name: Text<16>,
        /// What is left to do.
        has: &'static str,
    },
}

impl core::fmt::Display for ImageError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Version { found, ours } => write!(
                f,
                "the saved state has version {found} and this program reads {ours}; start the \
                 version that wrote it, close what it holds, and begin a new data directory"
            ),
            Self::Wire(error) => write!(f, "the saved state cannot be read: {error}"),
            Self::Trailing { len } => write!(f, "{len} bytes behind the end of the saved state"),
            Self::TooMany { of } => {
                write!(f, "more {of} in the saved state than there is room for")
            }
            Self::NoAccount { name, has } => write!(
                f,
                "account {:?} has {has} and is not in the configuration; put it back under this \
                 name with its key, and take it out when nothing of it is left",
                name.as_str()
            ),
        }
    }
}

impl core::error::Error for ImageError {}

impl From<WireError> for ImageError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

/// An account's name, and its counts of one UTC day.
struct SavedAccount {
    name: Text<16>,
    day: i64,
    bought: Amount,
}

struct SavedSymbol {
    id: SymbolId,
    names: SymbolNames,
    spec: Option<SymbolSpec>,
    listing: Listing,
    halted: bool,
}

struct SavedTarget {
    record: TargetRecord,
    permit: Option<SavedPermit>,
    position: Position,
    tried: bool,
    cap: Option<Price>,
    slow: u32,
    clock_rejects: u32,
    rung_sold: FixedList<Qty, 6>,
    no_rest: FixedList<bool, 6>,
    exit: ExitRecord,
}

struct SavedPermit {
    permit: Permit,
    revoked: bool,
    orders_sent: u32,
}

/// A slot: what the configuration had in it, what ran there, and what was set.
struct SavedSlot {
    configured: u128,
    plugin: u128,
    set: FixedList<SetParameter, 32>,
}

/// A deal of an order that no record names.
struct SavedStray {
    id: model::ClientOrderId,
    qty: Qty,
}

struct SavedOrder {
    target: TargetId,
    request: Request,
    live: bool,
    venue: VenueKey,
    filled: Qty,
    venue_filled: Qty,
    ended: Option<OrderStatus>,
}

wire_struct! {
    SavedAccount { name, day, bought }
    SavedSymbol { id, names, spec, listing, halted }
    SavedPermit { permit, revoked, orders_sent }
    SavedTarget {
        record, permit, position, tried, cap, slow, clock_rejects, rung_sold, no_rest, exit
    }
    SavedSlot { configured, plugin, set }
    SetParameter { parameter, value }
    SavedStray { id, qty }
    SavedOrder { target, request, live, venue, filled, venue_filled, ended }
}

impl Wire for Listing {
    fn write(&self, out: &mut Writer<'_>) {
        self.coin.write(out);
        self.calendar.write(out);
        self.web.write(out);
        self.operator.write(out);
        self.triple.write(out);
        self.scales.map(|(price, _)| price).write(out);
        self.scales.map(|(_, qty)| qty).write(out);
        self.api_allowed.write(out);
        self.moved.write(out);
        self.first_deal.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut listing = Self { coin: Wire::read(from)?, ..Self::default() };
        listing.calendar = Option::<VenueTime>::read(from)?;
        listing.web = Option::<VenueTime>::read(from)?;
        listing.operator = Option::<VenueTime>::read(from)?;
        listing.triple = Option::<Triple>::read(from)?;
        let (price, qty) = (Option::<u8>::read(from)?, Option::<u8>::read(from)?);
        listing.scales = price.zip(qty);
        listing.api_allowed = Option::<bool>::read(from)?;
        listing.moved = bool::read(from)?;
        listing.first_deal = Option::<VenueTime>::read(from)?;
        // The market's own first print is not a decision; our deal proves that it was.
        listing.first_print = listing.first_deal;
        Ok(listing)
    }
}

impl Wire for Position {
    fn write(&self, out: &mut Writer<'_>) {
        self.held.write(out);
        self.bought.write(out);
        self.sold.write(out);
        self.weighted.write(out);
        self.paid.write(out);
        self.received.write(out);
        self.first_at.write(out);
        self.other_fees.write(out);
        self.closed.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            held: Wire::read(from)?,
            bought: Wire::read(from)?,
            sold: Wire::read(from)?,
            weighted: Wire::read(from)?,
            paid: Wire::read(from)?,
            received: Wire::read(from)?,
            first_at: Wire::read(from)?,
            high: None,
            other_fees: Wire::read(from)?,
            closed: Wire::read(from)?,
        })
    }
}

impl<S: Strategies> Engine<S> {
    /// What must outlive the process, as bytes for [`restore`](Self::restore). Equal states give
    /// equal bytes.
    pub fn save(&self) -> Vec<u8> {
        let [young, old] = self.seen.keys();
        let named = self.symbols.iter().filter(|(_, symbol)| symbol.names.is_some()).count();
        let many = named + self.targets.iter().count() + self.orders.alive().count();
        let deals = young.len() + old.len() + self.strays.len();
        let few = self.accounts.len() + Slot::MAX + 1;
        let small = deals + Learnt::FACTS;
        let mut bytes = vec![0; (many + few) * EACH_MAX + small * 32];
        let mut out = Writer::new(&mut bytes);
        VERSION.write(&mut out);
        self.kill.write(&mut out);
        write_all(
            &mut out,
            self.accounts.iter().map(|held| SavedAccount {
                name: held.config.name,
                day: held.day,
                bought: held.bought_today,
            }),
        );
        write_all(&mut out, self.saved_slots());
        write_all(&mut out, self.symbols.iter().filter_map(saved_symbol));
        let mut targets: Vec<&Target> = self.targets.iter().map(|(_, target)| target).collect();
        targets.sort_by_key(|target| target.record.id);
        write_all(&mut out, targets.into_iter().map(saved_target));
        let mut orders: Vec<&Order> = self.orders.alive().collect();
        orders.sort_by_key(|order| order.id());
        write_all(&mut out, orders.into_iter().map(|order| self.saved_order(order)));
        write_all(&mut out, young.into_iter());
        write_all(&mut out, old.into_iter());
        self.unsure.write(&mut out);
        write_all(&mut out, self.strays.iter().map(|(id, qty)| SavedStray { id: *id, qty: *qty }));
        write_all(&mut out, self.learnt.facts());
        let len = out.len();
        bytes.truncate(len);
        bytes
    }

    /// Takes over what [`save`](Self::save) of an earlier process gave; only before the first
    /// event, which must then be [`model::Body::Restored`].
    ///
    /// # Errors
    /// [`ImageError`]; the engine must not be used then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), ImageError> {
        let mut from = Reader::new(bytes);
        let Front { kill, accounts, slots } = read_front(&mut from)?;
        self.kill = kill;
        self.restore_slots(&slots);
        let was = Was::new(self, &accounts);
        for (now, saved) in was.now.iter().zip(&accounts) {
            if let Some(held) = now.and_then(|now| self.accounts.get_mut(now.index())) {
                (held.day, held.bought_today) = (saved.day, saved.bought);
            }
        }
        for saved in read_all::<SavedSymbol>(&mut from)? {
            self.restore_symbol(saved)?;
        }
        for saved in read_all::<SavedTarget>(&mut from)? {
            let Some(saved) = was.target(saved)? else { continue };
            let slot = self.targets.free_slot().ok_or(ImageError::TooMany { of: "targets" })?;
            self.targets.put(slot, restored_target(saved));
        }
        for mut saved in read_all::<SavedOrder>(&mut from)? {
            saved.request.account = was.now(saved.request.account, "an order that may fill")?;
            self.restore_order(saved)?;
        }
        let (young, old) = (read_all(&mut from)?, read_all(&mut from)?);
        self.seen.restore([young, old]);
        self.unsure = u8::read(&mut from)?;
        let strays = read_all::<SavedStray>(&mut from)?.into_iter().take(Self::STRAYS);
        self.strays.extend(strays.map(|stray| (stray.id, stray.qty)));
        for fact in read_all::<LearntFact>(&mut from)? {
            self.learnt.take(&fact);
        }
        match from.rest().len() {
            0 => Ok(()),
            len => Err(ImageError::Trailing { len }),
        }
    }

    fn saved_slots(&self) -> impl Iterator<Item = SavedSlot> {
        self.slots.iter().enumerate().map(|(at, memory)| SavedSlot {
            configured: self.config.plugins.get(at).unwrap_or(0),
            plugin: memory.plugin,
            set: memory.set,
        })
    }

    /// A slot goes on with what ran in it unless the configuration has another plug-in for it now.
    fn restore_slots(&mut self, saved: &[SavedSlot]) {
        for (at, saved) in saved.iter().enumerate().take(Slot::MAX) {
            let same = saved.configured == self.config.plugins.get(at).unwrap_or(0);
            if let Some(memory) = self.slots.get_mut(Slot(at as u8)).filter(|_| same) {
                (memory.plugin, memory.set) = (saved.plugin, saved.set);
            }
        }
    }

    fn restore_symbol(&mut self, saved: SavedSymbol) -> Result<(), ImageError> {
        let symbol = self.symbols.get_mut(saved.id);
        let symbol = symbol.ok_or(ImageError::TooMany { of: "symbols" })?;
        *symbol = Symbol {
            base: Some(saved.names.base_asset),
            quote: Some(saved.names.quote_asset),
            names: Some(saved.names),
            spec: saved.spec,
            listing: saved.listing,
            halted: saved.halted,
            ..Symbol::default()
        };
        Ok(())
    }

    fn restore_order(&mut self, saved: SavedOrder) -> Result<(), ImageError> {
        let id = saved.target;
        let found = self.targets.iter().find(|(_, target)| target.record.id == id);
        let slot = found.map_or(usize::MAX, |(slot, _)| slot);
        if !self.orders.add(self.now, saved.request, slot) {
            return Err(ImageError::TooMany { of: "orders" });
        }
        let id = saved.request.client_order_id;
        let Some(order) = self.orders.find_mut(id) else { return Ok(()) };
        let state = if saved.live { OrderState::Live } else { OrderState::Unknown };
        order.become_state(state);
        order.unknown_since = (!saved.live).then_some(self.now);
        (order.venue, order.ended) = (saved.venue, saved.ended);
        (order.filled, order.venue_filled) = (saved.filled, saved.venue_filled);
        Ok(())
    }

    fn saved_order(&self, order: &Order) -> SavedOrder {
        let target = self.targets.get(order.target).map_or(TargetId(0), |target| target.record.id);
        SavedOrder {
            target,
            request: order.request,
            live: order.state == OrderState::Live,
            venue: order.venue,
            filled: order.filled,
            venue_filled: order.venue_filled,
            ended: order.ended,
        }
    }

    /// Every name in the order of its id, with the decimals of its rules once they are known.
    pub fn names(&self) -> impl Iterator<Item = (SymbolId, &SymbolNames, Option<&SymbolSpec>)> {
        self.symbols
            .iter()
            .filter_map(|(id, symbol)| Some((id, symbol.names.as_ref()?, symbol.spec.as_ref())))
    }
}

/// Where the accounts of a saved state stand in the configuration in force.
struct Was {
    names: Vec<Text<16>>,
    now: Vec<Option<AccountId>>,
}

impl Was {
    fn new<S: Strategies>(engine: &Engine<S>, saved: &[SavedAccount]) -> Self {
        let place = |saved: &SavedAccount| {
            let at = engine.accounts.iter().position(|held| held.config.name == saved.name)?;
            u8::try_from(at).ok().map(AccountId)
        };
        Self {
            names: saved.iter().map(|saved| saved.name).collect(),
            now: saved.iter().map(place).collect(),
        }
    }

    /// Its place in force; `has` is what it has left to do.
    fn now(&self, saved: AccountId, has: &'static str) -> Result<AccountId, ImageError> {
        let name = self.names.get(saved.index()).copied();
        let name = name.ok_or(WireError::Value { of: "AccountId" })?;
        self.now[saved.index()].ok_or(ImageError::NoAccount { name, has })
    }

    /// A target with its account's place in force; `None` for one that is over and whose account is
    /// gone.
    fn target(&self, mut saved: SavedTarget) -> Result<Option<SavedTarget>, ImageError> {
        let holds = matches!(saved.record.state, TargetState::Open | TargetState::Closing);
        let has = if holds { "a position" } else { "a target" };
        match self.now(saved.record.account, has) {
            Ok(now) => saved.record.account = now,
            Err(ImageError::NoAccount { .. }) if saved.record.state.is_final() => return Ok(None),
            Err(error) => return Err(error),
        }
        if let Some(held) = &mut saved.permit {
            held.permit.account = saved.record.account;
        }
        Ok(Some(saved))
    }
}

/// What a saved state was made under: the names of its accounts in the order that its ids mean, and
/// the plug-ins that the configuration had.
///
/// # Errors
/// [`ImageError`] when the bytes are none.
pub(crate) fn made_under(
    bytes: &[u8],
) -> Result<(FixedList<Text<16>, 8>, FixedList<u128, { Slot::MAX }>), ImageError> {
    let front = read_front(&mut Reader::new(bytes))?;
    let mut names = FixedList::new();
    for account in front.accounts {
        names.push(account.name).map_err(|_| ImageError::TooMany { of: "accounts" })?;
    }
    let mut plugins = FixedList::new();
    for slot in front.slots {
        plugins.push(slot.configured).map_err(|_| ImageError::TooMany { of: "slots" })?;
    }
    Ok((names, plugins))
}

/// What stands before the rest.
struct Front {
    kill: KillLevel,
    accounts: Vec<SavedAccount>,
    slots: Vec<SavedSlot>,
}

fn read_front(from: &mut Reader<'_>) -> Result<Front, ImageError> {
    let found = u16::read(from)?;
    if found != VERSION {
        return Err(ImageError::Version { found, ours: VERSION });
    }
    let (kill, accounts) = (KillLevel::read(from)?, read_all(from)?);
    Ok(Front { kill, accounts, slots: read_all(from)? })
}

fn saved_symbol((id, symbol): (SymbolId, &Symbol)) -> Option<SavedSymbol> {
    Some(SavedSymbol {
        id,
        names: symbol.names?,
        spec: symbol.spec,
        listing: symbol.listing,
        halted: symbol.halted,
    })
}

fn saved_target(target: &Target) -> SavedTarget {
    let mut lists = (FixedList::new(), FixedList::new());
    for (sold, no_rest) in target.exits.rung_sold.iter().zip(target.exits.no_rest) {
        // Six rungs, six places.
        let _ = (lists.0.push(*sold), lists.1.push(no_rest));
    }
    SavedTarget {
        record: target.record,
        permit: target.permit.map(|used| SavedPermit {
            permit: used.permit,
            revoked: used.revoked,
            orders_sent: used.orders_sent,
        }),
        position: target.position,
        tried: target.fire.last_at.is_some(),
        cap: target.fire.cap,
        slow: target.fire.slow,
        clock_rejects: target.fire.clock_rejects,
        rung_sold: lists.0,
        no_rest: lists.1,
        exit: ExitRecord {
            high: target.exits.told.and_then(|told| told.high),
            ..target.exit_record()
        },
    }
}

fn restored_target(saved: SavedTarget) -> Target {
    let mut target = Target::new(saved.record);
    target.permit = saved.permit.map(|held| PermitUse {
        permit: held.permit,
        // It was read back from the disk.
        durable: true,
        revoked: held.revoked,
        orders_sent: held.orders_sent,
        notional_used: Amount::ZERO,
    });
    let of_permit = target.permit.map(|used| used.permit.reference_price);
    target.reference = of_permit.or(saved.record.entry.operator_price);
    target.position = Position { high: saved.exit.high, ..saved.position };
    target.fire.last_at = saved.tried.then_some(model::Mono::ZERO);
    target.fire.cap = saved.cap;
    target.fire.slow = saved.slow;
    target.fire.clock_rejects = saved.clock_rejects;
    for (at, (sold, no_rest)) in saved.rung_sold.iter().zip(saved.no_rest.iter()).enumerate() {
        (target.exits.rung_sold[at], target.exits.no_rest[at]) = (sold, no_rest);
    }
    target.exits.closing = saved.exit.closing;
    target.exits.by_hand = saved.exit.by_hand;
    target.exits.time_stop_done = saved.exit.time_stop_done;
    target.exits.told = Some(saved.exit);
    target
}

fn write_all<T: Wire>(out: &mut Writer<'_>, items: impl Iterator<Item = T>) {
    let items: Vec<T> = items.collect();
    (items.len() as u32).write(out);
    items.iter().for_each(|item| item.write(out));
}

fn read_all<T: Wire>(from: &mut Reader<'_>) -> Result<Vec<T>, WireError> {
    let len = u32::read(from)?;
    // Every item has a byte at least: a length that lies ends with the bytes.
    (0..len).map(|_| T::read(from)).collect()
}
