//! Without the feature `sqlite` there are no stores.

use super::SweepError;
use super::plan::{Point, Shard};
use super::row::PointResult;
use super::status::{Origin, PointStatus};
use crate::features::MissingFeature;
use std::convert::Infallible;
use std::path::Path;

/// Extension of a store.
pub(super) const EXTENSION: &str = "sqlite";

fn missing() -> SweepError {
    SweepError::Feature(MissingFeature {
        what: "the store of a sweep",
        feature: "sqlite",
    })
}

/// The store of one shard; this build has none.
#[derive(Debug)]
pub struct Store(Infallible);

impl Store {
    /// Opens the store of a shard in a folder.
    ///
    /// # Errors
    /// Always: the feature `sqlite` is missing.
    pub fn open(_: &Path, _: Shard) -> Result<Self, SweepError> {
        Err(missing())
    }

    /// Keeps the outcome of a point.
    ///
    /// # Errors
    /// Never: there is no such store.
    pub fn put(
        &mut self,
        _: &Point,
        _: &Result<PointResult, String>,
        _: &Origin,
    ) -> Result<(), SweepError> {
        match self.0 {}
    }
}

pub(super) fn statuses(_: &Path) -> Result<Vec<(String, PointStatus)>, SweepError> {
    Err(missing())
}
