//! From a description to a network: synapses, weights and delays.

use super::build::{Builder, single};
use super::problem::{NativeProblem, value};
use super::synapses::{Picked, SynapseList, file_order, from_file_order};
use super::{ProjectionTable, Quantity, RuleTable, SynapseFile};
use crate::network::rules::{
    CompressedRows, Distribution, Ends, Rule, RuleError, Streams, per_synapse,
};
use crate::network::{BitRows, Connectivity, Delays, Pattern, Projection, Weights};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Longest delay [timesteps].
const MAX_DELAY: u32 = u16::MAX as u32;

/// Two populations to be joined, and how to speak of them.
struct Pair<'a> {
    table: &'a ProjectionTable,
    source: usize,
    target: usize,
    /// Earlier projections between the same populations.
    ordinal: usize,
    key: String,
}

impl Pair<'_> {
    fn key(&self, field: &str) -> String {
        format!("{}, {field}", self.key)
    }

    fn rule_error(&self, source: RuleError) -> NativeProblem {
        NativeProblem::Rule {
            key: self.key("rule"),
            source,
        }
    }
}

/// Synapses, and what a file says about them.
struct Drawn {
    pattern: Pattern,
    weights: Option<Vec<f32>>,
    delays: Option<Vec<u16>>,
}

impl Builder<'_> {
    /// All projections, one for each pair of source and target.
    pub(super) fn projections(&mut self) -> Result<Vec<Projection>, NativeProblem> {
        let mut projections = Vec::new();
        let mut ordinals = BTreeMap::<(usize, usize), usize>::new();
        for (index, table) in self.description.projections.iter().enumerate() {
            let key = format!("projection {}", index + 1);
            let sources = self.find_all(&format!("{key}, source"), table.source.as_slice())?;
            let targets = self.find_all(&format!("{key}, target"), table.target.as_slice())?;
            for &source in &sources {
                for &target in &targets {
                    let ordinal = ordinals.entry((source, target)).or_default();
                    let pair = Pair {
                        table,
                        source,
                        target,
                        ordinal: *ordinal,
                        key: format!("{key} ({} -> {})", self.name(source), self.name(target)),
                    };
                    *ordinal += 1;
                    projections.push(self.project(&pair)?);
                }
            }
        }
        self.note_unused_synapses(&projections);
        Ok(projections)
    }

    fn find_all(&self, key: &str, names: &[String]) -> Result<Vec<usize>, NativeProblem> {
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            let index = self.find(key, name)?;
            if found.contains(&index) {
                return Err(value(key, format!("it names \"{name}\" twice")));
            }
            found.push(index);
        }
        match found.is_empty() {
            true => Err(value(key, "it names no population")),
            false => Ok(found),
        }
    }

    fn project(&mut self, pair: &Pair) -> Result<Projection, NativeProblem> {
        if self.is_input(pair.target) {
            return Err(value(
                pair.key("target"),
                "an input is driven from outside and takes no synapses",
            ));
        }
        let Drawn {
            mut pattern,
            weights,
            delays,
        } = self.synapses(pair)?;
        let mut weights = self.weights(pair, &pattern, weights)?;
        let mut delay = self.delay(pair, &pattern, delays)?;
        let absent = remove_absent(&mut pattern, &mut weights, &mut delay);
        if absent > 0 {
            self.notes.push(format!(
                "{}: {absent} synapses of weight 0 do not exist",
                pair.key("weight")
            ));
        }
        Ok(Projection {
            source: pair.source,
            target: pair.target,
            connectivity: Connectivity::new(pattern),
            weights,
            delay,
        })
    }

    /// Random numbers of a projection for one purpose. They depend on the names of the populations,
    /// not on what else the network has.
    fn streams(&self, pair: &Pair, purpose: &str) -> Streams {
        let (from, to) = (self.name(pair.source), self.name(pair.target));
        Streams::new(self.seed, &[purpose, from, to, &pair.ordinal.to_string()])
    }

    fn synapses(&mut self, pair: &Pair) -> Result<Drawn, NativeProblem> {
        let (from, to) = (self.shape(pair.source), self.shape(pair.target));
        let delays_each = matches!(pair.table.delay_s, Some(Quantity::Drawn(_)));
        let rule = match &pair.table.rule {
            RuleTable::File(file) => return self.listed(pair, file),
            RuleTable::OneToOne => Rule::OneToOne,
            RuleTable::FixedIndegree(degree) => Rule::FixedIndegree(*degree),
            RuleTable::FixedOutdegree(degree) => Rule::FixedOutdegree(*degree),
            RuleTable::PairwiseBernoulli(probability) => Rule::PairwiseBernoulli(*probability),
            // Delays need a list of synapses, which all pairs with certainty are.
            RuleTable::AllToAll if delays_each => Rule::PairwiseBernoulli(1.0),
            RuleTable::AllToAll => Rule::AllToAll,
        };
        // Sizes of populations are checked to fit 32 bits.
        let ends = Ends {
            sources: from.neurons() as u32,
            targets: to.neurons() as u32,
            same: pair.source == pair.target,
            autapses: pair.table.allow_autapses,
            multapses: pair.table.allow_multapses,
        };
        let dense = rule == Rule::AllToAll && (!ends.same || ends.autapses);
        self.charge_synapses(pair, rule.expected_synapses(&ends), !dense, false)?;
        let mut pattern = rule
            .connect(&ends, &self.streams(pair, "structure"))
            .map_err(|error| pair.rule_error(error))?;
        if let (Rule::OneToOne, Pattern::Sparse { targets, .. }) = (rule, &mut pattern)
            && from != to
        {
            // Neuron i of both is meant in the order in which users count them.
            for (source, target) in Arc::make_mut(targets).iter_mut().enumerate() {
                *target = from_file_order(to, file_order(from, source)) as u32;
            }
        }
        Ok(Drawn {
            pattern,
            weights: None,
            delays: None,
        })
    }

    fn charge_synapses(
        &mut self,
        pair: &Pair,
        synapses: f64,
        listed: bool,
        from_file: bool,
    ) -> Result<(), NativeProblem> {
        let size = |needed: bool, bytes: f64| if needed { bytes } else { 0.0 };
        let each =
            |quantity: &Option<Quantity>| from_file || matches!(quantity, Some(Quantity::Drawn(_)));
        let bytes_each = size(listed, 4.0)
            + size(each(&pair.table.weight), 4.0)
            + size(each(&pair.table.delay_s), 2.0);
        let rows = self.shape(pair.source).neurons() as f64 + 1.0;
        self.charge(&pair.key("rule"), synapses * bytes_each + rows * 8.0)
    }

    fn listed(&mut self, pair: &Pair, file: &SynapseFile) -> Result<Drawn, NativeProblem> {
        let key = pair.key("rule.file");
        let path = self.path(&file.path);
        if !self.files.contains_key(&path) {
            let limit = self.description.simulation.max_memory_bytes;
            let list = SynapseList::read(&key, &path, limit)?;
            self.files.insert(path.clone(), list);
        }
        let numbering = file.numbering.as_deref();
        let (from, sources) = self.window(&key, numbering, pair.source)?;
        let (to, targets) = self.window(&key, numbering, pair.target)?;
        let list = &self.files[&path];
        let refuse = |reason: String| value(&key, format!("{}: {reason}", path.display()));
        if list.sources() != sources {
            return Err(refuse(format!(
                "it has {} rows for {sources} neurons; `numbering` names populations that it \
                 numbers together",
                list.sources()
            )));
        }
        if let Some(i) = list.targets.iter().position(|&t| t as usize >= targets) {
            return Err(refuse(format!(
                "target[{i}] = {}, but the neurons are numbered below {targets}",
                list.targets[i]
            )));
        }
        for (stated, given, name) in [
            (list.has_weights(), pair.table.weight.is_some(), "weight"),
            (list.has_delays(), pair.table.delay_s.is_some(), "delay"),
        ] {
            if stated && given {
                return Err(refuse(format!(
                    "it states a {name} of each synapse, and so does the projection; leave one out"
                )));
            }
        }
        self.charge_synapses(pair, list.count(from, to) as f64, true, true)?;
        let Picked {
            rows,
            weights,
            delays,
        } = self.files[&path].pick(from, to);
        Ok(Drawn {
            pattern: rows.into_pattern(to.shape.neurons()),
            weights,
            delays,
        })
    }

    /// Says how many synapses of each file no projection took.
    fn note_unused_synapses(&mut self, projections: &[Projection]) {
        let mut used = BTreeMap::<_, (usize, u64)>::new();
        let mut projections = projections.iter();
        for table in &self.description.projections {
            let pairs = table.source.as_slice().len() * table.target.as_slice().len();
            let own = projections.by_ref().take(pairs);
            let taken: u64 = own.map(|p| p.connectivity.stored_weights()).sum();
            if let RuleTable::File(file) = &table.rule {
                let path = self.path(&file.path);
                let total = self.files[&path].targets.len();
                used.entry(path).or_insert((total, 0)).1 += taken;
            }
        }
        for (path, (total, taken)) in used {
            if total as u64 != taken {
                self.notes.push(format!(
                    "{}: it lists {total} synapses, the network has {taken} of it",
                    path.display()
                ));
            }
        }
    }

    fn weights(
        &mut self,
        pair: &Pair,
        pattern: &Pattern,
        listed: Option<Vec<f32>>,
    ) -> Result<Weights, NativeProblem> {
        let key = pair.key("weight");
        match (listed, &pair.table.weight) {
            (Some(listed), _) => match listed.iter().position(|w| !w.is_finite()) {
                None => Ok(Weights::Each(listed)),
                Some(i) => Err(value(key, format!("synapse {i} exceeds single precision"))),
            },
            (None, Some(Quantity::Constant(weight))) => {
                Ok(Weights::Uniform(single(&key, *weight)?))
            }
            (None, Some(Quantity::Drawn(distribution))) => {
                let streams = self.streams(pair, "weight");
                let draw = |number: f64| number as f32;
                let drawn = draw_each(*distribution, pattern, &streams, &draw)
                    .map_err(|problem| problem.into_native(pair, &key))?;
                match drawn.iter().all(|w| w.is_finite()) {
                    true => Ok(Weights::Each(drawn)),
                    false => Err(value(key, "a drawn weight exceeds single precision")),
                }
            }
            (None, Some(_)) => Err(value(
                key,
                "a weight is a number or a distribution; weights of each synapse belong into the file of the rule",
            )),
            (None, None) => Err(value(
                key,
                "it is missing; state a number or a distribution",
            )),
        }
    }

    fn delay(
        &mut self,
        pair: &Pair,
        pattern: &Pattern,
        listed: Option<Vec<u16>>,
    ) -> Result<Delays, NativeProblem> {
        let key = pair.key("delay_s");
        // An edge that closes a cycle carries the previous timestep.
        let shortest = u32::from(pair.source >= pair.target);
        match (listed, &pair.table.delay_s) {
            (Some(listed), _) => Ok(Delays::Each(listed)),
            (None, None) => Ok(Delays::NONE),
            (None, Some(Quantity::Constant(delay_s))) => {
                let timesteps = self.stated_timesteps(&key, *delay_s, MAX_DELAY)?;
                if timesteps < shortest {
                    self.notes.push(format!(
                        "{key}: raised to 1 timestep, because the projection closes a cycle"
                    ));
                }
                Ok(Delays::Uniform(timesteps.max(shortest)))
            }
            (None, Some(Quantity::Drawn(distribution))) => {
                let streams = self.streams(pair, "delay");
                let dt_s = self.description.simulation.dt_s;
                let (raised, too_long) = (AtomicU64::new(0), AtomicU64::new(0));
                let draw = |delay_s: f64| {
                    let timesteps = (delay_s / dt_s).round();
                    if timesteps < f64::from(shortest) {
                        raised.fetch_add(1, Ordering::Relaxed);
                    } else if timesteps > f64::from(MAX_DELAY) {
                        too_long.fetch_add(1, Ordering::Relaxed);
                    }
                    (timesteps as u16).max(shortest as u16)
                };
                let drawn = draw_each(*distribution, pattern, &streams, &draw)
                    .map_err(|problem| problem.into_native(pair, &key))?;
                let (raised, too_long) = (raised.into_inner(), too_long.into_inner());
                if too_long > 0 {
                    return Err(value(
                        key,
                        format!(
                            "{too_long} delays exceed {MAX_DELAY} timesteps; make them shorter or dt_s longer"
                        ),
                    ));
                }
                if raised > 0 {
                    self.notes.push(format!(
                        "{key}: {raised} of {} drawn delays were shorter than the least, {shortest} timesteps, and raised to it",
                        drawn.len()
                    ));
                }
                Ok(Delays::Each(drawn))
            }
            (None, Some(_)) => Err(value(
                key,
                "a delay is a number or a distribution; delays of each synapse belong into the file of the rule",
            )),
        }
    }
}

