//! Where each number comes from, and what if it were another.

use super::Panel;
use crate::state::State;
use crate::words::star;
use eframe::egui::{ComboBox, DragValue, Grid, Role, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};
use spikewatt::energy::{Figure, FigureSection, Hardware, device_file};

/// Figures of the chosen device with their sources; a value can be edited.
#[derive(Default)]
pub struct Costs {
    find: String,
}

impl Panel for Costs {
    fn name(&self) -> &'static str {
        "Costs"
    }

    fn about(&self) -> &'static str {
        "every constant of the cost table with unit, source and basis; editing one prices everything again"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let Some(hardware) = state.hardware(&state.device).cloned() else {
            return;
        };
        ui.horizontal_wrapped(|ui| {
            device_choice(ui, state, "Device of the costs");
            let find = TextEdit::singleline(&mut self.find).hint_text("find a figure");
            let response = ui.add(find.desired_width(110.0));
            let enabled = ui.is_enabled();
            response.widget_info(|| WidgetInfo::labeled(Role::TextInput, enabled, "Find a figure"));
            if state.has_edits(&hardware.name) {
                ui.colored_label(ui.visuals().warn_fg_color, "EDITED");
                if ui.button("Revert").clicked() {
                    state.revert();
                }
                if ui.button("Save as device file…").clicked() {
                    state.wanted_file = Some(hardware.name.clone());
                }
                if ui.button("Copy as device file").clicked() {
                    ui.ctx().copy_text(device_file(&hardware));
                }
            }
        });
        ui.weak(format!(
            "{}; law \"{}\"; {}",
            hardware.title, hardware.law.name, hardware.basis
        ));
        let mut edit = None;
        ScrollArea::both().auto_shrink(false).show(ui, |ui| {
            Grid::new("costs")
                .num_columns(5)
                .striped(true)
                .spacing(vec2(10.0, 3.0))
                .show(ui, |ui| {
                    for head in ["figure", "value", "bounds", "checked", "source"] {
                        ui.strong(head);
                    }
                    ui.end_row();
                    let wanted = self.find.to_lowercase();
                    for (key, figure) in in_order(&hardware) {
                        let text = format!("{key} {}", figure.source).to_lowercase();
                        if text.contains(&wanted) {
                            let edited = state.is_edited(&hardware.name, key);
                            if let Some(value) = row(ui, key, figure, edited) {
                                edit = Some((key.clone(), value));
                            }
                        }
                    }
                });
        });
        if let Some((key, value)) = edit {
            state.edit(&key, value);
        }
    }

    fn again(&self) -> Box<dyn Panel> {
        Box::new(Costs {
            find: self.find.clone(),
        })
    }

    fn csv(&self, state: &State) -> Option<String> {
        let hardware = state.hardware(&state.device)?;
        let lines = hardware.figures.iter().map(|(key, figure)| {
            [
                key.clone(),
                figure.written.low.to_string(),
                figure.written.nominal.to_string(),
                figure.written.high.to_string(),
                figure.unit.clone(),
                figure.confidence.to_string(),
                figure.source.clone(),
                figure.is_unverified().to_string(),
            ]
        });
        let head = [
            "figure",
            "low",
            "nominal",
            "high",
            "unit",
            "confidence",
            "source",
            "unverified",
        ];
        Some(super::table(head, lines))
    }
}

/// A figure with its source; its new value if it was edited now.
fn row(ui: &mut Ui, key: &str, figure: &Figure, edited: bool) -> Option<f64> {
    let name = format!("{key}{}", star(figure.is_unverified()));
    if edited {
        ui.colored_label(ui.visuals().warn_fg_color, format!("{name} (edited)"));
    } else {
        ui.label(name);
    }
    let mut value = figure.written.nominal;
    let field = DragValue::new(&mut value)
        .speed((figure.written.nominal * 0.01).max(1e-6))
        .range(0.0..=f64::MAX)
        .suffix(format!(" {}", figure.unit));
    // What sets the room of the chip would ask for another placement.
    let can_edit = figure.section != FigureSection::Capacity;
    let response = ui.add_enabled(can_edit, field);
    response
        .widget_info(|| WidgetInfo::labeled(Role::SpinButton, can_edit, format!("Value of {key}")));
    let (low, high) = (figure.written.low, figure.written.high);
    if low < high {
        ui.label(format!("{low} to {high}"));
    } else {
        ui.weak("none");
    }
    ui.label(figure.confidence.to_string());
    let label = ui.label(&figure.source);
    if let Some(note) = &figure.note {
        label.on_hover_text(note);
    }
    ui.end_row();
    response.changed().then_some(value)
}

/// Figures as one looks for them: prices first, then times, then room.
fn in_order(hardware: &Hardware) -> Vec<(&String, &Figure)> {
    let mut figures: Vec<_> = hardware.figures.iter().collect();
    let rank = |figure: &Figure| match figure.section {
        FigureSection::Energy => 0,
        FigureSection::Power => 1,
        FigureSection::Latency => 2,
        FigureSection::Rate => 3,
        _ => 4,
    };
    figures.sort_by_key(|(_, figure)| rank(figure));
    figures
}

/// A list of all devices to price spikes on.
pub fn device_choice(ui: &mut Ui, state: &mut State, name: &str) {
    let mut chosen = state.device.clone();
    let combo = ComboBox::from_id_salt(name).selected_text(&chosen);
    let devices: Vec<(String, String)> = state
        .devices()
        .map(|device: &Hardware| (device.name.clone(), device.title.clone()))
        .collect();
    let combo = combo.show_ui(ui, |ui| {
        for (device, title) in devices {
            ui.selectable_value(&mut chosen, device.clone(), device)
                .on_hover_text(title);
        }
    });
    let enabled = ui.is_enabled();
    combo
        .response
        .widget_info(|| WidgetInfo::labeled(Role::ComboBox, enabled, name));
    if chosen != state.device {
        state.set_device(&chosen);
    }
}
