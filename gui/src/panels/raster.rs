//! Which neuron fired when.

use super::Panel;
use crate::canvas::{Chart, brush, drag, nothing, overlay, steps};
use crate::lod::{Window, picture, ticks};
use crate::open::{Choice, Open, Shown};
use crate::state::State;
use crate::theme;
use eframe::egui::{
    Align2, Color32, ColorImage, ComboBox, DragValue, Rect, Role, Shape, Stroke, StrokeKind,
    TextureHandle, TextureOptions, Ui, WidgetInfo, pos2,
};
use spikewatt::explore::Selection;
use std::ops::Range;
use std::sync::Arc;

/// Most events that are drawn one by one.
const MOST_TICKS: u64 = 4000;

/// Spike raster with a choice of neurons.
#[derive(Default)]
pub struct Raster {
    spikes: Spikes,
}

/// Spikes in a chart: single ticks where they fit, counts per pixel where they do not.
#[derive(Default)]
pub(super) struct Spikes {
    cached: Option<(Key, Drawing)>,
}

/// What a drawing depends on.
struct Key {
    window: Window,
    raster: Arc<spikewatt::explore::Raster>,
    dark: bool,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let same = Arc::ptr_eq(&self.raster, &other.raster);
        same && self.window == other.window && self.dark == other.dark
    }
}

enum Drawing {
    Ticks(Vec<(usize, u32)>),
    Cells(TextureHandle, [usize; 2], [usize; 2]),
}

impl Panel for Raster {
    fn name(&self) -> &'static str {
        "Raster"
    }

    fn about(&self) -> &'static str {
        "which neuron fired when; drag to select, Ctrl+wheel zooms time, Ctrl+Shift+wheel neurons"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        if state.open.is_none() {
            return nothing(ui, "Open an experiment, a network or a recording.");
        }
        ui.horizontal(|ui| choose(ui, state));
        let rows = state.view.rows.clone();
        // Row 0 is at the top.
        let rows = -rows.end..-rows.start;
        let chart = Chart::new(ui, "Raster chart", state.view.time.clone(), rows);
        state.view.interact(ui, &chart.response, chart.area, true);
        if chart.response.clicked()
            && let Some(pointer) = chart.response.interact_pointer_pos()
        {
            state.view.go_to(chart.x_of(pointer.x).floor() as i64);
        }
        if let Some((start, now)) = drag(ui, &chart.response) {
            let timesteps = steps(chart.x_of(start.x), chart.x_of(now.x), state.view.timesteps);
            let height = state.view.height as usize;
            let rows = steps(-chart.y_of(start.y), -chart.y_of(now.y), height);
            if let Some(open) = &state.open {
                let rows = open.shown.rows(rows.start as u32..rows.end as u32);
                brush(ui, state, &chart.response, Selection { rows, timesteps });
            }
        }
        if let Some(open) = &state.open {
            self.spikes.draw(ui, &open.shown, &chart);
            labels(open, &chart);
        }
        chart.ticks_x("timestep", crate::words::timestep);
        selected(state, &chart);
        overlay(state, &chart);
        hover(state, &chart);
    }

    fn again(&self) -> Box<dyn Panel> {
        Box::new(Raster::default())
    }

    fn csv(&self, state: &State) -> Option<String> {
        let open = state.open.as_ref()?;
        let selection = state.effective_selection();
        let nodes = &open.record.counts.topology.populations;
        let mut lines = Vec::new();
        for t in selection.timesteps {
            for rows in selection.rows.ranges() {
                open.record.raster.for_each(t, rows, |row, value| {
                    if let Some((population, neuron)) = open.record.neuron_of(row) {
                        let name = nodes[population].name.clone();
                        lines.push([t.to_string(), name, neuron.to_string(), value.to_string()]);
                    }
                });
            }
        }
        let head = ["timestep", "population", "neuron_channels_last", "value"];
        Some(super::table(head, lines.into_iter()))
    }
}

