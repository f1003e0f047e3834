//! Numbers of money. Integers at a known scale, every operation checked, never a float. They behave
//! as the engine's own do, which a test compares.

use core::fmt;

/// Which way a result is rounded when it does not fit; the caller names the safe one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Towards zero: what may be received or held.
    Down,
    /// Away from zero: what may be owed or risked.
    Up,
}

/// A price at the symbol's scale, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Price(i64);

impl Price {
    /// `None` when `raw` is not positive, as where a book has no such side.
    #[inline]
    pub const fn from_raw(raw: i64) -> Option<Self> {
        if raw > 0 { Some(Self(raw)) } else { None }
    }

    /// The integer at the symbol's scale, at least 1.
    #[inline]
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// This price times `10_000 + bps` ten-thousandths, rounded as asked; at least 1. `None` on
    /// overflow, or when more than the whole is taken away.
    pub fn shift_bps(self, bps: i64, round: Round) -> Option<Self> {
        let factor = i128::from(bps.checked_add(10_000)?);
        if factor < 0 {
            return None;
        }
        let raw = divide(i128::from(self.0).checked_mul(factor)?, 10_000, round);
        Self::from_raw(i64::try_from(raw).ok()?.max(1))
    }

    /// Change from `reference` to this price in ten-thousandths, towards zero; held at the ends of
    /// the range.
    pub fn change_bps(self, reference: Price) -> i64 {
        let difference = i128::from(self.0) - i128::from(reference.0);
        // As good as always: a sandbox has a division of 64 bits, and none of 128.
        if let Ok(scaled) = i64::try_from(difference * 10_000) {
            return scaled / reference.0;
        }
        let bps = difference * 10_000 / i128::from(reference.0);
        i64::try_from(bps).unwrap_or(if bps < 0 { i64::MIN } else { i64::MAX })
    }
}

/// A quantity of the base asset at the symbol's scale, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Qty(i64);

impl Qty {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `None` when `raw` is negative.
    #[inline]
    pub const fn from_raw(raw: i64) -> Option<Self> {
        if raw >= 0 { Some(Self(raw)) } else { None }
    }

    /// The integer at the symbol's scale.
    #[inline]
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// Whether there is nothing.
    #[inline]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, `None` on overflow.
    #[inline]
    pub const fn plus(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(raw) => Some(Self(raw)),
            None => None,
        }
    }

    /// The difference, zero when `other` is larger.
    #[inline]
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        if other.0 >= self.0 { Self(0) } else { Self(self.0 - other.0) }
    }

    /// The largest multiple of `step` not above this quantity.
    #[inline]
    #[must_use]
    pub const fn floor_to(self, step: Qty) -> Self {
        if step.0 <= 0 { self } else { Self(self.0 - self.0 % step.0) }
    }

    /// `bps` ten-thousandths of this quantity, rounded down; held at the largest value.
    #[must_use]
    pub fn share_bps(self, bps: u32) -> Self {
        let bps = i64::from(bps);
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        let raw = match whole.checked_mul(bps) {
            Some(raw) => raw.checked_add(rest * bps / 10_000),
            None => None,
        };
        Self(raw.unwrap_or(i64::MAX))
    }
}

