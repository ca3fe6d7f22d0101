//! The text of source files: what of it is code.

use std::fs;
use std::path::{Path, PathBuf};

/// All files of a folder and those in it.
pub fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The text without comments, strings, characters and unit tests.
pub fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut kept = String::new();
    let mut i = 0;
    while i < chars.len() {
        let in_a_word = i > 0 && (at(i - 1).is_alphanumeric() || at(i - 1) == '_');
        let prefix = usize::from(at(i) == 'b' && !in_a_word);
        let hashes = match at(i + prefix) {
            'r' => (i + prefix + 1..).take_while(|&k| at(k) == '#').count(),
            _ => 0,
        };
        if at(i) == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if at(i) == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            loop {
                match (at(i), at(i + 1)) {
                    ('/', '*') => depth += 1,
                    ('*', '/') => depth -= 1,
                    _ => {
                        i += 1;
                        continue;
                    }
                }
                i += 2;
                if depth == 0 || i >= chars.len() {
                    break;
                }
            }
        } else if at(i + prefix) == 'r'
            && at(i + prefix + 1 + hashes) == '"'
            && (prefix == 1 || !in_a_word)
        {
            i += prefix + 2 + hashes;
            while i < chars.len() && !(at(i) == '"' && (1..=hashes).all(|k| at(i + k) == '#')) {
                i += 1;
            }
            i += 1 + hashes;
        } else if at(i) == '"' {
            i += 1;
            while i < chars.len() && at(i) != '"' {
                i += 1 + usize::from(at(i) == '\\');
            }
            i += 1;
        } else if at(i) == '\'' && at(i + 1) == '\\' {
            i += 3;
            while i < chars.len() && at(i) != '\'' {
                i += 1;
            }
            i += 1;
        } else if at(i) == '\'' && at(i + 2) == '\'' {
            i += 3;
        } else {
            kept.push(at(i));
            i += 1;
        }
    }
    without_tests(kept)
}

/// Drops each item that only tests see, and nothing behind it.
fn without_tests(mut code: String) -> String {
    const MARK: &str = "#[cfg(test)]";
    while let Some(start) = code.find(MARK) {
        let item = &code[start + MARK.len()..];
        // Further attributes stand between the mark and the item.
        let mut from = 0;
        while item[from..].trim_start().starts_with("#[") {
            from += item[from..].find(']').map_or(1, |end| end + 1);
        }
        let body = item[from..].find('{').unwrap_or(item.len());
        let simple = item[from..].find(';').unwrap_or(item.len());
        let is_use = item[from..].trim_start().starts_with("use ");
        let end = match body < simple && !is_use {
            true => closing(item, from + body),
            false => from + simple,
        };
        code.replace_range(start..(start + MARK.len() + end + 1).min(code.len()), "");
    }
    code
}

/// Where the bracket that opens at `open` is closed.
pub fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, c) in code[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return open + at;
        }
    }
    code.len()
}

/// The text of a file and of each module written out in it, with the names on the way to it.
pub fn scopes(mut code: String) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = code[from..].find("mod ").map(|at| from + at) {
        from = start + 4;
        let starts_a_word = code[..start]
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let rest = &code[from..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let name = rest[..end.unwrap_or(rest.len())].to_owned();
        let open = from + name.len();
        if starts_a_word && code[open..].trim_start().starts_with('{') {
            let open = open + code[open..].find('{').unwrap_or(0);
            let close = closing(&code, open);
            for (mut path, text) in scopes(code[open + 1..close].to_owned()) {
                path.insert(0, name.clone());
                found.push((path, text));
            }
            code.replace_range(start..close + 1, "");
            from = start;
        }
    }
    found.push((Vec::new(), code));
    found
}
