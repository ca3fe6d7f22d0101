//! The network as a graph.

use super::Panel;
use crate::canvas::{nothing, pick_rows, touches};
use crate::state::State;
use crate::theme;
use eframe::egui::{
    Align2, Button, Color32, FontId, Rect, Role, ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};
use spikewatt::conversion::Health;
use spikewatt::explore::{Record, Rows};
use spikewatt::units::si;

/// What the colour of a population says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Colour {
    #[default]
    Energy,
    Rate,
    Error,
}

/// Populations and projections; a click selects a population.
#[derive(Default)]
pub struct Network {
    colour: Colour,
}

/// Between two boxes \[points\].
const GAP: f32 = 24.0;

/// Least and largest size of a box \[points\].
const BOX: [eframe::egui::Vec2; 2] = [vec2(136.0, 44.0), vec2(220.0, 64.0)];

/// Boxes in rows, as large as the panel has room for.
struct Grid {
    columns: usize,
    rows: usize,
    size: eframe::egui::Vec2,
}

impl Grid {
    fn new(boxes: usize, room: eframe::egui::Vec2) -> Self {
        let [least, largest] = BOX;
        let fit = |side: f32, least: f32| ((side - 8.0) / (least + GAP)).floor().max(1.0) as usize;
        let most = fit(room.x, least.x).min(boxes.max(1));
        // As few columns as the height allows, so that boxes can be wide.
        let columns = boxes
            .div_ceil(fit(room.y, least.y))
            .clamp(most.min(3), most);
        let rows = boxes.div_ceil(columns);
        let side = |room: f32, count: usize, [least, largest]: [f32; 2]| {
            ((room - 16.0) / count.max(1) as f32 - GAP).clamp(least, largest)
        };
        Grid {
            columns,
            rows,
            size: vec2(
                side(room.x, columns, [least.x, largest.x]),
                side(room.y, rows, [least.y, largest.y]),
            ),
        }
    }

    /// Where a box lies.
    fn place(&self, area: Rect, index: usize) -> Rect {
        let (row, column) = (index / self.columns, index % self.columns);
        let step = self.size + vec2(GAP, GAP);
        let min = area.min + vec2(8.0 + column as f32 * step.x, 4.0 + row as f32 * step.y);
        Rect::from_min_size(min, self.size)
    }
}

/// A population as it is drawn.
struct Shown {
    population: usize,
    /// Its value relative to the largest; `None` if it is not known or nothing has one.
    share: Option<f64>,
    /// Its value in words.
    value: Option<String>,
}

impl Network {
    /// The choice of what colours say.
    fn choice(&mut self, ui: &mut Ui, errors_known: bool) {
        ui.horizontal(|ui| {
            ui.label("colour:");
            ui.selectable_value(&mut self.colour, Colour::Energy, "energy");
            ui.selectable_value(&mut self.colour, Colour::Rate, "rate");
            let error = Button::selectable(self.colour == Colour::Error, "conversion error");
            let response = ui.add_enabled(errors_known, error).on_hover_text(
                "root mean square of the error of a population's output against the original's \
                 activation, relative to that of the activation, on the calibration samples",
            );
            if response.clicked() {
                self.colour = Colour::Error;
            }
        });
    }

    /// The value of each population; `None` if it is not known.
    fn values(&self, state: &State) -> Vec<Option<f64>> {
        let Some(open) = &state.open else {
            return Vec::new();
        };
        let counts = &open.record.counts;
        let energies: Option<Vec<f64>> = open
            .populations
            .iter()
            .map(|priced| priced.dynamic_j.map(|energy| energy.nominal))
            .collect();
        let energies = energies.filter(|energies| !energies.is_empty());
        let value = |population: usize| match self.colour {
            Colour::Energy => energies.as_ref().map(|energies| energies[population]),
            Colour::Rate => Some(counts.rate(population)),
            Colour::Error => {
                let name = &counts.topology.populations[population].name;
                health(state, name).map(|health| health.relative_error)
            }
        };
        (0..counts.topology.populations.len()).map(value).collect()
    }

    /// A value in words.
    fn said(&self, value: f64) -> String {
        match self.colour {
            Colour::Energy => si(value, "J"),
            Colour::Rate | Colour::Error => format!("{:.2} %", value * 100.0),
        }
    }
}

/// How well a population stands for its layer of the original, if that is known.
fn health<'a>(state: &'a State, population: &str) -> Option<&'a Health> {
    let mut known = state.health.iter();
    known.find(|health| health.population == population)
}

/// A box that names a population; a click selects it.
fn node(ui: &Ui, state: &mut State, record: &Record, rect: Rect, shown: &Shown) {
    let node = &record.counts.topology.populations[shown.population];
    let id = ui.scope_id().with(("population", shown.population));
    let response = ui.interact(rect, id, Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Button, enabled, format!("Population {}", node.name))
    });
    let (fill, ink) = match shown.share.map(theme::heat) {
        Some(fill) if fill.intensity() > 0.45 => (fill, Color32::BLACK),
        Some(fill) => (fill, Color32::WHITE),
        None => (ui.visuals().faint_bg_color, ui.visuals().text_color()),
    };
    ui.painter().rect_filled(rect, 4.0, fill);
    let rows = record.rows_of(shown.population);
    let frame = if touches(state, &rows) {
        Some(Stroke::new(3.0, theme::SELECTED))
    } else if response.hovered() || response.has_focus() {
        Some(Stroke::new(1.0, ui.visuals().text_color()))
    } else {
        None
    };
    if let Some(stroke) = frame {
        ui.painter()
            .rect_stroke(rect, 4.0, stroke, StrokeKind::Outside);
    }
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let line = |text: &str, down: f32, size: f32| {
        let place = rect.left_center() + vec2(7.0, down);
        let font = FontId::proportional(size);
        painter.text(place, Align2::LEFT_CENTER, text, font, ink);
    };
    line(&node.name, -9.0, 12.0);
    let second = match &shown.value {
        Some(value) => format!("{} · {value}", node.shape),
        None => node.shape.to_string(),
    };
    line(&second, 9.0, 11.0);
    let response = response.on_hover_text(described(state, record, shown.population));
    if response.clicked() {
        pick_rows(ui, state, Rows::from_range(rows));
    }
}

