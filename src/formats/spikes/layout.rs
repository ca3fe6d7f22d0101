//! What the axes of an array are that stand before the shape of the input.
//!
//! | axes before the input | reading |
//! |---|---|
//! | none | held, one sample; only with `hold` |
//! | one, as many labels as it is long, or `hold` | (N, …), held |
//! | one, layout `t`, or a single label | (T, …), one sample |
//! | one otherwise | refused: samples and timesteps look alike |
//! | two, labels match the first, or no labels | (N, T, …) |
//! | two, labels match the second alone, or layout `tn` | (T, N, …) |
//! | any, and labels match neither | refused |

use super::Caution;
use serde::{Deserialize, Serialize};

/// Order of the axes of time and samples in an array, stated by the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// (T, …): one sample.
    T,
    /// (N, T, …): samples first.
    Nt,
    /// (T, N, …): time first.
    Tn,
}

impl Layout {
    /// All of them by the name that users write, with their axes.
    pub const ALL: [(&'static str, Layout, &'static str); 3] = [
        ("t", Layout::T, "(T, …): one sample, timestep by timestep"),
        ("nt", Layout::Nt, "(N, T, …): samples first"),
        (
            "tn",
            Layout::Tn,
            "(T, N, …): time first, as PyTorch loops stack it",
        ),
    ];
}

/// How an array is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// Length of the axis of samples, if there is one.
    pub(super) samples: Option<usize>,
    /// Length of the axis of time; `None` if the input is held.
    pub(super) timesteps: Option<usize>,
    /// Whether time stands before samples.
    pub(super) time_first: bool,
    /// What decided, if the file and the flags alone did not.
    pub(super) cautions: Vec<Caution>,
    /// What a reader should know, a sentence each.
    pub(super) notes: Vec<String>,
}

/// What is known besides the array itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    /// The user says that the input has no axis of time.
    pub(super) hold: bool,
    /// The user says what the axes are.
    pub(super) layout: Option<Layout>,
    /// Number of labels.
    pub(super) labels: Option<usize>,
    /// Timesteps that are asked for.
    pub(super) timesteps: Option<usize>,
}

impl Reading {
    /// Samples of one value for all time.
    fn held(samples: Option<usize>) -> Self {
        Reading::new(samples, None)
    }

