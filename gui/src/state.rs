//! What is open, what is selected and what it costs.

use crate::history::{Change, History};
use crate::open::{Choice, Open};
use crate::sweep::SweepResults;
use crate::view::View;
use crate::words::{bounded, star};
use crate::worker::{Run, Traces};
use spikewatt::conversion::Health;
use spikewatt::counts::EventCounts;
use spikewatt::energy::{
    Catalogue, Hardware, HardwareError, LargeBatch, PriceOptions, Work, price,
};
use spikewatt::experiment::OutputConfig;
use spikewatt::explore::{Record, Selection, Structure};
use spikewatt::result::{Report, TargetReport};
use spikewatt::units::Range;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything the panels show.
pub struct State {
    /// Devices as shipped.
    catalogue: Catalogue,
    /// Devices with a figure edited by hand.
    edited: BTreeMap<String, Hardware>,
    /// The open file.
    pub file: Option<PathBuf>,
    /// Samples it has.
    pub samples: usize,
    /// The sample that is shown.
    pub open: Option<Open>,
    /// A sample of another run, kept to compare with.
    pub kept: Option<Open>,
    /// How well each population stands for its layer of the original; empty until it is known.
    pub health: Vec<Health>,
    /// Results of a sweep.
    pub sweep: Option<SweepResults>,
    /// Counts of all samples, once they are there.
    pub run: Option<Run>,
    /// Counts of the first samples while the others run, and how many there are.
    preview: Option<(EventCounts, usize)>,
    /// Potentials of neurons that were asked for last.
    pub traces: Option<Traces>,
    /// The report of the run; what the command line prints.
    pub report: Option<Report>,
    /// Receipts of the run, or of the one sample until there is a run.
    pub targets: Vec<TargetReport>,
    /// Name of the device that the spikes are priced on.
    pub device: String,
    /// Second batch size for GPU and CPU baselines; `None`: the smallest that reaches the plateau.
    pub large_batch: Option<u64>,
    /// Names of the devices that are compared, if they are others than the experiment names.
    pub chosen_targets: Option<Vec<String>>,
    /// Time from one inference to the next [s], if it is not as the experiment says.
    pub period_s: Option<f64>,
    /// What is selected; everything if `None`.
    selection: Option<Selection>,
    history: History,
    /// The visible window.
    pub view: View,
    /// How often anything changed that panels cache pictures of.
    pub generation: u64,
    /// How often prices, the sample or the sweep changed, whatever is selected.
    pub revision: u64,
    /// A sample that is asked for.
    pub wanted_sample: Option<usize>,
    /// A sample and rows whose potentials are asked for.
    pub wanted_traces: Option<(usize, Vec<u32>)>,
    /// Name of a device that is asked for as a file.
    pub wanted_file: Option<String>,
    /// Position of a point of the sweep that is asked for.
    pub wanted_point: Option<usize>,
}

impl State {
    /// Nothing open.
    ///
    /// # Errors
    /// If a device that comes with the program is damaged.
    pub fn new() -> Result<Self, HardwareError> {
        Ok(State {
            catalogue: Catalogue::shipped()?,
            edited: BTreeMap::new(),
            file: None,
            samples: 0,
            open: None,
            kept: None,
            health: Vec::new(),
            sweep: None,
            run: None,
            preview: None,
            traces: None,
            report: None,
            targets: Vec::new(),
            device: OutputConfig::default()
                .targets
                .first()
                .cloned()
                .unwrap_or_default(),
            large_batch: None,
            chosen_targets: None,
            period_s: None,
            selection: None,
            history: History::default(),
            view: View::default(),
            generation: 0,
            revision: 0,
            wanted_sample: None,
            wanted_traces: None,
            wanted_file: None,
            wanted_point: None,
        })
    }