/// Why nothing can be drawn.
enum DrawProblem {
    Distribution(&'static str),
    Rule(RuleError),
}

impl DrawProblem {
    fn into_native(self, pair: &Pair, key: &str) -> NativeProblem {
        match self {
            DrawProblem::Distribution(reason) => value(key, reason),
            DrawProblem::Rule(error) => pair.rule_error(error),
        }
    }
}

/// A number for each synapse, drawn from the stream of its source.
fn draw_each<T: Default + Clone + Send>(
    distribution: Distribution,
    pattern: &Pattern,
    streams: &Streams,
    convert: &(impl Fn(f64) -> T + Sync),
) -> Result<Vec<T>, DrawProblem> {
    distribution.check().map_err(DrawProblem::Distribution)?;
    per_synapse(&row_starts(pattern), |source, values| {
        let mut rng = streams.of(source);
        let mut sampler = distribution.sampler();
        values.fill_with(|| convert(sampler.draw(&mut rng)));
    })
    .map_err(DrawProblem::Rule)
}

/// Where the synapses of each source start.
fn row_starts(pattern: &Pattern) -> Cow<'_, [u64]> {
    match pattern {
        Pattern::Sparse { starts, .. } => Cow::Borrowed(starts),
        Pattern::Dense {
            sources, targets, ..
        } => (0..=*sources as u64).map(|i| i * *targets as u64).collect(),
        Pattern::Convolution { .. } => unreachable!("no rule draws a convolution"),
    }
}

