//! The guide says what is so: its commands run and print what it shows, its links lead somewhere, and
//! it names every verb, device, law and key.
//!
//! Each page has a folder of its own, in which its blocks are run from top to bottom:
//!
//! | block | what becomes of it |
//! |---|---|
//! | `toml file=NAME` | written to that file |
//! | `<!-- file: NAME -->` | an empty file |
//! | `sh` | run by a shell; every command has to succeed |
//! | `sh` whose first line is `# Needs …` or `# Takes …` | not run; its flags are checked |
//! | `console` | each command after `$ ` is run; what it prints has to be the lines below, with any text in place of `…`; it has to fail where they have an error |

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_spikewatt");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn documents(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder");
    let files = entries.map(|entry| entry.expect("readable").path());
    let mut pages: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect();
    pages.sort();
    pages
}

/// The pages of the guide and beside it.
fn pages() -> Vec<PathBuf> {
    [documents("docs"), documents("docs/guide")].concat()
}

fn guide(name: &str) -> String {
    read(&root().join("docs/guide").join(name))
}

fn name(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// A fenced block of a page.
struct Block {
    /// What stands behind the fence, such as `toml file=a.toml`.
    info: String,
    /// Line of the fence, from 1.
    line: usize,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in page.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => {
                block.text += line;
                block.text += "\n";
            }
            (None, Some(info)) => {
                open = Some(Block {
                    info: info.trim().to_owned(),
                    line: index + 1,
                    text: String::new(),
                });
            }
            (None, None) => {
                let file = line.trim().strip_prefix("<!-- file: ");
                if let Some(file) = file.and_then(|rest| rest.strip_suffix(" -->")) {
                    found.push(Block {
                        info: format!("text file={file}"),
                        line: index + 1,
                        text: String::new(),
                    });
                }
            }
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

impl Block {
    fn language(&self) -> &str {
        self.info.split(' ').next().unwrap_or("")
    }

    fn file(&self) -> Option<&str> {
        self.info
            .split(' ')
            .find_map(|word| word.strip_prefix("file="))
    }

    /// Whether it needs what only the reader has, or too long.
    fn only_checked(&self) -> bool {
        let first = self.text.lines().next().unwrap_or("");
        ["# Needs ", "# Takes "]
            .iter()
            .any(|mark| first.starts_with(mark))
    }
}

/// The words of each command of a line, without pipes, redirections and comments.
fn commands(line: &str) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut word = String::new();
    let mut quote = None;
    for letter in line.chars().chain([' ']) {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), letter) => word.push(letter),
            (None, '"' | '\'') => quote = Some(letter),
            (None, ' ') => match std::mem::take(&mut word).as_str() {
                "" => {}
                "#" => break,
                "|" | ">" | "&&" | ";" => all.push(Vec::new()),
                other => all.last_mut().expect("one").push(other.to_owned()),
            },
            (None, letter) => word.push(letter),
        }
    }
    all.retain(|words| !words.is_empty());
    all
}

/// Checks the verb and flags of a line without running anything.
fn check_flags(line: &str, at: &str) {
    let cargo = ["cargo", "run", "--release", "--"];
    for words in commands(line) {
        let arguments = match words.strip_prefix(&["spikewatt".to_owned()]) {
            Some(rest) => rest,
            None if words.iter().zip(cargo).all(|(have, want)| have == want)
                && words.len() > cargo.len() =>
            {
                &words[cargo.len()..]
            }
            None => continue,
        };
        // What is behind `--` belongs to another program.
        let own = arguments.iter().take_while(|word| *word != "--");
        let output = Command::new(BINARY)
            .args(own)
            .arg("--help")
            .output()
            .expect("runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{at}: {line}\n{told}");
    }
}

/// Folder of a page, with the files of the repository that its commands name.
#[cfg(unix)]
fn workplace() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["examples", "networks", "data"] {
        let link = folder.path().join(name);
        std::os::unix::fs::symlink(root().join(name), link).expect("a link");
    }
    let programs = folder.path().join(".bin");
    fs::create_dir(&programs).expect("a folder");
    std::os::unix::fs::symlink(BINARY, programs.join("spikewatt")).expect("a link");
    folder
}

