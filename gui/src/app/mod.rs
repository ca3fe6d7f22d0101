//! The window: panels side by side, menus, keys, and what the worker says.

mod dialog;
mod keys;
mod layout;
mod menu;
mod palette;
pub mod save;
mod windows;

use crate::bare::{Bare, is_model};
use crate::export;
use crate::message;
use crate::panels::{self, Panel};
use crate::state::State;
use crate::sweep;
use crate::theme;
use crate::worker::{Job, Message, Worker};
use dialog::{Dialog, Purpose};
use eframe::egui::{self, Context, RichText, Ui};
use egui_tiles::Tree;
use layout::{Panes, default_layout, shows_all};
use palette::Palette;
use save::{Content, Save};
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
    palette: Option<Palette>,
    /// A dialogue of the system that is open.
    dialog: Option<Dialog>,
    /// What is about to be saved.
    pub saving: Option<Save>,
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
            dialog: None,
            saving: None,
            since_step_s: 0.0,
            save: false,
            model: None,
            pointed: None,
            width_mm: export::WIDTH_MM,
        }
    }

    /// Names folders with files that results were made from and that have moved since.
    pub fn look_in(&mut self, folders: Vec<PathBuf>) {
        if let Some(worker) = &mut self.worker {
            worker.look_in(folders);
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
                Message::Preview(counts, of) => self.state.set_preview(*counts, of),
                Message::Counted(run) => self.state.set_run(*run),
                Message::Traced(traces) => self.state.traces = Some(traces),
                Message::Failed(reason) => self.message = Some(reason),
                Message::Stopped => self.message = Some("stopped on request".into()),
                Message::Idle => (self.busy, self.progress) = (false, None),
            }
        }
        if let Some(device) = self.state.wanted_file.take() {
            self.saving = Some(Save::new(Content::Device(device), self.width_mm));
        }
        if self.busy {
            return;
        }
        if let Some(sample) = self.state.wanted_sample.take() {
            self.ask(Job::Record(sample));
        } else if let Some((sample, rows)) = self.state.wanted_traces.take() {
            self.ask(Job::Trace(sample, rows));
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
            // It is to be found from anywhere.
            let file = std::path::absolute(&file).unwrap_or(file);
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
        self.take_answer();
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

    fn ask_for_file(&mut self, ctx: &Context) {
        self.dialog = Some(Dialog::file(ctx));
    }

    fn ask_for_folder(&mut self, ctx: &Context) {
        self.dialog = Some(Dialog::folder(ctx));
    }

    /// Takes what a dialogue of the system was answered.
    fn take_answer(&mut self) {
        let Some((purpose, file)) = self.dialog.as_ref().and_then(Dialog::answer) else {
            return;
        };
        self.dialog = None;
        let Some(file) = file else { return };
        let (model, saving) = (self.model.as_mut(), self.saving.as_mut());
        match purpose {
            Purpose::Open => self.open(Some(file), 0),
            Purpose::Data => model.into_iter().for_each(|m| m.data = Some(file.clone())),
            Purpose::Calibration => {
                model
                    .into_iter()
                    .for_each(|m| m.calibration = Some(file.clone()));
            }
            Purpose::Save => saving.into_iter().for_each(|saving| saving.take(&file)),
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
