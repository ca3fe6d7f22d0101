//! The energy of one sample on one device, taken apart by neuron, timestep and cause.

use super::cause::causes;
use super::{Cause, Record, Selection, SelectionCounts, Structure};
use crate::energy::{self, Hardware, PriceOptions, Work};
use crate::result::{FirstLayer, Line, Measure, Part, TargetReport, Unit, Workload};
use crate::units::Range as Joules;

/// Why a record cannot be priced spike by spike.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The device runs no spikes.
    #[error(
        "{device}: it runs the original network, so no joule belongs to a spike; choose a neuromorphic target or \"arithmetic-45nm\""
    )]
    NoSpikes {
        /// The device.
        device: String,
    },
    /// The synapses are not known.
    #[error(
        "{title}: a recording holds spikes but no synapses, so they cannot be priced; open the network or experiment that made it"
    )]
    NoSynapses {
        /// The record.
        title: String,
    },
}

/// What a part of a receipt costs.
#[derive(Debug, Clone, PartialEq)]
pub struct PricedLine {
    /// What is counted, as in the receipt.
    pub event: String,
    /// Events.
    pub count: f64,
    /// Energy \[J\].
    pub joules: Joules,
    /// What it is spent on: the nominal energy of each cause \[J\]. Most lines have a single one.
    pub causes: Vec<(Cause, f64)>,
}

/// A selection and its price.
#[derive(Debug, Clone, PartialEq)]
pub struct Priced {
    /// Its events.
    pub tally: SelectionCounts,
    /// Its part of each dynamic line of the receipt that can be taken apart.
    pub lines: Vec<PricedLine>,
    /// Sum of the lines \[J\]; `None` if the device's dynamic energy is not known or cannot be taken
    /// apart.
    pub dynamic_j: Option<Joules>,
    /// Nominal share of the dynamic energy of the whole sample, 0 to 1; `None` if it is not known.
    pub share: Option<f64>,
}

/// How to take a line of the receipt apart.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Use {
    line: usize,
    /// The events that it counts, by what they are spent on.
    parts: &'static [(Cause, Measure)],
    /// What the line counts for each of them: more than one where it counts bits.
    per_event: f64,
}

impl Use {
    /// How to take a dynamic line apart; `None` if its events cannot be told apart, or if they are
    /// not all in the record.
    fn of(
        index: usize,
        line: &Line,
        whole: &SelectionCounts,
        first_layer: FirstLayer,
    ) -> Option<Self> {
        let measure = line.measure?;
        let mut used = Use {
            line: index,
            parts: causes(measure, first_layer),
            per_event: 1.0,
        };
        let events = used.count(whole);
        if measure.unit() == Unit::Bit && events > 0.0 {
            used.per_event = line.count / events;
        }
        (!used.parts.is_empty() && used.count(whole) == line.count).then_some(used)
    }

    /// How many the line counts of a selection.
    fn count(&self, tally: &SelectionCounts) -> f64 {
        self.by_cause(tally).map(|(_, count)| count).sum()
    }

    /// The same by what they are spent on.
    fn by_cause(&self, tally: &SelectionCounts) -> impl Iterator<Item = (Cause, f64)> {
        let parts = self.parts.iter();
        parts.filter_map(|(cause, what)| Some((*cause, self.per_event * tally.get(*what)?)))
    }
}

/// A record priced on a device.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// The receipt of the whole sample.
    pub target: TargetReport,
    /// What each spike sets off there.
    pub structure: Structure,
    /// Events of the whole sample.
    pub whole: SelectionCounts,
    /// Dynamic lines that cannot be taken apart, by name: they are in the total, and no selection has
    /// a known energy.
    pub indivisible: Vec<String>,
    uses: Vec<Use>,
}

impl Ledger {
    /// Prices a record.
    ///
    /// # Errors
    /// If the device runs no spikes, or the record has no synapses.
    pub fn new(
        record: &Record,
        hardware: &Hardware,
        options: &PriceOptions,
    ) -> Result<Self, LedgerError> {
        if !record.has_synapses {
            return Err(LedgerError::NoSynapses {
                title: record.title.clone(),
            });
        }
        let structure = Structure::new(record, hardware);
        Self::with_structure(record, structure, hardware, options)
    }

