//! Rates of a population in its own shape: feature maps as images.

use super::Panel;
use crate::canvas::{nothing, pick_rows};
use crate::state::State;
use crate::theme;
use eframe::egui::{
    Align2, ColorImage, ComboBox, FontId, Rect, Response, Role, Sense, Stroke, StrokeKind,
    TextureHandle, TextureOptions, Ui, WidgetInfo, pos2, vec2,
};
use spikewatt::explore::{Record, Rows, Selection};
use spikewatt::network::{Node, Shape};

/// Spikes of each neuron in the selected time, as images.
#[derive(Default)]
pub struct Map {
    /// The first that fires unless one is chosen.
    population: Option<usize>,
    cached: Option<((u64, usize), TextureHandle, u64)>,
}

/// Maps of a shape side by side: how many across and down, and the place of each neuron.
struct Layout {
    shape: Shape,
    across: usize,
    down: usize,
}

impl Layout {
    fn new(shape: Shape) -> Self {
        if shape.height == 1 && shape.width == 1 {
            // A vector is folded into a near-square.
            let across = (shape.channels as f64).sqrt().ceil().max(1.0) as usize;
            let down = shape.channels.div_ceil(across);
            return Layout {
                shape,
                across,
                down,
            };
        }
        let across = ((shape.channels * shape.height) as f64 / shape.width as f64 * 1.6)
            .sqrt()
            .ceil();
        let across = (across as usize).clamp(1, shape.channels.max(1));
        Layout {
            shape,
            across,
            down: shape.channels.div_ceil(across),
        }
    }

    fn is_vector(&self) -> bool {
        self.shape.height == 1 && self.shape.width == 1
    }

    /// Pixels of the whole image.
    fn size(&self) -> [usize; 2] {
        if self.is_vector() {
            return [self.across, self.down];
        }
        [
            self.across * (self.shape.width + 1) - 1,
            self.down * (self.shape.height + 1) - 1,
        ]
    }

    /// Pixel of a neuron.
    fn place(&self, neuron: usize) -> [usize; 2] {
        let (c, y, x) = self.shape.coordinates(neuron);
        let (row, column) = (c / self.across, c % self.across);
        if self.is_vector() {
            return [column, row];
        }
        [
            column * (self.shape.width + 1) + x,
            row * (self.shape.height + 1) + y,
        ]
    }

    /// Neuron under a pixel.
    fn neuron(&self, [px, py]: [usize; 2]) -> Option<usize> {
        let (w, h) = if self.is_vector() {
            (1, 1)
        } else {
            (self.shape.width + 1, self.shape.height + 1)
        };
        let c = py / h * self.across + px / w;
        let (x, y) = if self.is_vector() {
            (0, 0)
        } else {
            (px % w, py % h)
        };
        let inside = px / w < self.across
            && c < self.shape.channels
            && x < self.shape.width
            && y < self.shape.height;
        inside.then(|| self.shape.index(c, y, x))
    }
}

/// The map on the screen.
struct Plane<'a> {
    layout: &'a Layout,
    rect: Rect,
    /// Side of a neuron [points].
    side: f32,
    rows: std::ops::Range<u32>,
}

impl Plane<'_> {
    /// Few selected neurons are marked one by one.
    fn mark(&self, ui: &Ui, selection: &Selection) {
        let marked = selection.rows.within(&self.rows);
        if marked.len() > 64 {
            return;
        }
        for row in marked.ranges().iter().cloned().flatten() {
            let [x, y] = self.layout.place((row - self.rows.start) as usize);
            let min = self.rect.min + vec2(x as f32, y as f32) * self.side;
            let rect = Rect::from_min_size(min, vec2(self.side, self.side));
            let stroke = Stroke::new(1.5, theme::SELECTED);
            ui.painter()
                .rect_stroke(rect, 0.0, stroke, StrokeKind::Outside);
        }
    }

    /// Names the neuron under the pointer; a click selects it.
    fn point(&self, ui: &Ui, state: &mut State, node: &Node, response: Response) {
        let Some(pointer) = response.hover_pos() else {
            return;
        };
        let place = (pointer - self.rect.min) / self.side;
        let pixel = [place.x.max(0.0) as usize, place.y.max(0.0) as usize];
        let Some(neuron) = self.layout.neuron(pixel) else {
            return;
        };
        let (c, y, x) = node.shape.coordinates(neuron);
        if response.clicked() {
            let row = self.rows.start + neuron as u32;
            pick_rows(ui, state, Rows::from_range(row..row + 1));
        }
        response
            .on_hover_text_at_pointer(format!("{}: channel {c}, row {y}, column {x}", node.name));
    }
}

