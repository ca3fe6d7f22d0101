//! How often each population fires.

use super::Panel;
use crate::canvas::{nothing, overlay, time_chart, touches};
use crate::state::State;
use crate::theme;
use crate::words::plain;
use eframe::egui::{RichText, Ui};

/// Spikes per neuron of each population over time.
pub struct Rate;

/// What a population does.
struct Line {
    name: String,
    rows: std::ops::Range<u32>,
    /// Spikes per neuron in each timestep.
    rates: Vec<f64>,
}

/// Every population that fires.
fn rates(state: &State) -> Vec<Line> {
    let Some(open) = &state.open else {
        return Vec::new();
    };
    let counts = &open.record.counts;
    let nodes = counts.topology.populations.iter().zip(&counts.populations);
    nodes
        .enumerate()
        .filter(|(_, (_, counts))| counts.spikes_per_timestep.iter().any(|&spikes| spikes > 0))
        .map(|(index, (node, counts))| {
            let neurons = node.shape.neurons() as f64;
            let per_neuron = |&spikes: &u64| spikes as f64 / neurons;
            Line {
                name: node.name.clone(),
                rows: open.record.rows_of(index),
                rates: counts.spikes_per_timestep.iter().map(per_neuron).collect(),
            }
        })
        .collect()
}

impl Panel for Rate {
    fn name(&self) -> &'static str {
        "Rate"
    }

    fn about(&self) -> &'static str {
        "spikes per neuron and timestep of each population, on the time axis of the raster"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let rates = rates(state);
        if rates.is_empty() {
            return nothing(ui, "No spikes to show.");
        }
        ui.horizontal_wrapped(|ui| {
            for (index, line) in rates.iter().enumerate() {
                ui.label(RichText::new(&line.name).small().color(theme::line(index)));
            }
        });
        let most = rates
            .iter()
            .flat_map(|line| &line.rates)
            .copied()
            .fold(0.0, f64::max);
        let chart = time_chart(ui, state, "Rate chart", 0.0..most * 1.05);
        chart.ticks_y(plain);
        chart.ticks_x("timestep", crate::words::timestep);
        let visible = state.view.time.start.max(0.0) as usize..state.view.time.end.ceil() as usize;
        // No more points than pixels: each is the mean of a stretch of timesteps.
        let stretch = (visible.len() / chart.area.width().max(1.0) as usize).max(1);
        let some = rates.iter().any(|line| touches(state, &line.rows));
        for (index, Line { rates, rows, .. }) in rates.iter().enumerate() {
            let strength = if some && !touches(state, rows) {
                0.3
            } else {
                1.0
            };
            let colour = theme::line(index).gamma_multiply(strength);
            let visible = visible.start.min(rates.len())..visible.end.min(rates.len());
            let mut t = visible.start;
            let points = rates[visible].chunks(stretch).map(|part| {
                let middle = t as f64 + part.len() as f64 / 2.0;
                t += part.len();
                (middle, part.iter().sum::<f64>() / part.len() as f64)
            });
            chart.line(points.collect::<Vec<_>>().into_iter(), colour);
        }
        overlay(state, &chart);
    }

    fn again(&self) -> Box<dyn Panel> {
        Box::new(Rate)
    }

    fn csv(&self, state: &State) -> Option<String> {
        let rates = rates(state);
        let lines = rates.iter().flat_map(|Line { name, rates, .. }| {
            let line =
                move |(t, rate): (usize, &f64)| [t.to_string(), name.clone(), rate.to_string()];
            rates.iter().enumerate().map(line)
        });
        let head = ["timestep", "population", "spikes_per_neuron_timestep"];
        (!rates.is_empty()).then(|| super::table(head, lines))
    }
}
