//! Messages of the schema as borrowed structs, and the macro that reads them.
//!
//! Reading follows prost: the last of a repeated scalar wins, a repeated body of the same kind is
//! merged (its lists are joined), unknown fields are skipped, a known field in another wire type
//! is an error.

use core::marker::PhantomData;

use super::DecodeError;
use super::wire::{Cursor, DEPTH_MAX, WireError};

/// Where a message stands in its frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    /// Field number of the message in its parent.
    pub(crate) number: u32,
    /// The parent's bytes behind it: further occurrences under `number` are merged into it.
    pub(crate) later: Cursor<'a>,
    /// Levels that may still be entered.
    pub(crate) depth: u8,
}

impl Site<'_> {
    /// An element of a list: never merged with another.
    fn element(depth: u8) -> Self {
        Self { number: 0, later: Cursor::default(), depth }
    }
}

/// A message that borrows from its frame.
pub(crate) trait Message<'a>: Default {
    /// Reads one occurrence into `self`.
    fn merge(&mut self, bytes: Cursor<'a>, site: Site<'a>) -> Result<(), DecodeError>;
}

/// A repeated message: the items are read anew by each pass over them.
///
/// All of them were checked when the frame was read.
#[derive(Debug)]
pub struct Items<'a, M> {
    first: Cursor<'a>,
    later: Cursor<'a>,
    parent: u32,
    number: u32,
    len: usize,
    of: PhantomData<M>,
}

impl<M> Clone for Items<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Items<'_, M> {}

impl<M> Default for Items<'_, M> {
    fn default() -> Self {
        Self {
            first: Cursor::default(),
            later: Cursor::default(),
            parent: 0,
            number: 0,
            len: 0,
            of: PhantomData,
        }
    }
}

#[expect(private_bounds, reason = "only messages of this schema are items")]
impl<'a, M: Message<'a>> Items<'a, M> {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The items in the order of the wire.
    pub fn iter(&self) -> ItemsIter<'a, M> {
        ItemsIter { part: self.first, rest: *self }
    }

    pub(crate) fn add(
        &mut self,
        number: u32,
        item: Cursor<'a>,
        first: Cursor<'a>,
        site: Site<'a>,
    ) -> Result<(), DecodeError> {
        if self.len == 0 {
            let (later, parent) = (site.later, site.number);
            *self = Self { first, later, parent, number, len: 0, of: PhantomData };
        }
        self.len += 1;
        M::default().merge(item, Site::element(site.depth - 1))
    }
}

/// Goes through [`Items`].
#[derive(Debug)]
pub struct ItemsIter<'a, M> {
    part: Cursor<'a>,
    rest: Items<'a, M>,
}

impl<'a, M: Message<'a>> Iterator for ItemsIter<'a, M> {
    type Item = M;

    fn next(&mut self) -> Option<M> {
        loop {
            if let Some(item) = self.part.find(self.rest.number) {
                let mut message = M::default();
                message.merge(item, Site::element(DEPTH_MAX - 1)).ok()?;
                return Some(message);
            }
            self.part = self.rest.later.find(self.rest.parent)?;
        }
    }
}

/// Turns a fault of the wire into an error of `message`.
#[cold]
pub(crate) fn of(message: &'static str, field: u32, error: WireError) -> DecodeError {
    DecodeError::Wire { message, field, error }
}

/// Declares messages: `number => name "schemaName": kind`, kinds `text`, `i32`, `i64`, `bool` and
/// `[Message]` for a list.
macro_rules! messages {
    ($(
        $(#[$doc:meta])*
        $name:ident {
            $( $(#[$field_doc:meta])* $number:literal => $field:ident $label:literal: $kind:tt, )*
        }
    )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $name<'a> {
            $( $(#[$field_doc])* pub $field: messages!(@type $kind), )*
        }

        impl<'a> Message<'a> for $name<'a> {
            fn merge(&mut self, bytes: Cursor<'a>, site: Site<'a>) -> Result<(), DecodeError> {
                const KNOWN: &[u32] = &[$($number),*];
                let fail = |field| move |error| of(stringify!($name), field, error);
                let mut cursor = bytes;
                while let Some(key) = cursor.key().map_err(fail(0))? {
                    match (key >> 3, key & 7) {
                        $( ($number, messages!(@wire $kind)) => {
                            messages!(@read $kind, self.$field, $number, cursor, bytes, site, fail($number));
                        } )*
                        _ => cursor.unknown(key, KNOWN, site.depth).map_err(fail(key >> 3))?,
                    }
                }
                Ok(())
            }
        }

        impl Fields for $name<'_> {
            fn fields(&self, sink: &mut dyn Sink) {
                $( messages!(@show $kind, self.$field, $label, sink); )*
            }
        }
    )* };
    (@type text) => { &'a str };
    (@type [$item:ident]) => { Items<'a, $item<'a>> };
    (@type $kind:ident) => { $kind };
    (@wire text) => { 2 };
    (@wire [$item:ident]) => { 2 };
    (@wire $kind:ident) => { 0 };
    (@read text, $slot:expr, $n:literal, $cursor:ident, $all:ident, $site:ident, $fail:expr) => {
        $slot = $cursor.text().map_err($fail)?
    };
    (@read [$item:ident], $slot:expr, $n:literal, $cursor:ident, $all:ident, $site:ident, $fail:expr) => {
        let item = $cursor.message().map_err($fail)?;
        $slot.add($n, item, $all, $site)?
    };
    (@read bool, $slot:expr, $n:literal, $cursor:ident, $all:ident, $site:ident, $fail:expr) => {
        $slot = $cursor.varint().map_err($fail)? != 0
    };
    (@read $kind:ident, $slot:expr, $n:literal, $cursor:ident, $all:ident, $site:ident, $fail:expr) => {
        $slot = $cursor.varint().map_err($fail)? as $kind
    };
    (@show text, $value:expr, $label:literal, $sink:ident) => {
        if !$value.is_empty() { $sink.text($label, $value) }
    };
    (@show [$item:ident], $value:expr, $label:literal, $sink:ident) => {
        for item in $value.iter() { $sink.item($label, &item) }
    };
    (@show i32, $value:expr, $label:literal, $sink:ident) => {
        if $value != 0 { $sink.small($label, $value) }
    };
    (@show i64, $value:expr, $label:literal, $sink:ident) => {
        if $value != 0 { $sink.wide($label, $value) }
    };
    (@show bool, $value:expr, $label:literal, $sink:ident) => {
        if $value { $sink.flag($label, $value) }
    };
}

pub(crate) use messages;
