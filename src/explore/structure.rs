//! What one spike of each row sets off, on a device with a given room.

use super::Record;
use crate::energy::{self, Hardware};
use crate::mapping::{Placement, Route, routes};
use crate::network::SynapseKind;

/// Synaptic operations and packets per spike of each row. Depends on the network and on where a
/// device puts its neurons, not on any price.
#[derive(Debug, Clone)]
pub struct Structure {
    /// Synapses that a spike passes, per row: dense, sparse, convolutional.
    pub(super) synops: Vec<[u32; 3]>,
    /// Synapses that multiply a constant input once, per row.
    pub(super) constant: Vec<u32>,
    /// Packets of a spike, per row; empty without a placement.
    pub(super) routes: Vec<Route>,
    /// Cores that a spike is broadcast in, per population; empty where spikes are not broadcast.
    pub(super) broadcasts: Vec<u64>,
    /// Where the neurons sit; `None` for a device without neurocores.
    pub placement: Option<Placement>,
}

impl Structure {
    /// Works out what each spike of a record sets off on a device.
    #[must_use]
    pub fn new(record: &Record, hardware: &Hardware) -> Self {
        let topology = &record.counts.topology;
        let rows = record.raster.height() as usize;
        let mut synops = vec![[0; 3]; rows];
        let mut constant = vec![0; rows];
        for (edge, &once) in topology.edges.iter().zip(&record.constant) {
            let first = record.first_rows[edge.source] as usize;
            let kind = match edge.connectivity.kind() {
                SynapseKind::Dense => 0,
                SynapseKind::Sparse => 1,
                SynapseKind::Conv => 2,
            };
            for (neuron, fan_out) in edge.connectivity.fan_outs().into_iter().enumerate() {
                if once {
                    constant[first + neuron] += fan_out;
                } else {
                    synops[first + neuron][kind] += fan_out;
                }
            }
        }
        let placement = energy::placement(hardware, topology);
        let routes = match &placement {
            Some(placement) => routes(topology, placement).concat(),
            None => Vec::new(),
        };
        Structure {
            synops,
            constant,
            routes,
            broadcasts: energy::broadcasts(hardware, topology).unwrap_or_default(),
            placement,
        }
    }
}
