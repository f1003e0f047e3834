//! State as bytes, number by number.

use abi::Plain;

/// Puts numbers into a buffer, one behind the other.
#[derive(Debug)]
pub struct Writer<'a> {
    bytes: &'a mut [u8],
    /// `None` once something did not fit.
    at: Option<usize>,
}

impl<'a> Writer<'a> {
    /// At the start of the buffer.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, at: Some(0) }
    }

    /// Puts one number, or an array of them.
    pub fn put<T: Plain>(&mut self, value: T) -> &mut Self {
        self.at = self.at.and_then(|at| {
            let end = at.checked_add(T::SIZE)?;
            value.put(self.bytes.get_mut(at..end)?);
            Some(end)
        });
        self
    }

    /// Bytes written; `None` when the buffer is too short for them.
    pub fn written(&self) -> Option<usize> {
        self.at
    }
}

/// Takes them out again, in the same order.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// At the start of the bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The next one; `None` when too few bytes are left.
    pub fn get<T: Plain>(&mut self) -> Option<T> {
        let (value, rest) = self.bytes.split_at_checked(T::SIZE)?;
        self.bytes = rest;
        Some(T::get(value))
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_comes_out_in_order() {
        let mut bytes = [0; 16];
        assert_eq!(
            Writer::new(&mut bytes).put(7_u32).put(-1_i64).put([1_u16, 2]).written(),
            Some(16)
        );
        let mut reader = Reader::new(&bytes);
        assert_eq!((reader.get::<u32>(), reader.get::<i64>()), (Some(7), Some(-1)));
        assert_eq!((reader.get::<[u16; 2]>(), reader.is_at_end()), (Some([1, 2]), true));
        assert_eq!(reader.get::<u8>(), None);
    }

    #[test]
    fn a_buffer_that_is_too_short_gives_no_length() {
        let mut bytes = [0; 11];
        assert_eq!(Writer::new(&mut bytes).put(7_u32).put(-1_i64).put(1_u8).written(), None);
    }
}
