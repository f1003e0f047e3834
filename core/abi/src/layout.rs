//! How a structure is laid out: fields at written offsets, without gaps.

/// Something with a fixed number of bytes, little-endian.
pub trait Plain: Copy {
    /// Bytes.
    const SIZE: usize;

    /// Writes itself to the first [`SIZE`](Self::SIZE) bytes of `to`.
    ///
    /// # Panics
    /// When `to` is shorter.
    fn put(&self, to: &mut [u8]);

    /// Reads itself from the first [`SIZE`](Self::SIZE) bytes of `from`.
    ///
    /// # Panics
    /// When `from` is shorter.
    fn get(from: &[u8]) -> Self;
}

/// One field of a structure, for documents and their tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where it begins, in bytes from the structure's start.
    pub offset: usize,
    /// Its name.
    pub name: &'static str,
    /// Its type, as Rust writes it.
    pub kind: &'static str,
    /// Its bytes.
    pub size: usize,
}

/// A whole structure, for documents and their tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Structure {
    /// Its name.
    pub name: &'static str,
    /// Its bytes.
    pub size: usize,
    /// Its fields in order.
    pub fields: &'static [Field],
}

macro_rules! plain_number {
    ($($number:ty),*) => {$(
        impl Plain for $number {
            const SIZE: usize = size_of::<$number>();

            #[inline]
            fn put(&self, to: &mut [u8]) {
                to[..Self::SIZE].copy_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn get(from: &[u8]) -> Self {
                let mut bytes = [0; Self::SIZE];
                bytes.copy_from_slice(&from[..Self::SIZE]);
                Self::from_le_bytes(bytes)
            }
        }
    )*};
}

plain_number!(u8, u16, u32, u64, u128, i32, i64, i128);

impl<T: Plain, const N: usize> Plain for [T; N] {
    const SIZE: usize = T::SIZE * N;

    #[inline]
    fn put(&self, to: &mut [u8]) {
        for (at, item) in self.iter().enumerate() {
            item.put(&mut to[at * T::SIZE..(at + 1) * T::SIZE]);
        }
    }

    #[inline]
    fn get(from: &[u8]) -> Self {
        core::array::from_fn(|at| T::get(&from[at * T::SIZE..(at + 1) * T::SIZE]))
    }
}

/// Declares a structure of so many bytes with its fields at their offsets. That the fields follow
/// each other without a gap, each at a multiple of its alignment up to 8, is checked when it is
/// compiled.
macro_rules! layout {
    (
        $(#[$meta:meta])*
        $name:ident: $size:literal {
            $( $(#[$field_meta:meta])* $offset:literal $field:ident: $kind:ty, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $kind, )*
        }

        impl $name {
            /// Every field in order.
            pub const FIELDS: &[$crate::Field] = &[$(
                $crate::Field {
                    offset: $offset,
                    name: stringify!($field),
                    kind: stringify!($kind),
                    size: <$kind as $crate::Plain>::SIZE,
                },
            )*];
        }

        impl Default for $name {
            /// All zeros.
            fn default() -> Self {
                <Self as $crate::Plain>::get(&[0; $size])
            }
        }

        impl $crate::Plain for $name {
            const SIZE: usize = $size;

            #[inline]
            fn put(&self, to: &mut [u8]) {
                let to = &mut to[..$size];
                $( self.$field.put(&mut to[$offset..$offset + <$kind as $crate::Plain>::SIZE]); )*
            }

            #[inline]
            fn get(from: &[u8]) -> Self {
                let from = &from[..$size];
                Self {
                    $( $field: <$kind as $crate::Plain>::get(&from[$offset..]), )*
                }
            }
        }

        const _: () = {
            let mut end = 0;
            $(
                assert!(end == $offset, "a gap or an overlap");
                end += <$kind as $crate::Plain>::SIZE;
            )*
            assert!(end == $size, "the size is not the sum of its fields");
            assert!($size % 8 == 0 || $size < 8, "the size is no multiple of eight");
        };
    };
}

pub(crate) use layout;
