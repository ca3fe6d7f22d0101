//! Names as users write them.

/// What an error says behind a name that is not known: `; did you mean "x"?`, or a full stop where
/// nothing is near.
///
/// Near is what begins with the name or is its beginning, what contains it, or else what at most a
/// third of its letters leads to.
pub(crate) fn suggestion<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    match near(name, candidates) {
        Some(found) => format!("; did you mean \"{found}\"?"),
        None => ".".to_owned(),
    }
}

fn near<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let length = wanted.chars().count();
    let rank = |candidate: &str| {
        let known = candidate.to_lowercase();
        let changes = edits(&wanted, &known);
        let parts = length >= 2;
        if parts && (known.starts_with(&wanted) || wanted.starts_with(&known)) {
            Some((0, changes))
        } else if changes <= (length / 3).max(1) {
            Some((1, changes))
        } else if parts && known.contains(&wanted) {
            Some((2, changes))
        } else {
            None
        }
    };
    let ranked = candidates.filter_map(|candidate| Some((rank(candidate)?, candidate)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, found)| found)
}

/// Insertions, deletions and replacements that turn `a` into `b` (Levenshtein distance).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_edit_distances() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
    }

    #[test]
    fn worked_suggestions() {
        let devices = [
            "loihi1",
            "loihi2",
            "rtx-4090",
            "jetson-orin-nano-8",
            "edge-tpu",
        ];
        let of = |name| near(name, devices.into_iter());
        assert_eq!(of("loihi"), Some("loihi1"));
        assert_eq!(of("lohi2"), Some("loihi2"));
        assert_eq!(of("orin"), Some("jetson-orin-nano-8"));
        assert_eq!(of("4090"), Some("rtx-4090"));
        assert_eq!(of("RTX-4090"), Some("rtx-4090"));
        assert_eq!(of("networks/chip.yaml"), None);
        assert_eq!(of("quantum"), None);
        assert_eq!(near("x", [].into_iter()), None);
        assert_eq!(suggestion("quantum", devices.into_iter()), ".");
    }
}
