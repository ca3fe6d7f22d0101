//! Regular rate: evenly spaced spikes.

use super::EncodingError;
use super::unit::checked;
use crate::spike_train::SpikeTrain;

/// Input `i` is integrated by a neuron that starts half way to its threshold of 1 and is reset by
/// subtraction: after t timesteps it has spiked `⌊t · values[i] + ½⌋` times.
///
/// No chance is involved, and the mean over T timesteps differs from the value by at most 1/(2T).
/// Source: the integrate-and-fire neuron of Rueckauer et al. 2017, eqs. 2–5, in closed form.
pub(super) fn encode(
    values: &[f32],
    timesteps: u32,
    sample: usize,
) -> Result<SpikeTrain, EncodingError> {
    checked("regular", values, sample)?;
    let mut train = SpikeTrain::new();
    let spikes = |t: u32, value: f32| (f64::from(t) * f64::from(value) + 0.5).floor();
    for t in 0..timesteps {
        for (input, &value) in values.iter().enumerate() {
            if value > 0.0 && spikes(t + 1, value) > spikes(t, value) {
                train.push(input as u32);
            }
        }
        train.end_timestep();
    }
    Ok(train)
}

#[cfg(test)]
mod tests {
    use super::super::tests::spikes_of;
    use super::*;

    #[test]
    fn worked_spikes_are_evenly_spaced() {
        // v: ½ + ¼ = ¾, 1 → spike and 0, ¼, ½, ¾, 1 → spike.
        let train = encode(&[0.25, 1.0, 0.0], 6, 0).unwrap();
        assert_eq!(spikes_of(&train, 6, 0), [1, 5]);
        assert_eq!(spikes_of(&train, 6, 1), [0, 1, 2, 3, 4, 5]);
        assert_eq!(spikes_of(&train, 6, 2), [0; 0]);
    }

    #[test]
    fn property_the_mean_is_the_value_to_half_a_spike() {
        let values: Vec<f32> = (0..=1000).map(|i| i as f32 / 1000.0).collect();
        for timesteps in [1, 4, 7, 32] {
            let train = encode(&values, timesteps, 0).unwrap();
            for (i, value) in values.iter().enumerate() {
                let count = spikes_of(&train, timesteps, i as u32).len() as f32;
                assert!(
                    (count - value * timesteps as f32).abs() <= 0.5001,
                    "{value}"
                );
            }
        }
    }
}
