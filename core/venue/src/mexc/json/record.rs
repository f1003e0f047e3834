//! Typed reading of a document, and the macro that declares its records.

use core::str::FromStr;

use model::{Amount, NumError, Price, Qty, VenueTime};
use rust_decimal::Decimal;

use super::{JsonError, Value};
use crate::mexc::codec::{Fields, Sink};

/// Something that stands in a document.
pub trait Read<'a>: Sized {
    /// Reads it; `field` names it in errors.
    ///
    /// # Errors
    /// [`JsonError`] when the value is not what it should be.
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError>;

    /// What stands for a field that is missing or null; `None` when it cannot be missing.
    fn absent() -> Option<Self> {
        None
    }

    /// Shows it as the field `name`.
    fn show(&self, name: &'static str, sink: &mut dyn Sink);

    /// Shows it as one more element of the list `name`.
    fn show_item(&self, name: &'static str, sink: &mut dyn Sink) {
        self.show(name, sink);
    }
}

impl<'a> Read<'a> for &'a str {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        value.text().ok_or(JsonError::Type { field, expected: "a text" })
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.text(name, self);
    }

    fn show_item(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.word(name, self);
    }
}

impl<'a> Read<'a> for bool {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        value.flag().ok_or(JsonError::Type { field, expected: "true or false" })
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.flag(name, *self);
    }
}

impl<'a> Read<'a> for i64 {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        integer(value, field)
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.wide(name, *self);
    }
}

impl<'a> Read<'a> for u64 {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        integer(value, field)
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        let mut text = [0; 20];
        let mut rest = *self;
        let mut at = text.len();
        while rest > 0 || at == text.len() {
            at -= 1;
            text[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        sink.text(name, core::str::from_utf8(&text[at..]).unwrap_or_default());
    }
}

impl<'a> Read<'a> for i32 {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        integer(value, field)
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.small(name, *self);
    }
}

impl<'a> Read<'a> for u8 {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        integer(value, field)
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.small(name, i32::from(*self));
    }
}

fn integer<T: FromStr>(value: Value<'_, '_>, field: &'static str) -> Result<T, JsonError> {
    let text = value.text().ok_or(JsonError::Type { field, expected: "an integer" })?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(JsonError::Type { field, expected: "an integer" });
    }
    text.parse().map_err(|_| JsonError::Number { field, cause: NumError::Overflow })
}

/// Times are milliseconds since the epoch.
impl<'a> Read<'a> for VenueTime {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        integer(value, field).map(Self::from_millis)
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.wide(name, self.millis());
    }
}

impl<'a, T: Read<'a>> Read<'a> for Option<T> {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        T::read(value, field).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        if let Some(value) = self {
            value.show(name, sink);
        }
    }
}

/// A list; its length is bound by the reader's cap on bytes.
impl<'a, T: Read<'a>> Read<'a> for Vec<T> {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        let items = value.items().ok_or(JsonError::Type { field, expected: "a list" })?;
        items.map(|item| T::read(item, field)).collect()
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        for item in self {
            item.show_item(name, sink);
        }
    }
}

/// A text that may be anything: other types and null read as absent, never as an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loose<'a>(pub Option<&'a str>);

impl Loose<'_> {
    /// As milliseconds since the epoch.
    pub fn millis(self) -> Option<VenueTime> {
        let millis: i64 = self.0?.parse().ok()?;
        (millis > 0).then(|| VenueTime::from_millis(millis))
    }

    /// As a small number.
    pub fn small(self) -> Option<u8> {
        self.0?.parse().ok()
    }
}

impl<'a> Read<'a> for Loose<'a> {
    fn read(value: Value<'_, 'a>, _: &'static str) -> Result<Self, JsonError> {
        Ok(Self(value.text()))
    }

    fn absent() -> Option<Self> {
        Some(Self(None))
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        self.0.show(name, sink);
    }
}

/// A list whose bad elements are left out and counted: one odd row of an unofficial page, or one
/// odd pair among thousands, must not hide the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<T> {
    /// The good ones.
    pub rows: Vec<T>,
    /// How many were left out.
    pub bad: u32,
    /// Why the first of them was.
    pub first_error: Option<JsonError>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), bad: 0, first_error: None }
    }
}

impl<T> Rows<T> {
    pub(crate) fn add(&mut self, row: Result<T, JsonError>) {
        match row {
            Ok(row) => self.rows.push(row),
            Err(error) => {
                self.bad += 1;
                self.first_error.get_or_insert(error);
            }
        }
    }
}

impl<'a, T: Read<'a>> Read<'a> for Rows<T> {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        let items = value.items().ok_or(JsonError::Type { field, expected: "a list" })?;
        let mut rows = Self::default();
        items.for_each(|item| rows.add(T::read(item, field)));
        Ok(rows)
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        self.rows.show(name, sink);
    }
}

/// A plain decimal as it was written: digits with at most one point, a minus perhaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainDecimal<'a>(&'a str);

