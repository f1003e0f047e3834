//! Numbers of money. Integers at a known scale, every operation checked, never a float.

use core::fmt;

/// Most decimals a price or quantity may be registered with.
///
/// A raw i64 has 18 whole digits, so a scale beyond it leaves no room for a whole part.
pub const MAX_DECIMALS: u8 = 18;

const AMOUNT_DECIMALS: u8 = 18;

/// Which way a result is rounded when it does not fit; the caller names the safe one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Towards zero: what we may receive or hold.
    Down,
    /// Away from zero: what we may owe or risk.
    Up,
}

/// Why a number could not be read or computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumError {
    /// No digits, a sign, an exponent, a space or any other byte that a plain decimal has not.
    NotADecimal,
    /// More decimals than the scale holds; the venue made its precision finer.
    TooFine {
        /// Decimals in the text, without trailing zeros.
        decimals: u8,
        /// Decimals of the scale.
        scale: u8,
    },
    /// The value does not fit the integer behind it.
    Overflow,
    /// Zero or below where only positive values exist.
    NotPositive,
}

impl fmt::Display for NumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotADecimal => f.write_str("not a plain decimal"),
            Self::TooFine { decimals, scale } => {
                write!(f, "{decimals} decimals where the scale has {scale}")
            }
            Self::Overflow => f.write_str("too large"),
            Self::NotPositive => f.write_str("not positive"),
        }
    }
}

impl core::error::Error for NumError {}

/// A price at the scale its symbol was registered with, at least 1.
///
/// `SymbolSpec::tick` says which prices the venue takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Price(i64);

impl Price {
    /// `None` when `raw` is not positive.
    pub const fn from_raw(raw: i64) -> Option<Self> {
        if raw > 0 { Some(Self(raw)) } else { None }
    }

    /// The integer at the symbol's scale, at least 1.
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// Reads a plain decimal, such as `0.00012`, at `decimals` places.
    ///
    /// # Errors
    /// [`NumError`] for anything but a positive plain decimal that the scale holds exactly.
    #[inline]
    pub fn parse(text: &[u8], decimals: u8) -> Result<Self, NumError> {
        let raw = parse_scaled(text, decimals)?;
        Self::from_raw(raw).ok_or(NumError::NotPositive)
    }

    /// This price times `10_000 + bps` ten-thousandths, rounded as asked; at least 1.
    pub fn shift_bps(self, bps: i64, round: Round) -> Option<Self> {
        let factor = i128::from(bps.checked_add(10_000)?);
        if factor < 0 {
            return None;
        }
        let raw = divide(i128::from(self.0).checked_mul(factor)?, 10_000, round);
        Self::from_raw(i64::try_from(raw).ok()?.max(1))
    }

    /// The nearest multiple of `tick` in the direction of `round`; `None` below one tick.
    pub fn to_tick(self, tick: Price, round: Round) -> Option<Self> {
        let steps = divide(i128::from(self.0), i128::from(tick.0), round);
        Self::from_raw(i64::try_from(steps.checked_mul(i128::from(tick.0))?).ok()?)
    }

    /// Change from `reference` to this price in ten-thousandths, towards zero.
    pub fn change_bps(self, reference: Price) -> i64 {
        let diff = i128::from(self.0) - i128::from(reference.0);
        let bps = diff * 10_000 / i128::from(reference.0);
        i64::try_from(bps).unwrap_or(if bps < 0 { i64::MIN } else { i64::MAX })
    }
}

/// A quantity of the base asset at the scale its symbol was registered with, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Qty(i64);

impl Qty {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `None` when `raw` is negative.
    pub const fn from_raw(raw: i64) -> Option<Self> {
        if raw >= 0 { Some(Self(raw)) } else { None }
    }

    /// The integer at the symbol's scale.
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// Reads a plain decimal at `decimals` places; zero is a quantity.
    ///
    /// # Errors
    /// [`NumError`] for anything but a plain decimal that the scale holds exactly.
    #[inline]
    pub fn parse(text: &[u8], decimals: u8) -> Result<Self, NumError> {
        parse_scaled(text, decimals).map(Self)
    }

    /// Whether there is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, `None` on overflow.
    pub const fn plus(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(raw) => Some(Self(raw)),
            None => None,
        }
    }

    /// The difference, zero when `other` is larger.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        if other.0 >= self.0 { Self(0) } else { Self(self.0 - other.0) }
    }

    /// The largest multiple of `step` not above this quantity.
    #[must_use]
    pub const fn floor_to(self, step: Qty) -> Self {
        if step.0 <= 0 { self } else { Self(self.0 - self.0 % step.0) }
    }

    /// `bps` ten-thousandths of this quantity, rounded down.
    #[must_use]
    pub fn share_bps(self, bps: u32) -> Self {
        let raw = i128::from(self.0) * i128::from(bps) / 10_000;
        Self(i64::try_from(raw).unwrap_or(i64::MAX))
    }
}