    /// Takes a new sample and forgets the selection.
    pub fn set_record(&mut self, record: Record) {
        let raster = &record.raster;
        self.view = View::new(raster.timesteps(), raster.height());
        self.view.cursor = raster.timesteps().saturating_sub(1);
        self.selection = None;
        self.traces = None;
        self.history.forget_selections();
        self.open = Some(Open::new(record));
        self.reprice(true);
    }

    /// Takes the counts of a run.
    pub fn set_run(&mut self, run: Run) {
        if let Some(experiment) = &run.context.experiment {
            self.large_batch = experiment.output().large_batch;
        }
        self.preview = None;
        self.run = Some(run);
        self.reprice(false);
    }

    /// Takes the counts of the first samples of a run of so many.
    pub fn set_preview(&mut self, counts: EventCounts, of: usize) {
        self.preview = Some((counts, of));
        self.reprice(false);
    }

    /// What the targets are about.
    #[must_use]
    pub fn about_targets(&self) -> String {
        match (&self.run, &self.preview) {
            (Some(run), _) => format!("mean of {} samples", run.counts.samples),
            (None, Some((counts, of))) => {
                format!("mean of the first {} of {of} samples", counts.samples)
            }
            (None, None) => "this sample alone, no run yet".to_owned(),
        }
    }

    /// Forgets what is open.
    pub fn close(&mut self) {
        (self.open, self.run, self.report) = (None, None, None);
        (self.preview, self.traces) = (None, None);
        self.health.clear();
        self.targets.clear();
        self.generation += 1;
        self.revision += 1;
    }

    /// Names of all devices.
    pub fn devices(&self) -> impl Iterator<Item = &Hardware> {
        self.catalogue.devices()
    }

    /// A device with its edited figures.
    #[must_use]
    pub fn hardware(&self, name: &str) -> Option<&Hardware> {
        self.edited
            .get(name)
            .or_else(|| self.catalogue.get(name).ok())
    }

    /// A device as shipped.
    #[must_use]
    pub fn shipped(&self, name: &str) -> Option<&Hardware> {
        self.catalogue.get(name).ok()
    }

    /// Whether a figure was edited.
    #[must_use]
    pub fn is_edited(&self, device: &str, key: &str) -> bool {
        let value = |hardware: &Hardware| hardware.figures.get(key).map(|f| f.written);
        match (self.edited.get(device), self.catalogue.get(device)) {
            (Some(edited), Ok(shipped)) => value(edited) != value(shipped),
            _ => false,
        }
    }

    /// Whether any figure of a device was edited.
    #[must_use]
    pub fn has_edits(&self, device: &str) -> bool {
        self.edited.contains_key(device)
    }

    /// Gives a figure of the chosen device another nominal value in its own unit; its bounds keep
    /// their ratios. Counts stay: everything is priced again.
    pub fn edit(&mut self, key: &str, nominal: f64) {
        let Some(shipped) = self.catalogue.get(&self.device).ok() else {
            return;
        };
        let Some(original) = shipped.figures.get(key).cloned() else {
            return;
        };
        if !(nominal >= 0.0 && nominal.is_finite()) || original.written.nominal == 0.0 {
            return;
        }
        let factor = nominal / original.written.nominal;
        let before = self.edited.remove(&self.device);
        let mut hardware = before.clone().unwrap_or_else(|| shipped.clone());
        let mut figure = original.clone();
        if factor != 1.0 {
            let scaled = |range: Range, nominal: f64| Range {
                nominal,
                ..range * factor
            };
            figure.written = scaled(original.written, nominal);
            figure.value = scaled(original.value, original.value.nominal * factor);
            figure.source = format!("edited by hand; was: {}", original.source);
            figure.confidence = spikewatt::energy::Confidence::Memory;
        }
        hardware.figures.insert(key.to_owned(), figure);
        if hardware.fingerprint() != shipped.fingerprint() {
            self.edited.insert(self.device.clone(), hardware);
        }
        self.history.remember(Change::Figures {
            device: self.device.clone(),
            key: Some(key.to_owned()),
            other: before.map(Box::new),
        });
        self.reprice(false);
    }

