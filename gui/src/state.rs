//! What is open, what is selected and what it costs.

use crate::lod::Counts;
use crate::view::View;
use crate::worker::Run;
use spikewatt::energy::{Catalogue, Hardware, HardwareError, PriceOptions, price};
use spikewatt::experiment::{self, OutputConfig};
use spikewatt::explore::{Ledger, Priced, Raster, Record, Rows, Selection, Structure};
use spikewatt::report::{Report, TargetReport};
use spikewatt::units::Range;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Which rows the raster shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// All neurons.
    #[default]
    All,
    /// Those of one population.
    Population(usize),
    /// The busiest.
    Busiest(usize),
    /// An even sample: every k-th, so that the number is about this.
    Sample(usize),
}

/// The rows of a raster panel.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// How they were chosen.
    pub choice: Choice,
    /// Row of the record behind each row that is shown; `None` if all are shown.
    pub rows: Option<Vec<u32>>,
    /// Their events.
    pub raster: Arc<Raster>,
    /// Their events per cell.
    pub counts: Arc<Counts>,
}

impl Shown {
    /// Row of the record behind a row that is shown.
    #[must_use]
    pub fn row(&self, shown: u32) -> u32 {
        let chosen = self.rows.as_ref().and_then(|rows| rows.get(shown as usize));
        chosen.copied().unwrap_or(shown)
    }

    /// Rows of the record behind a stretch of rows that are shown.
    #[must_use]
    pub fn rows(&self, shown: std::ops::Range<u32>) -> Rows {
        match &self.rows {
            None => Rows::from_range(shown),
            Some(_) => Rows::new(
                shown
                    .map(|row| self.row(row))
                    .map(|row| row..row + 1)
                    .collect(),
            ),
        }
    }
}

