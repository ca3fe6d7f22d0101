//! A set of neurons as bits.

#[derive(Debug, Clone, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    pub(super) fn new(len: usize) -> Self {
        Bits {
            words: vec![0; len.div_ceil(64)],
        }
    }

    pub(super) fn clear(&mut self) {
        self.words.fill(0);
    }

    pub(super) fn copy_from(&mut self, other: &Bits) {
        self.words.copy_from_slice(&other.words);
    }

    pub(super) fn insert(&mut self, index: usize) {
        self.words[index / 64] |= 1 << (index % 64);
    }

    pub(super) fn set(&mut self, index: usize, member: bool) {
        let bit = 1 << (index % 64);
        if member {
            self.words[index / 64] |= bit;
        } else {
            self.words[index / 64] &= !bit;
        }
    }

    pub(super) fn insert_run(&mut self, first: usize, length: usize) {
        let end = first + length;
        let mut at = first;
        while at < end {
            let bit = at % 64;
            let count = (64 - bit).min(end - at);
            self.words[at / 64] |= (u64::MAX >> (64 - count)) << bit;
            at += count;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Calls `f(index, member of self)` for each member of `self` or `other`, ascending.
    pub(super) fn for_each_union(&self, other: &Bits, mut f: impl FnMut(usize, bool)) {
        for (w, (&a, &b)) in self.words.iter().zip(&other.words).enumerate() {
            let mut rest = a | b;
            while rest != 0 {
                let bit = rest.trailing_zeros() as usize;
                f(w * 64 + bit, a >> bit & 1 == 1);
                rest &= rest - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_unions() {
        let mut a = Bits::new(200);
        a.insert_run(60, 70);
        assert_eq!(a.len(), 70);
        let mut members = Vec::new();
        a.for_each_union(&a, |i, _| members.push(i));
        assert_eq!(members, (60..130).collect::<Vec<_>>());
        let mut b = Bits::new(200);
        b.insert(199);
        b.insert(60);
        let mut seen = Vec::new();
        a.for_each_union(&b, |i, member| {
            if !member || i == 60 {
                seen.push(i);
            }
        });
        assert_eq!(seen, [60, 199]);
    }
}
