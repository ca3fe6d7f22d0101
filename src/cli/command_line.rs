//! The command line as a manifest keeps it.

use clap::{Arg, Command};
use std::any::TypeId;
use std::path::PathBuf;

/// Flags that cannot change a result.
const NO_RESULT: [&str; 8] = [
    "threads",
    "out",
    "format",
    "memory_limit",
    "quiet",
    "force",
    "look_in",
    "place",
];

/// A part of a command line.
struct Part<'a> {
    /// The flag's definition, or that of a value by position; `None` for the verb and what is
    /// not known.
    argument: Option<&'a Arg>,
    /// As it is kept.
    words: Vec<String>,
    /// The value, if there is one.
    value: Option<String>,
}

/// The arguments without those that cannot change a result, the verb first, so that the manifest is
/// the same wherever, however fast and in whatever order of flags it ran.
pub(super) fn recorded(cli: &Command, arguments: &[String]) -> Vec<String> {
    let parts = parts(cli, arguments);
    let (before, verb, after) = match parts.iter().position(is_verb) {
        Some(place) => (&parts[..place], &parts[place..=place], &parts[place + 1..]),
        None => (&parts[..], &parts[..0], &parts[..0]),
    };
    let kept = |part: &&Part| {
        let id = part.argument.map(|argument| argument.get_id().as_str());
        !id.is_some_and(|id| NO_RESULT.contains(&id))
    };
    let ordered = verb.iter().chain(before).chain(after);
    ordered
        .filter(kept)
        .flat_map(|part| part.words.clone())
        .collect()
}

/// The values of arguments that are paths of files to read.
pub(super) fn paths(cli: &Command, arguments: &[String]) -> Vec<PathBuf> {
    let is_path = |argument: &Arg| {
        let kind = argument.get_value_parser().type_id();
        kind == TypeId::of::<PathBuf>()
    };
    let parts = parts(cli, arguments);
    let read = parts.into_iter().filter(|part| {
        let argument = part.argument;
        argument.is_some_and(|argument| is_path(argument) && argument.get_id() != "out")
    });
    read.filter_map(|part| part.value.map(PathBuf::from))
        .collect()
}

fn is_verb(part: &Part) -> bool {
    part.argument.is_none() && part.words.first().is_some_and(|w| !w.starts_with('-'))
}

/// Takes a command line apart as clap reads it.
fn parts<'a>(cli: &'a Command, arguments: &[String]) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let mut verb: Option<&Command> = None;
    let mut positions = 0;
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        let known = |find: &dyn Fn(&Arg) -> bool| {
            let of_verb = verb.into_iter().flat_map(Command::get_arguments);
            of_verb.chain(cli.get_arguments()).find(|a| find(a))
        };
        let mut by_position = || {
            positions += 1;
            let mut places = verb.into_iter().flat_map(Command::get_positionals);
            places.nth(positions - 1)
        };
        if word == "--" {
            parts.push(flag(None, word, None));
            for value in rest.by_ref() {
                let argument = by_position();
                parts.push(flag(argument, value, Some(value.clone())));
            }
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, joined) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let argument = known(&|a| a.get_long() == Some(name));
            parts.push(match (argument, joined) {
                (Some(argument), None) => with_values(argument, word, &mut rest),
                (argument, joined) => flag(argument, word, joined),
            });
        } else if word.len() > 1 && word.starts_with('-') {
            let letters: Vec<char> = word.chars().skip(1).collect();
            for (place, letter) in letters.iter().enumerate() {
                let argument = known(&|a| a.get_short() == Some(*letter));
                let alone = format!("-{letter}");
                let Some(argument) = argument.filter(|a| a.get_action().takes_values()) else {
                    parts.push(flag(argument, &alone, None));
                    continue;
                };
                let value: String = letters[place + 1..].iter().collect();
                parts.push(match &value[..] {
                    "" => with_values(argument, &alone, &mut rest),
                    joined => {
                        let value = joined.trim_start_matches('=').to_owned();
                        flag(Some(argument), &format!("{alone}{joined}"), Some(value))
                    }
                });
                break;
            }
        } else if verb.is_none() {
            verb = cli.find_subcommand(word);
            parts.push(flag(None, word, None));
        } else {
            let argument = by_position();
            parts.push(flag(argument, word, Some(word.clone())));
        }
    }
    parts
}