    /// Puts the figures of the chosen device back.
    pub fn revert(&mut self) {
        if let Some(before) = self.edited.remove(&self.device) {
            self.history.remember(Change::Figures {
                device: self.device.clone(),
                key: None,
                other: Some(Box::new(before)),
            });
            self.reprice(false);
        }
    }

    /// Chooses the device that spikes are priced on.
    pub fn set_device(&mut self, name: &str) {
        if self.device != name {
            self.device = name.to_owned();
            self.reprice(true);
        }
    }

    /// What is selected.
    #[must_use]
    pub fn selection(&self) -> Option<&Selection> {
        self.selection.as_ref()
    }

    /// What is selected, or everything.
    #[must_use]
    pub fn effective_selection(&self) -> Selection {
        self.selection.clone().unwrap_or_else(|| match &self.open {
            Some(open) => Selection {
                rows: open.record.all_rows(),
                timesteps: 0..open.record.raster.timesteps(),
            },
            None => Selection::default(),
        })
    }

    /// Selects; the former selection can be brought back.
    pub fn select(&mut self, selection: Option<Selection>) {
        if selection != self.selection {
            let before = std::mem::replace(&mut self.selection, selection);
            self.history.remember(Change::Selection(before));
            self.price_selection();
        }
    }

    /// Selects without remembering: while a box is being drawn.
    pub fn select_for_now(&mut self, selection: Selection) {
        if self.selection.as_ref() != Some(&selection) {
            self.selection = Some(selection);
            self.price_selection();
        }
    }

    /// Remembers `before` as the selection to go back to.
    pub fn remember(&mut self, before: Option<Selection>) {
        if before != self.selection {
            self.history.remember(Change::Selection(before));
        }
    }

    /// Takes the last change of the selection or of a figure back.
    pub fn undo(&mut self) {
        if let Some(change) = self.history.back() {
            let inverse = self.swap(change);
            self.history.undone(inverse);
        }
    }

    /// Makes the change again that was undone last.
    pub fn redo(&mut self) {
        if let Some(change) = self.history.forth() {
            let inverse = self.swap(change);
            self.history.redone(inverse);
        }
    }

    /// Puts back what a change kept; gives the change that undoes this.
    fn swap(&mut self, change: Change) -> Change {
        match change {
            Change::Selection(other) => {
                let now = std::mem::replace(&mut self.selection, other);
                self.price_selection();
                Change::Selection(now)
            }
            Change::Figures { device, key, other } => {
                let now = self.edited.remove(&device).map(Box::new);
                if let Some(other) = other {
                    self.edited.insert(device.clone(), *other);
                }
                self.reprice(false);
                Change::Figures {
                    device,
                    key,
                    other: now,
                }
            }
        }
    }

    /// Brings rows of the record into view, if they are shown.
    pub fn reveal(&mut self, rows: &std::ops::Range<u32>) {
        if let Some(open) = &self.open {
            let shown = open.shown.places(rows);
            let margin = (f64::from(shown.end - shown.start) * 0.05).max(1.0);
            if shown.start < shown.end {
                let (start, end) = (f64::from(shown.start), f64::from(shown.end));
                self.view.show_rows(start - margin..end + margin);
            }
        }
    }

    /// Chooses the rows of the raster.
    pub fn choose(&mut self, choice: Choice) {
        let Some(open) = &mut self.open else {
            return;
        };
        open.choose(choice);
        let height = open.shown.raster.height();
        self.view.height = height;
        self.view.show_rows(0.0..f64::from(height.max(1)));
        self.generation += 1;
    }

    /// Keeps what is open beside what is opened next, or forgets what was kept.
    pub fn keep(&mut self) {
        self.kept = match (self.kept.take(), &self.open) {
            (None, Some(open)) => Some(open.again()),
            _ => None,
        };
        self.reprice(true);
    }

