//! Two runs on one time axis.

use super::Panel;
use super::energy::{highest, legend, stack, visible};
use super::raster::{Spikes, labels};
use crate::canvas::{Chart, nothing};
use crate::open::Open;
use crate::state::State;
use crate::theme;
use crate::words::{bounded, joules, plain, star, timestep};
use eframe::egui::{RichText, Stroke, Ui, UiBuilder, vec2};
use std::ops::Range;

/// What is drawn of each run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum What {
    #[default]
    Energy,
    Rate,
    Spikes,
}

/// A run that was kept above the run that is open.
#[derive(Default)]
pub struct Runs {
    what: What,
    spikes: [Spikes; 2],
}

/// Spikes of each timestep over all populations but inputs, per neuron.
fn rates(open: &Open) -> Vec<f64> {
    let counts = &open.record.counts;
    let neurons = counts.topology.neurons().max(1) as f64;
    (0..open.record.raster.timesteps())
        .map(|t| {
            let placed = counts.topology.placed();
            let spikes = placed.map(|(p, _)| counts.populations[p].spikes_per_timestep[t]);
            spikes.sum::<u64>() as f64 / neurons
        })
        .collect()
}

impl Panel for Runs {
    fn name(&self) -> &'static str {
        "Runs"
    }

    fn about(&self) -> &'static str {
        "two runs on one time axis and one scale: keep the one that is open, then open another"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        if state.open.is_none() {
            return nothing(ui, "No network loaded.");
        }
        ui.horizontal_wrapped(|ui| {
            let text = if state.kept.is_some() {
                "Forget the kept run"
            } else {
                "Keep this run"
            };
            if ui.button(text).clicked() {
                state.keep();
            }
            for (what, name) in [
                (What::Energy, "energy"),
                (What::Rate, "rate"),
                (What::Spikes, "spikes"),
            ] {
                ui.selectable_value(&mut self.what, what, name);
            }
        });
        let (Some(kept), Some(open)) = (&state.kept, &state.open) else {
            return nothing(
                ui,
                "Keep this run, then open another: both are drawn on one time axis.",
            );
        };
        let runs = [kept, open];
        if self.what == What::Energy {
            ui.horizontal_wrapped(|ui| legend(ui, &open.per_timestep, open.is_unverified()));
        }
        let steps = runs.map(|run| run.record.raster.timesteps());
        // All of both runs, unless a part of the open one is in view.
        let all = state.view.time == (0.0..steps[1] as f64);
        let time = if all {
            0.0..steps[0].max(steps[1]) as f64
        } else {
            state.view.time.clone()
        };
        let most = match self.what {
            What::Energy => runs
                .iter()
                .map(|run| highest(&run.per_timestep))
                .fold(0.0, f64::max),
            What::Rate => runs.iter().flat_map(|run| rates(run)).fold(0.0, f64::max),
            What::Spikes => 0.0,
        };
        let mut place = ui.available_rect_before_wrap();
        place.set_height(place.height() / 2.0);
        let mut responses = Vec::new();
        for (index, run) in runs.into_iter().enumerate() {
            let rect = place.translate(vec2(0.0, index as f32 * place.height()));
            ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(index), |ui| {
                ui.label(RichText::new(title(run, index)).small());
                let chart = self.draw(ui, run, index, time.clone(), most);
                let x = chart.at_x(state.view.cursor as f64 + 0.5);
                let line = Stroke::new(1.0, chart.ink.gamma_multiply(0.6));
                chart.inside().vline(x, chart.area.y_range(), line);
                responses.push((chart.response.clone(), chart.area));
            });
        }
        for (response, area) in responses {
            state.view.interact(ui, &response, area, false);
        }
    }

    fn again(&self) -> Box<dyn Panel> {
        Box::new(Runs {
            what: self.what,
            ..Runs::default()
        })
    }

    fn csv(&self, state: &State) -> Option<String> {
        let runs = [
            ("kept", state.kept.as_ref()?),
            ("open", state.open.as_ref()?),
        ];
        let lines = runs.into_iter().flat_map(|(name, run)| {
            let title = run.record.title.clone();
            let energies = run.per_timestep.iter().map(|v| v.iter().sum::<f64>());
            let energies: Vec<f64> = energies.collect();
            rates(run).into_iter().enumerate().map(move |(t, rate)| {
                let energy = energies.get(t).map(f64::to_string).unwrap_or_default();
                [
                    name.to_owned(),
                    title.clone(),
                    t.to_string(),
                    rate.to_string(),
                    energy,
                ]
            })
        });
        let head = ["run", "title", "timestep", "spikes_per_neuron", "energy_j"];
        Some(super::table(head, lines))
    }
}

/// Which run it is and what it costs.
fn title(run: &Open, index: usize) -> String {
    let which = ["kept", "open"][index];
    let record = &run.record;
    let steps = record.raster.timesteps();
    let energy = match &run.ledger {
        Ok(ledger) => {
            let energy = ledger.target.energy_j.map_or("unknown".to_owned(), bounded);
            energy + star(ledger.target.is_unverified())
        }
        Err(_) => "not priced".to_owned(),
    };
    format!(
        "{which}: {}, sample {}, T = {steps}, {} events, {energy}",
        record.title,
        record.sample,
        record.raster.len()
    )
}

impl Runs {
    fn draw(
        &mut self,
        ui: &mut Ui,
        run: &Open,
        index: usize,
        time: Range<f64>,
        most: f64,
    ) -> Chart {
        let name = ["Kept run", "Open run"][index];
        let y = match self.what {
            What::Spikes => -f64::from(run.shown.raster.height().max(1))..0.0,
            _ => 0.0..most * 1.05,
        };
        let visible = visible(&time, run.record.raster.timesteps());
        let chart = Chart::new(ui, name, time, y);
        chart.ticks_x("timestep", timestep);
        match self.what {
            What::Energy => {
                chart.ticks_y(joules);
                let visible = visible.start.min(run.per_timestep.len())
                    ..visible.end.min(run.per_timestep.len());
                stack(
                    &chart,
                    &run.per_timestep[visible.clone()],
                    visible.start,
                    1.0,
                );
            }
            What::Rate => {
                chart.ticks_y(plain);
                let points = rates(run).into_iter().enumerate();
                chart.line(
                    points.map(|(t, rate)| (t as f64 + 0.5, rate)),
                    theme::line(index),
                );
            }
            What::Spikes => {
                self.spikes[index].draw(ui, &run.shown, &chart);
                labels(run, &chart);
            }
        }
        chart
    }
}