/// Money of any asset at 1e-18, signed.
///
/// Wide enough for balances of 18 decimals: up to 1.7e20 units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Amount(i128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest value.
    pub const MAX: Self = Self(i128::MAX);
    /// One whole unit.
    pub const ONE: Self = Self(1_000_000_000_000_000_000);

    /// From the integer at 1e-18.
    pub const fn from_raw(raw: i128) -> Self {
        Self(raw)
    }

    /// The integer at 1e-18.
    pub const fn raw(self) -> i128 {
        self.0
    }

    /// From whole units.
    pub const fn from_units(units: i64) -> Self {
        Self(units as i128 * Self::ONE.0)
    }

    /// Reads a plain decimal with an optional leading minus.
    ///
    /// # Errors
    /// [`NumError`] for anything else, or for more than 18 significant decimals.
    pub fn parse(text: &[u8]) -> Result<Self, NumError> {
        let (negative, digits) = match text.split_first() {
            Some((b'-', rest)) => (true, rest),
            _ => (false, text),
        };
        let raw = parse_digits(digits, AMOUNT_DECIMALS)?;
        Ok(Self(if negative { -raw } else { raw }))
    }

    /// `price` x `qty` in the quote asset. Scales are those of the symbol's registration.
    ///
    /// `None` on overflow, which callers treat as a refusal.
    pub fn notional(
        price: Price,
        price_decimals: u8,
        qty: Qty,
        qty_decimals: u8,
        round: Round,
    ) -> Option<Self> {
        let product = i128::from(price.0).checked_mul(i128::from(qty.0))?;
        rescale(product, u32::from(price_decimals) + u32::from(qty_decimals), round).map(Self)
    }

    /// A quantity as money of the base asset.
    pub fn of_qty(qty: Qty, qty_decimals: u8) -> Option<Self> {
        rescale(i128::from(qty.0), u32::from(qty_decimals), Round::Down).map(Self)
    }

    /// This base amount as a quantity at `qty_decimals`, rounded down; `None` if negative or large.
    pub fn to_qty(self, qty_decimals: u8) -> Option<Qty> {
        if self.0 < 0 || qty_decimals > AMOUNT_DECIMALS {
            return None;
        }
        let factor = pow10(u32::from(AMOUNT_DECIMALS - qty_decimals))?;
        Qty::from_raw(i64::try_from(self.0 / factor).ok()?)
    }

    /// The largest quantity that this amount of quote buys at `price`, rounded down.
    pub fn qty_at(self, price: Price, price_decimals: u8, qty_decimals: u8) -> Option<Qty> {
        if self.0 <= 0 {
            return Some(Qty::ZERO);
        }
        // amount / 1e18 * 10^qd / (price / 10^pd) = amount * 10^(pd + qd - 18) / price
        let places = i32::from(price_decimals) + i32::from(qty_decimals) - 18;
        let raw = if places >= 0 {
            self.0.checked_mul(pow10(places.unsigned_abs())?)? / i128::from(price.0)
        } else {
            self.0 / pow10(places.unsigned_abs())? / i128::from(price.0)
        };
        Qty::from_raw(i64::try_from(raw).ok()?)
    }

    /// The sum, `None` on overflow.
    pub const fn plus(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(raw) => Some(Self(raw)),
            None => None,
        }
    }

    /// The difference, `None` on overflow.
    pub const fn minus(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(raw) => Some(Self(raw)),
            None => None,
        }
    }

    /// The sum held at the largest value: right where a larger figure is the safe one.
    #[must_use]
    pub const fn plus_or_max(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference held at the ends of the range.
    #[must_use]
    pub const fn minus_or_min(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// `parts` millionths of this amount, rounded as asked; `None` on overflow.
    pub fn parts_per_million(self, parts: u32, round: Round) -> Option<Self> {
        let whole = self.0 / 1_000_000;
        let rest = self.0 % 1_000_000;
        let rest = divide(rest * i128::from(parts), 1_000_000, round);
        Some(Self(whole.checked_mul(i128::from(parts))?.checked_add(rest)?))
    }

    /// `bps` ten-thousandths of this amount, rounded down; `None` on overflow.
    pub fn share_bps(self, bps: u32) -> Option<Self> {
        self.parts_per_million(bps.checked_mul(100)?, Round::Down)
    }

    /// Whether this is below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let raw = self.0.unsigned_abs();
        let one = Self::ONE.0.unsigned_abs();
        write!(f, "{}", raw / one)?;
        let mut rest = raw % one;
        if rest == 0 {
            return Ok(());
        }
        let mut width = usize::from(AMOUNT_DECIMALS);
        while rest.is_multiple_of(10) {
            rest /= 10;
            width -= 1;
        }
        write!(f, ".{rest:0width$}")
    }
}

