//! What commands do.

use super::App;
use super::palette::{Chosen, Palette};
use super::save::{Content, Save, copy_picture};
use crate::commands::{Action, COMMANDS};
use eframe::egui::{self, Context, Theme};
use spikewatt::explore::Rows;

impl App {
    /// Does what the keys that were pressed say.
    pub(super) fn keys(&mut self, ctx: &Context) {
        let typing = ctx.egui_wants_keyboard_input();
        let asks = |e: &egui::Event| matches!(e, egui::Event::Text(text) if text == "?");
        if !typing && ctx.input(|input| input.events.iter().any(asks)) {
            self.shows_keys = true;
        }
        for command in &COMMANDS {
            // What has the focus takes plain keys, and a field its own undo.
            let own = match command.action {
                Action::Cancel => false,
                Action::Undo | Action::Redo => ctx.text_edit_focused(),
                _ => command.key.modifiers.is_none() || command.key.modifiers.shift_only(),
            };
            if typing && own {
                continue;
            }
            if ctx.input_mut(|input| input.consume_shortcut(&command.key)) {
                self.perform(ctx, command.action);
            }
        }
    }

    /// Does what a command says.
    pub fn perform(&mut self, ctx: &Context, action: Action) {
        let view = &mut self.state.view;
        match action {
            Action::Play => view.playing = !view.playing,
            Action::Step(by) => view.go_to(view.cursor as i64 + by),
            Action::Event(direction) => self.seek_event(direction),
            Action::Home => view.go_to(0),
            Action::End => view.go_to(i64::MAX),
            Action::Speed(percent) => {
                view.speed = (view.speed * f64::from(percent) / 100.0).clamp(0.1, 1e5)
            }
            Action::Fit => view.fit(),
            Action::Clear => self.state.select(None),
            Action::Undo => self.state.undo(),
            Action::Redo => self.state.redo(),
            Action::Open => self.ask_for_file(ctx),
            Action::Find => self.palette = Some(Palette::new(true)),
            Action::Palette => self.palette = Some(Palette::new(false)),
            Action::SaveLayout => self.save = true,
            Action::Export => {
                if let Some(name) = self.in_view() {
                    self.export(name);
                }
            }
            Action::Copy => {
                let name = self.in_view();
                let panel = name.and_then(|name| self.panels.get(name.as_str()));
                if let Some(panel) = panel.map(|panel| panel.again()) {
                    copy_picture(ctx, panel, &mut self.state, self.width_mm);
                }
            }
            Action::Keep => {
                self.state.keep();
                self.show("Runs");
            }
            Action::Theme => {
                let next = if ctx.theme() == Theme::Dark {
                    Theme::Light
                } else {
                    Theme::Dark
                };
                ctx.set_theme(next);
            }
            Action::Keys => self.shows_keys = true,
            Action::Cancel => {
                let open = self.message.take().is_some()
                    || self.model.take().is_some()
                    || self.saving.take().is_some()
                    || self.shows_keys
                    || self.palette.take().is_some();
                self.shows_keys = false;
                if !open && self.busy {
                    self.cancel();
                }
            }
        }
    }

    /// Asks as what and where a panel is to be saved.
    pub(super) fn export(&mut self, panel: String) {
        self.saving = Some(Save::new(Content::Panel(panel), self.width_mm));
    }

    /// The panel under the pointer, or the first that shows.
    fn in_view(&self) -> Option<String> {
        let active = self.layout.active_tiles();
        let mut panes = active.iter().filter_map(|t| self.layout.tiles.get_pane(t));
        self.pointed.clone().or_else(|| panes.next().cloned())
    }

    /// The list of commands and what was chosen from it.
    pub(super) fn show_palette(&mut self, ctx: &Context) {
        let Some(mut palette) = self.palette.take() else {
            return;
        };
        match palette.show(ctx, &self.state) {
            None => self.palette = Some(palette),
            Some(Chosen::Nothing) => {}
            Some(Chosen::Action(action)) => self.perform(ctx, action),
            Some(Chosen::Panel(name)) => self.show(name),
            Some(Chosen::File(file)) => self.open(Some(file), 0),
            Some(Chosen::Population(index)) => {
                if let Some(open) = &self.state.open {
                    let rows = open.record.rows_of(index);
                    crate::canvas::select_rows(&mut self.state, Rows::from_range(rows.clone()));
                    self.state.reveal(&rows);
                }
            }
        }
    }

    /// The next or previous timestep with an event of the selection.
    fn seek_event(&mut self, direction: i64) {
        let selection = self.state.effective_selection();
        let Some(open) = &self.state.open else {
            return;
        };
        let mut t = self.state.view.cursor as i64 + direction;
        while (0..self.state.view.timesteps as i64).contains(&t) {
            let step = t as usize;
            let mut rows = selection.rows.ranges().iter();
            if rows.any(|rows| open.record.raster.count(step..step + 1, rows) > 0) {
                self.state.view.go_to(t);
                return;
            }
            t += direction;
        }
    }

    /// Moves the cursor while it plays.
    pub(super) fn play(&mut self, ctx: &Context) {
        if !self.state.view.playing {
            return;
        }
        self.since_step_s += f64::from(ctx.input(|input| input.stable_dt)) * self.state.view.speed;
        let steps = self.since_step_s.floor();
        self.since_step_s -= steps;
        let view = &mut self.state.view;
        if view.cursor + 1 >= view.timesteps && steps > 0.0 {
            view.go_to(0);
        } else {
            view.go_to(view.cursor as i64 + steps as i64);
        }
        ctx.request_repaint();
    }
}
