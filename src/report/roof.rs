//! How close a network comes to what a conventional device could reach: the data of the roofline, and
//! as a table.

use super::csv::{CsvColumn, float, table, word};
use super::escape::cell;
use super::{ExportError, Exporter};
use crate::result::{Report, Roof};

/// Writes `roofline.csv`: a row per conventional target, network and batch.
pub struct RooflineCsv;

static ROOFS: [CsvColumn<(), Roof>; 14] = [
    ("target", |(), roof| cell(&roof.target)),
    ("workload", |(), roof| word(&roof.workload)),
    ("batch", |(), roof| roof.batch.to_string()),
    ("operations_per_inference", |(), roof| {
        float(roof.operations)
    }),
    ("bytes_per_inference", |(), roof| float(roof.bytes)),
    ("operations_per_byte", |(), roof| float(roof.intensity())),
    ("compute_roof_op_per_s", |(), roof| {
        float(roof.compute_ops_per_s)
    }),
    ("memory_roof_byte_per_s", |(), roof| {
        float(roof.memory_bytes_per_s)
    }),
    ("attainable_op_per_s", |(), roof| {
        float(roof.attainable_ops_per_s(roof.intensity()))
    }),
    ("achieved_op_per_s", |(), roof| {
        float(roof.achieved_ops_per_s())
    }),
    ("time_s", |(), roof| float(roof.time_s)),
    ("limit", |(), roof| roof.limit().label().to_owned()),
    ("unverified", |(), roof| roof.unverified.to_string()),
    ("source", |(), roof| cell(&roof.sources.join("; "))),
];

impl Exporter for RooflineCsv {
    fn file_name(&self) -> &'static str {
        "roofline.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let rows = report.profile.roofs.iter().map(|roof| (&(), roof));
        table(self.file_name(), &ROOFS, rows)
    }
}
