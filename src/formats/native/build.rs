//! From a description to a network: time, populations and limits.

use super::arrays::Arrays;
use super::problem::{NativeProblem, value};
use super::synapses::{Stretch, SynapseList};
use super::{Description, NativeError, NativeNetwork, NeuronTable, PopulationTable, Quantity};
use crate::network::rules::Streams;
use crate::network::{Network, PoissonInput, Population, Shape};
use crate::neuron::{self, Neuron, Options, Parameter, Preset};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Name of neurons that are driven from outside.
const INPUT: &str = "input";

/// State and input of one neuron in a running simulation [B], an estimate for the limit of memory.
const BYTES_PER_NEURON: f64 = 64.0;

impl Description {
    /// Builds the network, with everything that is random drawn from `seed`.
    ///
    /// # Errors
    /// The file, the key, and what is wrong.
    pub fn build(&self, seed: u64) -> Result<NativeNetwork, NativeError> {
        self.try_build(seed)
            .map_err(|problem| problem.of(&self.path))
    }

    /// Whether some neurons are driven from outside.
    #[must_use]
    pub fn has_input(&self) -> bool {
        let tables = self.populations.iter();
        let neurons = tables.filter_map(|population| population.neuron.as_ref());
        neurons.into_iter().any(|neuron| neuron.model == INPUT)
    }

    fn try_build(&self, seed: u64) -> Result<NativeNetwork, NativeProblem> {
        let mut builder = Builder::new(self, seed)?;
        let timesteps = builder.timesteps()?;
        let populations = builder.populations()?;
        let projections = builder.projections()?;
        let stem = || self.path.file_stem().unwrap_or_default().to_string_lossy();
        let network = Network {
            name: self.name.clone().unwrap_or_else(|| stem().into_owned()),
            populations,
            projections,
        };
        network.check().map_err(NativeProblem::Network)?;
        Ok(NativeNetwork {
            network,
            dt_s: self.simulation.dt_s,
            timesteps,
            seed,
            notes: builder.notes,
        })
    }
}

/// A network under construction.
pub(super) struct Builder<'a> {
    pub(super) description: &'a Description,
    pub(super) seed: u64,
    pub(super) notes: Vec<String>,
    /// Populations with what they leave out taken from others.
    tables: Vec<PopulationTable>,
    shapes: Vec<Shape>,
    options: Options,
    /// Files of synapses that were read, by path.
    pub(super) files: BTreeMap<PathBuf, SynapseList>,
    used_bytes: f64,
}

impl<'a> Builder<'a> {
    fn new(description: &'a Description, seed: u64) -> Result<Self, NativeProblem> {
        let dt_s = description.simulation.dt_s;
        if !(dt_s > 0.0 && dt_s.is_finite()) {
            return Err(value(
                "simulation.dt_s",
                format!("{dt_s} is no length of a timestep; state seconds above 0"),
            ));
        }
        let preset = match &description.simulation.preset {
            Some(name) => Preset::get(name),
            None => Preset::get(neuron::PRESETS[0].name),
        };
        let preset = preset.map_err(|source| NativeProblem::Neuron {
            key: "simulation.preset".into(),
            source,
        })?;
        let tables = resolve(&description.populations)?;
        let shapes = tables.iter().map(shape).collect::<Result<_, _>>()?;
        Ok(Builder {
            description,
            seed,
            notes: Vec::new(),
            tables,
            shapes,
            options: Options {
                dt_s,
                ..preset.options
            },
            files: BTreeMap::new(),
            used_bytes: 0.0,
        })
    }

    /// Accounts for memory before it is allocated.
    pub(super) fn charge(&mut self, key: &str, bytes: f64) -> Result<(), NativeProblem> {
        let limit_bytes = self.description.simulation.max_memory_bytes;
        self.used_bytes += bytes;
        if self.used_bytes > limit_bytes as f64 {
            return Err(NativeProblem::Memory {
                key: key.to_owned(),
                needed_bytes: self.used_bytes,
                limit_bytes,
            });
        }
        Ok(())
    }

