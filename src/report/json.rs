//! `summary.json`: the whole report, for scripts.

use super::{ExportError, Exporter};
use crate::result::Report;
use std::io::Write;

/// Writes the report as pretty JSON, keys in the order of the struct, floats in the shortest form
/// that reads back to the same number, unknown figures as `null`.
pub struct Json;

impl Exporter for Json {
    fn file_name(&self) -> &'static str {
        "summary.json"
    }

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
        serde_json::to_writer_pretty(&mut *out, report)
            .map_err(std::io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .map_err(ExportError::io(self.file_name()))
    }
}