/// Money of any asset at 1e-18, signed; up to 1.7e20 units.
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
    #[inline]
    pub const fn from_raw(raw: i128) -> Self {
        Self(raw)
    }

    /// The integer at 1e-18.
    #[inline]
    pub const fn raw(self) -> i128 {
        self.0
    }

    /// From whole units.
    pub const fn from_units(units: i64) -> Self {
        Self(units as i128 * Self::ONE.0)
    }

    /// From a value at `decimals` places, as a parameter of type `decimal` is; `None` above 18.
    pub fn from_decimal(value: i64, decimals: u8) -> Option<Self> {
        let factor = pow10(18_u32.checked_sub(u32::from(decimals))?)?;
        Some(Self(i128::from(value).checked_mul(factor)?))
    }

    /// `price` times `qty` in the quote asset, each at its decimals. `None` on overflow, which is
    /// best treated as too much.
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

    /// The largest quantity that this amount of quote buys at `price`, rounded down; nothing for
    /// nothing or less. `None` on overflow.
    pub fn qty_at(self, price: Price, price_decimals: u8, qty_decimals: u8) -> Option<Qty> {
        if self.0 <= 0 {
            return Some(Qty::ZERO);
        }
        let places = i32::from(price_decimals) + i32::from(qty_decimals) - 18;
        let scaled = match u32::try_from(places) {
            Ok(places) => self.0.checked_mul(pow10(places)?)?,
            Err(_) => self.0 / pow10(places.unsigned_abs())?,
        };
        Qty::from_raw(i64::try_from(scaled / i128::from(price.0)).ok()?)
    }

    /// The sum, `None` on overflow.
    #[inline]
    pub const fn plus(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(raw) => Some(Self(raw)),
            None => None,
        }
    }

    /// The difference, `None` on overflow.
    #[inline]
    pub const fn minus(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(raw) => Some(Self(raw)),
            None => None,
        }
    }

    /// The difference held at the ends of the range: right where a smaller figure is the safe one.
    #[inline]
    #[must_use]
    pub const fn minus_or_min(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// `bps` ten-thousandths of this amount, rounded towards zero; `None` on overflow.
    pub fn share_bps(self, bps: u32) -> Option<Self> {
        let (whole, rest) = by_ten_thousand(self.0.unsigned_abs());
        let rest = rest * u64::from(bps) / 10_000;
        let share = whole.checked_mul(u128::from(bps))?.checked_add(u128::from(rest))?;
        let share = i128::try_from(share).ok()?;
        Some(Self(if self.is_negative() { -share } else { share }))
    }

    /// Whether this is below zero.
    #[inline]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let one = Self::ONE.0.unsigned_abs();
        let raw = self.0.unsigned_abs();
        write!(f, "{}", raw / one)?;
        let mut rest = (raw % one) as u64;
        if rest == 0 {
            return Ok(());
        }
        let mut width = 18;
        while rest.is_multiple_of(10) {
            rest /= 10;
            width -= 1;
        }
        write!(f, ".{rest:0width$}")
    }
}

/// `value` at `decimals` places as an amount at 18.
fn rescale(value: i128, decimals: u32, round: Round) -> Option<i128> {
    match decimals.checked_sub(18) {
        None => value.checked_mul(pow10(18 - decimals)?),
        Some(0) => Some(value),
        Some(places) => Some(divide(value, pow10(places)?, round)),
    }
}

/// Quotient and rest, four digits of 32 bits one after the other: a sandbox has no division of 128
/// bits, and one of 64 bits by a constant is a multiplication.
fn by_ten_thousand(value: u128) -> (u128, u64) {
    let mut quotient = 0;
    let mut rest = 0;
    for shift in [96, 64, 32, 0] {
        let digit = rest << 32 | u64::from((value >> shift) as u32);
        quotient = quotient << 32 | u128::from(digit / 10_000);
        rest = digit % 10_000;
    }
    (quotient, rest)
}

fn divide(value: i128, by: i128, round: Round) -> i128 {
    let quotient = value / by;
    match round {
        Round::Down => quotient,
        Round::Up if value == quotient * by => quotient,
        Round::Up => quotient + if (value < 0) == (by < 0) { 1 } else { -1 },
    }
}

