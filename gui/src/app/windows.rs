//! What stands in front of the panels: messages, questions and lists.

use super::App;
use super::dialog::{Dialog, Purpose};
use super::save::Asked;
use crate::bare::Answer;
use crate::commands::{COMMANDS, MOUSE};
use eframe::egui::{self, Align2, Context, RichText, Vec2};

impl App {
    pub(super) fn windows(&mut self, ctx: &Context) {
        if ctx.input(|input| !input.raw.hovered_files.is_empty()) {
            egui::Area::new(egui::Id::unique("drop"))
                .anchor(Align2::CENTER_CENTER, Vec2::ZERO)
                .order(egui::Order::Foreground)
                .show(ctx, |ui| {
                    egui::Frame::popup(ui.style()).show(ui, |ui| ui.heading("Drop to open"));
                });
        }
        self.message_window(ctx);
        self.model_window(ctx);
        self.saving_window(ctx);
        self.keys_window(ctx);
        self.show_palette(ctx);
    }

    fn message_window(&mut self, ctx: &Context) {
        let mut open = self.message.is_some();
        if let Some(message) = self.message.clone() {
            egui::Window::new("Message")
                .open(&mut open)
                .collapsible(false)
                .anchor(Align2::CENTER_CENTER, Vec2::ZERO)
                .default_width(460.0)
                .show(ctx, |ui| {
                    ui.label(message);
                });
        }
        if !open {
            self.message = None;
        }
    }

    fn model_window(&mut self, ctx: &Context) {
        let Some(mut model) = self.model.take() else {
            return;
        };
        let answer = egui::Window::new("Run a model")
            .collapsible(false)
            .default_width(460.0)
            .show(ctx, |ui| model.ui(ui));
        let answer = answer.and_then(|answer| answer.inner).flatten();
        match answer {
            Some(Answer::Run) => self.open_model(&model, 0),
            Some(Answer::Close) => {}
            Some(Answer::ChooseData) => {
                self.dialog = Some(Dialog::any(ctx, Purpose::Data));
            }
            Some(Answer::ChooseCalibration) => {
                self.dialog = Some(Dialog::any(ctx, Purpose::Calibration));
            }
            None => {}
        }
        if !matches!(answer, Some(Answer::Run | Answer::Close)) {
            self.model = Some(model);
        }
    }

    fn saving_window(&mut self, ctx: &Context) {
        let Some(mut saving) = self.saving.take() else {
            return;
        };
        let asked = egui::Window::new("Save or copy")
            .collapsible(false)
            .resizable(false)
            .anchor(Align2::CENTER_CENTER, Vec2::ZERO)
            .show(ctx, |ui| {
                ui.set_max_width(460.0);
                saving.ui(ui, &self.panels, &mut self.state)
            });
        let asked = asked.and_then(|asked| asked.inner).flatten();
        self.width_mm = saving.width_mm;
        if asked == Some(Asked::Choose) {
            self.dialog = Some(Dialog::save(ctx, &saving.file));
        }
        self.saving = Some(saving).filter(|_| asked != Some(Asked::Close));
    }

    fn keys_window(&mut self, ctx: &Context) {
        egui::Window::new("Keys")
            .open(&mut self.shows_keys)
            .collapsible(false)
            .show(ctx, |ui| {
                let keys = COMMANDS.iter().map(|c| (c.shown(ctx), c.name));
                let mouse = MOUSE
                    .iter()
                    .map(|(mouse, name)| ((*mouse).to_owned(), *name));
                let all: Vec<(String, &str)> = keys.chain(mouse).collect();
                let half = all.len().div_ceil(2);
                egui::Grid::new("keys").striped(true).show(ui, |ui| {
                    for row in 0..half {
                        for (key, name) in all.iter().skip(row).step_by(half) {
                            ui.label(RichText::new(key).strong());
                            ui.label(*name);
                            ui.add_space(12.0);
                        }
                        ui.end_row();
                    }
                });
            });
    }
}
