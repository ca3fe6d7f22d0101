//! A model alone: it waits for the data it is to run on.

use eframe::egui::{Grid, Ui};
use spikewatt::experiment::{self, Experiment};
use spikewatt::formats::{FileKind, kind_of};
use std::path::{Path, PathBuf};

/// A model with the files that are known so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bare {
    /// The model.
    pub model: PathBuf,
    /// Samples to run on.
    pub data: Option<PathBuf>,
    /// Training samples that set the thresholds.
    pub calibration: Option<PathBuf>,
}

/// What a user answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Run it.
    Run,
    /// Forget it.
    Close,
    /// Ask for its data.
    ChooseData,
    /// Ask for its calibration data.
    ChooseCalibration,
}

/// Whether a file is a model, or a spiking network, that needs data beside it.
#[must_use]
pub fn is_model(file: &Path) -> bool {
    experiment::needs_data(file).unwrap_or(false)
}

impl Bare {
    /// A model without data.
    #[must_use]
    pub fn new(model: PathBuf) -> Self {
        Bare {
            model,
            data: None,
            calibration: None,
        }
    }

    /// Takes a file for what is missing: data first, then calibration data.
    pub fn take(&mut self, file: PathBuf) {
        if self.data.is_none() {
            self.data = Some(file);
        } else {
            self.calibration = Some(file);
        }
    }

    /// Whether it is converted, on training samples.
    fn is_converted(&self) -> bool {
        kind_of(&self.model).is_ok_and(|kind| kind == FileKind::Onnx)
    }

    /// The experiment, everything else at its default; `None` without data.
    #[must_use]
    pub fn experiment(&self) -> Option<Experiment> {
        let (model, data) = (self.model.clone(), self.data.clone()?);
        Some(Experiment::of_model(model, data, self.calibration.clone()))
    }

    /// Asks for what is missing.
    pub fn ui(&mut self, ui: &mut Ui) -> Option<Answer> {
        let converted = self.is_converted();
        ui.label(match converted {
            true => {
                "A model alone. Drop its data here, then training samples that set the thresholds."
            }
            false => "A spiking network alone. Drop its input here.",
        });
        let mut answer = None;
        Grid::new("bare").num_columns(3).show(ui, |ui| {
            ui.label("model");
            ui.label(self.model.display().to_string());
            ui.end_row();
            let asked = [
                ("data", &self.data, Answer::ChooseData),
                ("calibration", &self.calibration, Answer::ChooseCalibration),
            ];
            let asked = asked.into_iter().take(if converted { 2 } else { 1 });
            for (name, file, choose) in asked {
                ui.label(name);
                let shown = file.as_ref().map(|file| file.display().to_string());
                ui.label(shown.unwrap_or_else(|| "missing".into()));
                if ui.button(format!("Choose {name}…")).clicked() {
                    answer = Some(choose);
                }
                ui.end_row();
            }
        });
        let ready = self.data.is_some() && (self.calibration.is_some() || !converted);
        let row = ui.horizontal(|ui| {
            let run = ui.add_enabled(ready, eframe::egui::Button::new("Run the model"));
            let close = ui.button("Close");
            let run = run.clicked().then_some(Answer::Run);
            run.or(close.clicked().then_some(Answer::Close))
        });
        answer.or(row.inner)
    }
}
