//! Which output of a network is its answer.

/// Index of the largest value, the lowest of equals; 0 if there is none.
pub(crate) fn largest(values: impl IntoIterator<Item = f32>) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (i, value) in values.into_iter().enumerate() {
        if value > best.1 {
            best = (i as u32, value);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_answers() {
        assert_eq!(largest([1.0, 3.0, 3.0]), 1);
        assert_eq!(largest([-2.0, -1.0]), 1);
        assert_eq!(largest([f32::NEG_INFINITY; 2]), 0);
        assert_eq!(largest([]), 0);
    }
}
