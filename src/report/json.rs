//! `summary.json`: the whole report, for scripts.

use super::{ExportError, Exporter};
use crate::result::Report;

/// Writes the report as pretty JSON, keys in the order of the struct, floats in the shortest form
/// that reads back to the same number, unknown figures as `null`.
pub struct Json;

impl Exporter for Json {
    fn file_name(&self) -> &'static str {
        "summary.json"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let failed = |error: serde_json::Error| ExportError::io(self.file_name())(error.into());
        let mut bytes = serde_json::to_vec_pretty(report).map_err(failed)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}
