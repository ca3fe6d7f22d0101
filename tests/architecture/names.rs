//! A name of a type means one thing in the whole library. What a file keeps to itself may be called
//! as it likes.

use crate::root;
use crate::source::{code, sources};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Names of the types that code declares for others.
fn types_in(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in code.lines() {
        let Some(rest) = line.trim_start().strip_prefix("pub") else {
            continue;
        };
        let rest = match rest.strip_prefix('(') {
            Some(inside) => inside.split_once(')').map_or("", |(_, rest)| rest),
            None => rest,
        };
        let rest = rest.trim_start();
        let rest = rest.strip_prefix("unsafe ").unwrap_or(rest);
        let kinds = ["struct ", "enum ", "union ", "trait ", "type "];
        if let Some(name) = kinds.iter().find_map(|kind| rest.strip_prefix(kind)) {
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
            found.push(&name[..end.unwrap_or(name.len())]);
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

/// Files that a module is taken from where a feature is off: they declare what it declares.
fn stand_ins(file: &Path, text: &str) -> Vec<PathBuf> {
    let folder = file.parent().unwrap();
    let paths = text.lines().filter_map(|line| {
        let condition = line.trim_start().strip_prefix("#[cfg_attr(")?;
        condition.split_once("path = \"")?.1.split('"').next()
    });
    paths.map(|path| folder.join(path)).collect()
}

#[test]
fn a_type_name_means_one_thing() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let texts: Vec<(PathBuf, String)> = (files.into_iter())
        .map(|file| (file.clone(), fs::read_to_string(&file).unwrap()))
        .collect();
    let stand_ins: BTreeSet<PathBuf> = (texts.iter())
        .flat_map(|(file, text)| stand_ins(file, text))
        .collect();
    let mut declared: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, text) in texts {
        if stand_ins.contains(&file) {
            continue;
        }
        let text = code(&text);
        for name in types_in(&text) {
            let path = file.strip_prefix(root()).unwrap().display().to_string();
            declared.entry(name.to_owned()).or_default().push(path);
        }
    }
    let twice: Vec<String> = (declared.iter())
        .filter(|(_, paths)| paths.len() > 1)
        .map(|(name, paths)| format!("{name}: {}", paths.join(", ")))
        .collect();
    assert!(
        twice.is_empty(),
        "{} names of several types; let each say what it is:\n{}",
        twice.len(),
        twice.join("\n")
    );
}

#[test]
fn declarations_are_found_whoever_may_see_them() {
    let text = "pub struct A<T>(T);\n    pub(super) enum B {\npub(in crate::c) trait D: E {\nstruct F;\n\
                pub(crate) type G = u8;\npub fn h() {}\npub unsafe trait I {}\npub use j::struct_;\n";
    assert_eq!(types_in(text), ["A", "B", "D", "G", "I"]);
}