/// Reads a plain decimal (digits with at most one point, no sign, no exponent) at `decimals`.
///
/// At least one digit; `1.` and `.5` are refused. Trailing zeros beyond the scale are accepted,
/// since the venue pads.
///
/// # Errors
/// [`NumError::NotADecimal`], [`NumError::TooFine`] or [`NumError::Overflow`].
#[inline]
pub fn parse_scaled(text: &[u8], decimals: u8) -> Result<i64, NumError> {
    if let Some(raw) = parse_short(text, decimals) {
        return Ok(raw);
    }
    parse_long(text, decimals)
}

#[cold]
#[inline(never)]
fn parse_long(text: &[u8], decimals: u8) -> Result<i64, NumError> {
    i64::try_from(parse_digits(text, decimals)?).map_err(|_| NumError::Overflow)
}

/// The common case: at most 16 bytes or `0.` and 16 digits, fraction within the scale. `None` sends it the long way.
///
/// All bytes at once: a loop over them waits for a multiplication a digit, and mispredicts its end
/// whenever a text is longer or shorter than the one before.
#[inline]
fn parse_short(text: &[u8], decimals: u8) -> Option<i64> {
    let (number, fraction) = match text.len() {
        0..=8 => of_eight(text)?,
        9..=16 => of_sixteen(text)?,
        _ => of_fraction(text)?,
    };
    let missing = usize::from(decimals).checked_sub(fraction)?;
    (number as i64).checked_mul(*POW10_I64.get(missing)?)
}

/// The digits of a text in a word and how many of them are its fraction; `None` for anything but
/// digits with at most one point between them.
macro_rules! of_word {
    ($name:ident, $word:ty, $load:ident, $number:ident) => {
        #[inline(always)]
        fn $name(text: &[u8]) -> Option<(u64, usize)> {
            const SEVEN_BITS: $word = <$word>::from_ne_bytes([0x7f; size_of::<$word>()]);
            const ABOVE_NINE: $word = <$word>::from_ne_bytes([0x7f - 9; size_of::<$word>()]);
            let digits = $load(text)?;
            // The top bit of each byte above nine.
            let odd = ((digits & SEVEN_BITS) + ABOVE_NINE | digits) & !SEVEN_BITS;
            if odd == 0 {
                return Some(($number(digits), 0));
            }
            let fraction = odd.leading_zeros() as usize / 8;
            let whole = text.len().checked_sub(fraction + 1)?;
            if fraction == 0 || whole == 0 || text[whole] != b'.' || odd & (odd - 1) != 0 {
                return None;
            }
            let up_to_point = odd ^ (odd - 1);
            let joined = digits & !up_to_point | (digits & up_to_point >> 8) << 8;
            Some(($number(joined), fraction))
        }
    };
}
of_word!(of_eight, u64, up_to_eight, eight_digits);
of_word!(of_sixteen, u128, up_to_sixteen, sixteen_digits);

/// `0.` and 15 or 16 digits, as prices of the smallest coins are written.
fn of_fraction(text: &[u8]) -> Option<(u64, usize)> {
    let digits = text.strip_prefix(b"0.").filter(|digits| digits.len() > 8)?;
    let (number, further) = of_sixteen(digits)?;
    (further == 0).then_some((number, digits.len()))
}

const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);

/// 1 to 8 bytes less `0` each, the last one on top and zeros below the first one.
#[inline(always)]
fn up_to_eight(text: &[u8]) -> Option<u64> {
    let len = text.len();
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        // The two halves may overlap, and agree where they do.
        let half = |chunk: &[u8; 4]| u64::from(u32::from_le_bytes(*chunk) ^ ZEROS as u32);
        return Some(half(first) << (8 * (8 - len)) | half(last) << 32);
    }
    let first = u64::from(text.first()? ^ b'0');
    let (middle, last) = (u64::from(text[len / 2] ^ b'0'), u64::from(text[len - 1] ^ b'0'));
    Some(first << (8 * (8 - len)) | middle << (8 * (8 - len + len / 2)) | last << 56)
}