fn pow10(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::string::ToString;

    use super::*;

    fn rounds() -> impl Strategy<Value = (Round, model::Round)> {
        prop_oneof![Just((Round::Down, model::Round::Down)), Just((Round::Up, model::Round::Up))]
    }

    /// As often small as large.
    fn raw() -> impl Strategy<Value = i64> {
        prop_oneof![0..100_i64, 0..1_000_000_000_i64, 0..=i64::MAX]
    }

    fn money() -> impl Strategy<Value = i128> {
        prop_oneof![
            -100..100_i128,
            -1_000_000_000_000_000_000_000..1_000_000_000_000_000_000_000_i128,
            any::<i128>()
        ]
    }

    fn both(raw: i64) -> (Price, model::Price) {
        let raw = raw.max(1);
        (Price::from_raw(raw).unwrap(), model::Price::from_raw(raw).unwrap())
    }

    proptest! {
        #[test]
        fn prices_shift_and_compare_as_the_engines_do(
            a in raw(), b in raw(), bps in -20_000..40_000_i64, (round, theirs) in rounds()
        ) {
            let ((a, their_a), (b, their_b)) = (both(a), both(b));
            prop_assert_eq!(a.change_bps(b), their_a.change_bps(their_b));
            let shifted = a.shift_bps(bps, round).map(Price::raw);
            prop_assert_eq!(shifted, their_a.shift_bps(bps, theirs).map(model::Price::raw));
        }

        #[test]
        fn quantities_are_cut_as_the_engines_are(a in raw(), b in raw(), bps in 0..=u32::MAX) {
            let (qty, step) = (Qty(a), Qty(b));
            let (theirs, their_step) =
                (model::Qty::from_raw(a).unwrap(), model::Qty::from_raw(b).unwrap());
            prop_assert_eq!(qty.floor_to(step).0, theirs.floor_to(their_step).raw());
            prop_assert_eq!(qty.share_bps(bps).0, theirs.share_bps(bps).raw());
            prop_assert_eq!(qty.minus(step).0, theirs.minus(their_step).raw());
            prop_assert_eq!(
                qty.plus(step).map(Qty::raw),
                theirs.plus(their_step).map(model::Qty::raw)
            );
        }

        #[test]
        fn a_notional_and_its_quantity_are_the_engines(
            price in raw(), qty in raw(), pd in 0..=18_u8, qd in 0..=18_u8, amount in money(),
            (round, theirs) in rounds()
        ) {
            let (price, their_price) = both(price);
            let their_qty = model::Qty::from_raw(qty).unwrap();
            prop_assert_eq!(
                Amount::notional(price, pd, Qty(qty), qd, round).map(Amount::raw),
                model::Amount::notional(their_price, pd, their_qty, qd, theirs)
                    .map(model::Amount::raw)
            );
            prop_assert_eq!(
                Amount(amount).qty_at(price, pd, qd).map(Qty::raw),
                model::Amount::from_raw(amount).qty_at(their_price, pd, qd).map(model::Qty::raw)
            );
        }

        #[test]
        fn what_an_amount_buys_costs_no_more_than_the_amount(
            price in raw(), amount in 0..1_000_000_000_000_000_000_000_i128, pd in 0..=10_u8, qd in 0..=8_u8
        ) {
            let (price, _) = both(price);
            if let Some(qty) = Amount(amount).qty_at(price, pd, qd) {
                let cost = Amount::notional(price, pd, qty, qd, Round::Up).unwrap();
                prop_assert!(cost.0 <= amount);
            }
        }

        #[test]
        fn shares_and_texts_of_amounts_are_the_engines(amount in money(), bps in 0..=40_000_u32) {
            let theirs = model::Amount::from_raw(amount);
            prop_assert_eq!(
                Amount(amount).share_bps(bps).map(Amount::raw),
                theirs.share_bps(bps).map(model::Amount::raw)
            );
            prop_assert_eq!(Amount(amount).to_string(), theirs.to_string());
        }
    }

    #[test]
    fn a_decimal_parameter_is_money_at_its_decimals() {
        assert_eq!(Amount::from_decimal(12_345, 2).unwrap().to_string(), "123.45");
        assert_eq!(Amount::from_decimal(1, 0), Some(Amount::ONE));
        assert_eq!(Amount::from_decimal(1, 19), None);
    }
}
