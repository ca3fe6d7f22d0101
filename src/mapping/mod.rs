//! From populations to neurocores: where neurons sit ([`place`]), which packets then cross which
//! links ([`traffic`]) and how long a timestep takes ([`latency`]).
//!
//! Everything is worked out from saved counts and the structure of the network, for any
//! [`Capacity`], without simulating again.

mod latency;
mod mesh;
mod placement;
mod routes;
mod traffic;

pub use latency::{StageTimes, SynapseTime, latency};
pub use mesh::Mesh;
pub use placement::{Capacity, MappingError, Placement, Slice, place};
pub use routes::{Route, routes};
pub use traffic::{Received, SliceTraffic, Traffic, traffic};