impl<'a> PlainDecimal<'a> {
    /// The text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// At a symbol's scale of prices.
    ///
    /// # Errors
    /// [`NumError`] when it is not positive or too fine.
    pub fn price(self, decimals: u8) -> Result<Price, NumError> {
        Price::parse(self.0.as_bytes(), decimals)
    }

    /// At a symbol's scale of quantities.
    ///
    /// # Errors
    /// [`NumError`] when it is negative or too fine.
    pub fn qty(self, decimals: u8) -> Result<Qty, NumError> {
        Qty::parse(self.0.as_bytes(), decimals)
    }

    /// As money.
    ///
    /// # Errors
    /// [`NumError`] when it has more than 18 decimals or is too large.
    pub fn amount(self) -> Result<Amount, NumError> {
        Amount::parse(self.0.as_bytes())
    }

    /// Exactly, whatever its scale, up to 28 digits.
    ///
    /// # Errors
    /// [`NumError`] when it has more digits than that.
    pub fn exact(self) -> Result<Decimal, NumError> {
        Decimal::from_str_exact(self.0).map_err(|_| NumError::Overflow)
    }
}

impl<'a> Read<'a> for PlainDecimal<'a> {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        let text = value.text().ok_or(JsonError::Type { field, expected: "a decimal" })?;
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if plain(whole) && plain(fraction) {
            Ok(Self(text))
        } else {
            Err(JsonError::Number { field, cause: NumError::NotADecimal })
        }
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.text(name, self.0);
    }
}

/// A decimal that the venue also writes as a bare number, where an exponent is legal.
impl<'a> Read<'a> for Decimal {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        let text = value.text().ok_or(JsonError::Type { field, expected: "a number" })?;
        let bad = |_| JsonError::Number { field, cause: NumError::NotADecimal };
        if text.contains(['e', 'E']) {
            return Self::from_scientific(text).map_err(bad);
        }
        Self::from_str_exact(text).map_err(bad)
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.text(name, &self.to_string());
    }
}

/// A decimal that the venue may leave empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaybeDecimal<'a>(pub Option<PlainDecimal<'a>>);

impl<'a> Read<'a> for MaybeDecimal<'a> {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        match value.text() {
            Some("") => Ok(Self(None)),
            _ => PlainDecimal::read(value, field).map(|decimal| Self(Some(decimal))),
        }
    }

    fn absent() -> Option<Self> {
        Some(Self(None))
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        self.0.show(name, sink);
    }
}

/// Declares records: `field: Type = "name" | "other name"`. Unknown fields are passed over; of a
/// field that stands twice the last one counts; null counts as missing.
macro_rules! records {
    ($(
        $(#[$doc:meta])*
        $name:ident $(<$life:lifetime>)? {
            $( $(#[$field_doc:meta])* $field:ident: $type:ty = $key:literal $(| $alias:literal)*, )*
        }
    )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name $(<$life>)? {
            $( $(#[$field_doc])* pub $field: $type, )*
        }

        records!(@read $name $(<$life>)? { $( $field: $type = $key $(| $alias)*, )* });

        impl $(<$life>)? $crate::mexc::codec::Fields for $name $(<$life>)? {
            fn fields(&self, sink: &mut dyn $crate::mexc::codec::Sink) {
                $( $crate::mexc::json::Read::show(&self.$field, $key, sink); )*
            }
        }
    )* };
    (@read $name:ident <$life:lifetime> $fields:tt) => {
        impl<$life> $crate::mexc::json::Read<$life> for $name<$life> { records!(@body $life $fields); }
    };
    (@read $name:ident $fields:tt) => {
        impl<'v> $crate::mexc::json::Read<'v> for $name { records!(@body 'v $fields); }
    };
    (@body $life:lifetime { $( $field:ident: $type:ty = $key:literal $(| $alias:literal)*, )* }) => {
        fn read(
            value: $crate::mexc::json::Value<'_, $life>,
            field: &'static str,
        ) -> Result<Self, $crate::mexc::json::JsonError> {
            use $crate::mexc::json::JsonError;
            $( let mut $field: Option<$type> = None; )*
            let entries = value.entries().ok_or(JsonError::Type { field, expected: "an object" })?;
            for (key, value) in entries {
                if value.is_null() {
                    continue;
                }
                match key {
                    $( $key $(| $alias)* => {
                        let read = <$type as $crate::mexc::json::Read<$life>>::read(value, $key);
                        $field = Some(read?);
                    } )*
                    _ => {}
                }
            }
            Ok(Self {
                $( $field: match $field.or_else(<$type as $crate::mexc::json::Read<$life>>::absent) {
                    Some(value) => value,
                    None => return Err(JsonError::Missing { field: $key }),
                }, )*
            })
        }

        fn show(&self, name: &'static str, sink: &mut dyn $crate::mexc::codec::Sink) {
            sink.object(name, self);
        }

        fn show_item(&self, name: &'static str, sink: &mut dyn $crate::mexc::codec::Sink) {
            sink.item(name, self);
        }
    };
}

pub(crate) use records;

/// Shows a list of `T` that is a whole body.
impl<'a, T: Read<'a>> Fields for Vec<T> {
    fn fields(&self, sink: &mut dyn Sink) {
        self.show("items", sink);
    }
}
