//! Potentials of membranes and of the readout.

use super::Panel;
use crate::canvas::{Chart, nothing, overlay, time_chart};
use crate::state::State;
use crate::theme;
use crate::words::{plain, timestep};
use eframe::egui::{DragValue, Response, RichText, Role, Stroke, Ui, WidgetInfo, pos2};
use spikewatt::explore::{MOST_TRACES, Trace};
use spikewatt::network;
use std::ops::Range;

/// Whose potentials are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Of the output, where it does not spike.
    Readout,
    /// Of the selected neurons, which takes another run of the sample.
    Selected,
}

/// Potential traces.
#[derive(Debug, Clone, Copy)]
pub struct Potential {
    /// The readout where it has potentials, unless one is chosen.
    whose: Option<Whose>,
    neurons: usize,
}

impl Default for Potential {
    fn default() -> Self {
        Potential {
            whose: None,
            neurons: 10,
        }
    }
}

/// A line of the chart.
struct Line {
    name: String,
    values: Vec<f64>,
    /// Timesteps in which the neuron fires.
    spikes: Vec<usize>,
}

/// What is drawn: lines, what their values are, and where the threshold lies.
struct Lines {
    lines: Vec<Line>,
    unit: &'static str,
    threshold: Option<f64>,
}

impl Panel for Potential {
    fn name(&self) -> &'static str {
        "Potential"
    }

    fn about(&self) -> &'static str {
        "membrane potentials of selected neurons against their thresholds, or of the readout, over time"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        if state.open.is_none() {
            return nothing(ui, "No network loaded.");
        }
        ui.horizontal_wrapped(|ui| {
            let mut whose = self.whose(state);
            ui.selectable_value(&mut whose, Whose::Readout, "readout");
            ui.selectable_value(&mut whose, Whose::Selected, "selected neurons")
                .on_hover_text("runs the sample again and watches these neurons");
            if whose != self.whose(state) {
                self.whose = Some(whose);
            }
            ui.label("first");
            let most = match whose {
                Whose::Readout => usize::MAX,
                Whose::Selected => MOST_TRACES,
            };
            let response = ui.add(DragValue::new(&mut self.neurons).range(1..=most));
            named(ui, &response);
            ui.label("neurons");
        });
        if self.whose(state) == Whose::Selected {
            self.ask(state);
        }
        match self.lines(state) {
            Ok(lines) => draw(ui, state, &lines),
            Err(reason) => nothing(ui, &reason),
        }
    }

    fn again(&self) -> Box<dyn Panel> {
        Box::new(*self)
    }

    fn csv(&self, state: &State) -> Option<String> {
        let Lines { lines, unit, .. } = self.lines(state).ok()?;
        let rows = lines.iter().flat_map(|line| {
            let values = line.values.iter().enumerate();
            values.map(|(t, value)| {
                [
                    t.to_string(),
                    line.name.clone(),
                    value.to_string(),
                    u8::from(line.spikes.contains(&t)).to_string(),
                ]
            })
        });
        Some(super::table(["timestep", "neuron", unit, "spike"], rows))
    }
}

impl Potential {
    fn whose(&self, state: &State) -> Whose {
        let record = state.open.as_ref().map(|open| &open.record);
        // What has no synapses is a recording, of which there is nothing else.
        let readout = record.is_none_or(|r| !r.potentials.is_empty() || !r.has_synapses);
        self.whose.unwrap_or(if readout {
            Whose::Readout
        } else {
            Whose::Selected
        })
    }

    /// The selected neurons of spiking populations, the first of them.
    fn rows(&self, state: &State) -> Vec<u32> {
        let Some(open) = &state.open else {
            return Vec::new();
        };
        let selection = state.effective_selection();
        let nodes = open.record.counts.topology.populations.iter().enumerate();
        let spiking = nodes.filter(|(_, node)| node.role == network::Role::Spiking);
        let rows = spiking.flat_map(|(index, _)| {
            let own = selection.rows.within(&open.record.rows_of(index));
            own.ranges().to_vec().into_iter().flatten()
        });
        rows.take(self.neurons.min(MOST_TRACES)).collect()
    }

    /// Asks for potentials that are not there yet.
    fn ask(&self, state: &mut State) {
        let Some(sample) = state.open.as_ref().map(|open| open.record.sample) else {
            return;
        };
        let rows = self.rows(state);
        let known = state.traces.as_ref();
        let known = known.is_some_and(|known| known.sample == sample && known.rows == rows);
        if !known && !rows.is_empty() {
            state.wanted_traces = Some((sample, rows));
        }
    }

    fn lines(&self, state: &State) -> Result<Lines, String> {
        match self.whose(state) {
            Whose::Readout => self.readout(state),
            Whose::Selected => self.selected(state),
        }
    }