#[cfg(unix)]
fn shell(script: &str, folder: &Path) -> Output {
    let path = std::env::var("PATH").unwrap_or_default();
    Command::new("sh")
        .args(["-euc", script])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", folder.join(".bin").display()))
        .env_remove("COLUMNS")
        .output()
        .expect("a shell")
}

/// Whether a text is a pattern whose `…` stands for any text.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut pieces = pattern.split('…');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or("")) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Runs the commands of a session and compares what they print.
#[cfg(unix)]
fn run_session(block: &Block, folder: &Path, at: &str) {
    let mut sessions: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in block.text.lines() {
        match (line.strip_prefix("$ "), sessions.last_mut()) {
            (Some(command), _) => sessions.push((command, Vec::new())),
            (None, Some((_, shown))) => shown.push(line),
            (None, None) => panic!("{at}: a session begins with `$ `"),
        }
    }
    for (command, shown) in sessions {
        let output = shell(command, folder);
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        let fails = shown.iter().any(|line| line.starts_with("error:"));
        assert_eq!(output.status.success(), !fails, "{at}: {command}\n{told}");
        let shown = shown.join("\n");
        assert!(
            shown.is_empty() || is_like(told.trim_end(), shown.trim_end()),
            "{at}: {command}\nprints\n{told}\nand not\n{shown}"
        );
    }
}

#[cfg(unix)]
fn run_page(path: &Path) {
    let folder = workplace();
    for block in blocks(&read(path)) {
        let at = format!("{}:{}", name(path), block.line);
        match (block.language(), block.file()) {
            (_, Some(file)) => fs::write(folder.path().join(file), &block.text).expect("written"),
            ("sh", None) if block.only_checked() => {
                block.text.lines().for_each(|line| check_flags(line, &at));
            }
            ("sh", None) => {
                let output = shell(&block.text, folder.path());
                let told = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{at}:\n{}{told}", block.text);
            }
            ("console", None) => run_session(&block, folder.path(), &at),
            _ => {}
        }
    }
}

#[cfg(unix)]
#[test]
fn every_command_of_the_guide_runs() {
    std::thread::scope(|scope| {
        let pages = pages();
        let runs: Vec<_> = pages
            .into_iter()
            .map(|page| scope.spawn(move || run_page(&page)))
            .collect();
        let failed = runs.into_iter().filter_map(|run| run.join().err());
        assert_eq!(failed.count(), 0, "pages whose commands fail; see above");
    });
}

/// What cannot be run here has flags that exist: README, and the examples of each verb's help.
#[test]
fn every_flag_of_readme_and_help_exists() {
    for block in blocks(&read(&root().join("README.md"))) {
        let at = format!("README.md:{}", block.line);
        if block.language() == "sh" {
            block.text.lines().for_each(|line| check_flags(line, &at));
        }
    }
    for verb in verbs() {
        let help = help(&[&verb]);
        let examples = help.lines().filter(|line| line.starts_with("  spikewatt "));
        examples.for_each(|line| check_flags(line.trim(), &format!("{verb} --help")));
    }
}

fn help(verb: &[&str]) -> String {
    let output = Command::new(BINARY)
        .args(verb)
        .arg("--help")
        .output()
        .expect("runs");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("text")
}

/// All verbs, as the program lists them.
fn verbs() -> Vec<String> {
    let help = help(&[]);
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let list = list.take_while(|line| !line.is_empty());
    let verbs = list.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let verbs: Vec<String> = verbs
        .filter(|verb| !verb.is_empty() && *verb != "help")
        .map(str::to_owned)
        .collect();
    assert!(verbs.len() > 12, "{verbs:?}");
    verbs
}

