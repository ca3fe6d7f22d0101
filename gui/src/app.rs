//! The window: panels side by side, menus, keys, and what the worker says.

use crate::bare::{Answer, Bare, is_model};
use crate::canvas::plain;
use crate::commands::{Action, COMMANDS, MOUSE};
use crate::export;
use crate::message;
use crate::panels::{self, Panel, costs::device_choice};
use crate::state::State;
use crate::sweep;
use crate::theme;
use crate::worker::{Job, Message, Worker};
use eframe::egui::{self, Context, DragValue, Key, ProgressBar, RichText, Theme, Ui};
use egui_tiles::{
    Container, Linear, LinearDir, SimplificationOptions, TileId, Tiles, Tree, UiResponse,
};
use serde::{Deserialize, Serialize};
use spikewatt::experiment::Progress;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Most files that the menu remembers.
const RECENT: usize = 8;

/// Where the window keeps its layout.
const KEY: &str = "spikewatt-gui/1";

/// What is kept from one start to the next.
#[derive(Clone, Serialize, Deserialize)]
pub struct Stored {
    layout: Tree<String>,
    recent: Vec<PathBuf>,
}

/// The window.
pub struct App {
    /// What the panels show.
    pub state: State,
    worker: Option<Worker>,
    layout: Tree<String>,
    panels: BTreeMap<&'static str, Box<dyn Panel>>,
    recent: Vec<PathBuf>,
    /// Progress of the running job.
    progress: Option<Progress>,
    /// Whether a job is running.
    busy: bool,
    /// What went wrong, until it is closed.
    pub message: Option<String>,
    shows_keys: bool,
    palette: Option<String>,
    since_step_s: f64,
    save: bool,
    /// A model that waits for its data.
    pub model: Option<Bare>,
    /// The panel under the pointer.
    pointed: Option<String>,
    /// Width of exported panels \[mm\].
    width_mm: f32,
}

impl App {
    /// What an earlier window stored.
    #[must_use]
    pub fn stored(storage: &dyn eframe::Storage) -> Option<Stored> {
        serde_json::from_str(&storage.get_string(KEY)?).ok()
    }

    /// A window without an open file.
    #[must_use]
    pub fn new(ctx: &Context, stored: Option<Stored>) -> Self {
        theme::install(ctx);
        let waker = ctx.clone();
        let worker = Worker::start(move || waker.request_repaint());
        let mut message = None;
        if let Err(error) = &worker {
            message = Some(format!("nothing can be run: {error}"));
        }
        let state = match State::new() {
            Ok(state) => state,
            // The tables are checked by the library's tests.
            Err(error) => unreachable!("a device that comes with the program: {error}"),
        };
        let list = panels::all();
        let names: Vec<&'static str> = list.iter().map(|panel| panel.name()).collect();
        let panels = list
            .into_iter()
            .map(|panel| (panel.name(), panel))
            .collect();
        let (layout, recent) = match stored {
            Some(stored) if shows_all(&stored.layout, &names) => (stored.layout, stored.recent),
            Some(stored) => (default_layout(), stored.recent),
            None => (default_layout(), Vec::new()),
        };
        App {
            state,
            worker: worker.ok(),
            layout,
            panels,
            recent,
            progress: None,
            busy: false,
            message,
            shows_keys: false,
            palette: None,
            since_step_s: 0.0,
            save: false,
            model: None,
            pointed: None,
            width_mm: export::WIDTH_MM,
        }
    }

    /// Opens a file, or the bundled example.
    pub fn open(&mut self, file: Option<PathBuf>, sample: usize) {
        let bundled = || {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
            folder.join("../examples/fashion_mnist.toml")
        };
        let file = file.unwrap_or_else(bundled);
        if is_model(&file) {
            self.model = Some(Bare::new(file));
        } else {
            self.ask(Job::Open(file, sample));
        }
    }

    /// Runs a model on its data.
    pub fn open_model(&mut self, model: &Bare, sample: usize) {
        if let Some(experiment) = model.experiment() {
            self.model = None;
            self.ask(Job::Run(Box::new(experiment), sample));
        }
    }