/// What is known of a population.
fn described(state: &State, record: &Record, population: usize) -> String {
    let counts = &record.counts;
    let node = &counts.topology.populations[population];
    let figures = counts.per_inference(population);
    let fit = health(state, &node.name).map_or(String::new(), |health| {
        format!(
            "\nconversion error {:.1} % (of which {:.1} % from when spikes arrive), {:.1} % dead, {:.1} % saturated",
            100.0 * health.relative_error,
            100.0 * health.residual_error,
            100.0 * health.dead,
            100.0 * health.saturated
        )
    });
    format!(
        "{}: {} neurons, {} spikes, {} SynOps received, rate {:.4}{fit}",
        node.name,
        node.shape.neurons(),
        figures.spikes,
        figures.synops,
        counts.rate(population)
    )
}

impl Panel for Network {
    fn name(&self) -> &'static str {
        "Network"
    }

    fn about(&self) -> &'static str {
        "populations coloured by dynamic energy, rate or conversion error; a click selects one"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let Some(open) = &state.open else {
            return nothing(ui, "No network loaded.");
        };
        let record = open.record.clone();
        self.choice(ui, !state.health.is_empty());
        let values = self.values(state);
        let most = values.iter().flatten().copied().fold(0.0, f64::max);
        let nodes = &record.counts.topology.populations;
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let grid = Grid::new(nodes.len(), ui.available_size());
            let height = grid.rows as f32 * (grid.size.y + GAP) + 8.0;
            let size = vec2(ui.available_width(), height);
            let (area, _) = ui.allocate_exact_size(size, Sense::hover());
            let faint = ui.visuals().weak_text_color();
            for edge in &record.counts.topology.edges {
                let (from, to) = (grid.place(area, edge.source), grid.place(area, edge.target));
                arrow(ui, from, to, faint);
            }
            for (population, value) in values.iter().enumerate() {
                let share = value.filter(|_| most > 0.0).map(|value| value / most);
                let shown = Shown {
                    population,
                    share,
                    value: value.map(|value| self.said(value)),
                };
                node(ui, state, &record, grid.place(area, population), &shown);
            }
        });
    }

    fn again(&self) -> Box<dyn Panel> {
        Box::new(Network {
            colour: self.colour,
        })
    }

    fn csv(&self, state: &State) -> Option<String> {
        let open = state.open.as_ref()?;
        let counts = &open.record.counts;
        let lines = counts
            .topology
            .populations
            .iter()
            .enumerate()
            .map(|(index, node)| {
                let figures = counts.per_inference(index);
                let error = state.health.iter().find(|h| h.population == node.name);
                let energy = open
                    .populations
                    .get(index)
                    .and_then(|priced| priced.dynamic_j);
                [
                    node.name.clone(),
                    node.shape.neurons().to_string(),
                    figures.spikes.to_string(),
                    figures.synops.to_string(),
                    energy
                        .map(|energy| energy.nominal.to_string())
                        .unwrap_or_default(),
                    error
                        .map(|e| e.relative_error.to_string())
                        .unwrap_or_default(),
                ]
            });
        let head = [
            "population",
            "neurons",
            "spikes",
            "synops_received",
            "dynamic_energy_emitted_j",
            "conversion_error",
        ];
        Some(super::table(head, lines))
    }
}

fn arrow(ui: &Ui, from: Rect, to: Rect, colour: Color32) {
    let stroke = Stroke::new(1.5, colour);
    if from == to {
        let corner = from.right_top();
        ui.painter().circle_stroke(corner, 7.0, stroke);
        return;
    }
    let same_row = (from.center().y - to.center().y).abs() < 1.0;
    let (start, end) = if same_row && to.left() > from.right() {
        (from.right_center(), to.left_center())
    } else if same_row {
        (from.center_bottom(), to.center_bottom())
    } else if to.top() > from.bottom() {
        (from.center_bottom(), to.center_top())
    } else {
        (from.center_top(), to.center_bottom())
    };
    if same_row && to.left() <= from.right() {
        // A way back runs below the boxes.
        let y = start.y + 10.0;
        ui.painter()
            .line(vec![start, pos2(start.x, y), pos2(end.x, y), end], stroke);
        return;
    }
    let mut start = start;
    if !same_row {
        // Down, across between the rows, and on.
        let y = end.y - (end.y - start.y).signum() * GAP / 2.0;
        let corners = [pos2(start.x, y), pos2(end.x, y)];
        ui.painter()
            .line(vec![start, corners[0], corners[1]], stroke);
        start = corners[1];
    }
    ui.painter().line_segment([start, end], stroke);
    let along = (end - start).normalized();
    let across = along.rot90() * 3.5;
    let back = end - along * 8.0;
    let head = vec![end, back + across, back - across];
    ui.painter()
        .add(Shape::convex_polygon(head, colour, Stroke::NONE));
}
