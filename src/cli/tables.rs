//! Tables in the format that was asked for: CSV, and Markdown and LaTeX made of it.

use super::{Common, Format, print, print_json};
use anyhow::bail;
use serde::Serialize;
use serde_json::{Map, Value};

/// Prints a result: as JSON, as text, or as its table (CSV, from which the others follow).
pub(super) fn emit(
    common: &Common,
    value: &impl Serialize,
    text: impl FnOnce() -> anyhow::Result<String>,
    table: impl FnOnce() -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<()> {
    match common.format {
        Format::Json => print_json(value),
        Format::Text => print(&text()?),
        format => print(&set(format, &table()?)?),
    }
}

/// The table of a result that has none.
pub(super) fn no_table() -> anyhow::Result<Vec<u8>> {
    bail!("--format: what this prints is no table; take text or json")
}

/// A CSV table in another format.
pub(super) fn set(format: Format, csv: &[u8]) -> anyhow::Result<String> {
    match format {
        Format::Md => markdown(csv),
        Format::Latex => latex(csv),
        _ => Ok(String::from_utf8(csv.to_vec())?),
    }
}

/// Rows as CSV: a column for each key in the order of first appearance, `key_inner` for the keys of
/// an object within, the entries of a list separated by blanks; null is an empty cell.
pub(super) fn csv_of<T: Serialize>(rows: &[T]) -> anyhow::Result<Vec<u8>> {
    let mut head: Vec<String> = Vec::new();
    let mut flat = Vec::new();
    for row in rows {
        let mut cells = Map::new();
        flatten("", &serde_json::to_value(row)?, &mut cells);
        for key in cells.keys() {
            if !head.contains(key) {
                head.push(key.clone());
            }
        }
        flat.push(cells);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&head)?;
    for cells in &flat {
        let cell = |key: &String| cells.get(key).map_or_else(String::new, word);
        writer.write_record(head.iter().map(cell))?;
    }
    Ok(writer.into_inner()?)
}

fn flatten(key: &str, value: &Value, cells: &mut Map<String, Value>) {
    match value {
        Value::Object(inner) => {
            for (name, value) in inner {
                let name = match key {
                    "" => name.clone(),
                    key => format!("{key}_{name}"),
                };
                flatten(&name, value, cells);
            }
        }
        value => {
            cells.insert(key.to_owned(), value.clone());
        }
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => crate::report::escape::cell(text),
        Value::Array(entries) => entries.iter().map(word).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn records(csv: &[u8]) -> anyhow::Result<Vec<Vec<String>>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(csv);
    let rows = reader
        .records()
        .map(|row| Ok(row?.iter().map(str::to_owned).collect()));
    rows.collect()
}

fn markdown(csv: &[u8]) -> anyhow::Result<String> {
    let mut out = String::new();
    for (index, row) in records(csv)?.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .map(|cell| crate::report::escape::markdown(cell))
            .collect();
        out += &format!("| {} |\n", cells.join(" | "));
        if index == 0 {
            out += &format!("|{}\n", "---|".repeat(row.len()));
        }
    }
    Ok(out)
}

fn latex(csv: &[u8]) -> anyhow::Result<String> {
    let rows = records(csv)?;
    let columns = rows.first().map_or(0, Vec::len);
    let mut out = format!(
        "% needs booktabs\n\\begin{{tabular}}{{{}}}\n\\toprule\n",
        "l".repeat(columns)
    );
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .map(|cell| crate::report::escape::latex(cell))
            .collect();
        out += &format!("{} \\\\\n", cells.join(" & "));
        if index == 0 {
            out += "\\midrule\n";
        }
    }
    Ok(out + "\\bottomrule\n\\end{tabular}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_tables_of_rows() {
        let rows = serde_json::json!([
            { "name": "a|b", "value": { "low": 1.0, "high": 2.5 }, "tags": ["x", "y"] },
            { "name": "50 % of c_d", "value": null, "more": true },
        ]);
        let Value::Array(rows) = rows else {
            unreachable!()
        };
        let csv = csv_of(&rows).expect("rows");
        let text = String::from_utf8(csv.clone()).expect("text");
        assert_eq!(
            text,
            "name,value_low,value_high,tags,value,more\na|b,1.0,2.5,x y,,\n50 % of c_d,,,,,true\n"
        );
        let md = set(Format::Md, &csv).expect("a table");
        assert!(md.starts_with("| name | value"), "{md}");
        assert_eq!(md.lines().nth(1), Some("|---|---|---|---|---|---|"));
        assert!(md.contains("a\\|b"), "{md}");
        let tex = set(Format::Latex, &csv).expect("a table");
        assert!(tex.contains("50 \\% of c\\_d &"), "{tex}");
        assert!(tex.contains("\\begin{tabular}{llllll}"), "{tex}");
    }

    #[test]
    fn formulas_of_spreadsheets_stay_text() {
        let rows = [serde_json::json!({ "name": "=1+1" })];
        let csv = String::from_utf8(csv_of(&rows).expect("rows")).expect("text");
        assert!(csv.contains("'=1+1"), "{csv}");
    }
}