    /// Takes files that were dropped: a model with its data and calibration data, in one go or one
    /// after the other, or anything that can be opened by itself.
    pub fn take(&mut self, mut files: Vec<PathBuf>) {
        if let Some(place) = files.iter().position(|file| is_model(file)) {
            self.model = Some(Bare::new(files.remove(place)));
        }
        match &mut self.model {
            Some(model) => files.into_iter().for_each(|file| model.take(file)),
            None => {
                if let Some(file) = files.into_iter().next() {
                    self.open(Some(file), 0);
                }
            }
        }
    }

    fn ask(&mut self, job: Job) {
        if let Some(worker) = &mut self.worker {
            self.message = None;
            self.busy = true;
            worker.ask(job);
        }
    }

    /// Whether a job is running.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// Stops the running job.
    pub fn cancel(&mut self) {
        if let Some(worker) = &mut self.worker {
            worker.stop();
        }
    }

    /// Takes what the worker has to say.
    pub fn listen(&mut self) {
        let messages = self
            .worker
            .as_ref()
            .map(Worker::messages)
            .unwrap_or_default();
        for message in messages {
            match message {
                Message::Closed => self.state.close(),
                Message::Opened(file, samples) => {
                    self.remember(file.clone());
                    (self.state.file, self.state.samples) = (file, samples);
                }
                Message::Sweep(file, results) => {
                    match sweep::join(self.state.sweep.clone(), *results) {
                        Ok(joined) => {
                            self.state.sweep = Some(joined);
                            self.state.revision += 1;
                            self.remember(Some(file));
                            self.show("Sweep");
                        }
                        Err(error) => self.message = Some(message::text(&error)),
                    }
                }
                Message::Health(health) => self.state.health = health,
                Message::Recorded(record) => self.state.set_record(*record),
                Message::Progress(progress) => self.progress = Some(progress),
                Message::Counted(run) => self.state.set_run(*run),
                Message::Failed(reason) => self.message = Some(reason),
                Message::Stopped => self.message = Some("stopped on request".into()),
                Message::Idle => (self.busy, self.progress) = (false, None),
            }
        }
        if self.busy {
            return;
        }
        if let Some(sample) = self.state.wanted_sample.take() {
            self.ask(Job::Record(sample));
        }
        if let Some(position) = self.state.wanted_point.take() {
            let plan = self.state.sweep.as_ref().and_then(|s| s.plan.as_ref());
            let point = plan.and_then(|plan| plan.points.get(position));
            if let Some(experiment) = point.map(|point| point.experiment.clone()) {
                self.ask(Job::Run(Box::new(experiment), 0));
            }
        }
    }

    fn remember(&mut self, file: Option<PathBuf>) {
        if let Some(file) = file {
            self.recent.retain(|other| *other != file);
            self.recent.insert(0, file);
            self.recent.truncate(RECENT);
        }
    }

    /// Brings a panel to the front of its tabs.
    fn show(&mut self, name: &str) {
        let wanted = |_, tile: &egui_tiles::Tile<String>| match tile {
            egui_tiles::Tile::Pane(pane) => pane == name,
            egui_tiles::Tile::Container(_) => false,
        };
        self.layout.make_active(wanted);
    }

    /// Draws the window.
    pub fn draw(&mut self, ui: &mut Ui) {
        self.listen();
        self.take_files(ui.ctx());
        self.keys(ui.ctx());
        self.play(ui.ctx());
        egui::Panel::top("menu").show(ui, |ui| self.menu(ui));
        egui::Panel::bottom("status").show(ui, |ui| self.status(ui));
        egui::CentralPanel::default()
            .frame(
                egui::Frame::new()
                    .inner_margin(0.0)
                    .fill(ui.visuals().panel_fill),
            )
            .show(ui, |ui| {
                let mut panes = Panes {
                    panels: &mut self.panels,
                    state: &mut self.state,
                    pointed: &mut self.pointed,
                };
                self.layout.ui(&mut panes, ui);
            });
        self.windows(ui.ctx());
    }

    /// Draws one panel alone.
    pub fn draw_panel(&mut self, ui: &mut Ui, name: &str) {
        self.listen();
        if let Some(panel) = self.panels.get_mut(name) {
            egui::CentralPanel::default().show(ui, |ui| {
                ui.label(RichText::new(self.state.caption()).small().weak());
                panel.ui(ui, &mut self.state);
            });
        }
    }

