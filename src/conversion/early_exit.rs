//! Stopping a sample once its answer will not change any more.
//!
//! The error of an accumulated potential is that of the last potentials in front of it, which do
//! not grow with time, while the distance between the best and the second output does. So a sample
//! stops as soon as this margin reaches a fixed value, chosen on training samples without labels:
//! as low as the early answers still are those of the full time.

/// Best output and its lead over the second one, after each timestep of a sample.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnswerTrace {
    /// Output with the largest accumulated potential (or spike count), the first of equals.
    pub predictions: Vec<u32>,
    /// How far it leads, in the unit of the potential.
    pub margins: Vec<f32>,
}

impl AnswerTrace {
    /// Adds a timestep.
    pub fn push(&mut self, outputs: &[f32]) {
        let (mut best, mut second, mut index) = (f32::NEG_INFINITY, f32::NEG_INFINITY, 0);
        for (i, &output) in outputs.iter().enumerate() {
            if output > best {
                (second, best, index) = (best, output, i);
            } else {
                second = second.max(output);
            }
        }
        self.predictions.push(index as u32);
        self.margins.push(best - second);
    }
}

/// A stopping rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyExit {
    /// Margin at which a sample stops; infinite if none is safe.
    pub margin: f32,
}

/// Margins that are tried, quantiles of those that occur.
const CANDIDATES: usize = 200;

impl EarlyExit {
    /// The lowest margin at which no more than a share of `tolerance` of the samples would get
    /// another answer than after all timesteps.
    #[must_use]
    pub fn choose(traces: &[AnswerTrace], tolerance: f64) -> Self {
        let mut margins: Vec<f32> = traces.iter().flat_map(|t| t.margins.clone()).collect();
        margins.sort_unstable_by(f32::total_cmp);
        let mut chosen = EarlyExit {
            margin: f32::INFINITY,
        };
        for k in (0..CANDIDATES).rev() {
            let Some(&margin) = margins.get(k * margins.len() / CANDIDATES) else {
                break;
            };
            let candidate = EarlyExit { margin };
            let changed = traces
                .iter()
                .filter(|trace| {
                    let early = candidate.timesteps(trace).checked_sub(1);
                    early.and_then(|t| trace.predictions.get(t)) != trace.predictions.last()
                })
                .count();
            if changed as f64 > tolerance * traces.len() as f64 {
                break;
            }
            chosen = candidate;
        }
        chosen
    }

    /// Timesteps that a sample runs for.
    #[must_use]
    pub fn timesteps(&self, trace: &AnswerTrace) -> usize {
        let reached = trace.margins.iter().position(|m| *m >= self.margin);
        reached.map_or(trace.margins.len(), |t| t + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(steps: &[[f32; 3]]) -> AnswerTrace {
        let mut trace = AnswerTrace::default();
        steps.iter().for_each(|outputs| trace.push(outputs));
        trace
    }

    #[test]
    fn worked_margins_and_exits() {
        let trace = trace(&[[0.0, 1.0, 0.5], [2.0, 1.0, 0.5], [5.0, 1.0, 2.0]]);
        assert_eq!(trace.predictions, [1, 0, 0]);
        assert_eq!(trace.margins, [0.5, 1.0, 3.0]);
        assert_eq!(EarlyExit { margin: 1.0 }.timesteps(&trace), 2);
        assert_eq!(EarlyExit { margin: 9.0 }.timesteps(&trace), 3);
    }

    #[test]
    fn the_margin_is_as_low_as_answers_allow() {
        // A lead of 0.5 is lost again, one of 1 is not.
        let traces = vec![trace(&[[0.0, 0.5, 0.0], [1.0, 0.0, 0.0], [3.0, 0.0, 0.0]]); 4];
        assert_eq!(EarlyExit::choose(&traces, 0.0).margin, 1.0);
        assert_eq!(EarlyExit::choose(&traces, 1.0).margin, 0.5);
    }
}