    fn new(samples: Option<usize>, timesteps: Option<usize>) -> Self {
        Reading {
            samples,
            timesteps,
            time_first: false,
            cautions: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn time_first(timesteps: usize, samples: usize) -> Self {
        Reading {
            time_first: true,
            ..Reading::new(Some(samples), Some(timesteps))
        }
    }

    fn with_caution(mut self, code: &'static str, message: String) -> Self {
        self.cautions.push(Caution { code, message });
        self
    }

    fn with_note(mut self, note: String) -> Self {
        self.notes.push(note);
        self
    }
}

/// Decides what the axes `lead` are; `shape` shows the array (`(25, 784)`), for messages.
///
/// # Errors
/// Why no reading, or more than one, is possible, and the flag that decides. `None` if the number of
/// axes suits no reading at all.
pub(super) fn decide(lead: &[usize], shape: &str, known: Known) -> Result<Reading, Option<String>> {
    if known.hold && known.layout.is_some() {
        return Err(Some(
            "held input has no axis of time, so --layout and --hold-input exclude each other"
                .to_owned(),
        ));
    }
    let reading = match (lead, known.hold, known.layout) {
        ([], true, _) => Reading::held(None),
        (&[samples], true, _) => Reading::held(Some(samples)),
        (&[timesteps], false, Some(Layout::T)) => Reading::new(None, Some(timesteps)),
        (&[length], false, None) => return one_axis(length, shape, known),
        (&[samples, timesteps], false, Some(Layout::Nt)) => {
            Reading::new(Some(samples), Some(timesteps))
        }
        (&[timesteps, samples], false, Some(Layout::Tn)) => Reading::time_first(timesteps, samples),
        (&[first, second], false, None) => return two_axes([first, second], shape, known),
        _ => return Err(None),
    };
    let samples = reading.samples.unwrap_or(1);
    match known.labels {
        Some(labels) if labels != samples => Err(Some(format!(
            "there {} for {}, as {shape} is read here; give one label per sample, or \
             other axes with --layout or --hold-input",
            count(labels, "label"),
            plural(samples, "sample")
        ))),
        _ => Ok(reading),
    }
}

/// Samples or timesteps: nothing but labels can tell.
fn one_axis(length: usize, shape: &str, known: Known) -> Result<Reading, Option<String>> {
    match known.labels {
        Some(labels) if labels == length => Ok(Reading::held(Some(length)).with_caution(
            "input-held",
            format!(
                "the input {shape} has as many labels as its first axis is long ({length}): it is \
                 read as {length} samples, each the same in every timestep, not as {length} \
                 timesteps; --hold-input says so, --layout t the opposite"
            ),
        )),
        Some(1) => Ok(Reading::new(None, Some(length)).with_note(format!(
            "the input {shape} has one label: it is read as one sample of {length} timesteps"
        ))),
        Some(labels) => Err(Some(format!(
            "there {}, which match no axis of {shape}; give one label per sample",
            count(labels, "label")
        ))),
        None => Err(Some(format!(
            "{shape} without labels is {}, each the same in every timestep (--hold-input), or one \
             sample of {} (--layout t); say which",
            plural(length, "sample"),
            plural(length, "timestep")
        ))),
    }
}

/// Samples first, unless labels say that time is.
fn two_axes(
    [first, second]: [usize; 2],
    shape: &str,
    known: Known,
) -> Result<Reading, Option<String>> {
    let samples_first = || Reading::new(Some(first), Some(second));
    match known.labels {
        Some(labels) if labels == first && first == second => {
            Ok(samples_first().with_note(format!(
                "samples and timesteps of the input {shape} are equally many: it is read as (N, T, …); \
                 if time stands first, say --layout tn"
            )))
        }
        Some(labels) if labels == first => Ok(samples_first()),
        Some(labels) if labels == second => {
            Ok(Reading::time_first(first, second).with_caution(
                "input-time-first",
                format!(
                    "the {labels} labels match the second axis of the input {shape}, not the first: \
                     it is read as time first, {first} timesteps of {second} samples; --layout tn \
                     says so, --layout nt the opposite"
                ),
            ))
        }
        Some(labels) => Err(Some(format!(
            "there {}, which match no axis of {shape}; give one label per sample",
            count(labels, "label")
        ))),
        None => unlabelled([first, second], shape, known),
    }
}

/// Samples first by convention, unless something speaks for time.
fn unlabelled(
    [first, second]: [usize; 2],
    shape: &str,
    known: Known,
) -> Result<Reading, Option<String>> {
    let asked = known.timesteps;
    let time_is_first = asked.is_some_and(|asked| asked == first && asked != second);
    if time_is_first || (second == 1 && first > 1) {
        return Err(Some(format!(
            "{shape} without labels is {} of {} (--layout nt), or, time first, {} of {} \
             (--layout tn); say which",
            plural(first, "sample"),
            plural(second, "timestep"),
            plural(second, "sample"),
            plural(first, "timestep"),
        )));
    }
    Ok(Reading::new(Some(first), Some(second)).with_note(format!(
        "the input {shape} is read as {} of {}; if time stands first, say --layout tn",
        plural(first, "sample"),
        plural(second, "timestep")
    )))
}

/// Time that is one timestep long, unless the user says that it is time.
pub(super) fn one_timestep(timesteps: usize, layout: Option<Layout>) -> Option<Caution> {
    (timesteps == 1 && layout.is_none()).then(|| Caution {
        code: "input-one-timestep",
        message:
            "the axis of time of the input is 1 long, so the network runs for one timestep: if \
                  that axis is a channel or of batches of one, remove it and hold the input \
                  (--hold-input)"
                .to_owned(),
    })
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// "is 1 label", "are 2 labels".
fn count(count: usize, noun: &str) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{verb} {}", plural(count, noun))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples, timesteps and whether time is first.
    type Found = (Option<usize>, Option<usize>, bool);

    fn read(lead: &[usize], known: Known) -> Result<Found, Option<String>> {
        let reading = decide(lead, "the array", known)?;
        Ok((reading.samples, reading.timesteps, reading.time_first))
    }

    fn labels(labels: usize) -> Known {
        Known {
            labels: Some(labels),
            ..Known::default()
        }
    }

    #[test]
    fn labels_decide_between_readings() {
        assert_eq!(read(&[25], labels(25)), Ok((Some(25), None, false)));
        assert_eq!(read(&[25], labels(1)), Ok((None, Some(25), false)));
        assert_eq!(read(&[1], labels(1)), Ok((Some(1), None, false)));
        assert_eq!(read(&[4, 25], labels(4)), Ok((Some(4), Some(25), false)));
        assert_eq!(read(&[25, 4], labels(4)), Ok((Some(4), Some(25), true)));
        assert_eq!(read(&[5, 5], labels(5)), Ok((Some(5), Some(5), false)));
        for (lead, count) in [(&[25][..], 24), (&[4, 25], 5)] {
            let said = read(lead, labels(count)).unwrap_err().unwrap();
            assert!(said.contains(&format!("are {count} labels")), "{said}");
        }
    }

    #[test]
    fn without_labels_two_readings_are_an_error_that_names_both() {
        let said = read(&[25], Known::default()).unwrap_err().unwrap();
        for part in ["--hold-input", "--layout t", "25 samples", "25 timesteps"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!(
            read(&[4, 25], Known::default()),
            Ok((Some(4), Some(25), false))
        );
        let asks = |timesteps| Known {
            timesteps: Some(timesteps),
            ..Known::default()
        };
        let said = read(&[25, 4], asks(25)).unwrap_err().unwrap();
        for part in ["--layout nt", "--layout tn", "4 samples of 25 timesteps"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(read(&[25, 1], Known::default()).is_err());
        assert!(read(&[1, 25], Known::default()).is_ok());
    }

    #[test]
    fn flags_say_what_the_axes_are_and_labels_must_agree() {
        let with = |layout, labels| Known {
            layout: Some(layout),
            labels,
            ..Known::default()
        };
        let hold = |labels| Known {
            hold: true,
            labels,
            ..Known::default()
        };
        assert_eq!(
            read(&[25], with(Layout::T, None)),
            Ok((None, Some(25), false))
        );
        assert_eq!(
            read(&[25, 4], with(Layout::Tn, None)),
            Ok((Some(4), Some(25), true))
        );
        assert_eq!(
            read(&[25, 4], with(Layout::Nt, Some(25))),
            Ok((Some(25), Some(4), false))
        );
        assert_eq!(read(&[], hold(None)), Ok((None, None, false)));
        assert_eq!(read(&[25], hold(Some(25))), Ok((Some(25), None, false)));
        for (lead, known) in [
            (&[25][..], with(Layout::T, Some(25))),
            (&[25, 4], with(Layout::Tn, Some(25))),
            (&[25], hold(Some(24))),
        ] {
            assert!(matches!(read(lead, known), Err(Some(_))), "{lead:?}");
        }
        for (lead, known) in [
            (&[25][..], with(Layout::Nt, None)),
            (&[25, 4], with(Layout::T, None)),
            (&[25, 4], hold(None)),
            (&[], Known::default()),
        ] {
            assert_eq!(read(lead, known), Err(None), "{lead:?}");
        }
        let both = Known {
            layout: Some(Layout::T),
            ..hold(None)
        };
        assert!(matches!(read(&[25], both), Err(Some(_))));
    }

    #[test]
    fn what_labels_decided_is_told() {
        let codes = |lead: &[usize], count| {
            let reading = decide(lead, "x", labels(count)).unwrap();
            let codes = reading.cautions.iter().map(|caution| caution.code);
            codes.collect::<Vec<_>>()
        };
        assert_eq!(codes(&[25], 25), ["input-held"]);
        assert_eq!(codes(&[25, 4], 4), ["input-time-first"]);
        assert!(codes(&[4, 25], 4).is_empty());
    }
}
