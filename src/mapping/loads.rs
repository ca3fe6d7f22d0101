//! What the slices of a placement do, those alike held once.

use super::Placement;
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Index;
use std::sync::Arc;

/// What one slice receives through one projection. Totals over samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Received {
    /// Index of the projection in the topology.
    pub edge: usize,
    /// Packets. One that serves several projections or slices of a core counts at the first.
    pub packets: u64,
    /// Synaptic operations.
    pub synops: u64,
}

/// What the neurons of one [`super::Slice`] do. Totals over samples.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceTraffic {
    /// Spikes emitted.
    pub spikes: u64,
    /// Packets sent: one per spike and destination core, its own core included.
    pub packets_sent: u64,
    /// Neuron-timesteps with a nonzero potential, any input or bias. Touched ones are counted per
    /// neuron; the other active ones are known per population only and are spread evenly over its
    /// untouched neuron-timesteps.
    pub active_updates: f64,
    /// Per projection into the population.
    pub received: Vec<Received>,
}

impl SliceTraffic {
    /// Packets received, those of the host included.
    #[must_use]
    pub fn packets_received(&self) -> u64 {
        self.received.iter().map(|r| r.packets).sum()
    }

    /// Synaptic operations received.
    #[must_use]
    pub fn synops_received(&self) -> u64 {
        self.received.iter().map(|r| r.synops).sum()
    }

    /// All of it, to tell slices apart.
    pub(super) fn key(&self) -> (u64, u64, u64, &[Received]) {
        let active = self.active_updates.to_bits();
        (self.spikes, self.packets_sent, active, &self.received)
    }
}

/// What the neurons of each slice do, in the order of [`Placement::slices`].
///
/// A feature map cut into thousands of cores has few kinds of them: slices that do the same are held
/// once, so that many cores take no longer than their kinds.
#[derive(Debug, Clone)]
pub struct SliceLoads {
    distinct: Vec<SliceTraffic>,
    kinds: Kinds,
}

/// Which slices are alike.
#[derive(Debug, Clone)]
pub(super) struct Kinds {
    /// Kind of each slice.
    of: Arc<[u32]>,
    /// First slice of each kind, ascending.
    first: Arc<[u32]>,
}

impl Kinds {
    /// Slices with the same population, number of neurons and `key` are alike.
    pub fn by<K: Hash + Eq>(placement: &Placement, key: impl Fn(usize) -> K) -> Self {
        let slices = placement.slices();
        let mut known = HashMap::with_capacity(slices.len().min(1 << 12));
        let mut first = Vec::new();
        let of = slices.iter().enumerate().map(|(index, slice)| {
            let key = (slice.population, slice.neurons.len(), key(index));
            *known.entry(key).or_insert_with(|| {
                first.push(index as u32);
                first.len() as u32 - 1
            })
        });
        let of = of.collect();
        Kinds {
            of,
            first: first.into(),
        }
    }

    /// First slice of each kind.
    pub fn first(&self) -> impl Iterator<Item = usize> {
        self.first.iter().map(|&slice| slice as usize)
    }
}

impl SliceLoads {
    /// Of all slices, one by one.
    pub(super) fn new(placement: &Placement, loads: Vec<SliceTraffic>) -> Self {
        let kinds = Kinds::by(placement, |slice| loads[slice].key());
        let mut wanted = kinds.first().peekable();
        let mut distinct = Vec::with_capacity(kinds.first.len());
        for (slice, load) in loads.into_iter().enumerate() {
            if wanted.next_if_eq(&slice).is_some() {
                distinct.push(load);
            }
        }
        drop(wanted);
        SliceLoads { distinct, kinds }
    }

    /// Of the first slice of each kind.
    pub(super) fn of_kinds(kinds: Kinds, distinct: Vec<SliceTraffic>) -> Self {
        SliceLoads { distinct, kinds }
    }

    /// The same slices alike, whose kinds do something else.
    pub(super) fn like(&self, distinct: Vec<SliceTraffic>) -> Self {
        Self::of_kinds(self.kinds.clone(), distinct)
    }

    /// Slices and what they do; of slices alike the first.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (usize, &SliceTraffic)> {
        self.kinds.first().zip(&self.distinct)
    }

    /// All slices.
    pub fn iter(&self) -> impl Iterator<Item = &SliceTraffic> {
        self.into_iter()
    }
}

impl<'a> IntoIterator for &'a SliceLoads {
    type Item = &'a SliceTraffic;
    type IntoIter = Box<dyn Iterator<Item = &'a SliceTraffic> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(
            self.kinds
                .of
                .iter()
                .map(|&kind| &self.distinct[kind as usize]),
        )
    }
}

impl Index<usize> for SliceLoads {
    type Output = SliceTraffic;

    fn index(&self, slice: usize) -> &SliceTraffic {
        &self.distinct[self.kinds.of[slice] as usize]
    }
}

impl PartialEq for SliceLoads {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other)
    }
}
