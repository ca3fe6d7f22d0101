//! Data flows one way: a module uses only the floors below its own, and nothing goes round in a
//! circle. There is no list of exceptions.

#[path = "architecture/names.rs"]
mod names;
#[path = "architecture/sizes.rs"]
mod sizes;
#[path = "architecture/source.rs"]
mod source;

use source::{code, scopes, sources};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each floor uses itself and the floors before it. Every module of the library stands here.
const FLOORS: [(&str, &[&str]); 7] = [
    (
        "core",
        &[
            "answer",
            "counts",
            "digest",
            "encoding",
            "engine",
            "features",
            "files",
            "mapping",
            "memory",
            "names",
            "network",
            "neuron",
            "simd",
            "spike_train",
            "units",
        ],
    ),
    ("formats", &["ann", "formats"]),
    (
        "energy",
        &["budget", "energy", "manifest", "result", "validation"],
    ),
    ("flow", &["conversion", "experiment", "explore", "optimise"]),
    ("report", &["report"]),
    ("sweep", &["sweep"]),
    ("faces", &["cli", "meter"]),
];

/// What only joins modules: the root, the program and the prelude.
const ROOTS: [&str; 3] = ["lib", "main", "prelude"];

/// A path of modules below the crate's root, such as `["energy", "mesh"]`.
type Module = Vec<String>;

/// One crate's files with what each one uses.
struct House {
    /// File of each module.
    files: BTreeMap<Module, PathBuf>,
    /// Modules that a module names.
    uses: BTreeMap<Module, BTreeSet<Module>>,
}

impl House {
    fn read(root: &Path) -> House {
        let mut paths = Vec::new();
        sources(root, &mut paths);
        let files: BTreeMap<Module, PathBuf> = (paths.into_iter())
            .map(|path| (module_of(path.strip_prefix(root).unwrap()), path))
            .collect();
        // Each file and each module written out in it: the file, where paths start from, the text.
        let texts: Vec<(&Module, Module, String)> = (files.iter())
            .flat_map(|(module, path)| {
                let parts = scopes(code(&fs::read_to_string(path).unwrap()));
                parts
                    .into_iter()
                    .map(move |(inner, text)| (module, [&module[..], &inner].concat(), text))
            })
            .collect();
        // What a module hands on under a name of its own, as `pub use` does.
        let mut handed: BTreeMap<Module, Module> = BTreeMap::new();
        for (_, place, text) in &texts {
            for path in uses_in(text) {
                if let (Some(name), Some(from)) = (path.last(), absolute(place, &path)) {
                    let named: Module = place.iter().chain([name]).cloned().collect();
                    if named != from {
                        handed.insert(named, from);
                    }
                }
            }
        }
        let mut uses: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (module, place, text) in &texts {
            let named = paths_in(text);
            let named = named.iter().filter_map(|path| absolute(place, path));
            let found = named.filter_map(|path| defined_in(&files, &handed, path));
            let found = found.filter(|other| other != *module);
            uses.entry((*module).clone()).or_default().extend(found);
        }
        House { files, uses }
    }

    /// Circles at every level: in each folder, its files and folders that need each other in turn.
    /// What a child takes from its parent is left out: a parent lists its children and may hold
    /// what they share.
    fn circles(&self) -> Vec<String> {
        let mut edges: BTreeMap<&[String], BTreeSet<(&str, &str)>> = BTreeMap::new();
        for (module, used) in &self.uses {
            for other in used {
                let shared = module.iter().zip(other).take_while(|(a, b)| a == b).count();
                if let (Some(from), Some(to)) = (module.get(shared), other.get(shared)) {
                    edges
                        .entry(&module[..shared])
                        .or_default()
                        .insert((from, to));
                }
            }
        }
        let mut circles = Vec::new();
        for (folder, edges) in edges {
            let reached = closure(&edges);
            let turning: BTreeSet<&str> = (reached.iter())
                .filter_map(|(from, to)| (from == to).then_some(*from))
                .collect();
            let groups: BTreeSet<Vec<&str>> = (turning.iter())
                .map(|one| {
                    let with = |other: &&&str| {
                        reached.contains(&(one, other)) && reached.contains(&(other, one))
                    };
                    turning.iter().filter(with).copied().collect()
                })
                .collect();
            let place = folder.join("::");
            circles.extend(
                groups
                    .iter()
                    .map(|group| format!("{place}: {}", group.join(" <-> "))),
            );
        }
        circles
    }
}