impl Panel for Map {
    fn name(&self) -> &'static str {
        "Map"
    }

    fn about(&self) -> &'static str {
        "spikes of each neuron in the selected time, in the population's own shape; a click selects a neuron"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let Some(open) = &state.open else {
            return nothing(ui, "No network loaded.");
        };
        let record = open.record.clone();
        let nodes = &record.counts.topology.populations;
        let mut population = self.chosen(&record);
        let Some(node) = nodes.get(population) else {
            return nothing(ui, "The network has no population.");
        };
        let layout = Layout::new(node.shape);
        let selection = state.effective_selection();
        let key = (state.generation, population);
        if self.cached.as_ref().is_none_or(|(old, ..)| *old != key) {
            let (texture, most) = draw(ui, state, &layout, population, &selection);
            self.cached = Some((key, texture, most));
        }
        let Some((_, texture, most)) = &self.cached else {
            return;
        };
        ui.horizontal(|ui| {
            let combo = ComboBox::from_id_salt("population").selected_text(&node.name);
            let combo = combo.show_ui(ui, |ui| {
                for (index, node) in nodes.iter().enumerate() {
                    ui.selectable_value(&mut population, index, &node.name);
                }
            });
            self.population = Some(population).filter(|p| *p != key.1).or(self.population);
            let enabled = ui.is_enabled();
            combo.response.widget_info(|| {
                WidgetInfo::labeled(Role::ComboBox, enabled, "Population of the map")
            });
            ui.label(format!("{}, dark: 0, bright: {most} spikes", node.shape));
        });
        let [width, height] = layout.size();
        let room = ui.available_size() - vec2(8.0, 6.0);
        let side = (room.x / width.max(1) as f32)
            .min(room.y / height.max(1) as f32)
            .clamp(0.2, 120.0);
        let size = vec2(width as f32 * side, height as f32 * side);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::Image, enabled, "Rate map"));
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter()
            .image(texture.id(), rect, uv, eframe::egui::Color32::WHITE);
        let plane = Plane {
            layout: &layout,
            rect,
            side,
            rows: record.rows_of(population),
        };
        if state.selection().is_some() {
            plane.mark(ui, &selection);
        }
        plane.point(ui, state, node, response);
        if size.y < 12.0 {
            ui.painter().text(
                rect.left_bottom(),
                Align2::LEFT_TOP,
                "too wide for this panel",
                FontId::proportional(11.0),
                ui.visuals().weak_text_color(),
            );
        }
    }

    fn again(&self) -> Box<dyn Panel> {
        Box::new(Map {
            population: self.population,
            cached: None,
        })
    }

    fn csv(&self, state: &State) -> Option<String> {
        let open = state.open.as_ref()?;
        let population = self.chosen(&open.record);
        let node = open.record.counts.topology.populations.get(population)?;
        let spikes = open
            .record
            .spikes_per_row(state.effective_selection().timesteps);
        let rows = open.record.rows_of(population);
        let lines = rows.enumerate().map(|(neuron, row)| {
            let (c, y, x) = node.shape.coordinates(neuron);
            [
                c.to_string(),
                y.to_string(),
                x.to_string(),
                spikes[row as usize].to_string(),
            ]
        });
        Some(super::table(["channel", "row", "column", "spikes"], lines))
    }
}

impl Map {
    /// The population that is shown.
    fn chosen(&self, record: &Record) -> usize {
        let populations = &record.counts.populations;
        let fires = |&p: &usize| populations[p].spikes.iter().any(|&n| n > 0);
        let exists = self.population.filter(|p| *p < populations.len());
        exists.unwrap_or_else(|| (0..populations.len()).find(fires).unwrap_or(0))
    }
}

fn draw(
    ui: &Ui,
    state: &State,
    layout: &Layout,
    population: usize,
    selection: &Selection,
) -> (TextureHandle, u64) {
    let [width, height] = layout.size();
    let mut pixels = vec![eframe::egui::Color32::TRANSPARENT; width * height];
    let mut most = 0;
    if let Some(open) = &state.open {
        let spikes = open.record.spikes_per_row(selection.timesteps.clone());
        let rows = open.record.rows_of(population);
        let spikes = &spikes[rows.start as usize..rows.end as usize];
        most = spikes.iter().copied().max().unwrap_or(0);
        for (neuron, &spikes) in spikes.iter().enumerate() {
            let [x, y] = layout.place(neuron);
            pixels[y * width + x] = theme::heat(spikes as f64 / most.max(1) as f64);
        }
    }
    let image = ColorImage::new([width, height], pixels);
    let texture = ui.ctx().load_texture("map", image, TextureOptions::NEAREST);
    (texture, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_neuron_has_a_pixel_of_its_own_and_is_found_there() {
        for shape in [
            Shape::vector(10),
            Shape::maps(6, 5, 4),
            Shape::maps(1, 28, 28),
        ] {
            let layout = Layout::new(shape);
            let [width, height] = layout.size();
            let mut seen = std::collections::BTreeSet::new();
            for neuron in 0..shape.neurons() {
                let place = layout.place(neuron);
                assert!(place[0] < width && place[1] < height);
                assert!(seen.insert(place));
                assert_eq!(layout.neuron(place), Some(neuron));
            }
        }
    }
}
