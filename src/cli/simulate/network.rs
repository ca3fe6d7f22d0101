//! Options of every verb that runs a spiking network.

use crate::experiment::{NetworkOptions, StartPotential, StartSource};
use crate::formats::spikes::Layout;
use crate::neuron::{CurrentOrder, PRESETS, ResetRule, ThresholdTest};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use std::fmt::Write as _;

// No doc comment: clap would take it for the description of the verb.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Spiking networks (NIR, native)")]
pub(in crate::cli) struct NetworkArgs {
    /// The input has no axis of time and is the same in every timestep.
    #[arg(long)]
    hold_input: bool,
    /// What the axes of an array of input are; its labels decide unless given.
    #[arg(long, value_name = "AXES", value_parser = layouts())]
    layout: Option<Layout>,
    /// Conventions on which simulators differ.
    #[arg(long, value_name = "NAME", value_parser = presets(), long_help = presets_help())]
    preset: Option<String>,
    /// Length of a timestep in seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    dt: Option<f64>,
    /// Length of the timesteps that recorded events are binned into, in seconds; that of --dt, or
    /// 0.001, unless given.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    dt_bin: Option<f64>,
    /// What a spike does to the potential.
    #[arg(long, value_enum)]
    reset: Option<Reset>,
    /// When --reset happens.
    #[arg(long, value_enum, requires = "reset")]
    reset_timing: Option<Timing>,
    /// Whether a leaky neuron scales the input of a timestep by 1 - decay (sinabs: norm_input, on
    /// in its layers unless told otherwise) or adds it whole.
    #[arg(long, value_enum)]
    norm_input: Option<Switch>,
    /// When a neuron fires: at its threshold (ge) or above it (gt).
    #[arg(long, value_enum)]
    threshold_test: Option<Test>,
    /// Which synaptic current drives the membrane of CubaLIF and CubaLI neurons.
    #[arg(long, value_enum)]
    current_order: Option<Order>,
    /// Potential of each neuron before the first timestep: a number for all, or "metadata" for
    /// what a NIR file carries as metadata/v_initial.
    #[arg(long, value_name = "V|metadata", allow_negative_numbers = true, value_parser = start)]
    initial_potential: Option<StartPotential>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reset {
    /// What the file says.
    File,
    /// v -= threshold.
    Subtract,
    /// v = v_reset.
    Value,
    /// Nothing.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Timing {
    /// In the timestep of the spike.
    Same,
    /// In the one after it, as in snnTorch's layers with reset_delay=True, the default there.
    Next,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Test {
    /// v >= threshold.
    Ge,
    /// v > threshold.
    Gt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    /// That of this timestep: input reaches the potential at once.
    New,
    /// That of the timestep before: input reaches the potential one timestep later.
    Old,
}

impl NetworkArgs {
    /// Whether none is given.
    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.options() == NetworkOptions::default()
    }

    /// Replaces options that are given.
    pub(in crate::cli) fn apply(&self, options: &mut NetworkOptions) {
        let given = self.options();
        options.hold_input |= given.hold_input;
        options.layout = given.layout.or(options.layout);
        options.dt_s = given.dt_s.or(options.dt_s);
        options.bin_s = given.bin_s.or(options.bin_s);
        options.reset = given.reset.or(options.reset);
        options.norm_input = given.norm_input.or(options.norm_input);
        options.threshold_test = given.threshold_test.or(options.threshold_test);
        options.current_order = given.current_order.or(options.current_order);
        options.initial_potential = given.initial_potential.or(options.initial_potential);
        options.preset = given.preset.or(options.preset.take());
    }

    /// The options as the library takes them.
    pub(in crate::cli) fn options(&self) -> NetworkOptions {
        NetworkOptions {
            hold_input: self.hold_input,
            layout: self.layout,
            dt_s: self.dt,
            bin_s: self.dt_bin,
            preset: self.preset.clone(),
            reset: self.reset.map(|reset| match (reset, self.reset_timing) {
                (Reset::File, _) => ResetRule::File,
                (Reset::Subtract, Some(Timing::Next)) => ResetRule::SubtractNext,
                (Reset::Subtract, _) => ResetRule::Subtract,
                (Reset::Value, Some(Timing::Next)) => ResetRule::ValueNext,
                (Reset::Value, _) => ResetRule::Value,
                (Reset::None, _) => ResetRule::None,
            }),
            norm_input: self.norm_input.map(|switch| switch == Switch::On),
            threshold_test: self.threshold_test.map(|test| match test {
                Test::Ge => ThresholdTest::AtLeast,
                Test::Gt => ThresholdTest::Above,
            }),
            current_order: self.current_order.map(|order| match order {
                Order::New => CurrentOrder::New,
                Order::Old => CurrentOrder::Old,
            }),
            initial_potential: self.initial_potential,
        }
    }
}

fn layouts() -> impl TypedValueParser<Value = Layout> {
    let names = Layout::ALL.map(|(name, _, about)| PossibleValue::new(name).help(about));
    PossibleValuesParser::new(names).map(|name| {
        let known = Layout::ALL.iter().find(|(known, ..)| *known == name);
        known.map_or(Layout::Nt, |(_, layout, _)| *layout)
    })
}

fn presets() -> PossibleValuesParser {
    PossibleValuesParser::new(PRESETS.iter().map(|preset| preset.name))
}

fn presets_help() -> String {
    let mut help = String::from("Conventions on which simulators differ:");
    for preset in PRESETS {
        // Writing to a string cannot fail.
        let _ = write!(help, "\n- {}: {}", preset.name, preset.about);
    }
    help
}

fn start(text: &str) -> Result<StartPotential, String> {
    match text.parse() {
        Ok(potential) => Ok(StartPotential::Value(potential)),
        Err(_) if text == "metadata" => Ok(StartPotential::Named(StartSource::Metadata)),
        Err(_) => Err("state a number, or \"metadata\"".to_owned()),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds.is_finite() => Ok(seconds),
        _ => Err("state seconds above 0, for example 1e-3".to_owned()),
    }
}
