//! Where a panel or a device is saved: as what, how wide, and under which name.

use crate::export;
use crate::panels::Panel;
use crate::state::State;
use anyhow::Context as _;
use eframe::egui::{
    Button, ComboBox, Context, DragValue, Grid, RichText, Role, TextEdit, Ui, WidgetInfo,
};
use spikewatt::energy::device_file;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A panel, by name.
    Panel(String),
    /// A device with its edited figures, by name.
    Device(String),
}

/// What was asked for beside saving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A dialogue of the system for the name of the file.
    Choose,
    /// To be closed.
    Close,
}

/// The window that asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Save {
    /// What is saved.
    pub content: Content,
    /// Its file.
    pub file: String,
    /// Width on paper \[mm\].
    pub width_mm: f32,
    /// What came of it.
    said: Option<String>,
}

const ENDINGS: [&str; 3] = ["svg", "png", "csv"];

impl Save {
    /// Of a panel or device.
    pub(super) fn new(content: Content, width_mm: f32) -> Self {
        let file = match &content {
            Content::Panel(name) => format!("{}.svg", name.to_lowercase()),
            Content::Device(name) => format!("{name}-edited.toml"),
        };
        Save {
            content,
            file,
            width_mm,
            said: None,
        }
    }

    /// Takes the name of a file.
    pub(super) fn take(&mut self, file: &Path) {
        self.file = file.display().to_string();
        self.said = None;
    }

    /// Asks, and saves or copies when told to.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        panels: &BTreeMap<&'static str, Box<dyn Panel>>,
        state: &mut State,
    ) -> Option<Asked> {
        let mut asked = None;
        Grid::new("save").num_columns(2).show(ui, |ui| {
            if let Content::Panel(name) = &self.content {
                let mut chosen = name.clone();
                ui.label("panel");
                choose(ui, &mut chosen, panels);
                ui.end_row();
                if chosen != *name {
                    let ending = ending(&self.file).to_owned();
                    self.content = Content::Panel(chosen.clone());
                    self.file = format!("{}.{ending}", chosen.to_lowercase());
                    self.said = None;
                }
                ui.label("as");
                ui.horizontal(|ui| self.kinds(ui));
                ui.end_row();
                ui.label("width");
                let width = DragValue::new(&mut self.width_mm).range(40.0..=1000.0);
                let response = ui.add(width.suffix(" mm"));
                named(ui, &response, Role::SpinButton, "Width on paper");
                ui.end_row();
            }
            ui.label("file");
            ui.horizontal(|ui| {
                let response = ui.add(TextEdit::singleline(&mut self.file).desired_width(280.0));
                named(ui, &response, Role::TextInput, "File to save to");
                if response.changed() {
                    self.said = None;
                }
                if ui.button("Choose…").clicked() {
                    asked = Some(Asked::Choose);
                }
            });
            ui.end_row();
        });
        ui.label(RichText::new(state.caption()).small().weak());
        ui.horizontal(|ui| {
            let exists = Path::new(&self.file).exists() && self.said.is_none();
            let text = if exists { "Replace the file" } else { "Save" };
            if ui
                .add_enabled(!self.file.is_empty(), Button::new(text))
                .clicked()
            {
                self.said = Some(match self.save(panels, state) {
                    Ok(file) => format!("saved {}", file.display()),
                    Err(error) => crate::message::text(&error),
                });
            }
            if let Some(panel) = self.panel(panels) {
                if ui.button("Copy as picture").clicked() {
                    let panel = panel.again();
                    copy_picture(ui.ctx(), panel, state, self.width_mm);
                    self.said = Some("copied".into());
                }
                if let Some(table) = panel.csv(state)
                    && ui.button("Copy as table").clicked()
                {
                    ui.ctx().copy_text(table);
                    self.said = Some("copied".into());
                }
            }
            if ui.button("Close").clicked() {
                asked = Some(Asked::Close);
            }
        });
        if let Some(said) = &self.said {
            ui.label(said);
        }
        asked
    }

    /// Choice of the ending.
    fn kinds(&mut self, ui: &mut Ui) {
        for kind in ENDINGS {
            let chosen = ending(&self.file) == kind;
            if ui.selectable_label(chosen, kind.to_uppercase()).clicked() {
                self.file = Path::new(&self.file)
                    .with_extension(kind)
                    .display()
                    .to_string();
                self.said = None;
            }
        }
    }

    fn panel<'p>(
        &self,
        panels: &'p BTreeMap<&'static str, Box<dyn Panel>>,
    ) -> Option<&'p dyn Panel> {
        match &self.content {
            Content::Panel(name) => panels.get(name.as_str()).map(Box::as_ref),
            Content::Device(_) => None,
        }
    }

    fn save(
        &self,
        panels: &BTreeMap<&'static str, Box<dyn Panel>>,
        state: &mut State,
    ) -> anyhow::Result<PathBuf> {
        let file = std::path::absolute(&self.file).with_context(|| self.file.clone())?;
        match &self.content {
            Content::Panel(name) => {
                let panel = self.panel(panels).context("there is no such panel")?;
                let panel = panel.again();
                export::panel(panel, state, &file, self.width_mm).with_context(|| name.clone())?;
            }
            Content::Device(name) => {
                let hardware = state.hardware(name).context("there is no such device")?;
                let text = device_file(hardware);
                spikewatt::files::write(&file, text.as_bytes())
                    .with_context(|| file.display().to_string())?;
            }
        }
        Ok(file)
    }
}

/// Copies a panel as the picture that would be saved.
pub(super) fn copy_picture(ctx: &Context, panel: Box<dyn Panel>, state: &mut State, width_mm: f32) {
    ctx.copy_image(export::picture(panel, state, width_mm));
}

fn choose(ui: &mut Ui, chosen: &mut String, panels: &BTreeMap<&'static str, Box<dyn Panel>>) {
    let combo = ComboBox::from_id_salt("panel to save").selected_text(chosen.as_str());
    let combo = combo.show_ui(ui, |ui| {
        for name in panels.keys() {
            ui.selectable_value(chosen, (*name).to_owned(), *name);
        }
    });
    named(ui, &combo.response, Role::ComboBox, "Panel to save");
}

fn named(ui: &Ui, response: &eframe::egui::Response, role: Role, name: &str) {
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(role, enabled, name));
}

/// Ending of a file name in lower case, without the dot.
fn ending(file: &str) -> &str {
    let found = Path::new(file).extension().and_then(|e| e.to_str());
    let known = |found: &str| ENDINGS.into_iter().find(|e| e.eq_ignore_ascii_case(found));
    found.and_then(known).unwrap_or("")
}
