//! Whether a result that was made again is the same, and if not what differs.

use super::Manifest;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What a difference is about, in the order of cause and effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// The version of spikewatt.
    Version,
    /// A file that was read.
    Input,
    /// A cost table.
    Table,
    /// A file that was written.
    File,
}

/// Something that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about.
    pub aspect: Aspect,
    /// Name or path.
    pub name: String,
    /// Version or SHA-256 in the manifest; `None` if it has none.
    pub recorded: Option<String>,
    /// The same now.
    pub now: Option<String>,
    /// The first line that differs, where both files are text and at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<LinePair>,
}

/// A line of both versions of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinePair {
    /// Number of the line, from 1.
    pub line: usize,
    /// As recorded; `None` beyond the end of the file.
    pub recorded: Option<String>,
    /// As it is now.
    pub now: Option<String>,
}

/// Everything in which a manifest differs from that of the same command now, causes first.
#[must_use]
pub fn differences(recorded: &Manifest, now: &Manifest) -> Vec<Difference> {
    let version = |manifest: &Manifest| vec![("spikewatt".to_owned(), manifest.version.clone())];
    let inputs = |manifest: &Manifest| {
        let named = |input: &crate::result::InputEntry| {
            (
                format!("{} {}", input.role, input.path),
                input.sha256.clone(),
            )
        };
        manifest.inputs.iter().map(named).collect()
    };
    let tables = |manifest: &Manifest| {
        let named = |table: &super::TableEntry| (table.device.clone(), table.sha256.clone());
        manifest.tables.iter().map(named).collect()
    };
    let files = |manifest: &Manifest| {
        let named = |file: &super::FileEntry| (file.name.clone(), file.sha256.clone());
        manifest.files.iter().map(named).collect()
    };
    [
        unequal(Aspect::Version, version(recorded), version(now)),
        unequal(Aspect::Input, inputs(recorded), inputs(now)),
        unequal(Aspect::Table, tables(recorded), tables(now)),
        unequal(Aspect::File, files(recorded), files(now)),
    ]
    .concat()
}

type Named = Vec<(String, String)>;

fn unequal(aspect: Aspect, recorded: Named, now: Named) -> Vec<Difference> {
    let mut both: BTreeMap<String, [Option<String>; 2]> = BTreeMap::new();
    for (side, entries) in [recorded, now].into_iter().enumerate() {
        for (name, value) in entries {
            both.entry(name).or_default()[side] = Some(value);
        }
    }
    both.into_iter()
        .filter(|(_, [recorded, now])| recorded != now)
        .map(|(name, [recorded, now])| Difference {
            aspect,
            name,
            recorded,
            now,
            first: None,
        })
        .collect()
}

/// The first line in which two files differ; `None` if one cannot be read as text.
#[must_use]
pub fn first_line(recorded: &Path, now: &Path) -> Option<LinePair> {
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    let (recorded, now) = (read(recorded)?, read(now)?);
    let (mut old, mut new) = (recorded.lines(), now.lines());
    for line in 1.. {
        match (old.next(), new.next()) {
            (None, None) => break,
            (a, b) if a != b => {
                return Some(LinePair {
                    line,
                    recorded: a.map(str::to_owned),
                    now: b.map(str::to_owned),
                });
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::{FileEntry, TableEntry};
    use super::*;
    use crate::result::InputEntry;

    fn manifest(files: &[(&str, &str)]) -> Manifest {
        let mut manifest = Manifest::new(vec!["run".into()], 1);
        manifest.inputs.push(InputEntry {
            role: "data".into(),
            path: "x.npz".into(),
            sha256: "d".into(),
        });
        manifest.tables.push(TableEntry {
            device: "loihi1".into(),
            sha256: "t".into(),
        });
        manifest.files = files
            .iter()
            .map(|(name, sha256)| FileEntry {
                name: (*name).into(),
                sha256: (*sha256).into(),
                hashed_with: None,
            })
            .collect();
        manifest
    }

    #[test]
    fn worked_differences_name_causes_before_effects() {
        let recorded = manifest(&[("a.csv", "1"), ("b.csv", "2")]);
        assert_eq!(differences(&recorded, &recorded), []);
        let mut now = manifest(&[("a.csv", "1"), ("c.csv", "3")]);
        now.tables[0].sha256 = "other".into();
        let found: Vec<(Aspect, String, bool, bool)> = differences(&recorded, &now)
            .into_iter()
            .map(|d| (d.aspect, d.name, d.recorded.is_some(), d.now.is_some()))
            .collect();
        let expected = [
            (Aspect::Table, "loihi1", true, true),
            (Aspect::File, "b.csv", true, false),
            (Aspect::File, "c.csv", false, true),
        ]
        .map(|(aspect, name, old, new)| (aspect, name.to_owned(), old, new));
        assert_eq!(found, expected);
    }

    #[test]
    fn worked_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        std::fs::write(&a, "x\ny\n").unwrap();
        std::fs::write(&b, "x\ny\nz\n").unwrap();
        let found = first_line(&a, &b).unwrap();
        assert_eq!((found.line, found.recorded), (3, None));
        assert_eq!(first_line(&a, &a), None);
    }
}
