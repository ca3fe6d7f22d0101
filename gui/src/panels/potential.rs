//! Potentials of populations that do not spike.

use super::Panel;
use crate::canvas::{nothing, overlay, plain, time_chart};
use crate::state::State;
use crate::theme;
use eframe::egui::{DragValue, Ui};

/// Potential traces of the readout.
pub struct Potential {
    neurons: usize,
}

impl Default for Potential {
    fn default() -> Self {
        Potential { neurons: 10 }
    }
}

impl Panel for Potential {
    fn name(&self) -> &'static str {
        "Potential"
    }

    fn about(&self) -> &'static str {
        "potential of each readout neuron over time"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let recorded = state.open.as_ref().and_then(|open| {
            let potentials = open.record.potentials.first()?.clone();
            let node = &open.record.counts.topology.populations[potentials.population];
            Some((node.name.clone(), node.shape.neurons(), potentials.values))
        });
        let Some((name, neurons, values)) = recorded.filter(|(_, n, v)| *n > 0 && !v.is_empty())
        else {
            return nothing(
                ui,
                "No potentials: they are recorded of populations that do not spike.",
            );
        };
        ui.horizontal(|ui| {
            ui.label(format!("{name}: first"));
            ui.add(DragValue::new(&mut self.neurons).range(1..=neurons.max(1)));
            ui.label(format!("of {neurons} neurons"));
        });
        let shown = self.neurons.min(neurons);
        let steps = values.chunks_exact(neurons);
        let (low, high) = steps
            .clone()
            .flat_map(|step| &step[..shown])
            .fold((0.0f64, 0.0f64), |(l, h), &v| {
                (l.min(f64::from(v)), h.max(f64::from(v)))
            });
        let margin = (high - low).max(1e-9) * 0.05;
        let chart = time_chart(ui, state, "Potential chart", low - margin..high + margin);
        chart.ticks_y(plain);
        chart.ticks_x("timestep", crate::canvas::timestep);
        for neuron in 0..shown {
            let points = steps.clone().enumerate();
            let points = points.map(|(t, step)| (t as f64 + 0.5, f64::from(step[neuron])));
            chart.line(points, theme::line(neuron));
        }
        overlay(state, &chart);
    }

    fn csv(&self, state: &State) -> Option<String> {
        let open = state.open.as_ref()?;
        let potentials = open.record.potentials.first()?;
        let neurons = open.record.counts.topology.populations[potentials.population]
            .shape
            .neurons();
        let lines = potentials
            .values
            .chunks_exact(neurons.max(1))
            .enumerate()
            .flat_map(|(t, step)| {
                step.iter()
                    .enumerate()
                    .map(move |(n, v)| [t.to_string(), n.to_string(), v.to_string()])
            });
        Some(super::table(
            ["timestep", "neuron_channels_last", "potential"],
            lines,
        ))
    }
}