#[test]
fn every_verb_device_and_law_is_in_the_guide() {
    let text = guide("commands.md");
    for verb in verbs() {
        let shown =
            text.contains(&format!("spikewatt {verb} ")) || text.contains(&format!("`{verb}"));
        assert!(shown, "{verb} in commands.md");
    }
    let output = Command::new(BINARY)
        .args(["hardware", "list", "--format", "json"])
        .output()
        .expect("runs");
    let devices: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = guide("cost-laws.md");
    for device in devices.as_array().expect("a list") {
        let name = format!("`{}`", device["name"].as_str().expect("a name"));
        assert!(text.contains(&name), "{name} in cost-laws.md");
        let law = device["law"].as_str().expect("a law");
        let mut headings = text.lines().filter(|line| line.starts_with("### "));
        let has = |line: &str| line[4..].split(", ").any(|found| found == law);
        assert!(headings.any(has), "### {law} in cost-laws.md");
    }
}

/// The keys that a message about an unknown one lists.
fn listed(message: &str) -> BTreeSet<String> {
    let list = message.split("`, expected ").nth(1).unwrap_or("");
    let list = list.split('\n').next().unwrap_or("");
    let keys = list.split('`').skip(1).step_by(2);
    keys.map(str::to_owned).collect()
}

/// Every key that a reader accepts stands in the page of files.
#[test]
fn every_key_is_in_the_guide() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = guide("files.md");
    let sections: Vec<&str> = text.split("\n## ").collect();
    let converted = "model = \"a.onnx\"\n";
    let spiking = "model = \"a.nir\"\n";
    let sweep = "experiment = \"a.toml\"\n[parameters]\na = 1\n";
    let network = "[simulation]\ndt_s = 1\n[[populations]]\nname = \"a\"\n";
    let device = "name = \"a\"\n";
    let files = [
        ("Experiment", "run", converted, ""),
        ("Experiment", "run", converted, "data"),
        ("Experiment", "run", converted, "data.preprocessing"),
        ("Experiment", "run", converted, "calibration"),
        ("Experiment", "run", converted, "optimise"),
        ("Experiment", "run", converted, "conversion"),
        ("Experiment", "run", converted, "simulation"),
        ("Experiment", "run", converted, "output"),
        ("Experiment", "run", converted, "usage"),
        ("Spiking experiment", "run", spiking, ""),
        ("Spiking experiment", "run", spiking, "simulation"),
        ("Spiking experiment", "run", spiking, "network"),
        ("Spiking network", "simulate", network, "simulation"),
        ("Spiking network", "simulate", network, "populations"),
        ("Sweep", "sweep plan", sweep, ""),
        ("Sweep", "sweep plan", sweep, "objectives"),
        ("Device", "device", device, ""),
        ("Device", "device", device, "power.a"),
        ("Budget", "budget", "", ""),
        ("Budget", "budget", "", "energy.a"),
        ("Budget", "budget", "", "verdict.streaming"),
    ];
    let mut seen = 0;
    for (heading, verb, base, section) in files {
        let path = folder.path().join("a.toml");
        let unknown = match section {
            "" => format!("no_such_key = 1\n{base}"),
            "populations" => format!("{base}no_such_key = 1\n"),
            "simulation" if base == network => base.replace("dt_s", "no_such_key"),
            section => {
                let (rest, tables) =
                    base.split_at(base.find("\n[").map_or(base.len(), |at| at + 1));
                format!("{rest}{tables}[{section}]\nno_such_key = 1\n")
            }
        };
        fs::write(&path, unknown).expect("written");
        let file = path.display().to_string();
        let arguments = match verb {
            "device" => vec!["hardware", "list", "--hardware-file", &file],
            "budget" => vec!["check", ".", "--budget", &file],
            verb => verb.split(' ').chain([file.as_str()]).collect(),
        };
        let output = Command::new(BINARY)
            .args(&arguments)
            .current_dir(folder.path())
            .output()
            .expect("runs");
        let told = String::from_utf8_lossy(&output.stderr);
        let keys = listed(&told);
        assert!(!keys.is_empty(), "{heading} {section}: {told}");
        let page = sections
            .iter()
            .find(|part| part.starts_with(&format!("{heading}\n")));
        let page = page.unwrap_or_else(|| panic!("## {heading} in files.md"));
        for key in keys {
            let shown = page.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
            seen += 1;
            assert!(
                shown.into_iter().any(|word| word == key),
                "`{key}` of {heading} {section} in files.md"
            );
        }
    }
    assert!(seen > 100, "{seen}");
}

