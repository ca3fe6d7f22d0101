//! How regularly and how often neurons fire.

use super::Panel;
use crate::canvas::{Chart, nothing, plain};
use crate::state::State;
use crate::theme;
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
}

/// Intervals between successive spikes of each selected neuron \[timesteps\], and spikes of each.
fn intervals(state: &State) -> (Vec<usize>, Vec<u64>) {
    let Some(open) = &state.open else {
        return (Vec::new(), Vec::new());
    };
    let selection = state.effective_selection();
    let height = open.record.raster.height() as usize;
    let mut last = vec![usize::MAX; height];
    let mut spikes = vec![0u64; height];
    let mut intervals = Vec::new();
    for t in selection.timesteps.clone() {
        for rows in selection.rows.ranges() {
            for &row in open.record.raster.at(t, rows) {
                let before = std::mem::replace(&mut last[row as usize], t);
                if before != usize::MAX {
                    intervals.push(t - before);
                }
                spikes[row as usize] += 1;
            }
        }
    }
    let chosen = selection.rows.ranges().iter().cloned().flatten();
    (intervals, chosen.map(|row| spikes[row as usize]).collect())
}

/// Coefficient of variation; `None` for fewer than two values.
fn variation(values: &[usize]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<usize>() as f64 / n;
    let square = values
        .iter()
        .map(|&v| (v as f64 - mean).powi(2))
        .sum::<f64>();
    (values.len() > 1 && mean > 0.0).then(|| (square / (n - 1.0)).sqrt() / mean)
}

/// Values per bin, and the width of a bin.
fn bins(values: impl Iterator<Item = usize> + Clone, most: usize) -> (Vec<u64>, usize) {
    let width = (most + 1).div_ceil(60).max(1);
    let mut bins = vec![0; most / width + 1];
    values.for_each(|value| bins[value / width] += 1);
    (bins, width)
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
        let key = ui.scope_id().with("histogram");
        type Cached = (u64, (Vec<usize>, Vec<u64>));
        let cached = ui.data(|data| data.get_temp::<Cached>(key));
        let (intervals, spikes) = match cached.filter(|(at, _)| *at == state.generation) {
            Some((_, values)) => values,
            None => {
                let values = intervals(state);
                ui.data_mut(|data| data.insert_temp(key, (state.generation, values.clone())));
                values
            }
        };
        let values: Vec<usize> = match self.what {
            What::Interval => intervals.clone(),
            What::Rate => spikes.iter().map(|&n| n as usize).collect(),
        };
        let Some(&most) = values.iter().max() else {
            return nothing(ui, "The selection holds no neuron that fires twice.");
        };
        let (bins, width) = bins(values.iter().copied(), most);
        let highest = bins.iter().copied().max().unwrap_or(1) as f64;
        let end = (bins.len() * width) as f64;
        let chart = Chart::new(ui, "Histogram chart", 0.0..end, 0.0..highest * 1.08);
        chart.ticks_y(plain);
        let name = match self.what {
            What::Interval => "interval between spikes [timesteps]",
            What::Rate => "spikes in the selected timesteps",
        };
        chart.ticks_x(name, plain);
        for (index, &count) in bins.iter().enumerate() {
            let x = (index * width) as f64;
            chart.bar(
                x..x + width as f64 * 0.92,
                0.0..count as f64,
                theme::line(1),
            );
        }
        let text = match self.what {
            What::Interval => match variation(&intervals) {
                Some(cv) => format!("{} intervals, CV {cv:.3}", intervals.len()),
                None => format!("{} intervals", intervals.len()),
            },
            What::Rate => format!("{} neurons", spikes.len()),
        };
        let corner = chart.area.right_top() + eframe::egui::vec2(-6.0, 4.0);
        chart.text(corner, Align2::RIGHT_TOP, text, chart.ink);
    }

    fn csv(&self, state: &State) -> Option<String> {
        let (intervals, spikes) = intervals(state);
        let values: Vec<usize> = match self.what {
            What::Interval => intervals,
            What::Rate => spikes.iter().map(|&n| n as usize).collect(),
        };
        let most = values.iter().copied().max()?;
        let mut counts = vec![0u64; most + 1];
        values.iter().for_each(|&value| counts[value] += 1);
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
        assert_eq!(variation(&[4, 4, 4]), Some(0.0));
        // Mean 2, sample deviation 1.
        assert_eq!(variation(&[1, 2, 3]), Some(0.5));
        assert_eq!(variation(&[3]), None);
        let (counted, width) = bins([0, 1, 1, 120].into_iter(), 120);
        assert_eq!((width, counted.iter().sum::<u64>()), (3, 4));
        assert_eq!((counted[0], counted[40]), (3, 1));
    }
}
