//! A list with a bound, on the stack.

/// At most `N` values in order; what happens when it is full is the caller's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedList<T: Copy, const N: usize> {
    items: [Option<T>; N],
    len: usize,
}

impl<T: Copy, const N: usize> Default for FixedList<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy, const N: usize> FixedList<T, N> {
    /// An empty list.
    pub const fn new() -> Self {
        Self { items: [None; N], len: 0 }
    }

    /// Appends `item`; gives it back when the list is full.
    ///
    /// # Errors
    /// The item, when there is no room.
    pub fn push(&mut self, item: T) -> Result<(), T> {
        match self.items.get_mut(self.len) {
            Some(slot) => {
                *slot = Some(item);
                self.len += 1;
                Ok(())
            }
            None => Err(item),
        }
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The values in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = T> + '_ {
        self.items[..self.len].iter().copied().flatten()
    }

    /// The value at `index`.
    pub fn get(&self, index: usize) -> Option<T> {
        self.items[..self.len].get(index).copied().flatten()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.len = 0;
    }
}