    /// Whole timesteps of a time, and how far off it was.
    pub(super) fn timesteps_of(&self, key: &str, time_s: f64) -> Result<f64, NativeProblem> {
        if !(time_s >= 0.0 && time_s.is_finite()) {
            return Err(value(
                key,
                format!("{time_s} s is no time; state 0 or more"),
            ));
        }
        Ok((time_s / self.options.dt_s).round())
    }

    /// Whole timesteps of a stated time, with a note if it is not a multiple of the timestep.
    pub(super) fn stated_timesteps(
        &mut self,
        key: &str,
        time_s: f64,
        max: u32,
    ) -> Result<u32, NativeProblem> {
        /// A time this close to a multiple of the timestep is meant to be one.
        const TOLERANCE: f64 = 1e-6;
        let timesteps = self.timesteps_of(key, time_s)?;
        if timesteps > f64::from(max) {
            return Err(value(
                key,
                format!("{time_s} s are more than {max} timesteps; make it shorter or dt_s longer"),
            ));
        }
        let exact = time_s / self.options.dt_s;
        if (exact - timesteps).abs() > TOLERANCE * exact.max(1.0) {
            self.notes.push(format!(
                "{key}: {time_s} s are {exact:.4} timesteps, rounded to {timesteps}"
            ));
        }
        Ok(timesteps as u32)
    }

    fn timesteps(&mut self) -> Result<Option<u32>, NativeProblem> {
        let simulation = &self.description.simulation;
        let timesteps = match (simulation.timesteps, simulation.duration_s) {
            (Some(_), Some(_)) => {
                return Err(value(
                    "simulation",
                    "it states timesteps and duration_s; leave one out",
                ));
            }
            (timesteps, None) => timesteps,
            (None, Some(duration_s)) => {
                Some(self.stated_timesteps("simulation.duration_s", duration_s, u32::MAX)?)
            }
        };
        match timesteps {
            Some(0) => Err(value(
                "simulation",
                "it lasts 0 timesteps; let it last 1 or more",
            )),
            timesteps => Ok(timesteps),
        }
    }

    /// Index of a population.
    pub(super) fn find(&self, key: &str, name: &str) -> Result<usize, NativeProblem> {
        let position = self.tables.iter().position(|table| table.name == name);
        position.ok_or_else(|| {
            let names: Vec<&str> = self.tables.iter().map(|t| t.name.as_str()).collect();
            value(
                key,
                format!("no population \"{name}\"; there are {}", names.join(", ")),
            )
        })
    }

    pub(super) fn name(&self, population: usize) -> &str {
        &self.tables[population].name
    }

    pub(super) fn shape(&self, population: usize) -> Shape {
        self.shapes[population]
    }

    pub(super) fn is_input(&self, population: usize) -> bool {
        let neuron = &self.tables[population].neuron;
        neuron.as_ref().is_some_and(|neuron| neuron.model == INPUT)
    }

    /// Path of a file that the description names.
    pub(super) fn path(&self, file: &Path) -> PathBuf {
        let folder = self.description.path.parent().unwrap_or(Path::new(""));
        folder.join(file)
    }

    /// The part of a numbering that a population takes, and the length of the numbering.
    pub(super) fn window(
        &self,
        key: &str,
        numbering: Option<&[String]>,
        population: usize,
    ) -> Result<(Stretch, usize), NativeProblem> {
        let shape = self.shapes[population];
        let Some(numbering) = numbering else {
            return Ok((Stretch { first: 0, shape }, shape.neurons()));
        };
        let (mut total, mut first) = (0usize, None);
        for (i, name) in numbering.iter().enumerate() {
            if numbering[..i].contains(name) {
                return Err(value(key, format!("its numbering names \"{name}\" twice")));
            }
            let index = self.find(key, name)?;
            if index == population {
                first = Some(total);
            }
            total = total.saturating_add(self.shapes[index].neurons());
        }
        match first {
            Some(first) => Ok((Stretch { first, shape }, total)),
            None => Err(value(
                key,
                format!(
                    "its numbering does not name \"{}\"; add it where its neurons are numbered",
                    self.name(population)
                ),
            )),
        }
    }

    fn populations(&mut self) -> Result<Vec<Population>, NativeProblem> {
        (0..self.tables.len()).map(|i| self.population(i)).collect()
    }