    /// Assumptions of a price that are no property of a device.
    #[must_use]
    pub fn price_options(&self) -> PriceOptions {
        let context = self.run.as_ref().map(|run| &run.context);
        // The experiment ran, so its options are in order.
        let own = context.and_then(|context| {
            let experiment = context.experiment.as_ref()?;
            experiment.price_options(context.seed).ok()
        });
        let mut options = own.unwrap_or_default();
        options.large_batch = self.large_batch.map_or(LargeBatch::Search, LargeBatch::Of);
        if self.period_s.is_some() {
            options.usage.period_s = self.period_s;
        }
        options
    }

    /// Names of the devices that are compared.
    #[must_use]
    pub fn compared(&self) -> Vec<String> {
        if let Some(chosen) = &self.chosen_targets {
            return chosen.clone();
        }
        let experiment = self
            .run
            .as_ref()
            .and_then(|run| run.context.experiment.as_ref());
        let named = experiment.map(|experiment| experiment.output().targets.clone());
        let named = named.unwrap_or_else(|| OutputConfig::default().targets);
        match self.catalogue.select(&named) {
            Ok(devices) => devices.iter().map(|device| device.name.clone()).collect(),
            // Devices of a file of its own, or of another version.
            Err(_) => named,
        }
    }

    /// Prices everything again; `moved`: the device or the sample is another one.
    pub fn reprice(&mut self, moved: bool) {
        self.revision += 1;
        let options = self.price_options();
        let names = self.compared();
        let devices: Vec<&Hardware> = names
            .iter()
            .filter_map(|name| self.hardware(name))
            .collect();
        let report = self.run.as_ref().map(|run| run.price(&devices, &options));
        let targets = match (&report, &self.open) {
            (Some(report), _) => report.targets.clone(),
            (None, Some(open)) if open.record.has_synapses => {
                let first = self.preview.as_ref().map(|(counts, _)| counts);
                let work = Work::new(first.unwrap_or(&open.record.counts), &open.record.dense);
                devices
                    .iter()
                    .flat_map(|device| price(device, &work, &options))
                    .collect()
            }
            _ => Vec::new(),
        };
        let hardware = self.hardware(&self.device).cloned();
        (self.report, self.targets) = (report, targets);
        if let Some(hardware) = hardware {
            for open in self.open.iter_mut().chain(&mut self.kept) {
                open.price(&hardware, &options, moved);
            }
        }
        self.price_selection();
    }

    fn price_selection(&mut self) {
        let selection = self.effective_selection();
        if let Some(open) = &mut self.open {
            open.select(&selection);
        }
        self.generation += 1;
    }

    /// Where neurons sit on the chosen device.
    #[must_use]
    pub fn structure(&self) -> Option<&Structure> {
        Some(&self.open.as_ref()?.ledger.as_ref().ok()?.structure)
    }

    /// One line that says what the figures are about.
    #[must_use]
    pub fn caption(&self) -> String {
        let Some(open) = &self.open else {
            return "nothing is open".into();
        };
        let record = &open.record;
        let mut parts = vec![
            format!("{}, sample {}", record.title, record.sample),
            format!("T = {}", record.raster.timesteps()),
        ];
        if let Some(hardware) = self.hardware(&self.device).filter(|_| open.ledger.is_ok()) {
            let edited = if self.has_edits(&self.device) {
                " (EDITED)"
            } else {
                ""
            };
            parts.push(format!("table {}{edited}, modelled", hardware.name));
        }
        let target = open.ledger.as_ref().ok().map(|ledger| &ledger.target);
        if let Some((target, energy)) = target.and_then(|t| Some((t, t.energy_j?))) {
            let mark = star(target.is_unverified());
            parts.push(format!("whole sample {}{mark}", bounded(energy)));
        }
        if let Some(selection) = &self.selection {
            let steps = &selection.timesteps;
            parts.push(format!(
                "{} neurons, timesteps {} to {}",
                selection.rows.len(),
                steps.start,
                steps.end.saturating_sub(1)
            ));
        }
        parts.join(" · ")
    }
}
