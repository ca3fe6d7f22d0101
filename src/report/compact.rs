//! The answer as a table of few columns, for a document: every contender of the whole device, the
//! cheapest first.

use super::ExportError;
use super::csv::{CsvColumn, maybe, table};
use super::escape::cell;
use crate::result::{
    Boundary, Condition, Contender, Report, Scope, Why, central_energy_j, standings,
};
use crate::units::Range;

/// A row: the contender, the reason why it does not compete, its central interval.
type Row<'a> = (Contender<'a>, Option<Why>, Option<Range>);

/// The table as CSV: whole devices, one inference at a time; 5 % and 95 % quantiles of the energy
/// beside its nominal value.
///
/// # Errors
/// If the table cannot be written.
pub fn compact_csv(report: &Report) -> Result<Vec<u8>, ExportError> {
    let columns: [CsvColumn<(), Row>; 11] = [
        ("class", |(), (one, ..)| {
            let class = one.target.class;
            class.map_or_else(String::new, |class| class.key().to_owned())
        }),
        ("target", |(), (one, ..)| cell(&one.target.name)),
        ("workload", |(), (one, ..)| {
            one.target.workload.label().to_owned()
        }),
        ("format", |(), (one, ..)| {
            let format = one.target.format;
            format.map_or_else(String::new, |format| format.to_string())
        }),
        ("energy_j", |(), (one, ..)| {
            maybe(one.energy_j().map(|energy| energy.nominal))
        }),
        ("energy_q05_j", |(), (.., central)| {
            maybe(central.map(|e| e.low))
        }),
        ("energy_q95_j", |(), (.., central)| {
            maybe(central.map(|e| e.high))
        }),
        ("latency_s", |(), (one, ..)| maybe(one.target.latency_s)),
        ("carbon_g_per_million", |(), (one, ..)| {
            let carbon = one.target.footprint.per_million.carbon_g;
            maybe(carbon.map(|grams| grams.nominal))
        }),
        ("unverified", |(), (one, ..)| {
            one.target.is_unverified_in(Scope::System).to_string()
        }),
        ("not_compared_because", |(), (_, why, _)| {
            why.as_ref()
                .map_or_else(String::new, |why| cell(&why.to_string()))
        }),
    ];
    let found = standings(report, Boundary::DeviceTotal, Condition::Streaming);
    let rows: Vec<Row> = found
        .into_iter()
        .map(|(one, why)| {
            let central = central_energy_j(report, &one);
            (one, why, central)
        })
        .collect();
    table("table", &columns, rows.iter().map(|row| (&(), row)))
}