    fn population(&mut self, index: usize) -> Result<Population, NativeProblem> {
        let table = self.tables[index].clone();
        let key = |field: &str| format!("population \"{}\", {field}", table.name);
        let shape = self.shapes[index];
        self.charge(&key("size"), shape.neurons() as f64 * BYTES_PER_NEURON)?;
        let Some(neuron) = &table.neuron else {
            return Err(value(
                key("neuron"),
                "it is missing; state its model, or with `like` a population that has one",
            ));
        };
        let neuron = self.neuron(&key("neuron"), index, neuron)?;
        let mut population = Population::new(&table.name, shape, neuron);
        if matches!(population.neuron, Neuron::Input) {
            if table.bias.is_some() || table.poisson.is_some() {
                return Err(value(
                    key("neuron"),
                    "an input is driven from outside and takes neither bias nor poisson",
                ));
            }
            return Ok(population);
        }
        if let Some(bias) = &table.bias {
            let bias = self.per_neuron(&key("bias"), index, "bias", bias)?;
            if bias.values().iter().any(|v| !(*v as f32).is_finite()) {
                return Err(value(key("bias"), "it exceeds single precision"));
            }
            if bias != Parameter::uniform(0.0) {
                let values = (0..shape.neurons()).map(|neuron| bias.get(neuron) as f32);
                population.bias = values.collect();
            }
        }
        if let Some(poisson) = table.poisson {
            let events_per_timestep = poisson.rate_hz * self.options.dt_s;
            if !(poisson.rate_hz >= 0.0 && events_per_timestep.is_finite()) {
                return Err(value(
                    key("poisson.rate_hz"),
                    format!("{} Hz is no rate; state 0 or more", poisson.rate_hz),
                ));
            }
            let weight = single(&key("poisson.weight"), poisson.weight)?;
            if events_per_timestep > 0.0 {
                population.poisson = Some(PoissonInput {
                    events_per_timestep,
                    weight,
                });
            }
        }
        Ok(population)
    }

    fn neuron(
        &mut self,
        key: &str,
        population: usize,
        table: &NeuronTable,
    ) -> Result<Neuron, NativeProblem> {
        let mut options = self.options;
        if let Some(refractory_s) = table.refractory_s {
            options.refractory_timesteps =
                self.stated_timesteps(&format!("{key}.refractory_s"), refractory_s, u32::MAX)?;
        }
        options.integration = table.integration.unwrap_or(options.integration);
        options.input = table.input.unwrap_or(options.input);
        options.test = table.threshold_test.unwrap_or(options.test);
        options.reset = table.reset.unwrap_or(options.reset);
        options.current_order = table.current_order.unwrap_or(options.current_order);
        let mut parameters = BTreeMap::new();
        for (name, quantity) in &table.parameters {
            let key = format!("{key}.{name}");
            let parameter = self.per_neuron(&key, population, name, quantity)?;
            parameters.insert(name.clone(), parameter);
        }
        if table.model == INPUT {
            let choices = NeuronTable {
                model: table.model.clone(),
                ..NeuronTable::default()
            };
            return if *table == choices {
                Ok(Neuron::Input)
            } else {
                Err(value(
                    key,
                    "an input has no parameters and no choices; leave them out",
                ))
            };
        }
        neuron::build(&table.model, &parameters, &options)
            .map(Neuron::Model)
            .map_err(|source| NativeProblem::Neuron {
                key: key.to_owned(),
                source,
            })
    }

