//! A list with a bound, on the stack.

/// At most `N` values in order; what happens when it is full is the caller's decision.
#[derive(Clone, Copy, Debug)]
pub struct FixedList<T: Copy, const N: usize> {
    items: [Option<T>; N],
    len: usize,
}

/// Equal values in the same order; what a longer list held before it was cleared does not count.
impl<T: Copy + PartialEq, const N: usize> PartialEq for FixedList<T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.items[..self.len] == other.items[..other.len]
    }
}

impl<T: Copy + Eq, const N: usize> Eq for FixedList<T, N> {}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_list_held_before_it_was_cleared_does_not_count() {
        let mut list = FixedList::<u8, 3>::new();
        list.push(1).unwrap();
        list.push(2).unwrap();
        list.clear();
        assert_eq!(list, FixedList::new());
        list.push(3).unwrap();
        let mut other = FixedList::new();
        assert_ne!(list, other);
        other.push(3).unwrap();
        assert_eq!(list, other);
    }
}