fn flag<'a>(argument: Option<&'a Arg>, word: &str, value: Option<String>) -> Part<'a> {
    Part {
        argument,
        words: vec![word.to_owned()],
        value,
    }
}

/// A flag whose values, if it takes any, are the words that follow.
fn with_values<'a, 'w>(
    argument: &'a Arg,
    word: &str,
    rest: &mut impl Iterator<Item = &'w String>,
) -> Part<'a> {
    let mut words = vec![word.to_owned()];
    if argument.get_action().takes_values() {
        let most = argument
            .get_num_args()
            .map_or(1, |range| range.min_values());
        words.extend(rest.take(most.max(1)).cloned());
    }
    Part {
        argument: Some(argument),
        value: words.get(1).cloned(),
        words,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cli, definition};
    use super::*;
    use clap::Parser;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(String::from).collect()
    }

    #[test]
    fn flags_that_change_no_result_are_left_out_wherever_they_stand() {
        let cli = definition();
        for (given, kept) in [
            (
                "run a.onnx --threads 4 --seed 3 --out=x --quiet --force --format json -- --out",
                "run a.onnx --seed 3 -- --out",
            ),
            ("--seed 3 run a.toml", "run --seed 3 a.toml"),
            ("--seed=3 run a.toml", "run --seed=3 a.toml"),
            ("-q run a.toml -T 4", "run a.toml -T 4"),
            ("--quiet --threads 2 run a.toml", "run a.toml"),
            (
                "--format json -q --seed 1 doctor a.toml",
                "doctor --seed 1 a.toml",
            ),
            ("run -qT 4 a.toml", "run -T 4 a.toml"),
            ("run -qT4 a.toml -q", "run -T4 a.toml"),
            ("run a.toml -T=4 --memory-limit=8GB", "run a.toml -T=4"),
            (
                "run a.toml --set output.folder=x --set simulation.seed=1 --out x",
                "run a.toml --set output.folder=x --set simulation.seed=1",
            ),
            (
                "--memory-limit 8GB compare out --tables all",
                "compare out --tables all",
            ),
        ] {
            assert_eq!(recorded(&cli, &words(given)), words(kept), "{given}");
        }
    }

    /// Every flag of the program alone, before and behind the verb, in both ways to write it: what
    /// is kept is read as the same command, and a second time it does not change.
    #[test]
    fn every_global_flag_is_kept_or_left_out_in_every_position() {
        let cli = definition();
        let values = [
            ("format", "json"),
            ("threads", "2"),
            ("memory_limit", "8GB"),
            ("seed", "3"),
        ];
        let globals = cli
            .get_arguments()
            .filter(|argument| argument.is_global_set());
        let mut tried = 0;
        for argument in globals.filter(|argument| argument.get_id() != "place") {
            let id = argument.get_id().as_str();
            let value = values.iter().find(|(known, _)| *known == id);
            let value = value.map(|(_, value)| *value);
            let long = argument.get_long().map(|name| format!("--{name}"));
            let short = argument.get_short().map(|name| format!("-{name}"));
            for name in long.into_iter().chain(short) {
                let spelled = match value {
                    None => vec![vec![name]],
                    Some(value) => vec![vec![format!("{name}={value}")], vec![name, value.into()]],
                };
                for flag in spelled {
                    for place in 0..=2 {
                        let mut given = words("run a.toml");
                        given.splice(place..place, flag.clone());
                        let kept = recorded(&cli, &given);
                        assert_eq!(kept[0], "run", "{given:?}");
                        let seed = kept.iter().any(|word| word.starts_with("--seed"));
                        assert_eq!(seed, id == "seed", "{given:?} -> {kept:?}");
                        assert_eq!(recorded(&cli, &kept), kept);
                        let program = [String::from("spikewatt")];
                        let read = Cli::try_parse_from(program.iter().chain(&kept));
                        assert!(read.is_ok(), "{kept:?}");
                        tried += 1;
                    }
                }
            }
        }
        assert!(tried >= 30, "{tried}");
    }

    #[test]
    fn worked_paths_of_a_command() {
        let command = "run a.onnx --data d.npz --calibration=c.npz --out o --targets loihi1 \
                       --hardware-file h.toml";
        let command: Vec<String> = command.split_whitespace().map(String::from).collect();
        let expected = ["a.onnx", "d.npz", "c.npz", "h.toml"].map(PathBuf::from);
        assert_eq!(paths(&definition(), &command), expected);
    }
}
