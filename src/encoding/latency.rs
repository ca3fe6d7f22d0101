//! Latency: the time of the only spike.

use super::EncodingError;
use super::unit::checked;
use crate::spike_train::SpikeTrain;

/// Input `i` spikes once, in timestep `round((1 − values[i]) · (T − 1))`: the larger, the earlier.
/// A value of 0 never spikes.
///
/// Networks converted for rates count spikes and read the same from each: they need other weights.
/// Source: linear time-to-first-spike coding, as compared in W. Guo, M. E. Fouda, A. M. Eltawil,
/// K. N. Salama, Neural coding in spiking neural networks, Front. Neurosci. 15:638474, 2021.
pub(super) fn encode(
    values: &[f32],
    timesteps: u32,
    sample: usize,
) -> Result<SpikeTrain, EncodingError> {
    checked("latency", values, sample)?;
    let last = f64::from(timesteps.saturating_sub(1));
    let mut order: Vec<(u32, u32)> = values
        .iter()
        .enumerate()
        .filter(|(_, value)| **value > 0.0)
        .map(|(input, &value)| {
            (
                ((1.0 - f64::from(value)) * last).round() as u32,
                input as u32,
            )
        })
        .collect();
    order.sort_unstable();
    let mut spikes = order.into_iter().peekable();
    let mut train = SpikeTrain::new();
    for t in 0..timesteps {
        while let Some((_, input)) = spikes.next_if(|(at, _)| *at == t) {
            train.push(input);
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
    fn worked_the_larger_the_earlier_and_only_once() {
        let train = encode(&[1.0, 0.5, 0.125, 1e-6, 0.0], 9, 0).unwrap();
        let times: Vec<Vec<u32>> = (0..5).map(|i| spikes_of(&train, 9, i)).collect();
        assert_eq!(times, [vec![0], vec![4], vec![7], vec![8], vec![]]);
        // A single timestep has no earlier and later.
        let train = encode(&[1.0, 0.1, 0.0], 1, 0).unwrap();
        assert_eq!(train.neurons(), [0, 1]);
    }
}