/// A sample with its prices.
pub struct Open {
    /// What the sample did.
    pub record: Arc<Record>,
    /// Its receipt on the chosen device, or why there is none.
    pub ledger: Result<Ledger, String>,
    /// Nominal energy of each timestep by cause [J].
    pub per_timestep: Vec<[f64; 6]>,
    /// Receipt of each population.
    pub populations: Vec<Priced>,
    /// Receipt of the selection.
    pub selected: Option<Priced>,
    /// Rows of the raster.
    pub shown: Shown,
}

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
    /// Counts of all samples, once they are there.
    pub run: Option<Run>,
    /// The report of the run; what the command line prints.
    pub report: Option<Report>,
    /// Receipts of the run, or of the one sample until there is a run.
    pub targets: Vec<TargetReport>,
    /// Name of the device that the spikes are priced on.
    pub device: String,
    /// Batch of conventional devices beside 1.
    pub large_batch: u64,
    /// Time from one inference to the next [s], if it is not as the experiment says.
    pub period_s: Option<f64>,
    /// What is selected; everything if `None`.
    selection: Option<Selection>,
    past: Vec<Option<Selection>>,
    future: Vec<Option<Selection>>,
    /// The visible window.
    pub view: View,
    /// How often anything changed that panels cache pictures of.
    pub generation: u64,
    /// A sample that is asked for.
    pub wanted_sample: Option<usize>,
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
            run: None,
            report: None,
            targets: Vec::new(),
            device: OutputConfig::default()
                .targets
                .first()
                .cloned()
                .unwrap_or_default(),
            large_batch: PriceOptions::default().large_batch,
            period_s: None,
            selection: None,
            past: Vec::new(),
            future: Vec::new(),
            view: View::default(),
            generation: 0,
            wanted_sample: None,
        })
    }

    /// Takes a new sample and forgets the selection.
    pub fn set_record(&mut self, record: Record) {
        let raster = record.raster.clone();
        let counts = Arc::new(Counts::new(&raster));
        self.view = View::new(raster.timesteps(), raster.height());
        self.view.cursor = raster.timesteps().saturating_sub(1);
        (self.selection, self.past, self.future) = (None, Vec::new(), Vec::new());
        self.open = Some(Open {
            record: Arc::new(record),
            ledger: Err(String::new()),
            per_timestep: Vec::new(),
            populations: Vec::new(),
            selected: None,
            shown: Shown {
                choice: Choice::All,
                rows: None,
                raster,
                counts,
            },
        });
        self.reprice(true);
    }

    /// Takes the counts of a run.
    pub fn set_run(&mut self, run: Run) {
        if let Some(experiment) = &run.context.experiment {
            self.large_batch = experiment.output.large_batch;
        }
        self.run = Some(run);
        self.reprice(false);
    }

    /// Forgets what is open.
    pub fn close(&mut self) {
        (self.open, self.run, self.report) = (None, None, None);
        self.targets.clear();
        self.generation += 1;
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
        let mut hardware = self
            .edited
            .remove(&self.device)
            .unwrap_or_else(|| shipped.clone());
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
        self.reprice(false);
    }

    /// Puts the figures of the chosen device back.
    pub fn revert(&mut self) {
        if self.edited.remove(&self.device).is_some() {
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
            self.past
                .push(std::mem::replace(&mut self.selection, selection));
            self.future.clear();
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
            self.past.push(before);
            self.future.clear();
        }
    }

    /// The selection before the last change.
    pub fn undo(&mut self) {
        if let Some(before) = self.past.pop() {
            self.future
                .push(std::mem::replace(&mut self.selection, before));
            self.price_selection();
        }
    }

    /// The selection that was undone last.
    pub fn redo(&mut self) {
        if let Some(after) = self.future.pop() {
            self.past
                .push(std::mem::replace(&mut self.selection, after));
            self.price_selection();
        }
    }

    /// Chooses the rows of the raster.
    pub fn choose(&mut self, choice: Choice) {
        let Some(open) = &mut self.open else {
            return;
        };
        let record = &open.record;
        let height = record.raster.height();
        let rows: Option<Vec<u32>> = match choice {
            Choice::All => None,
            Choice::Population(population) => Some(record.rows_of(population).collect()),
            Choice::Busiest(most) => {
                let spikes = record.spikes_per_row(0..record.raster.timesteps());
                let mut rows: Vec<u32> = (0..height).collect();
                rows.sort_by_key(|&row| (std::cmp::Reverse(spikes[row as usize]), row));
                rows.truncate(most);
                rows.sort_unstable();
                Some(rows)
            }
            Choice::Sample(about) => {
                let step = (height as usize / about.max(1)).max(1);
                Some((0..height).step_by(step).collect())
            }
        };
        let raster = match &rows {
            None => record.raster.clone(),
            Some(rows) => Arc::new(record.raster.choose(rows)),
        };
        let counts = Arc::new(Counts::new(&raster));
        self.view.height = raster.height();
        self.view.show_rows(0.0..f64::from(raster.height().max(1)));
        open.shown = Shown {
            choice,
            rows,
            raster,
            counts,
        };
        self.generation += 1;
    }

    /// Assumptions of a price that are no property of a device.
    #[must_use]
    pub fn price_options(&self) -> PriceOptions {
        let experiment = self
            .run
            .as_ref()
            .and_then(|run| run.context.experiment.as_ref());
        // The experiment ran, so its options are in order.
        let own = experiment.and_then(|experiment| experiment.price_options().ok());
        let mut options = own.unwrap_or_default();
        options.large_batch = self.large_batch;
        if self.period_s.is_some() {
            options.usage.period_s = self.period_s;
        }
        options
    }

    /// Names of the devices that are compared.
    #[must_use]
    pub fn compared(&self) -> Vec<String> {
        let experiment = self
            .run
            .as_ref()
            .and_then(|run| run.context.experiment.as_ref());
        let named = experiment.map(|experiment| experiment.output.targets.clone());
        named.unwrap_or_else(|| OutputConfig::default().targets)
    }

    /// Prices everything again; `moved`: the device or the sample is another one.
    pub fn reprice(&mut self, moved: bool) {
        self.generation += 1;
        let options = self.price_options();
        let names = self.compared();
        let devices: Vec<&Hardware> = names
            .iter()
            .filter_map(|name| self.hardware(name))
            .collect();
        let report = self.run.as_ref().map(|run| {
            experiment::price(&run.counts, &run.dense, &run.context, &devices, &options)
        });
        let targets = match (&report, &self.open) {
            (Some(report), _) => report.targets.clone(),
            (None, Some(open)) if open.record.has_synapses => {
                let work = spikewatt::energy::Work {
                    counts: &open.record.counts,
                    dense: &open.record.dense,
                };
                devices
                    .iter()
                    .flat_map(|device| price(device, &work, &options))
                    .collect()
            }
            _ => Vec::new(),
        };
        let hardware = self.hardware(&self.device).cloned();
        (self.report, self.targets) = (report, targets);
        let (Some(open), Some(hardware)) = (&mut self.open, hardware) else {
            return;
        };
        let record = open.record.clone();
        let known = std::mem::replace(&mut open.ledger, Err(String::new())).ok();
        let ledger = match known.filter(|_| !moved) {
            Some(Ledger { structure, .. }) => {
                Ledger::with_structure(&record, structure, &hardware, &options)
            }
            None => Ledger::new(&record, &hardware, &options),
        };
        open.ledger = ledger.map_err(|error| error.to_string());
        (open.per_timestep, open.populations) = match &open.ledger {
            Ok(ledger) => (
                ledger.per_timestep(&record),
                (0..record.counts.populations.len())
                    .map(|population| {
                        let selection = Selection {
                            rows: Rows::from_range(record.rows_of(population)),
                            timesteps: 0..record.raster.timesteps(),
                        };
                        ledger.price(&record, &selection)
                    })
                    .collect(),
            ),
            Err(_) => (Vec::new(), Vec::new()),
        };
        self.price_selection();
    }

    fn price_selection(&mut self) {
        let selection = self.effective_selection();
        if let Some(open) = &mut self.open {
            let ledger = open.ledger.as_ref().ok();
            open.selected = ledger.map(|ledger| ledger.price(&open.record, &selection));
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
