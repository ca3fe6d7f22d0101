//! `spikewatt pareto`.

use super::sweep::{RESULTS, replace};
use super::{Common, Format, print, print_json, talk};
use crate::report::Scope;
use crate::sweep::pareto::{Entry, Front, cheapest, front};
use crate::sweep::{Constraint, METRICS, Merged, Metric, Objective, pareto_png, pareto_svg};
use crate::units::si;
use anyhow::bail;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct ParetoArgs {
    /// Folder of a sweep, or its results.json.
    #[arg(value_name = "RESULTS")]
    results: PathBuf,
    /// What to weigh: what is gained first, then what it costs.
    #[arg(long, value_name = "METRIC,…", value_delimiter = ',', value_parser = metrics(), default_values = ["accuracy", "energy_j"])]
    objectives: Vec<Metric>,
    /// Only these targets.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    targets: Option<Vec<String>>,
    /// The cheapest candidate that reaches this accuracy, 0 to 1.
    #[arg(long, value_name = "A")]
    min_accuracy: Option<f64>,
    /// Longest latency of a candidate [s].
    #[arg(long, value_name = "S")]
    max_latency_s: Option<f64>,
    /// What the energy includes.
    #[arg(long, value_name = "SCOPE", value_parser = scopes(), default_value = "system")]
    scope: Scope,
    /// Leave out devices with figures that nobody has checked against their source.
    #[arg(long)]
    verified: bool,
}

fn metrics() -> impl TypedValueParser<Value = Metric> {
    let names = METRICS.map(|(_, name, heading, _)| PossibleValue::new(name).help(heading));
    PossibleValuesParser::new(names).map(|name| {
        METRICS
            .iter()
            .find(|(_, known, ..)| *known == name)
            .map_or(Metric::Accuracy, |(metric, ..)| *metric)
    })
}

fn scopes() -> impl TypedValueParser<Value = Scope> {
    let names = Scope::ALL.map(|scope| PossibleValue::new(scope.key()).help(scope.meaning()));
    PossibleValuesParser::new(names).map(|name| {
        let known = Scope::ALL.into_iter().find(|scope| scope.key() == name);
        known.unwrap_or(Scope::System)
    })
}

pub(super) fn execute(args: &ParetoArgs, common: &Common) -> anyhow::Result<()> {
    let (file, folder) = if args.results.is_dir() {
        (args.results.join(RESULTS), args.results.clone())
    } else {
        let parent = args.results.parent().unwrap_or(std::path::Path::new(""));
        (args.results.clone(), parent.to_path_buf())
    };
    if args.objectives.len() < 2 {
        bail!("--objectives takes at least two metrics, such as accuracy,energy_j");
    }
    let merged = Merged::load(&file)?;
    let constraints: Vec<Constraint> = args
        .max_latency_s
        .map(|max| Constraint {
            metric: Metric::LatencyS,
            min: None,
            max: Some(max),
        })
        .into_iter()
        .collect();
    let named = |name: &str| {
        args.targets
            .as_ref()
            .is_none_or(|targets| targets.iter().any(|target| target == name))
    };
    let found = front(
        &merged,
        &args.objectives,
        &constraints,
        args.scope,
        &|candidate| named(&candidate.target) && !(args.verified && candidate.unverified),
    );
    if found.best.is_empty() {
        bail!(
            "no candidate is left: {} were refused by a constraint or do not fit, of {} an objective is unknown; see candidates.csv",
            found.refused,
            found.unknown
        );
    }
    let enough = args.min_accuracy.map(|least| {
        (
            least,
            cheapest(&found, found.metrics[1], Metric::Accuracy, least),
        )
    });
    match common.format {
        Format::Json => print_json(&json(&found, enough.as_ref()))?,
        Format::Text => print(&text(&found, enough.as_ref()))?,
    }
    replace(&folder, "pareto.svg", pareto_svg(&found)?.as_bytes())?;
    replace(&folder, "pareto.png", &pareto_png(&found)?)?;
    if !common.quiet {
        talk(&format!(
            "figures pareto.svg and pareto.png in {}",
            folder.display()
        ));
    }
    Ok(())
}

type Enough<'a> = (f64, Option<Entry<'a>>);

fn text(found: &Front, enough: Option<&Enough>) -> String {
    let mut text = String::new();
    for (index, entry) in found.best.iter().enumerate() {
        let figures: Vec<String> = found
            .metrics
            .iter()
            .map(|metric| shown(*metric, entry, found.scope))
            .collect();
        let mark = if found.knee == Some(index) {
            "  <- knee"
        } else {
            ""
        };
        text += &format!(
            "{}  {}  {}{mark}\n",
            figures.join("  "),
            entry.candidate.label(),
            entry.point.label()
        );
    }
    text += &format!(
        "{} on the front, {} dominated, {} refused by a constraint or do not fit, {} with an unknown figure\n",
        found.best.len(),
        found.dominated.len(),
        found.refused,
        found.unknown
    );
    if let Some((least, entry)) = enough {
        text += &match entry {
            Some(entry) => format!(
                "The cheapest that reaches {:.2} %: {} with {} ({}, {}).\n",
                100.0 * least,
                entry.candidate.label(),
                entry.point.label(),
                shown(Metric::Accuracy, entry, found.scope),
                shown(found.metrics[1], entry, found.scope)
            ),
            None => format!("No candidate reaches {:.2} %.\n", 100.0 * least),
        };
    }
    text
}

fn shown(metric: Metric, entry: &Entry, scope: Scope) -> String {
    let Some(value) = metric.of(entry.candidate, scope) else {
        return "unknown".to_owned();
    };
    match metric {
        Metric::Accuracy => format!("{:6.2} %", 100.0 * value),
        Metric::EnergyJ | Metric::EnergyHighJ | Metric::EnergyPerCorrectJ => si(value, "J"),
        Metric::LatencyS => si(value, "s"),
        Metric::EdpJs => si(value, "Js"),
        Metric::CarbonG => si(value, "g"),
    }
}

fn json(found: &Front, enough: Option<&Enough>) -> serde_json::Value {
    let entry = |entry: &Entry| {
        serde_json::json!({
            "position": entry.point.position,
            "id": entry.point.id,
            "settings": entry.point.settings.iter().cloned().collect::<serde_json::Map<_, _>>(),
            "candidate": entry.candidate,
        })
    };
    serde_json::json!({
        "schema": "spikewatt.pareto/1",
        "scope": found.scope,
        "objectives": found.metrics.iter().map(|metric| Objective { metric: *metric }).collect::<Vec<_>>(),
        "front": found.best.iter().map(entry).collect::<Vec<_>>(),
        "knee": found.knee,
        "dominated": found.dominated.len(),
        "refused": found.refused,
        "unknown": found.unknown,
        "cheapest": enough.map(|(least, found)| serde_json::json!({
            "min_accuracy": least, "entry": found.as_ref().map(entry) })),
    })
}