/// Every pair joined by a chain of edges.
fn closure<'a>(edges: &BTreeSet<(&'a str, &'a str)>) -> BTreeSet<(&'a str, &'a str)> {
    let nodes: BTreeSet<&str> = edges.iter().flat_map(|(from, to)| [*from, *to]).collect();
    let mut reached = edges.clone();
    for middle in &nodes {
        for from in &nodes {
            if reached.contains(&(*from, *middle)) {
                let onward: Vec<_> = (nodes.iter())
                    .filter(|to| reached.contains(&(*middle, **to)))
                    .collect();
                reached.extend(onward.into_iter().map(|to| (*from, *to)));
            }
        }
    }
    reached
}

fn module_of(file: &Path) -> Module {
    let path = file.with_extension("");
    let mut parts: Module = (path.iter())
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    if matches!(parts.as_slice(), [only] if only == "lib" || only == "main") {
        parts.clear();
    }
    parts
}

/// Every path that `use` declarations name, whether handed on or not.
fn uses_in(code: &str) -> Vec<Module> {
    let mut found = Vec::new();
    for (at, start) in code.match_indices("use ") {
        let before = code[..at].trim_end_matches(' ').chars().next_back();
        if before.is_none_or(|c| matches!(c, '\n' | ')' | 'b')) {
            let mut paths = Vec::new();
            tree(&code[at + start.len()..], &[], &mut paths);
            let known = |first: &str| matches!(first, "crate" | "super" | "self");
            found.extend(paths.into_iter().map(|path| match known(&path[0]) {
                true => path,
                // A path that begins with a child of this module.
                false => ["self".to_owned()].into_iter().chain(path).collect(),
            }));
        }
    }
    found
}

/// Every path that code names, in `use` trees and inline: `crate::a::b`, `super::c`.
fn paths_in(code: &str) -> Vec<Module> {
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                tree(&code[at..], &[], &mut found);
            }
        }
    }
    found
}

/// Reads one path with the braces at its end; gives what is left of the text.
fn tree<'a>(text: &'a str, before: &[String], found: &mut Vec<Module>) -> &'a str {
    let mut path = before.to_vec();
    let mut rest = text.trim_start();
    loop {
        if let Some(mut inner) = rest.strip_prefix('{') {
            loop {
                inner = tree(inner, &path, found).trim_start();
                match inner.strip_prefix(',') {
                    Some(next) if next.trim_start().starts_with('}') => inner = next.trim_start(),
                    Some(next) => {
                        inner = next;
                        continue;
                    }
                    None => {}
                }
                break;
            }
            return inner.strip_prefix('}').unwrap_or(inner);
        }
        let end = match rest.starts_with('*') {
            true => 1,
            false => rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len()),
        };
        path.push(rest[..end].to_owned());
        rest = &rest[end..];
        match rest.strip_prefix("::") {
            Some(next) if !next.starts_with('<') => rest = next,
            _ => break,
        }
    }
    found.push(path);
    // A renamed import: the new name is no module.
    let named = rest.trim_start();
    match named.strip_prefix("as ") {
        Some(name) => {
            name.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_' || c == ' ')
        }
        None => rest,
    }
}

/// A path from the root of the crate; `None` if it leads out of it.
fn absolute(module: &Module, path: &[String]) -> Option<Module> {
    let mut from = match path[0].as_str() {
        "crate" => Module::new(),
        _ => module.clone(),
    };
    for part in path {
        match part.as_str() {
            "crate" | "self" => {}
            "super" => drop(from.pop()?),
            part => from.push(part.to_owned()),
        }
    }
    Some(from)
}

