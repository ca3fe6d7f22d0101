//! From populations to neurocores: where neurons sit ([`place`], [`optimise`]), which packets then
//! cross which links ([`traffic`]) and how long a timestep takes ([`latency`] from counts,
//! [`replay`] from the spikes of one sample).
//!
//! Everything is worked out from saved counts and the structure of the network, for any
//! [`Capacity`], without simulating again.

mod anneal;
mod capacity;
mod congestion;
mod fan_out;
mod greedy;
mod latency;
mod limits;
mod links;
mod loads;
mod memory;
mod mesh;
mod placement;
mod reach;
mod replay;
mod routes;
mod scaled;
mod seats;
#[cfg(test)]
mod tests;
mod traffic;

pub use anneal::{LinkCosts, optimise};
pub use capacity::Capacity;
pub use congestion::Links;
pub use greedy::place;
pub use latency::{Pipeline, StageTimes, SynapseTime, latency, pipeline};
pub use links::link_loads;
pub use loads::{Received, SliceLoads, SliceTraffic};
pub use mesh::{ChipLink, Mesh};
pub use placement::{MappingError, Placement};
pub use replay::{Replay, replay};
pub use routes::{Route, routes};
pub use scaled::ScaledTraffic;
pub use seats::Slice;
pub use traffic::{Sent, Traffic, traffic};