    fn take_files(&mut self, ctx: &Context) {
        let dropped: Vec<PathBuf> = ctx.input(|input| {
            let files = input.raw.dropped_files.iter();
            files.map(|file| file.path().to_owned()).collect()
        });
        if !dropped.is_empty() {
            self.take(dropped);
        }
    }

    fn keys(&mut self, ctx: &Context) {
        let typing = ctx.egui_wants_keyboard_input();
        if ctx.input(|input| {
            input
                .events
                .iter()
                .any(|e| matches!(e, egui::Event::Text(t) if t == "?"))
        }) && !typing
        {
            self.shows_keys = true;
        }
        for command in &COMMANDS {
            let plain = command.key.modifiers.is_none() && command.action != Action::Cancel;
            if typing && plain {
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
            Action::Open => self.ask_for_file(),
            Action::Find | Action::Palette => self.palette = Some(String::new()),
            Action::SaveLayout => self.save = true,
            Action::Export => {
                if let Some(name) = self.in_view() {
                    self.export_panel(&name);
                }
            }
            Action::Copy => {
                if let Some(name) = self.in_view() {
                    self.copy_picture(ctx, &name);
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
                    || self.shows_keys
                    || self.palette.take().is_some();
                self.shows_keys = false;
                if !open && self.busy {
                    self.cancel();
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

    fn play(&mut self, ctx: &Context) {
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

    fn ask_for_file(&mut self) {
        let dialog = rfd::FileDialog::new().add_filter(
            "experiment, sweep, model, network, recording, counts, results",
            &["toml", "onnx", "nir", "npz", "h5", "json"],
        );
        if let Some(file) = dialog.pick_file() {
            self.open(Some(file), 0);
        }
    }

    fn ask_for_folder(&mut self) {
        if let Some(folder) = rfd::FileDialog::new().pick_folder() {
            self.open(Some(folder), 0);
        }
    }

    /// The panel under the pointer, or the first that shows.
    fn in_view(&self) -> Option<String> {
        let active = self.layout.active_tiles();
        let mut panes = active.iter().filter_map(|t| self.layout.tiles.get_pane(t));
        self.pointed.clone().or_else(|| panes.next().cloned())
    }

    fn copy_picture(&mut self, ctx: &Context, name: &str) {
        match export::picture(name, &mut self.state, self.width_mm) {
            Ok(picture) => ctx.copy_image(picture),
            Err(error) => self.message = Some(message::text(&error)),
        }
    }

    fn export_panel(&mut self, name: &str) {
        let dialog = rfd::FileDialog::new()
            .set_file_name(format!("{}.svg", name.to_lowercase()))
            .add_filter("SVG, PNG or CSV", &["svg", "png", "csv"]);
        if let Some(file) = dialog.save_file()
            && let Err(error) = export::panel(name, &mut self.state, &file, self.width_mm)
        {
            self.message = Some(message::text(&error));
        }
    }

    fn menu(&mut self, ui: &mut Ui) {
        egui::MenuBar::new().ui(ui, |ui| {
            ui.menu_button("File", |ui| {
                if ui.button("Open…  Ctrl+O").clicked() {
                    self.ask_for_file();
                }
                if ui.button("Open result folder…").clicked() {
                    self.ask_for_folder();
                }
                if ui.button("Open the example").clicked() {
                    self.open(None, 0);
                }
                ui.separator();
                for file in self.recent.clone() {
                    if ui.button(file.display().to_string()).clicked() {
                        self.open(Some(file), 0);
                    }
                }
            });
            ui.menu_button("Export", |ui| {
                ui.horizontal(|ui| {
                    ui.label("width");
                    let width = DragValue::new(&mut self.width_mm).range(40.0..=1000.0);
                    ui.add(width.suffix(" mm"));
                });
                let names: Vec<&'static str> =
                    panels::all().iter().map(|panel| panel.name()).collect();
                for name in names {
                    if ui.button(format!("{name}…")).clicked() {
                        self.export_panel(name);
                    }
                }
                ui.separator();
                ui.menu_button("Copy as picture", |ui| {
                    let names: Vec<&'static str> = self.panels.keys().copied().collect();
                    for name in names {
                        if ui.button(name).clicked() {
                            self.copy_picture(&ui.ctx().clone(), name);
                        }
                    }
                });
                ui.menu_button("Copy as CSV", |ui| {
                    for panel in self.panels.values() {
                        let table = || panel.csv(&self.state);
                        if ui.button(panel.name()).clicked()
                            && let Some(text) = table()
                        {
                            ui.ctx().copy_text(text);
                        }
                    }
                });
            });
            ui.menu_button("View", |ui| {
                for (name, action) in [
                    ("Light or dark  Ctrl+T", Action::Theme),
                    ("Keys  ?", Action::Keys),
                    ("Command palette  Ctrl+K", Action::Palette),
                ] {
                    if ui.button(name).clicked() {
                        self.perform(&ui.ctx().clone(), action);
                    }
                }
                if ui.button("Default layout").clicked() {
                    self.layout = default_layout();
                }
            });
            ui.separator();
            ui.label("priced on");
            device_choice(ui, &mut self.state, "Device");
            if self.state.has_edits(&self.state.device) {
                ui.colored_label(ui.visuals().warn_fg_color, "EDITED");
            }
            ui.separator();
            let playing = self.state.view.playing;
            if ui.button(if playing { "Pause" } else { "Play" }).clicked() {
                self.state.view.playing = !playing;
            }
            let (cursor, last) = (
                self.state.view.cursor,
                self.state.view.timesteps.saturating_sub(1),
            );
            ui.label(format!(
                "timestep {cursor} of {last}, {}/s",
                plain(self.state.view.speed)
            ));
        });
    }

    fn status(&mut self, ui: &mut Ui) {
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

    fn windows(&mut self, ctx: &Context) {
        let mut open = self.message.is_some();
        if let Some(message) = self.message.clone() {
            egui::Window::new("Message")
                .open(&mut open)
                .collapsible(false)
                .anchor(egui::Align2::CENTER_CENTER, egui::Vec2::ZERO)
                .default_width(460.0)
                .show(ctx, |ui| {
                    ui.label(message);
                });
        }
        if !open {
            self.message = None;
        }
        if let Some(mut model) = self.model.take() {
            let answer = egui::Window::new("Run a model")
                .collapsible(false)
                .default_width(460.0)
                .show(ctx, |ui| model.ui(ui));
            match answer.and_then(|answer| answer.inner).flatten() {
                None => self.model = Some(model),
                Some(Answer::Run) => self.open_model(&model, 0),
                Some(Answer::Close) => {}
            }
        }
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
        self.show_palette(ctx);
    }

    fn show_palette(&mut self, ctx: &Context) {
        let Some(mut text) = self.palette.take() else {
            return;
        };
        let (mut chosen, mut population, mut close) = (None, None, false);
        egui::Window::new("Commands")
            .collapsible(false)
            .resizable(false)
            .show(ctx, |ui| {
                let field = ui
                    .add(egui::TextEdit::singleline(&mut text).hint_text("command or population"));
                field.request_focus();
                let wanted = text.to_lowercase();
                let fits = |name: &str| name.to_lowercase().contains(&wanted);
                let enter = ui.input(|input| input.key_pressed(Key::Enter));
                let mut first = true;
                let mut entry = |ui: &mut Ui, name: String, key: String| {
                    let take = ui.button(format!("{name}   {key}")).clicked()
                        || (enter && std::mem::take(&mut first));
                    first = false;
                    take
                };
                egui::ScrollArea::vertical()
                    .max_height(320.0)
                    .show(ui, |ui| {
                        for command in COMMANDS.iter().filter(|command| fits(command.name)) {
                            if entry(ui, command.name.into(), command.shown(ctx)) {
                                chosen = Some(command.action);
                            }
                        }
                        if let Some(open) = &self.state.open {
                            let nodes = open.record.counts.topology.populations.iter().enumerate();
                            for (index, node) in nodes.filter(|(_, node)| fits(&node.name)) {
                                if entry(ui, format!("Select {}", node.name), String::new()) {
                                    population = Some(open.record.rows_of(index));
                                }
                            }
                        }
                    });
                close = ui.input(|input| input.key_pressed(Key::Escape));
            });
        if let Some(rows) = population.clone() {
            crate::canvas::select_rows(&mut self.state, spikewatt::explore::Rows::from_range(rows));
        }
        if chosen.is_none() && population.is_none() && !close {
            self.palette = Some(text);
        }
        if let Some(action) = chosen {
            self.perform(ctx, action);
        }
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        self.draw(ui);
        if std::mem::take(&mut self.save)
            && let Some(storage) = frame.storage_mut()
        {
            eframe::App::save(self, storage);
            storage.flush();
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        let stored = Stored {
            layout: self.layout.clone(),
            recent: self.recent.clone(),
        };
        if let Ok(text) = serde_json::to_string(&stored) {
            storage.set_string(KEY, text);
        }
    }
}

/// Draws panels into the layout.
struct Panes<'a> {
    panels: &'a mut BTreeMap<&'static str, Box<dyn Panel>>,
    state: &'a mut State,
    pointed: &'a mut Option<String>,
}

impl egui_tiles::Behavior<String> for Panes<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _: TileId, name: &mut String) -> UiResponse {
        ui.painter()
            .rect_filled(ui.max_rect(), 0.0, ui.visuals().panel_fill);
        if ui.rect_contains_pointer(ui.max_rect()) {
            *self.pointed = Some(name.clone());
        }
        egui::Frame::new().inner_margin(6.0).show(ui, |ui| {
            if let Some(panel) = self.panels.get_mut(name.as_str()) {
                ui.push_id(name.as_str(), |ui| panel.ui(ui, self.state));
            }
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, name: &String) -> egui::WidgetText {
        name.as_str().into()
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions {
            all_panes_must_have_tabs: true,
            ..SimplificationOptions::default()
        }
    }
}

/// Whether a layout has exactly the panels that exist.
fn shows_all(layout: &Tree<String>, names: &[&str]) -> bool {
    let mut shown: Vec<&str> = layout
        .tiles
        .tiles()
        .filter_map(|tile| match tile {
            egui_tiles::Tile::Pane(name) => Some(name.as_str()),
            egui_tiles::Tile::Container(_) => None,
        })
        .collect();
    let mut names = names.to_vec();
    shown.sort_unstable();
    names.sort_unstable();
    shown == names
}

fn default_layout() -> Tree<String> {
    let mut tiles = Tiles::default();
    let mut tabs = |names: &[&str]| {
        let panes = names
            .iter()
            .map(|name| tiles.insert_pane((*name).to_owned()))
            .collect();
        tiles.insert_tab_tile(panes)
    };
    let left = [tabs(&["Raster"]), tabs(&["Rate"]), tabs(&["Energy"])];
    let right = [
        tabs(&["Inspector", "Costs"]),
        tabs(&["Network", "Cores", "Map"]),
        tabs(&[
            "Compare",
            "Evidence",
            "Sweep",
            "Runs",
            "Potential",
            "Histogram",
        ]),
    ];
    let mut column = |children: [TileId; 3], shares: [f32; 3]| {
        let mut column = Linear::new(LinearDir::Vertical, children.to_vec());
        for (child, share) in children.into_iter().zip(shares) {
            column.shares.set_share(child, share);
        }
        tiles.insert_container(Container::Linear(column))
    };
    let (left, right) = (
        column(left, [2.2, 1.0, 1.3]),
        column(right, [1.25, 0.85, 1.25]),
    );
    let mut root = Linear::new(LinearDir::Horizontal, vec![left, right]);
    root.shares.set_share(left, 1.5);
    root.shares.set_share(right, 1.0);
    let root = tiles.insert_container(Container::Linear(root));
    Tree::new(egui::Id::unique("panels"), root, tiles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_layout_has_every_panel_once() {
        let list = panels::all();
        let names: Vec<&str> = list.iter().map(|panel| panel.name()).collect();
        assert!(shows_all(&default_layout(), &names));
        assert!(!shows_all(&default_layout(), &names[1..]));
    }
}
