//! Where neurons sit on the chip, and how busy each core is.

use super::Panel;
use crate::canvas::{nothing, pick_rows, touches};
use crate::state::State;
use crate::theme;
use eframe::egui::{
    Align2, FontId, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};
use spikewatt::explore::{Rows, Selection};
use spikewatt::mapping::{Mesh, Placement, link_loads, traffic};
use spikewatt::units::si;
use std::collections::BTreeMap;

/// Cores of the mesh coloured by the energy of their neurons, and the links between their tiles by
/// the packets that cross them.
#[derive(Default)]
pub struct Cores {
    cached: Option<(u64, Option<Chip>)>,
}

/// What the chip does.
struct Chip {
    cores: BTreeMap<usize, Core>,
    /// Packets from one tile to the next.
    links: BTreeMap<[usize; 2], u64>,
    placement: Placement,
}

/// What one core does.
#[derive(Debug, Default, PartialEq)]
struct Core {
    rows: Vec<std::ops::Range<u32>>,
    neurons: usize,
    spikes: u64,
    packets_sent: u64,
    packets_received: u64,
    energy_j: f64,
}

/// Every core in use. Energy is that of the neurons on the core and the spikes they emit.
fn chip(state: &State) -> Option<Chip> {
    let open = state.open.as_ref()?;
    let ledger = open.ledger.as_ref().ok()?;
    let placement = ledger.structure.placement.clone()?;
    let traffic = traffic(&open.record.counts, &placement);
    let mut cores: BTreeMap<usize, Core> = BTreeMap::new();
    for (slice, load) in placement.slices().iter().zip(&traffic.slices) {
        let core = cores.entry(slice.core).or_default();
        let first = open.record.first_rows[slice.population];
        let rows = first + slice.neurons.start as u32..first + slice.neurons.end as u32;
        let selection = Selection {
            rows: Rows::from_range(rows.clone()),
            timesteps: 0..open.record.raster.timesteps(),
        };
        let priced = ledger.price(&open.record, &selection);
        core.energy_j += priced.dynamic_j.map_or(0.0, |energy| energy.nominal);
        core.rows.push(rows);
        core.neurons += slice.neurons.len();
        core.spikes += load.spikes;
        core.packets_sent += load.packets_sent;
        core.packets_received += load.packets_received();
    }
    Some(Chip {
        cores,
        links: link_loads(&open.record.counts, &placement),
        placement,
    })
}

impl Chip {
    fn summary(&self) -> String {
        let placement = &self.placement;
        let fits = if placement.fits() {
            String::new()
        } else {
            format!("; exceeds: {}", placement.exceeded().join(", "))
        };
        let chips = match placement.chips() {
            1 => "1 chip".to_owned(),
            chips => format!("{chips} chips"),
        };
        format!("{} cores on {chips}{fits}", placement.cores())
    }
}

/// Where cores and tiles lie: chips side by side, a gap between tiles.
struct Floor {
    mesh: Mesh,
    area: Rect,
    /// Cores of all chips together.
    cores: usize,
    /// Cores of a tile beside and below each other.
    across: usize,
    down: usize,
    /// Side of a core [points].
    side: f32,
}

impl Floor {
    fn of(chip: &Chip, area: Rect) -> Self {
        let mesh = chip.placement.mesh();
        let last = chip.cores.keys().next_back().copied().unwrap_or(0);
        let chips = last / mesh.cores_per_chip() + 1;
        let across = (mesh.cores_per_tile as f64).sqrt().ceil() as usize;
        let down = mesh.cores_per_tile.div_ceil(across);
        let columns = mesh.width * chips * (across + 1);
        let rows = mesh.height * (down + 1);
        let side = ((area.width() - 8.0) / columns as f32)
            .min((area.height() - 22.0) / rows as f32)
            .clamp(2.0, 64.0);
        Floor {
            mesh,
            area,
            cores: chips * mesh.cores_per_chip(),
            across,
            down,
            side,
        }
    }

    fn core(&self, index: usize) -> Rect {
        let tile = self.mesh.tile(index);
        let within = index % self.mesh.cores_per_tile;
        let x = (tile / self.mesh.height) * (self.across + 1) + within % self.across;
        let y = (tile % self.mesh.height) * (self.down + 1) + within / self.across;
        let min = self.area.min + vec2(4.0 + x as f32 * self.side, y as f32 * self.side);
        Rect::from_min_size(min, vec2(self.side, self.side)).shrink(0.5)
    }

    fn tile(&self, tile: usize) -> Rect {
        let (x, y) = self.mesh.at(tile);
        let min = vec2((x * (self.across + 1)) as f32, (y * (self.down + 1)) as f32);
        let min = self.area.min + vec2(4.0, 0.0) + min * self.side;
        let size = vec2(self.across as f32, self.down as f32);
        Rect::from_min_size(min, size * self.side)
    }

    /// Below the last row.
    fn bottom(&self) -> f32 {
        let rows = self.mesh.height * (self.down + 1);
        self.area.top() + rows as f32 * self.side
    }
}

fn unused(ui: &Ui, rect: Rect) {
    let visuals = ui.visuals();
    ui.painter().rect_filled(rect, 1.0, visuals.faint_bg_color);
    let stroke = Stroke::new(0.5, visuals.weak_text_color().gamma_multiply(0.4));
    ui.painter()
        .rect_stroke(rect, 1.0, stroke, StrokeKind::Inside);
}