/// 9 to 16 bytes in the same way.
#[inline(always)]
fn up_to_sixteen(text: &[u8]) -> Option<u128> {
    if text.len() > 16 {
        return None;
    }
    let word = |chunk: &[u8; 8]| u64::from_le_bytes(*chunk) ^ ZEROS;
    let low = word(text.first_chunk()?) << (8 * (16 - text.len()));
    Some(u128::from(word(text.last_chunk()?)) << 64 | u128::from(low))
}

/// The number whose digits are bytes, the last one on top; sixteen are below 2^63.
#[inline(always)]
const fn sixteen_digits(digits: u128) -> u64 {
    eight_digits(digits as u64) * 100_000_000 + eight_digits((digits >> 64) as u64)
}

/// Pairs, fours and eights of digits, each from two of the step before: the lower counts for more.
#[inline(always)]
const fn eight_digits(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000 << 32 | 1) >> 32
}

const POW10_I64: [i64; 19] = {
    let mut table = [1_i64; 19];
    let mut i = 1;
    while i < 19 {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

/// Digits with at most one point at `decimals` places, never negative.
fn parse_digits(text: &[u8], decimals: u8) -> Result<i128, NumError> {
    let (whole, fraction) = match text.iter().position(|&byte| byte == b'.') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    if whole.is_empty() || fraction.is_some_and(<[u8]>::is_empty) {
        return Err(NumError::NotADecimal);
    }
    let mut raw = digits(0, whole)?;
    let mut fraction = fraction.unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return Err(NumError::NotADecimal);
    }
    while let Some((b'0', head)) = fraction.split_last() {
        fraction = head;
    }
    if fraction.len() > usize::from(decimals) {
        let found = u8::try_from(fraction.len()).unwrap_or(u8::MAX);
        return Err(NumError::TooFine { decimals: found, scale: decimals });
    }
    raw = digits(raw, fraction)?;
    let missing = u32::from(decimals) - fraction.len() as u32;
    pow10(missing).and_then(|factor| raw.checked_mul(factor)).ok_or(NumError::Overflow)
}

fn digits(start: i128, text: &[u8]) -> Result<i128, NumError> {
    let mut value = start;
    for &byte in text {
        if !byte.is_ascii_digit() {
            return Err(NumError::NotADecimal);
        }
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(i128::from(byte - b'0')))
            .ok_or(NumError::Overflow)?;
    }
    Ok(value)
}

/// Writes `raw` at `decimals` places as a plain decimal without trailing zeros.
///
/// Returns the text inside `buffer`. Negative values get a minus.
pub fn format_scaled(raw: i64, decimals: u8, buffer: &mut [u8; 40]) -> &str {
    let mut at = buffer.len();
    let mut rest = raw.unsigned_abs();
    let mut place = 0;
    let mut trimming = true;
    while rest > 0 || place <= decimals {
        let digit = (rest % 10) as u8;
        rest /= 10;
        if place == decimals && place > 0 && !trimming {
            at -= 1;
            buffer[at] = b'.';
        }
        trimming &= digit == 0 && place < decimals;
        if !trimming {
            at -= 1;
            buffer[at] = b'0' + digit;
        }
        place += 1;
    }
    if raw < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    core::str::from_utf8(&buffer[at..]).unwrap_or_default()
}

fn rescale(value: i128, decimals: u32, round: Round) -> Option<i128> {
    let target = u32::from(AMOUNT_DECIMALS);
    if decimals <= target {
        value.checked_mul(pow10(target - decimals)?)
    } else {
        Some(divide(value, pow10(decimals - target)?, round))
    }
}

fn divide(value: i128, by: i128, round: Round) -> i128 {
    let quotient = value / by;
    match round {
        Round::Down => quotient,
        Round::Up if value % by == 0 => quotient,
        Round::Up => quotient + if (value < 0) == (by < 0) { 1 } else { -1 },
    }
}