    /// A value for each neuron of a population.
    fn per_neuron(
        &mut self,
        key: &str,
        population: usize,
        what: &str,
        quantity: &Quantity,
    ) -> Result<Parameter, NativeProblem> {
        let shape = self.shapes[population];
        let neurons = shape.neurons();
        let listed = match quantity {
            Quantity::Constant(v) if v.is_finite() => return Ok(Parameter::uniform(*v)),
            Quantity::Constant(v) => return Err(value(key, format!("{v} is not finite"))),
            Quantity::Drawn(distribution) => {
                distribution.check().map_err(|reason| value(key, reason))?;
                self.charge(key, neurons as f64 * 8.0)?;
                let mut rng = Streams::new(self.seed, &[what, self.name(population)]).of(0);
                let mut sampler = distribution.sampler();
                let drawn: Vec<f64> = (0..neurons).map(|_| sampler.draw(&mut rng)).collect();
                return match drawn.iter().all(|v| v.is_finite()) {
                    true => Ok(Parameter::each(drawn)),
                    false => Err(value(key, "it drew an infinite value; choose it narrower")),
                };
            }
            Quantity::Each(values) if values.len() != neurons => {
                return Err(value(
                    key,
                    format!(
                        "{} values for {neurons} neurons; list one each",
                        values.len()
                    ),
                ));
            }
            Quantity::Each(values) => values.clone(),
            Quantity::File(file) => {
                let numbering = file.numbering.as_deref();
                let (window, total) = self.window(key, numbering, population)?;
                let path = self.path(&file.path);
                let limit = self.description.simulation.max_memory_bytes;
                let mut arrays = Arrays::open(key, &path, limit)?;
                let mut values = arrays.required_numbers(&file.array)?;
                if values.len() != total {
                    return Err(arrays.refuse(format_args!(
                        "\"{}\" has {} values for {total} neurons",
                        file.array,
                        values.len()
                    )));
                }
                values.truncate(window.first + neurons);
                values.split_off(window.first)
            }
        };
        if let Some(i) = listed.iter().position(|v| !v.is_finite()) {
            return Err(value(key, format!("value {i} is not finite")));
        }
        self.charge(key, neurons as f64 * 8.0)?;
        Ok(Parameter::each(shape.to_channels_last(&listed)))
    }
}

/// A number in single precision, as networks store weights.
pub(super) fn single(key: &str, number: f64) -> Result<f32, NativeProblem> {
    let single = number as f32;
    if single.is_finite() {
        Ok(single)
    } else {
        Err(value(
            key,
            format!("{number} is not finite in single precision"),
        ))
    }
}

/// Populations with what they leave out taken from the earlier ones that they are like.
fn resolve(tables: &[PopulationTable]) -> Result<Vec<PopulationTable>, NativeProblem> {
    let mut resolved: Vec<PopulationTable> = Vec::with_capacity(tables.len());
    for table in tables {
        let mut table = table.clone();
        let key = format!("population \"{}\"", table.name);
        if table.name.is_empty() || table.name.contains(['/', '\0']) {
            return Err(value(
                key,
                "its name must be neither empty nor contain a slash",
            ));
        }
        if resolved.iter().any(|other| other.name == table.name) {
            return Err(value(key, "there are two of this name; rename one"));
        }
        if let Some(like) = &table.like {
            let Some(model) = resolved.iter().find(|other| other.name == *like) else {
                return Err(value(
                    format!("{key}, like"),
                    format!("no population \"{like}\" stands before it"),
                ));
            };
            if table.size.is_none() && table.shape.is_none() {
                (table.size, table.shape) = (model.size, model.shape);
            }
            table.neuron = table.neuron.or_else(|| model.neuron.clone());
            table.bias = table.bias.or_else(|| model.bias.clone());
            table.poisson = table.poisson.or(model.poisson);
        }
        resolved.push(table);
    }
    match resolved.is_empty() {
        true => Err(value("populations", "there is none; describe one or more")),
        false => Ok(resolved),
    }
}

fn shape(table: &PopulationTable) -> Result<Shape, NativeProblem> {
    let key = || format!("population \"{}\", size", table.name);
    let dims = match (table.size, table.shape) {
        (Some(size), None) => [size, 1, 1],
        (None, Some(shape)) => shape,
        _ => return Err(value(key(), "state either size or shape")),
    };
    let neurons = dims.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim));
    // Neurons are numbered with 32 bits.
    match neurons.filter(|&n| n > 0 && n <= u64::from(u32::MAX)) {
        Some(_) => {
            let [channels, height, width] = dims.map(|dim| dim as usize);
            Ok(Shape::maps(channels, height, width))
        }
        None => Err(value(
            key(),
            format!(
                "{dims:?} is no size; a population has 1 to {} neurons",
                u32::MAX
            ),
        )),
    }
}