/// The file that defines what a path names, past the modules that only hand it on.
fn defined_in(
    files: &BTreeMap<Module, PathBuf>,
    handed: &BTreeMap<Module, Module>,
    mut path: Module,
) -> Option<Module> {
    for _ in 0..8 {
        let prefixes = (1..=path.len()).rev().map(|length| &path[..length]);
        let from = prefixes.clone().find_map(|prefix| handed.get(prefix));
        match from {
            Some(from) if !files.contains_key(&path) => path.clone_from(from),
            _ => break,
        }
    }
    let mut prefixes = (1..=path.len()).rev().map(|length| path[..length].to_vec());
    prefixes.find(|prefix| files.contains_key(prefix))
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS
        .iter()
        .position(|(_, modules)| modules.contains(&module))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

#[test]
fn every_module_has_a_floor() {
    let house = House::read(&root().join("src"));
    let tops: BTreeSet<&str> = (house.files.keys())
        .filter_map(|module| module.first().map(String::as_str))
        .filter(|top| !ROOTS.contains(top))
        .collect();
    let listed: BTreeSet<&str> = FLOORS
        .iter()
        .flat_map(|(_, modules)| modules.iter().copied())
        .collect();
    assert_eq!(tops, listed, "FLOORS must list exactly the modules of src");
}

#[test]
fn nothing_uses_a_floor_above_it() {
    let house = House::read(&root().join("src"));
    let mut wrong = Vec::new();
    for (module, used) in &house.uses {
        let Some(own) = module.first().and_then(|top| floor_of(top)) else {
            continue;
        };
        for other in used {
            let above = other
                .first()
                .and_then(|top| floor_of(top))
                .is_some_and(|floor| floor > own);
            if above {
                wrong.push(format!("{} uses {}", module.join("::"), other.join("::")));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} imports go up:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn nothing_goes_round_in_a_circle() {
    let mut wrong = Vec::new();
    for source in ["src", "gui/src", "python/src"] {
        let folder = root().join(source);
        if folder.is_dir() {
            let circles = House::read(&folder).circles();
            wrong.extend(circles.iter().map(|circle| format!("{source}/{circle}")));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} circles:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// A window or a binding for another language is a face: the library knows none of them.
#[test]
fn faces_are_used_by_programs_alone() {
    let house = House::read(&root().join("src"));
    for (module, used) in &house.uses {
        let inside = module
            .first()
            .is_none_or(|top| top == "cli" || top == "meter" || ROOTS.contains(&top.as_str()));
        let face = used.iter().find(|other| {
            other[0] == "cli"
                || (other[0] == "meter"
                    && module.first().is_some_and(|t| t != "cli" && t != "meter"))
        });
        assert!(
            inside || face.is_none(),
            "{} uses {}",
            module.join("::"),
            face.unwrap().join("::")
        );
    }
}

/// What a glob brings in cannot be read from the text, so it would be used unseen.
#[test]
fn no_glob_hides_what_is_used() {
    let mut globs = Vec::new();
    for source in ["src", "gui/src", "python/src"] {
        let mut files = Vec::new();
        let folder = root().join(source);
        if folder.is_dir() {
            sources(&folder, &mut files);
        }
        for file in files {
            if file.file_stem().is_some_and(|stem| stem == "tests") {
                continue;
            }
            let text = code(&fs::read_to_string(&file).unwrap());
            let own = |path: &&Module| {
                ["crate", "super", "self"].contains(&path[0].as_str())
                    && path.last().is_some_and(|last| last == "*")
            };
            let found = paths_in(&text);
            globs.extend(
                (found.iter().filter(own))
                    .map(|path| format!("{}: {}", file.display(), path.join("::"))),
            );
        }
    }
    assert!(globs.is_empty(), "name what is used:\n{}", globs.join("\n"));
}

#[test]
fn only_tests_are_left_out() {
    let text = concat!(
        "mod a;\n#[cfg(test)]\nmod tests;\nmod b { use super::c::D; const X: char = '\"'; }\n",
        "#[cfg(test)]\n#[allow(x)]\nmod more { fn f() {} }\nlet y = r#\"a \" crate::no \"#;\n",
        "fn g<'a>() { crate::e::f() } // crate::no\n/* crate::no */ #[cfg(test)]\nuse crate::{no};\n",
    );
    let scopes = scopes(code(text));
    let place: Module = vec!["x".to_owned()];
    let mut found = Vec::new();
    for (inner, text) in &scopes {
        let place = [&place[..], inner].concat();
        let paths = paths_in(text);
        found.extend(paths.iter().filter_map(|path| absolute(&place, path)));
    }
    let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["x::c::D", "e::f"]);
}

#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let text = "use crate::a::{self, b::{C, D as E}, f};\nuse super::super::g::H;\n// crate::no\nlet x = crate::i::j(\"crate::no\");";
    let paths: Vec<String> = paths_in(&code(text))
        .iter()
        .map(|path| path.join("::"))
        .collect();
    assert_eq!(
        paths,
        [
            "crate::a::self",
            "crate::a::b::C",
            "crate::a::b::D",
            "crate::a::f",
            "crate::i::j",
            "super::super::g::H",
        ]
    );
    let module: Module = ["x", "y", "z"].map(str::to_owned).to_vec();
    let up: Module = ["super", "super", "g"].map(str::to_owned).to_vec();
    assert_eq!(
        absolute(&module, &up),
        Some(vec!["x".to_owned(), "g".to_owned()])
    );
}