fn choose(ui: &mut Ui, state: &mut State) {
    let Some(open) = &state.open else {
        return;
    };
    let names: Vec<String> = open
        .record
        .counts
        .topology
        .populations
        .iter()
        .map(|n| n.name.clone())
        .collect();
    let (shown, all) = (open.shown.raster.height(), open.record.raster.height());
    let events = open.shown.raster.len();
    let label = |choice: Choice| match choice {
        Choice::All => "all neurons".to_owned(),
        Choice::Population(index) => names.get(index).cloned().unwrap_or_default(),
        Choice::Busiest(most) => format!("the {most} busiest"),
        Choice::Sample(about) => format!("every k-th, about {about}"),
        Choice::Random(most) => format!("{most} at random"),
        Choice::Range(..) => "a range".to_owned(),
    };
    let now = open.shown.choice;
    // A range begins as what is selected.
    let selection = state.effective_selection();
    let ranges = selection.rows.ranges();
    let ends = (ranges.first(), ranges.last());
    let selected = match ends {
        (Some(first), Some(last)) => first.start..last.end,
        _ => 0..all,
    };
    let mut next = now;
    let mut choices = vec![
        Choice::All,
        Choice::Busiest(100),
        Choice::Busiest(1000),
        Choice::Sample(500),
        Choice::Random(500),
        match now {
            Choice::Range(..) => now,
            _ => Choice::Range(selected.start, selected.end),
        },
    ];
    choices.extend((0..names.len()).map(Choice::Population));
    let combo = ComboBox::from_id_salt("neurons").selected_text(label(now));
    let combo = combo.show_ui(ui, |ui| {
        for choice in choices {
            ui.selectable_value(&mut next, choice, label(choice));
        }
    });
    let enabled = ui.is_enabled();
    combo
        .response
        .widget_info(|| WidgetInfo::labeled(Role::ComboBox, enabled, "Neurons shown"));
    if let Choice::Busiest(most) | Choice::Sample(most) | Choice::Random(most) = &mut next {
        let response = ui.add(DragValue::new(most).range(1..=(all as usize).max(1)));
        response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, enabled, "How many neurons"));
    }
    if let Choice::Range(mut start, mut end) = next {
        let first = ui.add(DragValue::new(&mut start).range(0..=all.saturating_sub(1)));
        ui.label("to");
        let last = ui.add(DragValue::new(&mut end).range(start + 1..=all));
        for (response, name) in [
            (first, "First neuron shown"),
            (last, "End of the neurons shown"),
        ] {
            response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, enabled, name));
        }
        next = Choice::Range(start, end.max(start + 1));
    }
    ui.label(format!("showing {shown} of {all} neurons, {events} events"));
    if next != now {
        state.choose(next);
    }
}

impl Spikes {
    /// Draws over a chart whose values upwards are rows below 0: row 0 is at the top.
    pub(super) fn draw(&mut self, ui: &Ui, shown: &Shown, chart: &Chart) {
        let scale = ui.ctx().pixels_per_point();
        let pixels =
            [chart.area.width(), chart.area.height()].map(|side| (side * scale).max(1.0) as usize);
        let window = Window {
            time: chart.x.clone(),
            rows: -chart.y.end..-chart.y.start,
            pixels,
        };
        let raster = &shown.raster;
        let dark = ui.visuals().dark_mode;
        let key = Key {
            window: window.clone(),
            raster: raster.clone(),
            dark,
        };
        if self.cached.as_ref().is_none_or(|(old, _)| *old != key) {
            let rows = window.rows.end - window.rows.start;
            let tall = f64::from(chart.area.height()) / rows >= 2.0;
            let single = if tall {
                ticks(raster, &window, MOST_TICKS)
            } else {
                None
            };
            let drawing = match single {
                Some(ticks) => Drawing::Ticks(ticks),
                None => {
                    let picture = picture(raster, &shown.counts, &window);
                    let shades: [Color32; 256] =
                        std::array::from_fn(|brightness| shade(brightness as u8, dark));
                    let pixels = picture.brightness.iter();
                    let pixels = pixels.map(|&b| shades[usize::from(b)]).collect();
                    let image = ColorImage::new(picture.size, pixels);
                    let texture = ui
                        .ctx()
                        .load_texture("raster", image, TextureOptions::NEAREST);
                    let end = [0, 1].map(|i| picture.origin[i] + picture.size[i] * picture.cell[i]);
                    Drawing::Cells(texture, picture.origin, end)
                }
            };
            self.cached = Some((key, drawing));
        }
        let inside = chart.inside();
        match self.cached.as_ref().map(|(_, drawing)| drawing) {
            Some(Drawing::Cells(texture, from, to)) if to[0] > from[0] && to[1] > from[1] => {
                let rect = Rect::from_min_max(
                    chart.at(from[0] as f64, -(from[1] as f64)),
                    chart.at(to[0] as f64, -(to[1] as f64)),
                );
                let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
                inside.image(texture.id(), rect, uv, Color32::WHITE);
            }
            Some(Drawing::Ticks(ticks)) => {
                let colour = chart.ink;
                let width = (chart.at_x(1.0) - chart.at_x(0.0)).clamp(1.0, 3.0);
                inside.extend(ticks.iter().map(|&(t, row)| {
                    let x = chart.at_x(t as f64 + 0.5);
                    let (top, bottom) = (
                        chart.at_y(-f64::from(row)),
                        chart.at_y(-f64::from(row) - 1.0),
                    );
                    let gap = ((bottom - top) * 0.12).min(2.0);
                    Shape::line_segment(
                        [pos2(x, top + gap), pos2(x, bottom - gap)],
                        Stroke::new(width, colour),
                    )
                }));
            }
            _ => {}
        }
    }
}

