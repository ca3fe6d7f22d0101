//! Numbers that begin where a line of the cache does.
//!
//! Rows of whole lines then cross none that they do not fill: a quarter less to load than rows of
//! four lines that lie across five.

use std::ops::{Deref, DerefMut};

/// A line of the cache, on all processors that there is a kernel for [bytes].
const LINE: usize = 64;

/// Numbers, the first of which begins a line.
#[derive(Debug, Default)]
pub(super) struct Aligned<T> {
    memory: Vec<T>,
    /// Numbers in front of the first one.
    skipped: usize,
}

impl<T: Copy + Default> Aligned<T> {
    /// None, with room for so many: more would move, and begin anywhere.
    pub(super) fn with_capacity(count: usize) -> Self {
        let most = LINE / size_of::<T>();
        let mut memory: Vec<T> = Vec::with_capacity(count + most);
        let skipped = memory.as_ptr().align_offset(LINE).min(most);
        memory.resize(skipped, T::default());
        Aligned { memory, skipped }
    }

    /// Adds numbers at the end.
    pub(super) fn extend(&mut self, numbers: impl IntoIterator<Item = T>) {
        self.memory.extend(numbers);
    }

    /// Makes them at least so many; what they are is forgotten if there were fewer.
    pub(super) fn grow(&mut self, count: usize) {
        if self.len() < count {
            *self = Self::with_capacity(count);
            self.memory.resize(self.skipped + count, T::default());
        }
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.memory[self.skipped..]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.skipped..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_a_line_and_stay_there() {
        for count in [0usize, 1, 15, 16, 1000] {
            let mut words = Aligned::with_capacity(count);
            words.extend((0..count).map(|i| i as i16));
            assert_eq!(words.as_ptr().addr() % LINE, 0);
            assert!(words.iter().map(|&word| word as usize).eq(0..count));

            let mut sums = Aligned::<f32>::default();
            sums.grow(count);
            assert_eq!(sums.len(), count);
            assert!(count == 0 || sums.as_ptr().addr().is_multiple_of(LINE));
            let place = sums.as_ptr();
            sums.grow(count / 2);
            assert_eq!((sums.len(), sums.as_ptr()), (count, place));
        }
    }
}