    fn readout(&self, state: &State) -> Result<Lines, String> {
        let none =
            "The output spikes, so its potentials are not recorded: look at selected neurons.";
        let record = state.open.as_ref().map(|open| &open.record);
        let found = record.and_then(|record| Some((record, record.potentials.first()?)));
        let (record, potentials) = found.ok_or(none)?;
        let node = &record.counts.topology.populations[potentials.population];
        let neurons = node.shape.neurons();
        if neurons == 0 || potentials.values.is_empty() {
            return Err(none.into());
        }
        let line = |neuron: usize| {
            let steps = potentials.values.chunks_exact(neurons);
            Line {
                name: format!("{} {neuron}", short(&node.name)),
                values: steps.map(|step| f64::from(step[neuron])).collect(),
                spikes: Vec::new(),
            }
        };
        Ok(Lines {
            lines: (0..self.neurons.min(neurons)).map(line).collect(),
            unit: "potential",
            threshold: None,
        })
    }

    fn selected(&self, state: &State) -> Result<Lines, String> {
        let open = state.open.as_ref().ok_or("No network loaded.")?;
        let rows = self.rows(state);
        if rows.is_empty() {
            return Err("The selection holds no spiking neuron.".into());
        }
        let traces = state.traces.as_ref();
        let traces = traces.filter(|t| t.sample == open.record.sample && t.rows == rows);
        let traces = traces.ok_or("The sample runs again once nothing else does…")?;
        let traces = traces.found.as_ref().map_err(Clone::clone)?;
        // Relative to the threshold where every one has its own.
        let relative = traces.iter().all(|trace| trace.threshold.is_some());
        let line = |trace: &Trace| {
            let unit = trace.threshold.filter(|_| relative).unwrap_or(1.0);
            let (population, neuron) = open.record.neuron_of(trace.row)?;
            let node = &open.record.counts.topology.populations[population];
            let row = trace.row..trace.row + 1;
            let fires = |t: &usize| open.record.raster.count(*t..*t + 1, &row) > 0;
            Some(Line {
                name: format!("{} {neuron}", short(&node.name)),
                values: trace
                    .potential
                    .iter()
                    .map(|v| f64::from(v / unit))
                    .collect(),
                spikes: (0..trace.potential.len()).filter(fires).collect(),
            })
        };
        Ok(Lines {
            lines: traces.iter().filter_map(line).collect(),
            unit: if relative {
                "potential_per_threshold"
            } else {
                "potential"
            },
            threshold: relative.then_some(1.0),
        })
    }
}

/// The last part of the name of a population.
fn short(name: &str) -> &str {
    name.rsplit(['/', '.']).next().unwrap_or(name)
}

fn named(ui: &Ui, response: &Response) {
    let enabled = ui.is_enabled();
    response
        .widget_info(|| WidgetInfo::labeled(Role::SpinButton, enabled, "Neurons with potentials"));
}

fn draw(ui: &mut Ui, state: &mut State, drawn: &Lines) {
    ui.horizontal_wrapped(|ui| {
        for (index, line) in drawn.lines.iter().enumerate().take(12) {
            let text = RichText::new(&line.name).small();
            ui.label(text.color(theme::line(index)));
        }
        let what = match drawn.threshold {
            Some(_) => "after each timestep, relative to the threshold; ticks above: spikes",
            None => "after each timestep",
        };
        ui.label(RichText::new(what).small().weak());
    });
    let values = drawn.lines.iter().flat_map(|line| &line.values).copied();
    let (low, high) = values
        .chain(drawn.threshold)
        .fold((0.0f64, 0.0f64), |(l, h), v| (l.min(v), h.max(v)));
    let margin = (high - low).max(1e-9) * 0.08;
    let chart = time_chart(ui, state, "Potential chart", low - margin..high + margin);
    chart.ticks_y(plain);
    chart.ticks_x("timestep", timestep);
    if let Some(threshold) = drawn.threshold {
        let line = Stroke::new(1.0, chart.ink.gamma_multiply(0.7));
        let y = chart.at_y(threshold);
        chart.inside().hline(chart.area.x_range(), y, line);
    }
    let length = drawn.lines.first().map_or(0, |line| line.values.len());
    let visible = super::energy::visible(&state.view.time, length);
    for (index, line) in drawn.lines.iter().enumerate() {
        trace(&chart, line, visible.clone(), index);
    }
    overlay(state, &chart);
}

/// One line and its spikes, which stand side by side at the top.
fn trace(chart: &Chart, line: &Line, visible: Range<usize>, index: usize) {
    let colour = theme::line(index);
    let values = visible.clone().map(|t| (t as f64 + 0.5, line.values[t]));
    chart.line(values, colour);
    let inside = chart.inside();
    let step = chart.at_x(1.0) - chart.at_x(0.0);
    for &t in line.spikes.iter().filter(|t| visible.contains(t)) {
        let shift = (step * 0.06).min(3.0) * (index % 12) as f32;
        let x = chart.at_x(t as f64 + 0.5) + shift;
        let top = chart.area.top() + 1.0;
        inside.line_segment([pos2(x, top), pos2(x, top + 6.0)], Stroke::new(1.5, colour));
    }
}
