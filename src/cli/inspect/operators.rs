//! A model without a spiking form: each operator, and what has none.

use super::{InspectArgs, dims};
use crate::cli::tables::{csv_of, emit};
use crate::cli::{Common, harmless};
use crate::formats::onnx::{InputShapes, OnnxOperator, Survey, survey};
use crate::units::si;
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
struct OperatorInspection<'a> {
    model: String,
    input_shapes: &'a InputShapes,
    parameters: u64,
    /// Of weights and activations.
    macs: u64,
    /// Of two activations.
    products: u64,
    /// Operators without a spiking form and how many there are of each.
    no_spiking_form: String,
    operators: &'a [OnnxOperator],
}

pub(super) fn execute(args: &InspectArgs, common: &Common) -> anyhow::Result<()> {
    let given: InputShapes = args.input_shape.iter().cloned().collect();
    let survey = survey(&args.model, &given)?;
    let sum = |of: fn(&OnnxOperator) -> u64| survey.operators.iter().map(of).sum();
    let inspection = OperatorInspection {
        model: args.model.display().to_string(),
        input_shapes: &survey.inputs,
        parameters: sum(|one| one.parameters),
        macs: sum(|one| one.macs),
        products: sum(|one| one.products),
        no_spiking_form: survey.without_spiking_form().unwrap_or_default(),
        operators: &survey.operators,
    };
    emit(
        common,
        &inspection,
        || Ok(harmless(&text(&inspection, &survey, &given)?)),
        || csv_of(&survey.operators),
    )
}

fn text(
    inspection: &OperatorInspection,
    survey: &Survey,
    given: &InputShapes,
) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(
        out,
        "{}: {} parameters, {} MACs of weights and {} of two activations per inference",
        inspection.model, inspection.parameters, inspection.macs, inspection.products
    )?;
    for (name, shape) in inspection.input_shapes {
        writeln!(out, "input {name}: {}", dims(shape))?;
    }
    let names = inspection
        .operators
        .iter()
        .map(|one| one.name.chars().count());
    let width = names.max().unwrap_or(0);
    let number = |value: u64| match value {
        0..1000 => value.to_string(),
        large => si(large as f64, "").trim_end().to_owned(),
    };
    writeln!(
        out,
        "\n{:<width$} {:<20} {:<13} {:>16} {:>11} {:>11} {:>11}",
        "operator", "kind", "class", "output", "parameters", "MACs", "products"
    )?;
    for one in inspection.operators {
        writeln!(
            out,
            "{:<width$} {:<20} {:<13} {:>16} {:>11} {:>11} {:>11}",
            one.name,
            one.operator,
            one.class.label(),
            dims(&one.shape),
            number(one.parameters),
            number(one.macs),
            number(one.products),
        )?;
    }
    if !inspection.no_spiking_form.is_empty() {
        writeln!(out, "\nNo spiking form: {}", inspection.no_spiking_form)?;
        for (operator, advice) in survey.advice() {
            writeln!(out, "  {operator}: {advice}")?;
        }
    }
    write!(
        out,
        "\nConventional devices run it: spikewatt estimate {} --rate 0.1 -T 4 --targets \
         edge,cpu,datacentre-gpu",
        inspection.model
    )?;
    for name in given.keys() {
        let sizes = inspection.input_shapes[name].iter().map(usize::to_string);
        let sizes: Vec<String> = sizes.collect();
        write!(out, " --input-shape {name}={}", sizes.join("x"))?;
    }
    writeln!(out)?;
    Ok(out)
}