/// Removes synapses whose weight is exactly zero: such do not exist. Returns how many there were.
fn remove_absent(pattern: &mut Pattern, weights: &mut Weights, delay: &mut Delays) -> u64 {
    match weights {
        Weights::Uniform(weight) if *weight == 0.0 => {
            let starts = row_starts(pattern);
            let (sources, total) = (starts.len() - 1, starts[starts.len() - 1]);
            let neurons = match *pattern {
                Pattern::Sparse { neurons, .. } => neurons,
                Pattern::Dense { targets, .. } => targets,
                Pattern::Convolution { .. } => return 0,
            };
            *pattern = CompressedRows {
                starts: vec![0; sources + 1],
                targets: Vec::new(),
            }
            .into_pattern(neurons);
            if let Delays::Each(delays) = delay {
                delays.clear();
            }
            total
        }
        Weights::Each(weights) if weights.contains(&0.0) => {
            let before = weights.len();
            match pattern {
                Pattern::Dense {
                    targets, present, ..
                } => {
                    *present = Some(BitRows::nonzero(weights, *targets));
                    weights.iter().filter(|w| **w == 0.0).count() as u64
                }
                Pattern::Sparse {
                    starts, targets, ..
                } => {
                    let mut kept = 0u64;
                    let mut synapse = 0;
                    for start in starts.iter_mut() {
                        while synapse < *start as usize {
                            kept += u64::from(weights[synapse] != 0.0);
                            synapse += 1;
                        }
                        *start = kept;
                    }
                    let mut keep = weights.iter().map(|w| *w != 0.0);
                    Arc::make_mut(targets).retain(|_| keep.next().unwrap_or(true));
                    if let Delays::Each(delays) = delay {
                        let mut keep = weights.iter().map(|w| *w != 0.0);
                        delays.retain(|_| keep.next().unwrap_or(true));
                    }
                    weights.retain(|w| *w != 0.0);
                    (before - weights.len()) as u64
                }
                Pattern::Convolution { .. } => 0,
            }
        }
        _ => 0,
    }
}
