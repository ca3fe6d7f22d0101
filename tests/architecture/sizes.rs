//! A function that does not fit a screen does several things, unless it says why it does not.

use crate::root;
use crate::source::sources;
use std::fs;

/// Most lines of a function, from `fn` to its closing brace.
const MOST_LINES: usize = 80;

/// What stands above a longer one, with the reason.
const REASON: &str = "// Long because: ";

/// Each function of a text with its first line and its number of lines, tests left out.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut from = 0;
    while from < lines.len() {
        let line = lines[from];
        let is_tests = line.trim() == "#[cfg(test)]"
            && (lines.get(from + 1)).is_some_and(|next| next.trim_start().starts_with("mod "));
        if is_tests {
            from = end_of(&lines, from + 1) + 1;
            continue;
        }
        if let Some(name) = function(line) {
            let end = end_of(&lines, from);
            found.push((name.to_owned(), from, end - from + 1));
        }
        from += 1;
    }
    found
}

/// Name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    loop {
        if let Some(name) = rest.strip_prefix("fn ") {
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
            return Some(&name[..end.unwrap_or(name.len())]);
        }
        let words = ["pub ", "const ", "async ", "unsafe ", "extern \"C\" "];
        rest = match words.iter().find_map(|word| rest.strip_prefix(word)) {
            Some(next) => next,
            None => rest.strip_prefix("pub(")?.split_once(") ")?.1,
        };
    }
}

/// Line at which what begins at a line is over: a brace of the same indentation, or what needs none.
fn end_of(lines: &[&str], start: usize) -> usize {
    let indent = lines[start].len() - lines[start].trim_start().len();
    let closing = format!("{}}}", &lines[start][..indent]);
    let mut opened = false;
    for (at, line) in lines.iter().enumerate().skip(start) {
        let is_brief = line.trim_end().ends_with([';', '}']) && !opened && !line.ends_with(" {");
        if is_brief || *line == closing {
            return at;
        }
        opened |= line.trim_end().ends_with('{');
    }
    lines.len() - 1
}

/// Whether the comments and attributes right above a line say why what it begins is long.
fn is_explained(lines: &[&str], start: usize) -> bool {
    let above = lines[..start].iter().rev().map(|line| line.trim());
    let mut above = above.take_while(|line| line.starts_with("//") || line.starts_with("#["));
    above.any(|line| line.strip_prefix(REASON).is_some_and(|why| !why.is_empty()))
}

#[test]
fn no_function_is_long_without_a_reason() {
    let mut long = Vec::new();
    for folder in ["src", "gui/src", "python/src", "examples", "benches"] {
        let mut files = Vec::new();
        if root().join(folder).is_dir() {
            sources(&root().join(folder), &mut files);
        }
        for file in files {
            if file.file_stem().is_some_and(|stem| stem == "tests") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            for (name, start, length) in functions(&text) {
                if length > MOST_LINES && !is_explained(&lines, start) {
                    let path = file.strip_prefix(root()).unwrap().display();
                    long.push(format!("{path}:{}: {name}, {length} lines", start + 1));
                }
            }
        }
    }
    long.sort();
    assert!(
        long.is_empty(),
        "{} functions of more than {MOST_LINES} lines; cut them, or say why not in a line \
         \"{REASON}…\" above:\n{}",
        long.len(),
        long.join("\n")
    );
}

#[test]
fn functions_are_measured_as_they_are_written() {
    let text = "\
trait T {
    fn without_body(&self);
    fn over_lines(
        &self,
    ) -> Option<u8>;
}
pub(super) const fn one() {}
// Long because: it is a table.
#[must_use]
pub fn two(
    a: [u8; 2],
) -> u8 {
    let x = S { a };
    match x {
        S { a } => a[0],
    }
}
#[cfg(test)]
mod tests {
    fn hidden() {
    }
}
fn last() {
    0
}
";
    let found: Vec<(String, usize)> = (functions(text).into_iter())
        .map(|(name, _, length)| (name, length))
        .collect();
    let expected = [
        ("without_body", 1),
        ("over_lines", 3),
        ("one", 1),
        ("two", 8),
        ("last", 3),
    ];
    assert_eq!(
        found,
        expected.map(|(name, length)| (name.to_owned(), length))
    );
    let lines: Vec<&str> = text.lines().collect();
    let explained = functions(text)
        .iter()
        .map(|(_, start, _)| is_explained(&lines, *start))
        .collect::<Vec<_>>();
    assert_eq!(explained, [false, false, false, true, false]);
}
