//! Events of some neurons in some timesteps.

use super::record::emitted;
use super::{Record, Selection, Structure};
use crate::network::Role;
use crate::result::Measure;
use std::ops::{Add, Range};

/// Events of a selection, in whole numbers but for active updates of parts of a population.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SelectionCounts {
    /// Spikes, those of the input included.
    pub spikes: u64,
    /// Spikes of neurons on the chip.
    pub placed_spikes: u64,
    /// Synaptic operations that the spikes set off: dense, sparse, convolutional.
    pub synops: [u64; 3],
    /// Multiply-accumulates that real-valued events set off, in each timestep.
    pub macs: u64,
    /// The same with a constant input multiplied once, in timestep 0.
    pub macs_once: u64,
    /// Neurons on the chip × timesteps.
    pub updates: u64,
    /// Of these, with a nonzero potential, any input or bias. Known per population and timestep, and
    /// spread evenly over the neurons of a population if only some are selected.
    pub active: f64,
    /// Packets sent.
    pub packets: u64,
    /// Spikes times the cores they are broadcast in, those of the input included.
    pub deliveries: u64,
    /// Links crossed in x, those from one chip to the next left out.
    pub hops_x: u64,
    /// Links crossed in y.
    pub hops_y: u64,
    /// Links crossed from one chip to the next.
    pub borders: u64,
}

impl SelectionCounts {
    /// Events of a selection.
    #[must_use]
    pub fn of(record: &Record, structure: &Structure, selection: &Selection) -> Self {
        let end = selection.timesteps.end.min(record.raster.timesteps());
        let timesteps = selection.timesteps.start.min(end)..end;
        let mut tally = SelectionCounts::default();
        for population in 0..record.counts.populations.len() {
            let rows = selection.rows.within(&record.rows_of(population));
            if rows.is_empty() {
                continue;
            }
            tally.updates(record, population, rows.len(), &timesteps);
            for rows in rows.ranges() {
                tally.events(record, structure, population, rows, &timesteps);
            }
        }
        tally
    }

    fn updates(&mut self, record: &Record, population: usize, rows: u32, steps: &Range<usize>) {
        let node = &record.counts.topology.populations[population];
        if node.role == Role::Input {
            return;
        }
        self.updates += u64::from(rows) * steps.len() as u64;
        let active = &record.counts.populations[population].active_per_timestep;
        let active: u64 = active.get(steps.clone()).unwrap_or(&[]).iter().sum();
        self.active += (active * u64::from(rows)) as f64 / node.shape.neurons() as f64;
    }

    fn events(
        &mut self,
        record: &Record,
        structure: &Structure,
        population: usize,
        rows: &Range<u32>,
        steps: &Range<usize>,
    ) {
        let role = record.counts.topology.populations[population].role;
        let cores = structure.broadcasts.get(population).copied().unwrap_or(0);
        for t in steps.clone() {
            record.raster.for_each(t, rows, |row, value| {
                let event = emitted(role, value);
                let row = row as usize;
                let Some(spikes) = event.spikes else {
                    let reached: u64 = structure.synops[row].iter().map(|&n| u64::from(n)).sum();
                    self.macs += reached;
                    self.macs_once += reached;
                    return;
                };
                for (sum, &each) in self.synops.iter_mut().zip(&structure.synops[row]) {
                    *sum += spikes * u64::from(each);
                }
                if !event.counted {
                    return;
                }
                self.spikes += spikes;
                self.deliveries += spikes * cores;
                if role != Role::Input {
                    self.placed_spikes += spikes;
                    if let Some(route) = structure.routes.get(row) {
                        self.packets += spikes * u64::from(route.packets);
                        self.hops_x += spikes * u64::from(route.hops_x);
                        self.hops_y += spikes * u64::from(route.hops_y);
                        self.borders += spikes * u64::from(route.borders);
                    }
                }
            });
        }
        if role == Role::Input && !record.input.is_empty() {
            let first = record.first_rows[population];
            let macs: u64 = rows
                .clone()
                .filter(|row| {
                    record
                        .input
                        .get((row - first) as usize)
                        .is_some_and(|v| *v != 0.0)
                })
                .map(|row| u64::from(structure.constant[row as usize]))
                .sum();
            self.macs += macs * steps.len() as u64;
            if steps.contains(&0) {
                self.macs_once += macs;
            }
        }
    }

    /// Synaptic operations of all kinds.
    #[must_use]
    pub fn all_synops(&self) -> u64 {
        self.synops.iter().sum()
    }

    /// How many of a measure there are; `None` for one whose events cannot be told apart by neuron
    /// and timestep.
    #[must_use]
    pub fn get(&self, measure: Measure) -> Option<f64> {
        Some(match measure {
            Measure::NeuronUpdates => self.updates as f64,
            Measure::ActiveUpdates => self.active,
            Measure::InactiveUpdates => self.updates as f64 - self.active,
            Measure::Spikes | Measure::Encodings => self.placed_spikes as f64,
            Measure::Packets => self.packets as f64,
            Measure::Deliveries | Measure::Broadcasts => self.deliveries as f64,
            Measure::HopsEastWest => self.hops_x as f64,
            Measure::HopsNorthSouth => self.hops_y as f64,
            Measure::ChipLinks => self.borders as f64,
            Measure::Synops => self.all_synops() as f64,
            Measure::SynopsDense => self.synops[0] as f64,
            Measure::SynopsSparse => self.synops[1] as f64,
            Measure::SynopsConv => self.synops[2] as f64,
            Measure::MacsEachStep => self.macs as f64,
            Measure::MacsOnce => self.macs_once as f64,
            Measure::SynapseEvents => (self.all_synops() + self.macs) as f64,
            _ => return None,
        })
    }
}

impl Add for SelectionCounts {
    type Output = SelectionCounts;
    fn add(self, other: SelectionCounts) -> SelectionCounts {
        SelectionCounts {
            spikes: self.spikes + other.spikes,
            placed_spikes: self.placed_spikes + other.placed_spikes,
            synops: [0, 1, 2].map(|kind| self.synops[kind] + other.synops[kind]),
            macs: self.macs + other.macs,
            macs_once: self.macs_once + other.macs_once,
            updates: self.updates + other.updates,
            active: self.active + other.active,
            packets: self.packets + other.packets,
            deliveries: self.deliveries + other.deliveries,
            hops_x: self.hops_x + other.hops_x,
            hops_y: self.hops_y + other.hops_y,
            borders: self.borders + other.borders,
        }
    }
}
