//! The network as a graph.

use super::Panel;
use crate::canvas::{nothing, pick_rows, touches};
use crate::state::State;
use crate::theme;
use eframe::egui::{
    Align2, Button, Color32, FontId, Rect, Role, ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};
use spikewatt::explore::Rows;
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
            return nothing(ui, "Nothing is open.");
        };
        let record = open.record.clone();
        let energies: Option<Vec<f64>> = open
            .populations
            .iter()
            .map(|priced| priced.dynamic_j.map(|energy| energy.nominal))
            .collect();
        let energies = energies.filter(|energies| !energies.is_empty());
        ui.horizontal(|ui| {
            ui.label("colour:");
            ui.selectable_value(&mut self.colour, Colour::Energy, "energy");
            ui.selectable_value(&mut self.colour, Colour::Rate, "rate");
            let known = !state.health.is_empty();
            let error = Button::selectable(self.colour == Colour::Error, "conversion error");
            let response = ui.add_enabled(known, error).on_hover_text(
                "root mean square of the error of a population's output against the original's \
                 activation, relative to that of the activation, on the calibration samples",
            );
            if response.clicked() {
                self.colour = Colour::Error;
            }
        });
        let counts = &record.counts;
        let found = state.health.clone();
        let health = |population: usize| {
            let name = &counts.topology.populations[population].name;
            found.iter().find(|health| health.population == *name)
        };
        let value = |population: usize| match self.colour {
            Colour::Energy => energies.as_ref().map(|energies| energies[population]),
            Colour::Rate => Some(counts.rate(population)),
            Colour::Error => health(population).map(|health| health.relative_error),
        };
        let nodes = &counts.topology.populations;
        let most = (0..nodes.len()).filter_map(value).fold(0.0, f64::max);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let grid = Grid::new(nodes.len(), ui.available_size());
            let height = grid.rows as f32 * (grid.size.y + GAP) + 8.0;
            let size = vec2(ui.available_width(), height);
            let (area, _) = ui.allocate_exact_size(size, Sense::hover());
            let place = |population: usize| {
                let (row, column) = (population / grid.columns, population % grid.columns);
                let step = grid.size + vec2(GAP, GAP);
                let min = area.min + vec2(8.0 + column as f32 * step.x, 4.0 + row as f32 * step.y);
                Rect::from_min_size(min, grid.size)
            };
            let faint = ui.visuals().weak_text_color();
            for edge in &counts.topology.edges {
                arrow(ui, place(edge.source), place(edge.target), faint);
            }
            for (population, node) in nodes.iter().enumerate() {
                let rect = place(population);
                let response = ui.interact(
                    rect,
                    ui.scope_id().with(("population", population)),
                    Sense::click(),
                );
                let enabled = ui.is_enabled();
                response.widget_info(|| {
                    WidgetInfo::labeled(Role::Button, enabled, format!("Population {}", node.name))
                });
                let value = value(population);
                let fill = match value {
                    Some(value) if most > 0.0 => theme::heat(value / most),
                    _ => ui.visuals().faint_bg_color,
                };
                let light = fill.intensity() > 0.45 && value.is_some() && most > 0.0;
                let ink = match (value, light) {
                    (None, _) => ui.visuals().text_color(),
                    (_, true) => Color32::BLACK,
                    (_, false) if most > 0.0 => Color32::WHITE,
                    _ => ui.visuals().text_color(),
                };
                ui.painter().rect_filled(rect, 4.0, fill);
                let rows = record.rows_of(population);
                if touches(state, &rows) {
                    let stroke = Stroke::new(3.0, theme::SELECTED);
                    ui.painter()
                        .rect_stroke(rect, 4.0, stroke, StrokeKind::Outside);
                } else if response.hovered() || response.has_focus() {
                    let stroke = Stroke::new(1.0, ui.visuals().text_color());
                    ui.painter()
                        .rect_stroke(rect, 4.0, stroke, StrokeKind::Outside);
                }
                let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
                let font = FontId::proportional(12.0);
                let middle = rect.left_center() + vec2(7.0, 0.0);
                let above = middle - vec2(0.0, 9.0);
                painter.text(above, Align2::LEFT_CENTER, &node.name, font, ink);
                let second = match (self.colour, value) {
                    (Colour::Energy, Some(value)) => format!("{} · {}", node.shape, si(value, "J")),
                    (Colour::Rate | Colour::Error, Some(value)) => {
                        format!("{} · {:.2} %", node.shape, value * 100.0)
                    }
                    (_, None) => node.shape.to_string(),
                };
                let font = FontId::proportional(11.0);
                painter.text(
                    middle + vec2(0.0, 9.0),
                    Align2::LEFT_CENTER,
                    second,
                    font,
                    ink,
                );
                let figures = counts.per_inference(population);
                let fit = health(population).map_or(String::new(), |health| {
                    format!(
                        "\nconversion error {:.1} % (of which {:.1} % from when spikes arrive), {:.1} % dead, {:.1} % saturated",
                        100.0 * health.relative_error,
                        100.0 * health.residual_error,
                        100.0 * health.dead,
                        100.0 * health.saturated
                    )
                });
                let response = response.on_hover_text(format!(
                    "{}: {} neurons, {} spikes, {} SynOps received, rate {:.4}{fit}",
                    node.name,
                    node.shape.neurons(),
                    figures.spikes,
                    figures.synops,
                    counts.rate(population)
                ));
                if response.clicked() {
                    pick_rows(ui, state, Rows::from_range(rows));
                }
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