/// Every key and word of the schema of `summary.json` has its place in the page about it.
#[test]
fn every_key_of_the_summary_is_in_the_guide() {
    fn words(value: &serde_json::Value, found: &mut BTreeSet<String>) {
        if let Some(map) = value.as_object() {
            if let Some(properties) = map.get("properties").and_then(|one| one.as_object()) {
                found.extend(properties.keys().cloned());
            }
            let listed = map.get("enum").and_then(|list| list.as_array());
            let listed = listed.into_iter().flatten().chain(map.get("const"));
            found.extend(listed.filter_map(|word| word.as_str().map(str::to_owned)));
            map.values().for_each(|inner| words(inner, found));
        } else if let Some(list) = value.as_array() {
            list.iter().for_each(|inner| words(inner, found));
        }
    }
    let schema = read(&root().join("schemas/summary.schema.json"));
    let mut found = BTreeSet::new();
    words(&serde_json::from_str(&schema).expect("JSON"), &mut found);
    assert!(found.len() > 200, "{}", found.len());
    let text = guide("summary-json.md");
    for word in found.iter().filter(|word| *word != "at") {
        assert!(
            text.contains(&format!("`{word}`")),
            "`{word}` in summary-json.md"
        );
    }
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading
        .trim()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The targets of links in a page, its code left out.
fn links(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut code = false;
    for line in page.lines() {
        code ^= line.trim_start().starts_with("```");
        if !code {
            let targets = line.split("](").skip(1);
            found.extend(targets.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
        }
    }
    found
}

#[test]
fn every_link_leads_somewhere() {
    for path in pages().into_iter().chain([root().join("README.md")]) {
        let page = read(&path);
        for link in links(&page) {
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let folder = path.parent().expect("a folder");
            let target = match file {
                "" => path.clone(),
                file => folder.join(file),
            };
            let at = format!("{link} in {}", name(&path));
            assert!(target.exists(), "{at}");
            if !heading.is_empty() {
                let page = read(&target);
                let mut headings = page.lines().filter(|line| line.starts_with('#'));
                let has = |line: &str| anchor(line.trim_start_matches('#')) == heading;
                assert!(headings.any(has), "{at}");
            }
        }
    }
}

/// The index and the table of contents of the book name every page.
#[test]
fn every_page_is_in_the_index() {
    let index = guide("README.md");
    let book = read(&root().join("docs/SUMMARY.md"));
    for path in pages() {
        let file = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if path.ends_with("docs/SUMMARY.md") {
            continue;
        }
        let from_docs = name(&path).replace('\\', "/").replace("docs/", "");
        assert!(
            book.contains(&format!("]({from_docs})")),
            "{from_docs} in SUMMARY.md"
        );
        let of_guide = path
            .parent()
            .is_some_and(|folder| folder.ends_with("guide"));
        let from_guide = if of_guide {
            file.clone()
        } else {
            format!("../{file}")
        };
        assert!(
            file == "README.md" || index.contains(&format!("]({from_guide})")),
            "{from_guide} in README.md of the guide"
        );
    }
}

#[test]
fn worked_blocks_and_patterns() {
    let page = "a\n```sh\n# Needs a file.\nspikewatt run \"a b\" | head # why\n```\n```toml file=a.toml\nx = 1\n```\n";
    let found = blocks(page);
    assert_eq!(found.len(), 2);
    assert!(found[0].only_checked() && !found[1].only_checked());
    assert_eq!((found[0].line, found[1].file()), (2, Some("a.toml")));
    let words = commands("spikewatt run \"a b\" | head # why");
    assert_eq!(words, [vec!["spikewatt", "run", "a b"], vec!["head"]]);
    assert!(is_like("error: a, b", "error: …b") && is_like("ab", "ab") && is_like("xyz", "…"));
    assert!(!is_like("error: a", "error: …b") && !is_like("abc", "ab"));
    assert_eq!(anchor("What is converted"), "what-is-converted");
    assert_eq!(
        listed("unknown field `x`, expected one of `a`, `b`\nin `c`").len(),
        2
    );
}