/// A core with neurons, as bright as its energy is of the most that any has; a click selects them.
fn busy(ui: &Ui, state: &mut State, (index, core): (usize, &Core), floor: &Floor, most: f64) {
    let rect = floor.core(index);
    let value = if most > 0.0 {
        core.energy_j / most
    } else {
        0.0
    };
    ui.painter().rect_filled(rect, 1.0, theme::heat(value));
    if core.rows.iter().any(|rows| touches(state, rows)) {
        let stroke = Stroke::new(2.0, theme::SELECTED);
        ui.painter()
            .rect_stroke(rect, 1.0, stroke, StrokeKind::Inside);
    }
    let response = ui.interact(rect, ui.scope_id().with(("core", index)), Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, format!("Core {index}")));
    let capacity = state
        .hardware(&state.device)
        .and_then(|device| device.figures.get("capacity.neurons_per_core"))
        .map(|figure| figure.value.nominal);
    let of = capacity.map_or(String::new(), |most| format!(" of {most}"));
    let response = response.on_hover_text(format!(
        "core {index}, tile {}: {} neurons{of}, {} spikes, {} packets sent, {} received, {}",
        floor.mesh.tile(index),
        core.neurons,
        core.spikes,
        core.packets_sent,
        core.packets_received,
        si(core.energy_j, "J")
    ));
    if response.clicked() {
        pick_rows(ui, state, Rows::new(core.rows.clone()));
    }
}

impl Panel for Cores {
    fn name(&self) -> &'static str {
        "Cores"
    }

    fn about(&self) -> &'static str {
        "neurocores by the dynamic energy of their neurons, links by their packets; a click selects a core"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let revision = state.revision;
        if self.cached.as_ref().is_none_or(|(at, _)| *at != revision) {
            self.cached = Some((revision, chip(state)));
        }
        let Some((_, Some(chip))) = &self.cached else {
            return nothing(ui, "The device has no neurocores, or nothing is priced.");
        };
        ui.label(chip.summary());
        let size = ui.available_size();
        let (area, _) = ui.allocate_exact_size(size, Sense::hover());
        let floor = Floor::of(chip, area);
        let most = chip.cores.values().map(|core| core.energy_j);
        let most = most.fold(0.0, f64::max);
        for index in 0..floor.cores {
            match chip.cores.get(&index) {
                Some(core) => busy(ui, state, (index, core), &floor, most),
                None => unused(ui, floor.core(index)),
            }
        }
        let busiest = chip.links.values().copied().max().unwrap_or(0);
        for (&[from, to], &packets) in &chip.links {
            let share = packets as f64 / busiest.max(1) as f64;
            if link(ui, floor.tile(from), floor.tile(to), share) {
                let text = format!("link from tile {from} to {to}: {packets} packets");
                ui.interact(area, ui.scope_id().with("links"), Sense::hover())
                    .on_hover_text_at_pointer(text);
            }
        }
        let mut text = format!("cores: dark 0 J, bright {}, grey unused", si(most, "J"));
        if busiest > 0 {
            text += &format!(" · links: dark idle, bright {busiest} packets");
        }
        ui.painter().text(
            pos2(area.left() + 4.0, floor.bottom() + 4.0),
            Align2::LEFT_TOP,
            text,
            FontId::proportional(11.0),
            ui.visuals().weak_text_color(),
        );
    }

    fn again(&self) -> Box<dyn Panel> {
        Box::new(Cores::default())
    }

    fn csv(&self, state: &State) -> Option<String> {
        let Chip { cores, links, .. } = chip(state)?;
        let links = links.into_iter().map(|([from, to], packets)| {
            let link = format!("link from tile {from} to {to}");
            let none = String::new;
            [
                link,
                none(),
                none(),
                packets.to_string(),
                packets.to_string(),
                none(),
            ]
        });
        let cores = cores.into_iter().map(|(index, core)| {
            [
                format!("core {index}"),
                core.neurons.to_string(),
                core.spikes.to_string(),
                core.packets_sent.to_string(),
                core.packets_received.to_string(),
                core.energy_j.to_string(),
            ]
        });
        let head = [
            "element",
            "neurons",
            "spikes",
            "packets_sent",
            "packets_received",
            "dynamic_energy_j",
        ];
        Some(super::table(head, cores.chain(links)))
    }
}

/// An arrow from one tile to its neighbour beside the one that leads back; whether the pointer is
/// on it.
fn link(ui: &Ui, from: Rect, to: Rect, share: f64) -> bool {
    let along = (to.center() - from.center()).normalized();
    let across = along.rot90();
    let reach = (to.center() - from.center()).length();
    let half = vec2(from.width(), from.height()) / 2.0;
    let edge = (along * half).length();
    let shift = across * (half.x.min(half.y) * 0.35).min(8.0);
    let start = from.center() + along * edge + shift;
    let end = from.center() + along * (reach - edge) + shift;
    let width = (1.0 + 2.5 * share as f32).min((end - start).length());
    let colour = theme::heat(share);
    ui.painter()
        .line_segment([start, end], Stroke::new(width, colour));
    let head = (end - start).length() * 0.4;
    let back = end - along * head;
    let tip = vec![end, back + across * head * 0.5, back - across * head * 0.5];
    ui.painter()
        .add(Shape::convex_polygon(tip, colour, Stroke::NONE));
    let around = Rect::from_two_pos(start, end).expand(3.0);
    ui.rect_contains_pointer(around)
}
