//! How regularly and how often neurons fire.

use super::Panel;
use crate::canvas::{Chart, nothing};
use crate::state::State;
use crate::theme;
use crate::words::plain;
use eframe::egui::{Align2, Ui};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum What {
    #[default]
    Interval,
    Rate,
}

/// Histogram of intervals between spikes, or of rates, of the selection.
#[derive(Default)]
pub struct Histogram {
    what: What,
    cached: Option<(u64, Fired)>,
}

/// How often each value occurs, by the value.
#[derive(Debug, Clone, Default, PartialEq)]
struct Counts(Vec<u64>);

/// How the selection fires.
#[derive(Debug, Clone, Default, PartialEq)]
struct Fired {
    /// Intervals between successive spikes of each neuron \[timesteps\], and spikes of each neuron.
    counts: [Counts; 2],
    /// Coefficient of variation of the intervals of each neuron that has two or more, on average.
    mean_variation: Option<f64>,
}

/// Number, sum and sum of squares of the intervals of a neuron.
#[derive(Debug, Clone, Copy, Default)]
struct Moments([f64; 3]);

impl Moments {
    fn add(&mut self, interval: f64) {
        let Moments([n, sum, squares]) = *self;
        self.0 = [n + 1.0, sum + interval, squares + interval * interval];
    }

    fn variation(self) -> Option<f64> {
        let Moments([n, sum, squares]) = self;
        let mean = sum / n;
        let variance = (squares - sum * mean).max(0.0) / (n - 1.0);
        (n > 1.0).then(|| variance.sqrt() / mean)
    }
}

fn counts(state: &State) -> Fired {
    let Some(open) = &state.open else {
        return Fired::default();
    };
    let selection = state.effective_selection();
    let height = open.record.raster.height() as usize;
    let mut last = vec![usize::MAX; height];
    let mut spikes = vec![0usize; height];
    let mut intervals = Counts::default();
    let mut moments = vec![Moments::default(); height];
    for t in selection.timesteps.clone() {
        for rows in selection.rows.ranges() {
            for &row in open.record.raster.at(t, rows) {
                let before = std::mem::replace(&mut last[row as usize], t);
                if before != usize::MAX {
                    intervals.add(t - before);
                    moments[row as usize].add((t - before) as f64);
                }
                spikes[row as usize] += 1;
            }
        }
    }
    let mut per_neuron = Counts::default();
    for row in selection.rows.ranges().iter().cloned().flatten() {
        per_neuron.add(spikes[row as usize]);
    }
    let variations: Vec<f64> = moments.into_iter().filter_map(Moments::variation).collect();
    let mean = variations.iter().sum::<f64>() / variations.len() as f64;
    Fired {
        counts: [intervals, per_neuron],
        mean_variation: (!variations.is_empty()).then_some(mean),
    }
}

impl Counts {
    fn add(&mut self, value: usize) {
        if value >= self.0.len() {
            self.0.resize(value + 1, 0);
        }
        self.0[value] += 1;
    }

    fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Coefficient of variation; `None` for fewer than two values.
    fn variation(&self) -> Option<f64> {
        let n = self.total() as f64;
        let values = || {
            self.0
                .iter()
                .enumerate()
                .map(|(v, &n)| (v as f64, n as f64))
        };
        let mean = values().map(|(value, count)| value * count).sum::<f64>() / n;
        let square: f64 = values().map(|(v, count)| count * (v - mean).powi(2)).sum();
        (n > 1.0 && mean > 0.0).then(|| (square / (n - 1.0)).sqrt() / mean)
    }

    /// Values per bin, and the width of a bin.
    fn bins(&self) -> (Vec<u64>, usize) {
        let width = self.0.len().div_ceil(60).max(1);
        let bins = self.0.chunks(width).map(|bin| bin.iter().sum());
        (bins.collect(), width)
    }
}

impl Panel for Histogram {
    fn name(&self) -> &'static str {
        "Histogram"
    }

    fn about(&self) -> &'static str {
        "intervals between spikes with their coefficient of variation, or spikes per neuron, of the selection"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        ui.horizontal(|ui| {
            ui.selectable_value(&mut self.what, What::Interval, "intervals");
            ui.selectable_value(&mut self.what, What::Rate, "spikes per neuron");
        });
        let generation = state.generation;
        if self.cached.as_ref().is_none_or(|(at, _)| *at != generation) {
            self.cached = Some((generation, counts(state)));
        }
        let Some((_, fired)) = &self.cached else {
            return;
        };
        let values = &fired.counts[self.what as usize];
        if values.total() == 0 {
            return nothing(ui, "The selection holds no neuron that fires twice.");
        }
        let (bins, width) = values.bins();
        let highest = bins.iter().copied().max().unwrap_or(1) as f64;
        let end = (bins.len() * width) as f64;
        let chart = Chart::new(ui, "Histogram chart", 0.0..end, 0.0..highest * 1.08);
        chart.ticks_y(plain);
        let name = match self.what {
            What::Interval => "interval between spikes [timesteps]",
            What::Rate => "spikes in the selected timesteps",
        };
        chart.ticks_x(name, crate::words::timestep);
        for (index, &count) in bins.iter().enumerate() {
            let x = (index * width) as f64;
            chart.bar(
                x..x + width as f64 * 0.92,
                0.0..count as f64,
                theme::line(1),
            );
        }
        let text = match self.what {
            What::Interval => {
                let mut text = format!("{} intervals", values.total());
                if let Some(cv) = values.variation() {
                    text += &format!(", CV of all {cv:.3}");
                }
                if let Some(cv) = fired.mean_variation {
                    text += &format!(", mean CV of a neuron {cv:.3}");
                }
                text
            }
            What::Rate => format!("{} neurons", values.total()),
        };
        let corner = chart.area.right_top() + eframe::egui::vec2(-6.0, 4.0);
        chart.text(corner, Align2::RIGHT_TOP, text, chart.ink);
    }

    fn again(&self) -> Box<dyn Panel> {
        Box::new(Histogram {
            what: self.what,
            cached: None,
        })
    }

    fn csv(&self, state: &State) -> Option<String> {
        let Counts(counts) = std::mem::take(&mut counts(state).counts[self.what as usize]);
        if counts.is_empty() {
            return None;
        }
        let lines = counts
            .iter()
            .enumerate()
            .map(|(value, n)| [value.to_string(), n.to_string()]);
        let head = match self.what {
            What::Interval => ["interval_timesteps", "count"],
            What::Rate => ["spikes_per_neuron", "neurons"],
        };
        Some(super::table(head, lines))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_variation_and_bins() {
        let counts = |values: &[usize]| {
            let mut counts = Counts::default();
            values.iter().for_each(|&value| counts.add(value));
            counts
        };
        assert_eq!(counts(&[4, 4, 4]).variation(), Some(0.0));
        // Mean 2, sample deviation 1.
        assert_eq!(counts(&[1, 2, 3]).variation(), Some(0.5));
        assert_eq!(counts(&[3]).variation(), None);
        let mut moments = Moments::default();
        for interval in [1.0, 2.0, 3.0] {
            moments.add(interval);
        }
        assert_eq!(moments.variation(), Some(0.5));
        assert_eq!(Moments([1.0, 4.0, 16.0]).variation(), None);
        let (bins, width) = counts(&[0, 1, 1, 120]).bins();
        assert_eq!((width, bins.iter().sum::<u64>()), (3, 4));
        assert_eq!((bins[0], bins[40]), (3, 1));
    }
}
