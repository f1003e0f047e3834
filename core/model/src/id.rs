//! Who is who: dense ids of a run, and the client order id that ties an order to its permit.

use core::fmt;
use core::num::NonZeroU128;

use crate::Text;

/// Index of a symbol in this instance's symbol table; dense from 0, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct SymbolId(pub u32);

impl SymbolId {
    /// An event that belongs to no symbol.
    pub const NONE: Self = Self(u32::MAX);

    /// As an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Index of an account in the configuration's `[[accounts]]`, at most [`AccountId::MAX`] of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct AccountId(pub u8);

impl AccountId {
    /// An event that belongs to no account.
    pub const NONE: Self = Self(u8::MAX);
    /// How many accounts one process trades at most.
    pub const MAX: usize = 8;

    /// As an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Index of an asset (USDT, MX, the new coin) in the symbol table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct AssetId(pub u32);

impl AssetId {
    /// An asset that no known symbol names.
    pub const NONE: Self = Self(u32::MAX);
}

/// A permit of this instance, counted from 1 over its whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct PermitId(pub u32);

/// A target of this instance, counted from 1 over its whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct TargetId(pub u32);

/// An id that the venue gave, as 128 bits.
///
/// 32 hexadecimal digits are their own value; any other text is its FNV-1a 128 hash. The text
/// itself stands in a side record of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct VenueKey(pub u128);

impl VenueKey {
    /// No id.
    pub const NONE: Self = Self(0);

    /// The key of the venue's text; empty text is [`VenueKey::NONE`].
    pub fn of(text: &[u8]) -> Self {
        if text.is_empty() {
            return Self::NONE;
        }
        if text.len() == 32
            && let Some(value) = hex_value(text)
        {
            return Self(value);
        }
        let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
        for &byte in text {
            hash ^= u128::from(byte);
            hash = hash.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
        Self(hash)
    }

    /// Whether there is an id.
    pub const fn is_some(self) -> bool {
        self.0 != 0
    }
}

fn hex_value(text: &[u8]) -> Option<u128> {
    let mut value = 0_u128;
    for &byte in text {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u128::from(digit);
    }
    Some(value)
}

/// What money is at stake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Mode {
    /// On the built-in exchange.
    #[default]
    Demo = 0,
    /// Live market data, simulated fills.
    Paper = 1,
    /// Live orders at a tenth of the limits.
    LiveMin = 2,
    /// Live orders.
    Live = 3,
}

impl Mode {
    /// The word used in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Paper => "paper",
            Self::LiveMin => "live_min",
            Self::Live => "live",
        }
    }

    const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Demo,
            1 => Self::Paper,
            2 => Self::LiveMin,
            _ => Self::Live,
        }
    }
}

/// Which part of a target's life an order belongs to; with the permit it says why it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct OrderLeg(pub u8);

impl OrderLeg {
    /// The opening entry.
    pub const ENTRY: Self = Self(0);
    /// A stop, trailing stop, time stop or emergency sale.
    pub const STOP: Self = Self(64);
    /// A sale by hand or by a strategy's `Exit`.
    pub const MANUAL: Self = Self(65);

    /// The take-profit of `rung`, from 0.
    pub const fn take_profit(rung: u8) -> Self {
        Self(1 + rung)
    }

    /// Whether this leg adds risk.
    pub const fn is_entry(self) -> bool {
        self.0 == 0
    }

    /// The word used in documents.
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "entry",
            1..=63 => "take_profit",
            64 => "stop",
            65 => "manual",
            _ => "other",
        }
    }
}

/// The id we give an order: 120 bits, written as 24 characters of base32.
///
/// From the top: version 2, mode 2, instance 24, boot epoch 24, permit 32, leg 8, attempt 20,
/// check 8. Unique over the life of an account, and enough to find an order's permit from the
/// venue's own records.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ClientOrderId(NonZeroU128);

/// The fields of a [`ClientOrderId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientOrderIdParts {
    /// What money is at stake.
    pub mode: Mode,
    /// Random per data directory, 24 bits.
    pub instance: u32,
    /// Starts of the sending process since the data directory was made, 24 bits.
    pub epoch: u32,
    /// The permit, or the one whose exit authority covers a sale.
    pub permit: PermitId,
    /// Entry, take-profit rung, stop or manual.
    pub leg: OrderLeg,
    /// Orders of this permit and leg before this one, 20 bits.
    pub attempt: u32,
}

/// Why a text is not one of our ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientOrderIdError {
    /// Not 24 characters.
    Length {
        /// Characters seen.
        found: usize,
    },
    /// A character outside the alphabet `a-z2-7`.
    Character {
        /// Where it stands.
        at: usize,
    },
    /// Another version of the layout.
    Version {
        /// The version seen.
        found: u8,
    },
    /// The check bits do not fit.
    Check,
}

impl fmt::Display for ClientOrderIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { found } => write!(f, "{found} characters instead of 24"),
            Self::Character { at } => write!(f, "character {at} is not of a-z2-7"),
            Self::Version { found } => write!(f, "layout version {found}"),
            Self::Check => f.write_str("check bits differ"),
        }
    }
}

impl core::error::Error for ClientOrderIdError {}

