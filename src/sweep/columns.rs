//! A table of typed columns, written as CSV or as Parquet.

use crate::report::escape::cell;
use serde_json::Value;

/// ColumnValues of a column, one per row; an unknown one is `None`, an empty cell or a null.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ColumnValues {
    Text(Vec<Option<String>>),
    Number(Vec<Option<f64>>),
    Whole(Vec<Option<i64>>),
    Count(Vec<Option<u64>>),
    Flag(Vec<Option<bool>>),
}

/// A table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    pub(super) columns: Vec<(String, ColumnValues)>,
    rows: usize,
}

impl Table {
    pub(super) fn new(rows: usize) -> Self {
        Table {
            columns: Vec::new(),
            rows,
        }
    }

    /// Adds a column, which has as many values as the table has rows.
    pub(super) fn push(&mut self, name: &str, values: ColumnValues) {
        self.columns.push((name.to_owned(), values));
    }

    /// Adds a column of settings, of the narrowest type that holds all of them.
    pub(super) fn push_settings(&mut self, name: &str, settings: &[&Value]) {
        let all = |is: fn(&Value) -> bool| settings.iter().all(|value| is(value));
        let values = settings.iter();
        let values = if all(Value::is_boolean) {
            ColumnValues::Flag(values.map(|value| value.as_bool()).collect())
        } else if all(Value::is_i64) {
            ColumnValues::Whole(values.map(|value| value.as_i64()).collect())
        } else if all(Value::is_f64) {
            ColumnValues::Number(values.map(|value| value.as_f64()).collect())
        } else {
            let text = |value: &&Value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            ColumnValues::Text(values.map(|value| Some(text(value))).collect())
        };
        self.push(name, values);
    }

    /// As CSV with a line of names.
    ///
    /// # Errors
    /// If a row cannot be written, which memory never refuses.
    pub fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(self.columns.iter().map(|(name, _)| cell(name)))?;
        for row in 0..self.rows {
            out.write_record(self.columns.iter().map(|(_, values)| values.text(row)))?;
        }
        finished(out)
    }
}

impl ColumnValues {
    /// An unknown value is an empty cell.
    fn text(&self, row: usize) -> String {
        match self {
            ColumnValues::Text(values) => values[row].as_deref().map(cell),
            ColumnValues::Number(values) => values[row].map(|value| value.to_string()),
            ColumnValues::Whole(values) => values[row].map(|value| value.to_string()),
            ColumnValues::Count(values) => values[row].map(|value| value.to_string()),
            ColumnValues::Flag(values) => values[row].map(|value| value.to_string()),
        }
        .unwrap_or_default()
    }
}

/// What was written as CSV.
pub(super) fn finished(out: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    out.into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}
