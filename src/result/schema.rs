//! The JSON Schema of `summary.json`, made of the types and held against the shipped file.
//!
//! To write it anew after a field was added: `SPIKEWATT_BLESS=1 cargo test --lib schema`.

use super::Report;
use schemars::generate::SchemaSettings;
use std::path::Path;

const FILE: &str = "schemas/summary.schema.json";

#[test]
fn the_shipped_schema_of_the_summary_is_that_of_the_types() {
    // What is written, not what is read: a field with a default is there.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>();
    schema.insert("title".into(), "spikewatt.run/2: summary.json".into());
    let text = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("SPIKEWATT_BLESS").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, &text).expect("written");
    }
    let shipped = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(shipped == text, "{FILE} is not of these types; bless it");
}
