//! Bursts: several spikes, the more and the closer the larger the value.

use super::EncodingError;
use super::unit::checked;
use crate::spike_train::SpikeTrain;

/// Most spikes of a burst.
const MAX_SPIKES: f32 = 5.0;
/// Timesteps between the spikes of the densest burst.
const MIN_INTERVAL: f32 = 2.0;

/// Input `i` of value P spikes `N = ⌈5 P⌉` times from the first timestep on, the spikes
/// `⌈T − (T − 2) P⌉` timesteps apart (T if there is but one). Spikes that would come after the last
/// timestep are lost, and not counted.
///
/// As with latency, a network converted for rates reads no more than the number of spikes.
/// Source: W. Guo, M. E. Fouda, A. M. Eltawil, K. N. Salama, Neural coding in spiking neural
/// networks, Front. Neurosci. 15:638474, 2021: burst coding with N_max = 5, T_min = 2, T_max = T.
pub(super) fn encode(
    values: &[f32],
    timesteps: u32,
    sample: usize,
) -> Result<SpikeTrain, EncodingError> {
    checked("burst", values, sample)?;
    let longest = (timesteps as f32).max(MIN_INTERVAL);
    let mut order: Vec<(u32, u32)> = Vec::new();
    for (input, &value) in values.iter().enumerate() {
        let count = (MAX_SPIKES * value).ceil() as u32;
        let interval = match count {
            0 | 1 => longest,
            _ => (longest - (longest - MIN_INTERVAL) * value).ceil(),
        } as u32;
        let times = (0..count).map(|k| k.saturating_mul(interval));
        order.extend(times.filter(|&t| t < timesteps).map(|t| (t, input as u32)));
    }
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
    fn worked_bursts() {
        // P = 1: 5 spikes, 2 apart. ½: 3 spikes, 16 − 7 = 9 apart, the third too late. 0.2: one.
        let train = encode(&[1.0, 0.5, 0.2, 0.0], 16, 0).unwrap();
        let times: Vec<Vec<u32>> = (0..4).map(|i| spikes_of(&train, 16, i)).collect();
        assert_eq!(times, [vec![0, 2, 4, 6, 8], vec![0, 9], vec![0], vec![]]);
        let train = encode(&[1.0], 1, 0).unwrap();
        assert_eq!(train.neurons(), [0]);
    }
}
