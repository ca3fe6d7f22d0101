//! Without the feature `parquet`.

use super::SweepError;
use super::columns::Table;
use crate::features::MissingFeature;

impl Table {
    /// As Parquet; this build cannot.
    ///
    /// # Errors
    /// Always: the feature `parquet` is missing.
    pub fn parquet(&self) -> Result<Vec<u8>, SweepError> {
        Err(SweepError::Feature(MissingFeature {
            what: "writing Parquet",
            feature: "parquet",
        }))
    }
}
