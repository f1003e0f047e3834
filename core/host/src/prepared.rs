//! An instance that is ready to take a slot, and what becomes of one that left it.

use std::fmt;

use abi::{Call, Guest, Plain, area, export};
use model::{PluginFault, Slot, Text};

use crate::Standing;
use crate::calls::{Calls, Turn};
use crate::manifest::Manifest;
use crate::seat::Seat;

/// A plug-in ready to run: set up, and called once in every way that does not show it anything.
#[derive(Debug)]
pub struct Prepared {
    /// Where it is to run.
    pub slot: Slot,
    /// Hash of the plug-in, as permits name it.
    pub plugin: u128,
    pub(crate) seat: Box<Seat>,
}

/// Why an instance cannot take a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrepareError {
    /// There are not so many slots.
    NoSlot {
        /// The one asked for.
        slot: Slot,
    },
    /// Not one value for each parameter.
    Values {
        /// Parameters.
        wanted: usize,
        /// Values.
        given: usize,
    },
    /// A value outside its range.
    OutOfRange {
        /// Which parameter, by its place.
        parameter: usize,
        /// The value.
        value: i64,
        /// The range.
        range: (i64, i64),
    },
    /// It does not run with this plan and these parameters.
    Setup {
        /// What its call of `shrike_setup` came to.
        fault: PluginFault,
        /// Its own number, when it gave one.
        figure: i64,
    },
}

impl fmt::Display for PrepareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSlot { slot } => {
                write!(f, "slot {} does not exist; there are 0 to {}", slot.0, Slot::MAX - 1)
            }
            Self::Values { wanted, given } => {
                write!(f, "{given} values for {wanted} parameters")
            }
            Self::OutOfRange { parameter, value, range: (min, max) } => {
                write!(f, "parameter {parameter} is {value}; its manifest allows {min} to {max}")
            }
            Self::Setup { fault, figure } => write!(
                f,
                "its {} ended with {} ({figure}): it does not run with this plan and these \
                 parameters",
                export::SETUP,
                fault.name()
            ),
        }
    }
}

impl std::error::Error for PrepareError {}

impl Prepared {
    /// Sets an instance up for a slot. `values` are the parameters in the manifest's order.
    ///
    /// # Errors
    /// [`PrepareError`]; the instance is dropped.
    pub fn new(
        slot: Slot,
        plugin: u128,
        manifest: &Manifest,
        mut guest: Box<dyn Guest>,
        standing: &Standing,
        values: &[i64],
    ) -> Result<Self, PrepareError> {
        if slot.index() >= Slot::MAX {
            return Err(PrepareError::NoSlot { slot });
        }
        let (wanted, given) = (manifest.parameters.len(), values.len());
        if wanted != given {
            return Err(PrepareError::Values { wanted, given });
        }
        for (parameter, (known, value)) in manifest.parameters.iter().zip(values).enumerate() {
            if *value < known.min || *value > known.max {
                let (value, range) = (*value, (known.min, known.max));
                return Err(PrepareError::OutOfRange { parameter, value, range });
            }
        }
        let mut turn = Turn { step: 0, calls: &mut Calls::new() };
        set_up(guest.as_mut(), &mut turn, standing, slot, values)?;
        Ok(Self { slot, plugin, seat: Box::new(Seat::new(plugin, manifest, guest, values)) })
    }

    /// Its name and version, as records show them.
    pub const fn name(&self) -> Text<48> {
        self.seat.name()
    }

    /// Bytes of memory that its instance holds.
    pub fn memory_bytes(&self) -> usize {
        self.seat.memory_bytes()
    }
}

/// Shows the setup and lets the guest take it.
pub(crate) fn set_up(
    guest: &mut dyn Guest,
    turn: &mut Turn<'_>,
    standing: &Standing,
    slot: Slot,
    values: &[i64],
) -> Result<(), PrepareError> {
    standing.setup(slot, values).put(&mut guest.area()[area::INPUT..]);
    match turn.call(guest, Call::Setup) {
        Ok(code) if code >= 0 => Ok(()),
        Ok(code) => {
            let (fault, figure) = (PluginFault::GaveUp, i64::from(code));
            Err(PrepareError::Setup { fault, figure })
        }
        Err((fault, figure)) => Err(PrepareError::Setup { fault, figure }),
    }
}

/// Why an instance left its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Another took its place.
    Exchanged,
    /// It failed.
    Failed(PluginFault),
    /// It was stopped.
    Stopped,
}

/// An instance that left its slot: whoever takes it drops it where time does not matter.
#[derive(Debug)]
pub struct Retired {
    /// Where it ran.
    pub slot: Slot,
    /// Its hash.
    pub plugin: u128,
    /// Why it left.
    pub why: Left,
    /// Scenes that it was shown in its slot.
    pub scenes: u64,
    /// The instance.
    pub guest: Option<Box<dyn Guest>>,
    /// What else is to be dropped with it.
    #[expect(dead_code, reason = "it is only dropped")]
    pub(crate) rest: Option<Box<Seat>>,
}

/// Where prepared instances come from and old ones go. Never waits: it is called on the hot thread.
pub trait Supply: fmt::Debug + Send {
    /// The instance that was prepared for the slot under this hash.
    fn take(&mut self, slot: Slot, plugin: u128) -> Option<Prepared>;

    /// Takes an instance that left.
    fn give_back(&mut self, retired: Retired);
}

/// No supply: nothing can be exchanged, and what leaves is dropped where it is.
impl Supply for () {
    fn take(&mut self, _: Slot, _: u128) -> Option<Prepared> {
        None
    }

    fn give_back(&mut self, _: Retired) {}
}
