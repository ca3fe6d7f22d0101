//! Where neurons sit, worked out once for all points that share a network.
//!
//! Without annealing a placement depends on the synapses that exist and the room on the chip, not
//! on what was counted: points that differ in timesteps, encoding or weights of the same pattern
//! share it.

use crate::energy::{Hardware, PlacementRule, PriceOptions, Work, placement, price, price_placed};
use crate::mapping::Placement;
use crate::network::Topology;
use crate::result::TargetReport;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Placements that are known, of one network after the other.
#[derive(Default)]
pub(super) struct Placements {
    known: Mutex<Vec<Arc<Entry>>>,
}

struct Entry {
    hardware: String,
    topology: Topology,
    // Worked out outside of the lock; whoever needs the same one waits for it.
    placement: OnceLock<Option<Placement>>,
}

impl Placements {
    /// What [`price`] says.
    pub fn price(
        &self,
        hardware: &Hardware,
        work: &Work,
        options: &PriceOptions,
    ) -> Vec<TargetReport> {
        if options.placement != PlacementRule::Greedy {
            return price(hardware, work, options);
        }
        let entry = self.entry(hardware, &work.counts.topology);
        let place = || placement(hardware, &entry.topology);
        match entry.placement.get_or_init(place) {
            Some(placement) => price_placed(hardware, work, options, placement),
            None => price(hardware, work, options),
        }
    }

    fn entry(&self, hardware: &Hardware, topology: &Topology) -> Arc<Entry> {
        let fingerprint = hardware.fingerprint();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let same =
            |entry: &&Arc<Entry>| entry.hardware == fingerprint && entry.topology == *topology;
        if let Some(entry) = known.iter().find(same) {
            return Arc::clone(entry);
        }
        let entry = Arc::new(Entry {
            hardware: fingerprint,
            topology: topology.clone(),
            placement: OnceLock::new(),
        });
        known.push(Arc::clone(&entry));
        entry
    }
}