/// Colour of a cell by its rank.
fn shade(brightness: u8, dark: bool) -> Color32 {
    if brightness == 0 {
        return Color32::TRANSPARENT;
    }
    let level = 0.25 + 0.75 * f32::from(brightness) / 255.0;
    let grey = if dark { level } else { 1.0 - level };
    let byte = (grey * 255.0) as u8;
    Color32::from_gray(byte)
}

/// Names of the populations beside their rows, and lines between them.
pub(super) fn labels(open: &Open, chart: &Chart) {
    let record = &open.record;
    let mut last_bottom = f32::NEG_INFINITY;
    for (population, node) in record.counts.topology.populations.iter().enumerate() {
        let rows = record.rows_of(population);
        let Range { start, end } = open.shown.places(&rows);
        let (top, bottom) = (chart.at_y(-f64::from(start)), chart.at_y(-f64::from(end)));
        let (top, bottom) = (top.max(chart.area.top()), bottom.min(chart.area.bottom()));
        if bottom <= top {
            continue;
        }
        let line = Stroke::new(0.5, chart.faint.gamma_multiply(0.6));
        chart
            .painter
            .hline(chart.area.left() - 4.0..=chart.area.right(), bottom, line);
        let middle = (top + bottom) / 2.0;
        if middle - 6.0 >= last_bottom {
            let name: String = node
                .name
                .rsplit(['/', '.'])
                .next()
                .unwrap_or("")
                .chars()
                .take(10)
                .collect();
            chart.text(
                pos2(chart.area.left() - 5.0, middle),
                Align2::RIGHT_CENTER,
                name,
                chart.faint,
            );
            last_bottom = middle + 7.0;
        }
    }
}

/// The selected rows and timesteps as boxes.
fn selected(state: &State, chart: &Chart) {
    let (Some(open), Some(selection)) = (&state.open, state.selection()) else {
        return;
    };
    let inside = chart.inside();
    let steps = &selection.timesteps;
    let ranges = selection.rows.ranges();
    let boxes = ranges.iter().take(200).map(|rows| open.shown.places(rows));
    let all = open.record.all_rows() == selection.rows;
    for Range { start, end } in boxes.filter(|rows| rows.start < rows.end && !all) {
        let rect = Rect::from_min_max(
            chart.at(steps.start as f64, -f64::from(start)),
            chart.at(steps.end as f64, -f64::from(end)),
        );
        inside.rect_filled(rect, 0.0, theme::SELECTED.gamma_multiply(0.15));
        inside.rect_stroke(
            rect,
            0.0,
            Stroke::new(1.0, theme::SELECTED),
            StrokeKind::Inside,
        );
    }
}

fn hover(state: &State, chart: &Chart) {
    let (Some(open), Some(pointer)) = (&state.open, chart.response.hover_pos()) else {
        return;
    };
    if !chart.area.contains(pointer) {
        return;
    }
    let row = open.shown.row((-chart.y_of(pointer.y)).max(0.0) as u32);
    let t = chart.x_of(pointer.x).max(0.0) as usize;
    if let Some((population, neuron)) = open.record.neuron_of(row) {
        let name = &open.record.counts.topology.populations[population].name;
        let text = format!("{name}, neuron {neuron}, timestep {t}");
        chart.response.clone().on_hover_text_at_pointer(text);
    }
}