fn pow10(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_decimals_are_read_exactly() {
        assert_eq!(parse_scaled(b"84270.01", 4), Ok(842_700_100));
        assert_eq!(parse_scaled(b"0.00638700", 8), Ok(638_700));
        assert_eq!(parse_scaled(b"5", 0), Ok(5));
        assert_eq!(parse_scaled(b"1.500000000000000000000", 2), Ok(150));
        assert_eq!(parse_scaled(b"9223372036854775807", 0), Ok(i64::MAX));
    }

    #[test]
    fn anything_but_a_plain_decimal_is_refused() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e5", "1e-7", " 1", "1 ", "1..2", "NaN", "١"]
        {
            assert_eq!(parse_scaled(text.as_bytes(), 8), Err(NumError::NotADecimal), "{text:?}");
        }
        assert_eq!(parse_scaled(b"9223372036854775808", 0), Err(NumError::Overflow));
        assert_eq!(parse_scaled(&[b'9'; 40], 8), Err(NumError::Overflow));
        assert_eq!(parse_scaled(b"0.123", 2), Err(NumError::TooFine { decimals: 3, scale: 2 }));
        assert_eq!(Price::parse(b"0.00", 4), Err(NumError::NotPositive));
    }

    #[test]
    fn all_bytes_at_once_read_what_one_after_the_other_does() {
        let alphabet = b"0123456789999.../:-\xb0\x80\xae\x00";
        let mut state = 9_u64;
        for _ in 0..200_000 {
            let mut text = [0; 20];
            for byte in &mut text {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(11);
                let most = if state >> 61 == 0 { alphabet.len() } else { 11 };
                *byte = alphabet[(state >> 33) as usize % most];
            }
            // Mostly one point, somewhere; often behind a zero in front.
            match state >> 40 & 1 {
                0 => text[..2].copy_from_slice(b"0."),
                _ => text[(state >> 41) as usize % 20] = b'.',
            }
            let text = &text[..(state >> 50) as usize % 21];
            let decimals = (state >> 56) as u8 % 20;
            assert_eq!(parse_scaled(text, decimals), parse_long(text, decimals), "{text:?}");
        }
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_number() {
        let mut state = 7_u64;
        for _ in 0..20_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let raw = (state >> 1) as i64 >> (state % 60);
            let decimals = (state % 19) as u8;
            let mut buffer = [0; 40];
            let text = format_scaled(raw, decimals, &mut buffer);
            assert_eq!(parse_scaled(text.as_bytes(), decimals), Ok(raw), "{text} at {decimals}");
        }
    }

    #[test]
    fn text_has_no_trailing_zeros() {
        let mut buffer = [0; 40];
        assert_eq!(format_scaled(1_500, 3, &mut buffer), "1.5");
        assert_eq!(format_scaled(5, 8, &mut buffer), "0.00000005");
        assert_eq!(format_scaled(0, 4, &mut buffer), "0");
        assert_eq!(format_scaled(1_000, 0, &mut buffer), "1000");
        assert_eq!(format_scaled(-25, 1, &mut buffer), "-2.5");
        assert_eq!(format_scaled(i64::MIN, 18, &mut buffer), "-9.223372036854775808");
    }

    #[test]
    fn notional_rounds_the_way_it_is_told() {
        let (price, qty) = (Price(3), Qty(1));
        assert_eq!(Amount::notional(price, 10, qty, 9, Round::Down), Some(Amount(0)));
        assert_eq!(Amount::notional(price, 10, qty, 9, Round::Up), Some(Amount(1)));
        assert_eq!(Amount::notional(price, 1, qty, 1, Round::Up).unwrap().to_string(), "0.03");
        assert_eq!(Amount::notional(Price(i64::MAX), 0, Qty(i64::MAX), 0, Round::Up), None);
    }

    #[test]
    fn a_budget_never_buys_more_than_it_can_pay() {
        let budget = Amount::from_units(100);
        for raw in 1..5_000 {
            let price = Price(raw);
            let qty = budget.qty_at(price, 6, 4).unwrap();
            assert!(Amount::notional(price, 6, qty, 4, Round::Up).unwrap() <= budget);
            let more = qty.plus(Qty(1)).unwrap();
            assert!(Amount::notional(price, 6, more, 4, Round::Up).unwrap() > budget);
        }
    }

    #[test]
    fn amounts_print_and_read_back() {
        for text in ["0", "1", "-4.990689704", "302.185113007893322435", "0.000000000000000001"] {
            assert_eq!(Amount::parse(text.as_bytes()).unwrap().to_string(), text);
        }
        assert_eq!(Amount::parse(b"--1"), Err(NumError::NotADecimal));
    }

    #[test]
    fn ticks_and_shares_round_as_asked() {
        let tick = Price(5);
        assert_eq!(Price(12).to_tick(tick, Round::Down), Some(Price(10)));
        assert_eq!(Price(12).to_tick(tick, Round::Up), Some(Price(15)));
        assert_eq!(Price(4).to_tick(tick, Round::Down), None);
        assert_eq!(Price(100).shift_bps(-250, Round::Down), Some(Price(97)));
        assert_eq!(Price(100).shift_bps(-250, Round::Up), Some(Price(98)));
        assert_eq!(Qty(1_001).share_bps(5_000), Qty(500));
        assert_eq!(Amount(1_000_001).parts_per_million(500, Round::Up), Some(Amount(501)));
    }
}
