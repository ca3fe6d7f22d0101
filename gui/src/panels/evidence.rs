//! The input sample, and how the network makes up its mind.

use super::Panel;
use crate::canvas::{nothing, overlay, time_chart};
use crate::state::State;
use crate::theme;
use crate::words::plain;
use eframe::egui::{
    Align, Color32, ColorImage, Layout, Rect, RichText, Role, Sense, TextureOptions, Ui,
    WidgetInfo, pos2, vec2,
};
use spikewatt::explore::Record;
use std::sync::Arc;

/// Most outputs that are taken for classes.
const MOST_CLASSES: usize = 2000;

/// Input and evidence for each class over time.
#[derive(Default)]
pub struct Evidence {
    cached: Option<(Arc<Record>, Arc<Vec<f32>>)>,
}

/// Outputs of a record that stand for classes: 0 for one that was not run to tell classes apart.
fn classes(record: &Record) -> usize {
    let outputs = record.counts.topology.populations.last();
    let outputs = outputs.map_or(0, |node| node.shape.neurons());
    if record.predictions.is_empty() || outputs > MOST_CLASSES {
        0
    } else {
        outputs
    }
}

/// Value of each input neuron, channels last: the constant input, or its spikes so far.
fn input(record: &Record, until: usize) -> Option<(spikewatt::network::Shape, Vec<f64>)> {
    let nodes = &record.counts.topology.populations;
    let index = nodes
        .iter()
        .position(|node| node.role == spikewatt::network::Role::Input)?;
    let values = if record.input.is_empty() {
        let rows = record.rows_of(index);
        let spikes = record.spikes_per_row(0..until);
        spikes[rows.start as usize..rows.end as usize]
            .iter()
            .map(|&n| n as f64)
            .collect()
    } else {
        record.input.iter().map(|&v| f64::from(v)).collect()
    };
    Some((nodes[index].shape, values))
}

impl Panel for Evidence {
    fn name(&self) -> &'static str {
        "Evidence"
    }

    fn about(&self) -> &'static str {
        "the input sample, and the evidence for each class after each timestep"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let Some(open) = &state.open else {
            return nothing(ui, "No network loaded.");
        };
        let record = open.record.clone();
        let classes = classes(&record);
        if classes == 0 || record.raster.timesteps() == 0 {
            return nothing(ui, "No output of this network stands for a class.");
        }
        let evidence = match &self.cached {
            Some((of, evidence)) if Arc::ptr_eq(of, &record) => evidence.clone(),
            _ => {
                let evidence = Arc::new(record.evidence());
                self.cached = Some((record.clone(), evidence.clone()));
                evidence
            }
        };
        // Only the classes that come near the front are told apart by colour.
        let last = &evidence[evidence.len() - classes..];
        let mut order: Vec<usize> = (0..classes).collect();
        order.sort_by(|&a, &b| last[b].total_cmp(&last[a]));
        ui.horizontal_wrapped(|ui| answers(ui, state, &record));
        ui.horizontal_wrapped(|ui| {
            for (rank, class) in order.iter().enumerate().take(5) {
                let text = format!("class {class}");
                ui.label(RichText::new(text).small().color(theme::line(rank)));
            }
        });
        // A plain row would be one line high.
        let row = Layout::left_to_right(Align::TOP);
        ui.allocate_ui_with_layout(ui.available_size(), row, |ui| {
            if let Some((shape, values)) = input(&record, state.view.cursor + 1) {
                picture(ui, shape, &values);
            }
            let (low, high) = evidence.iter().fold((0.0f64, 0.0f64), |(l, h), &v| {
                (l.min(f64::from(v)), h.max(f64::from(v)))
            });
            let margin = (high - low).max(1e-9) * 0.05;
            let chart = time_chart(ui, state, "Evidence chart", low - margin..high + margin);
            chart.ticks_y(plain);
            chart.ticks_x("timestep", crate::words::timestep);
            for (rank, &class) in order.iter().enumerate().take(40).rev() {
                let colour = if rank < 5 {
                    theme::line(rank)
                } else {
                    chart.faint.gamma_multiply(0.5)
                };
                let points = evidence.chunks_exact(classes).enumerate();
                chart.line(
                    points.map(|(t, step)| (t as f64 + 0.5, f64::from(step[class]))),
                    colour,
                );
            }
            overlay(state, &chart);
        });
    }

    fn again(&self) -> Box<dyn Panel> {
        Box::new(Evidence::default())
    }

    fn csv(&self, state: &State) -> Option<String> {
        let record = &state.open.as_ref()?.record;
        let classes = Some(classes(record)).filter(|classes| *classes > 0)?;
        let evidence = record.evidence();
        let lines = evidence
            .chunks_exact(classes)
            .enumerate()
            .flat_map(|(t, step)| {
                step.iter()
                    .enumerate()
                    .map(move |(c, v)| [t.to_string(), c.to_string(), v.to_string()])
            });
        Some(super::table(["timestep", "class", "evidence"], lines))
    }
}

/// The choice of the sample, what the network answers by now and what is right.
fn answers(ui: &mut Ui, state: &mut State, record: &Record) {
    let ahead = record.predictions.get(state.view.cursor);
    if state.samples > 1 {
        let mut sample = record.sample;
        ui.label("sample");
        let value = eframe::egui::DragValue::new(&mut sample).range(0..=state.samples - 1);
        let response = ui.add(value);
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, enabled, "Sample"));
        if response.changed() {
            state.wanted_sample = Some(sample);
        }
        ui.label(format!("of {}", state.samples));
    }
    if let Some(ahead) = ahead {
        ui.label(format!(
            "after timestep {}: class {ahead}",
            state.view.cursor
        ));
    }
    if let Some(label) = record.label {
        let right = ahead == Some(&label);
        let text = format!(
            "label {label}{}",
            if right { " (right)" } else { " (wrong)" }
        );
        if ahead.is_some() && !right {
            ui.colored_label(ui.visuals().warn_fg_color, text);
        } else {
            ui.label(text);
        }
    }
}

/// The first channel, or the mean over three, as an image.
fn picture(ui: &mut Ui, shape: spikewatt::network::Shape, values: &[f64]) {
    let (width, height) = if shape.height == 1 && shape.width == 1 {
        let side = (shape.channels as f64).sqrt() as usize;
        if side * side != shape.channels {
            return;
        }
        (side, side)
    } else {
        (shape.width, shape.height)
    };
    let channels = values.len() / (width * height).max(1);
    let mean = |place: usize| {
        values[place * channels..(place + 1) * channels]
            .iter()
            .sum::<f64>()
            / channels.max(1) as f64
    };
    let means: Vec<f64> = (0..width * height).map(mean).collect();
    let (low, high) = means
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| {
            (l.min(v), h.max(v))
        });
    let grey =
        |value: &f64| Color32::from_gray((255.0 * (value - low) / (high - low).max(1e-12)) as u8);
    let image = ColorImage::new([width, height], means.iter().map(grey).collect());
    let texture = ui
        .ctx()
        .load_texture("input", image, TextureOptions::NEAREST);
    let side = (ui.available_height() - 40.0).clamp(24.0, (ui.available_width() * 0.35).max(24.0));
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Image, enabled, "Input sample"));
    let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    ui.painter().image(texture.id(), rect, uv, Color32::WHITE);
    // The image is drawn after this frame's layout, and must live as long.
    let id = ui.scope_id().with("input texture");
    ui.data_mut(|data| data.insert_temp(id, texture));
}