    /// Prices a record again: for other prices of a device that has the same room.
    ///
    /// # Errors
    /// If the device runs no spikes.
    pub fn with_structure(
        record: &Record,
        structure: Structure,
        hardware: &Hardware,
        options: &PriceOptions,
    ) -> Result<Self, LedgerError> {
        let work = Work::new(&record.counts, &record.dense);
        let reports = match &structure.placement {
            Some(placement) => energy::price_placed(hardware, &work, options, placement),
            None => energy::price(hardware, &work, options),
        };
        let target = reports.into_iter().find(|t| t.workload == Workload::Snn);
        let target = target.ok_or_else(|| LedgerError::NoSpikes {
            device: hardware.name.clone(),
        })?;
        let all = Selection {
            rows: record.all_rows(),
            timesteps: 0..record.raster.timesteps(),
        };
        let whole = SelectionCounts::of(record, &structure, &all);
        let (mut uses, mut indivisible) = (Vec::new(), Vec::new());
        for (index, line) in target.lines.iter().enumerate() {
            if line.part != Part::Dynamic {
                continue;
            }
            match Use::of(index, line, &whole, options.first_layer) {
                Some(used) => uses.push(used),
                None => indivisible.push(line.event.clone()),
            }
        }
        Ok(Ledger {
            target,
            structure,
            whole,
            indivisible,
            uses,
        })
    }

    /// The receipt of a selection.
    #[must_use]
    pub fn price(&self, record: &Record, selection: &Selection) -> Priced {
        self.price_tally(SelectionCounts::of(record, &self.structure, selection))
    }

    /// The receipt of counted events.
    #[must_use]
    pub fn price_tally(&self, tally: SelectionCounts) -> Priced {
        let lines: Vec<PricedLine> = self
            .uses
            .iter()
            .map(|used| {
                let line = &self.target.lines[used.line];
                let count = used.count(&tally);
                let joules = if line.count == 0.0 {
                    Joules::ZERO
                } else {
                    Joules {
                        nominal: count * line.joules_each,
                        ..line.joules_range * (count / line.count)
                    }
                };
                PricedLine {
                    event: line.event.clone(),
                    count,
                    joules,
                    causes: used
                        .by_cause(&tally)
                        .map(|(cause, count)| (cause, count * line.joules_each))
                        .collect(),
                }
            })
            .collect();
        let total = self
            .target
            .dynamic_j
            .filter(|_| self.indivisible.is_empty());
        let dynamic_j = total.map(|_| lines.iter().map(|line| line.joules).sum::<Joules>());
        let share = match (dynamic_j, total) {
            (Some(part), Some(total)) if total > 0.0 => Some(part.nominal / total),
            _ => None,
        };
        Priced {
            tally,
            lines,
            dynamic_j,
            share,
        }
    }

    /// Nominal energy of each timestep \[J\], by cause in the order of [`Cause::ALL`]. Static energy is
    /// spread evenly over the timesteps.
    #[must_use]
    pub fn per_timestep(&self, record: &Record) -> Vec<[f64; 6]> {
        let all = Selection {
            rows: record.all_rows(),
            timesteps: 0..record.raster.timesteps(),
        };
        let mut sums = self.per_timestep_of(record, &all);
        let idle = self.static_j().unwrap_or(0.0) / sums.len().max(1) as f64;
        for sums in &mut sums {
            sums[Cause::Static as usize] += idle;
        }
        sums
    }

    /// Nominal dynamic energy of a selection in each of its timesteps \[J\], by cause in the order of
    /// [`Cause::ALL`].
    #[must_use]
    pub fn per_timestep_of(&self, record: &Record, selection: &Selection) -> Vec<[f64; 6]> {
        let of = |t: usize| Selection {
            rows: selection.rows.clone(),
            timesteps: t..t + 1,
        };
        let end = selection.timesteps.end.min(record.raster.timesteps());
        (selection.timesteps.start..end)
            .map(|t| self.by_cause(&SelectionCounts::of(record, &self.structure, &of(t))))
            .collect()
    }

    /// Nominal dynamic energy of counted events \[J\], by cause in the order of [`Cause::ALL`].
    #[must_use]
    pub fn by_cause(&self, tally: &SelectionCounts) -> [f64; 6] {
        let mut sums = [0.0; 6];
        for used in &self.uses {
            let each = self.target.lines[used.line].joules_each;
            for (cause, count) in used.by_cause(tally) {
                sums[cause as usize] += count * each;
            }
        }
        sums
    }

    /// Nominal static energy of the sample \[J\]; `None` if it is not known or not in the scope.
    #[must_use]
    pub fn static_j(&self) -> Option<f64> {
        self.target.static_j
    }
}