const VERSION: u8 = 1;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl ClientOrderId {
    /// Characters of the text form; the venue takes 32.
    pub const TEXT_LEN: usize = 24;

    /// Puts the fields together. Fields wider than their bits are a mistake of ours.
    ///
    /// # Panics
    /// When instance or epoch exceed 24 bits or attempt exceeds 20.
    pub fn new(parts: ClientOrderIdParts) -> Self {
        assert!(parts.instance < 1 << 24, "instance {} exceeds 24 bits", parts.instance);
        assert!(parts.epoch < 1 << 24, "epoch {} exceeds 24 bits", parts.epoch);
        assert!(parts.attempt < 1 << 20, "attempt {} exceeds 20 bits", parts.attempt);
        let body = u128::from(VERSION) << 110
            | u128::from(parts.mode as u8) << 108
            | u128::from(parts.instance) << 84
            | u128::from(parts.epoch) << 60
            | u128::from(parts.permit.0) << 28
            | u128::from(parts.leg.0) << 20
            | u128::from(parts.attempt);
        let raw = body << 8 | u128::from(check(body));
        Self(NonZeroU128::new(raw).expect("the version bits are not zero"))
    }

    /// The fields.
    pub fn parts(self) -> ClientOrderIdParts {
        let body = self.raw() >> 8;
        ClientOrderIdParts {
            mode: Mode::from_bits((body >> 108) as u8),
            instance: (body >> 84) as u32 & 0xff_ffff,
            epoch: (body >> 60) as u32 & 0xff_ffff,
            permit: PermitId((body >> 28) as u32),
            leg: OrderLeg((body >> 20) as u8),
            attempt: body as u32 & 0xf_ffff,
        }
    }

    /// The permit that the order stands under.
    pub fn permit(self) -> PermitId {
        self.parts().permit
    }

    /// The leg.
    pub fn leg(self) -> OrderLeg {
        self.parts().leg
    }

    /// The text that goes to the venue: 24 characters of `a-z2-7`.
    pub fn text(self) -> Text<24> {
        let mut bytes = [0_u8; Self::TEXT_LEN];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = ALPHABET[(self.raw() >> (115 - 5 * at)) as usize & 31];
        }
        Text::new(core::str::from_utf8(&bytes).unwrap_or_default()).unwrap_or_default()
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`ClientOrderIdError`] when the text is not an id of this layout: somebody else's order.
    pub fn parse(text: &[u8]) -> Result<Self, ClientOrderIdError> {
        if text.len() != Self::TEXT_LEN {
            return Err(ClientOrderIdError::Length { found: text.len() });
        }
        let mut value = 0_u128;
        for (at, &byte) in text.iter().enumerate() {
            let digit = match byte {
                b'a'..=b'z' => byte - b'a',
                b'2'..=b'7' => byte - b'2' + 26,
                _ => return Err(ClientOrderIdError::Character { at }),
            };
            value = value << 5 | u128::from(digit);
        }
        let version = (value >> 118) as u8;
        if version != VERSION {
            return Err(ClientOrderIdError::Version { found: version });
        }
        if check(value >> 8) != value as u8 {
            return Err(ClientOrderIdError::Check);
        }
        NonZeroU128::new(value).map(Self).ok_or(ClientOrderIdError::Check)
    }

    /// As an integer, for records; never zero.
    pub const fn raw(self) -> u128 {
        self.0.get()
    }

    /// From a record that was written by [`raw`](Self::raw); `None` for zero.
    pub const fn from_raw(raw: u128) -> Option<Self> {
        match NonZeroU128::new(raw) {
            Some(raw) => Some(Self(raw)),
            None => None,
        }
    }
}

impl fmt::Debug for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.text(), f)
    }
}

impl fmt::Display for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.text(), f)
    }
}

/// CRC-8 (polynomial 0x07) over the 14 bytes of the body: finds every single wrong character.
fn check(body: u128) -> u8 {
    let mut crc = 0_u8;
    for byte in &body.to_be_bytes()[2..] {
        crc ^= byte;
        for _ in 0..8 {
            crc = if crc & 0x80 == 0 { crc << 1 } else { crc << 1 ^ 0x07 };
        }
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> ClientOrderIdParts {
        ClientOrderIdParts {
            mode: Mode::Live,
            instance: 0xabcdef,
            epoch: 0x123456,
            permit: PermitId(0xdead_beef),
            leg: OrderLeg::STOP,
            attempt: 0xf_fffe,
        }
    }

    #[test]
    fn an_id_survives_the_way_to_the_venue_and_back() {
        let id = ClientOrderId::new(sample());
        let text = id.text();
        assert_eq!(text.as_str().len(), 24);
        assert_eq!(ClientOrderId::parse(text.as_str().as_bytes()), Ok(id));
        assert_eq!(id.parts(), sample());
    }

    #[test]
    fn every_single_wrong_character_is_noticed() {
        let id = ClientOrderId::new(sample());
        for at in 0..24 {
            for &wrong in ALPHABET {
                let mut text = *b"aaaaaaaaaaaaaaaaaaaaaaaa";
                text.copy_from_slice(id.text().as_str().as_bytes());
                if text[at] == wrong {
                    continue;
                }
                text[at] = wrong;
                assert!(ClientOrderId::parse(&text).is_err(), "character {at} as {wrong}");
            }
        }
    }

    #[test]
    fn another_traders_id_is_not_taken_for_ours() {
        for text in ["", "snipe-0001", "C02__505979017439002624115", "x-abcdefghijklmnopqrstu!"] {
            assert!(ClientOrderId::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn venue_ids_of_every_form_have_their_own_key() {
        let forms = ["06a480e69e604477bfb48dddd5f0b750", "C02__505979017439002624115", "4", "5"];
        for (at, one) in forms.iter().enumerate() {
            for other in &forms[at + 1..] {
                assert_ne!(VenueKey::of(one.as_bytes()), VenueKey::of(other.as_bytes()));
            }
        }
        assert!(!VenueKey::of(b"").is_some());
    }
}
