//! The bars above and below the panels.

use super::App;
use super::layout::default_layout;
use crate::commands::{Action, COMMANDS};
use crate::panels::costs::device_choice;
use crate::words::plain;
use eframe::egui::{self, Button, DragValue, ProgressBar, RichText, Role, Ui, WidgetInfo};
use spikewatt::experiment::Progress;

impl App {
    pub(super) fn menu(&mut self, ui: &mut Ui) {
        egui::MenuBar::new().ui(ui, |ui| {
            ui.menu_button("File", |ui| self.file_menu(ui));
            ui.menu_button("Edit", |ui| {
                for action in [Action::Undo, Action::Redo, Action::Clear, Action::Find] {
                    self.entry(ui, action);
                }
            });
            ui.menu_button("Export", |ui| self.export_menu(ui));
            ui.menu_button("View", |ui| {
                let actions = [Action::Fit, Action::Theme, Action::Palette, Action::Keys];
                for action in actions.into_iter().chain([Action::SaveLayout]) {
                    self.entry(ui, action);
                }
                if ui.button("Default layout").clicked() {
                    self.layout = default_layout();
                }
                ui.separator();
                let names: Vec<&'static str> = self.panels.keys().copied().collect();
                for name in names {
                    if ui.button(name).clicked() {
                        self.show(name);
                    }
                }
            });
            ui.separator();
            ui.label("priced on");
            device_choice(ui, &mut self.state, "Device");
            if self.state.has_edits(&self.state.device) {
                ui.colored_label(ui.visuals().warn_fg_color, "EDITED");
            }
            ui.separator();
            self.time(ui);
        });
    }

    fn file_menu(&mut self, ui: &mut Ui) {
        self.entry(ui, Action::Open);
        if ui.button("Open result folder…").clicked() {
            self.ask_for_folder(ui.ctx());
        }
        if ui.button("Open the example").clicked() {
            self.open(None, 0);
        }
        self.entry(ui, Action::Keep);
        ui.separator();
        for file in self.recent.clone() {
            if ui.button(file.display().to_string()).clicked() {
                self.open(Some(file), 0);
            }
        }
        if self.recent.is_empty() {
            ui.weak("recent files come here");
        }
    }

    fn export_menu(&mut self, ui: &mut Ui) {
        self.entry(ui, Action::Export);
        self.entry(ui, Action::Copy);
        ui.separator();
        let names: Vec<&'static str> = self.panels.keys().copied().collect();
        for name in names {
            if ui.button(format!("{name}…")).clicked() {
                self.export(name.to_owned());
            }
        }
    }

    /// A command as an entry of a menu, with its key.
    fn entry(&mut self, ui: &mut Ui, action: Action) {
        let found = COMMANDS.iter().find(|command| command.action == action);
        let Some(command) = found else { return };
        let button = Button::new(command.name).shortcut_text(command.shown(ui.ctx()));
        if ui.add(button).clicked() {
            self.perform(&ui.ctx().clone(), action);
            ui.close();
        }
    }

    /// The cursor in time.
    fn time(&mut self, ui: &mut Ui) {
        let view = &mut self.state.view;
        let text = if view.playing { "Pause" } else { "Play" };
        if ui.button(text).clicked() {
            view.playing = !view.playing;
        }
        let last = view.timesteps.saturating_sub(1);
        ui.label("timestep");
        let response = ui.add(DragValue::new(&mut view.cursor).range(0..=last));
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, enabled, "Timestep"));
        ui.label(format!("of {last}, {}/s", plain(view.speed)));
    }

    pub(super) fn status(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            if self.busy {
                if ui.button("Cancel").clicked() {
                    self.cancel();
                }
                let (part, text) = match self.progress {
                    Some(Progress::Simulating { done, of }) => (
                        done as f32 / of.max(1) as f32,
                        format!("simulating {done} of {of} samples"),
                    ),
                    Some(Progress::Calibrating) => (0.0, "calibrating".to_owned()),
                    Some(Progress::RunningOriginal) => {
                        (0.0, "running the original network".to_owned())
                    }
                    None => (0.0, "opening".to_owned()),
                };
                ui.add(ProgressBar::new(part).desired_width(140.0));
                ui.label(text);
                ui.separator();
            }
            ui.add(egui::Label::new(RichText::new(self.state.caption()).small()).truncate());
        });
    }
}
