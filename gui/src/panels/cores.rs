//! Where neurons sit on the chip, and how busy each core is.

use super::Panel;
use crate::canvas::{nothing, select_rows, touches};
use crate::state::State;
use crate::theme;
use eframe::egui::{
    Align2, FontId, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};
use spikewatt::explore::{Rows, Selection};
use spikewatt::mapping::traffic;
use spikewatt::units::si;
use std::collections::BTreeMap;

/// Cores of the mesh coloured by the energy of their neurons.
pub struct Cores;

/// What one core does.
#[derive(Debug, Clone, Default, PartialEq)]
struct Core {
    rows: Vec<std::ops::Range<u32>>,
    neurons: usize,
    spikes: u64,
    packets_sent: u64,
    packets_received: u64,
    energy_j: f64,
}

/// Every core in use. Energy is that of the neurons on the core and the spikes they emit.
fn cores(state: &State) -> Option<BTreeMap<usize, Core>> {
    let open = state.open.as_ref()?;
    let ledger = open.ledger.as_ref().ok()?;
    let placement = ledger.structure.placement.as_ref()?;
    let traffic = traffic(&open.record.counts, placement);
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
    Some(cores)
}

impl Panel for Cores {
    fn name(&self) -> &'static str {
        "Cores"
    }

    fn about(&self) -> &'static str {
        "neurocores by the dynamic energy of their neurons; a click selects the neurons of a core"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let key = ui.scope_id().with("cores");
        let generation = state.generation;
        let cached = ui.data(|data| data.get_temp::<(u64, Option<BTreeMap<usize, Core>>)>(key));
        let cores = match cached.filter(|(at, _)| *at == generation) {
            Some((_, cores)) => cores,
            None => {
                let cores = cores(state);
                ui.data_mut(|data| data.insert_temp(key, (generation, cores.clone())));
                cores
            }
        };
        let placement = state.structure().and_then(|s| s.placement.clone());
        let (Some(cores), Some(placement)) = (cores, placement) else {
            return nothing(ui, "The device has no neurocores, or nothing is priced.");
        };
        let mesh = placement.mesh();
        let capacity = state
            .hardware(&state.device)
            .and_then(|device| device.figures.get("capacity.neurons_per_core"))
            .map(|figure| figure.value.nominal);
        let fits = if placement.fits() {
            String::new()
        } else {
            format!("; exceeds: {}", placement.exceeded().join(", "))
        };
        ui.label(format!(
            "{} cores on {} chips{fits}",
            placement.cores(),
            placement.chips()
        ));
        let last = cores.keys().next_back().copied().unwrap_or(0);
        let chips = last / mesh.cores_per_chip() + 1;
        let across = (mesh.cores_per_tile as f64).sqrt().ceil() as usize;
        let down = mesh.cores_per_tile.div_ceil(across);
        let columns = mesh.width * chips * (across + 1);
        let rows = mesh.height * (down + 1);
        let size = ui.available_size();
        let side = ((size.x - 8.0) / columns as f32)
            .min((size.y - 22.0) / rows as f32)
            .clamp(2.0, 40.0);
        let (area, _) = ui.allocate_exact_size(size, Sense::hover());
        let most = cores.values().map(|core| core.energy_j).fold(0.0, f64::max);
        for index in 0..chips * mesh.cores_per_chip() {
            let tile = mesh.tile(index);
            let within = index % mesh.cores_per_tile;
            let x = (tile / mesh.height) * (across + 1) + within % across;
            let y = (tile % mesh.height) * (down + 1) + within / across;
            let min = area.min + vec2(4.0 + x as f32 * side, y as f32 * side);
            let rect = Rect::from_min_size(min, vec2(side, side)).shrink(0.5);
            let Some(core) = cores.get(&index) else {
                ui.painter()
                    .rect_filled(rect, 1.0, ui.visuals().faint_bg_color);
                let stroke = Stroke::new(0.5, ui.visuals().weak_text_color().gamma_multiply(0.4));
                ui.painter()
                    .rect_stroke(rect, 1.0, stroke, StrokeKind::Inside);
                continue;
            };
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
            response.widget_info(|| {
                WidgetInfo::labeled(Role::Button, enabled, format!("Core {index}"))
            });
            let of = capacity.map_or(String::new(), |most| format!(" of {most}"));
            let response = response.on_hover_text(format!(
                "core {index}, tile {tile}: {} neurons{of}, {} spikes, {} packets sent, {} received, {}",
                core.neurons, core.spikes, core.packets_sent, core.packets_received, si(core.energy_j, "J")
            ));
            if response.clicked() {
                select_rows(state, Rows::new(core.rows.clone()));
            }
        }
        let bottom = area.top() + rows as f32 * side + 4.0;
        let text = format!("dark: 0 J, bright: {}; grey: unused", si(most, "J"));
        ui.painter().text(
            pos2(area.left() + 4.0, bottom),
            Align2::LEFT_TOP,
            text,
            FontId::proportional(11.0),
            ui.visuals().weak_text_color(),
        );
    }

    fn csv(&self, state: &State) -> Option<String> {
        let lines = cores(state)?.into_iter().map(|(index, core)| {
            [
                index.to_string(),
                core.neurons.to_string(),
                core.spikes.to_string(),
                core.packets_sent.to_string(),
                core.packets_received.to_string(),
                core.energy_j.to_string(),
            ]
        });
        let head = [
            "core",
            "neurons",
            "spikes",
            "packets_sent",
            "packets_received",
            "dynamic_energy_j",
        ];
        Some(super::table(head, lines))
    }
}
