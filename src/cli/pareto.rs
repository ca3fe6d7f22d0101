//! `spikewatt pareto`.

use super::sweep::{RESULTS, replace};
use super::tables::emit;
use super::{Common, talk};
use crate::report::mark::MEANING;
use crate::result::{Scope, Workload};
use crate::sweep::pareto::{Entry, Front, front};
use crate::sweep::{
    Constraint, Goals, METRICS, Merged, Metric, front_csv, front_tex, pareto_pdf, pareto_png,
    pareto_svg,
};
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
    /// What to weigh: what is gained first, then what it costs. Without it, as the sweep file says,
    /// else accuracy,energy_j.
    #[arg(long, value_name = "METRIC,…", value_delimiter = ',', value_parser = metrics())]
    objectives: Option<Vec<Metric>>,
    /// Only these targets; without it, those of the sweep file.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    targets: Option<Vec<String>>,
    /// The cheapest candidate that reaches this accuracy, 0 to 1; without it, the least that the
    /// constraints of the sweep file allow.
    #[arg(long, value_name = "A")]
    min_accuracy: Option<f64>,
    /// Longest latency of a candidate [s].
    #[arg(long, value_name = "S")]
    max_latency_s: Option<f64>,
    /// What the energy includes; without it, as the sweep file says, else system.
    #[arg(long, value_name = "SCOPE", value_parser = scopes())]
    scope: Option<Scope>,
    /// Leave out devices with figures that nobody has checked against their source.
    #[arg(long)]
    verified: bool,
}

fn metrics() -> impl TypedValueParser<Value = Metric> {
    let names = METRICS.map(|entry| PossibleValue::new(entry.name).help(entry.heading));
    PossibleValuesParser::new(names).map(|name| {
        METRICS
            .iter()
            .find(|entry| entry.name == name)
            .map_or(Metric::Accuracy, |entry| entry.metric)
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
    let merged = Merged::load(&file)?;
    let goals = goals(args, &merged)?;
    let least = args.min_accuracy.or(goals.least(Metric::Accuracy));
    let found = front(&merged, &goals);
    if found.best.is_empty() {
        bail!(
            "no candidate is left: {} were refused by a constraint or do not fit, of {} an objective is unknown; see candidates.csv",
            found.refused,
            found.unknown
        );
    }
    emit(
        common,
        &json(&found, least),
        || Ok(text(&found, least)),
        || Ok(front_csv(&found)?),
    )?;
    for (name, bytes) in [
        ("front.csv", front_csv(&found)?),
        ("front.tex", front_tex(&found, &merged.name).into_bytes()),
        ("pareto.svg", pareto_svg(&found)?.into_bytes()),
        ("pareto.png", pareto_png(&found)?),
        ("pareto.pdf", pareto_pdf(&found, true)?),
        ("pareto-column.pdf", pareto_pdf(&found, false)?),
    ] {
        replace(&folder, name, &bytes)?;
    }
    if !common.quiet {
        talk(&format!(
            "figures pareto.svg, .png and .pdf, tables front.csv and front.tex in {}",
            folder.display()
        ));
    }
    Ok(())
}

/// What the sweep file asks for, with what the flags change.
fn goals(args: &ParetoArgs, merged: &Merged) -> anyhow::Result<Goals> {
    let mut goals = merged.goals.clone();
    if let Some(metrics) = &args.objectives {
        goals.metrics.clone_from(metrics);
    }
    if goals.metrics.len() < 2 {
        bail!("--objectives takes at least two metrics, such as accuracy,energy_j");
    }
    if let Some(targets) = &args.targets {
        goals.targets.clone_from(targets);
    }
    goals.scope = args.scope.unwrap_or(goals.scope);
    goals.verified |= args.verified;
    goals
        .constraints
        .extend(args.max_latency_s.map(|max| Constraint {
            metric: Metric::LatencyS,
            min: None,
            max: Some(max),
        }));
    Ok(goals)
}

fn text(found: &Front, least: Option<f64>) -> String {
    let mut text = String::new();
    for (index, entry) in found.best.iter().enumerate() {
        let metrics = found.goals.metrics.iter();
        let mut figures: Vec<String> = metrics.map(|metric| shown(*metric, entry, found)).collect();
        if let Some(cost) = found.cost_per_point(index) {
            figures.push(format!("{} per point", quantity(found.cost(), cost)));
        }
        let mark = if found.knee == Some(index) {
            "  <- knee"
        } else {
            ""
        };
        text += &format!(
            "{}  {}  {}{mark}\n",
            figures.join("  "),
            entry.candidate.label(),
            entry.point.label(&found.varying)
        );
    }
    text += &format!(
        "{} on the front, {} dominated, {} refused by a constraint or do not fit, {} with an unknown figure\n",
        found.best.len(),
        found.dominated.len(),
        found.refused,
        found.unknown
    );
    if found.best.iter().any(|entry| entry.candidate.unverified) {
        text += &format!("{MEANING}\n");
    }
    text + &least.map_or_else(String::new, |least| right_size(found, least))
}

/// The cheapest that is good enough, and the cheapest of each kind of network beside it.
fn right_size(found: &Front, least: f64) -> String {
    let name = |entry: &Entry| {
        format!(
            "{} with {} ({}, {}, {} per correct answer)",
            entry.candidate.label(),
            entry.point.label(&found.varying),
            shown(Metric::Accuracy, entry, found).trim(),
            shown(found.cost(), entry, found),
            shown(Metric::EnergyPerCorrectJ, entry, found),
        )
    };
    let Some(best) = found.cheapest(least, None) else {
        return format!("No candidate reaches {:.2} %.\n", 100.0 * least);
    };
    let mut text = format!(
        "The cheapest that reaches {:.2} %: {}.\n",
        100.0 * least,
        name(&best)
    );
    for (kind, words) in KINDS {
        if best.candidate.workload == kind {
            continue;
        }
        text += &match found.cheapest(least, Some(kind)) {
            Some(entry) => format!("  {words}: {}.\n", name(&entry)),
            None => format!("  {words}: none.\n"),
        };
    }
    text + "  Who is cheaper by how much depends on terms that a sweep does not hold equal; run the \
           point for a verdict.\n"
}

/// Every kind of network, in words.
const KINDS: [(Workload, &str); 3] = [
    (Workload::Snn, "as a spiking network"),
    (Workload::Ann, "as a conventional network"),
    (Workload::Qann, "as a quantised conventional network"),
];

fn shown(metric: Metric, entry: &Entry, found: &Front) -> String {
    let Some(value) = found.value(metric, entry) else {
        return "unknown".to_owned();
    };
    match metric.range(entry.candidate, found.goals.scope) {
        Some(range) => format!(
            "{} [{} – {}]",
            quantity(metric, value),
            quantity(metric, range.low),
            quantity(metric, range.high)
        ),
        None => quantity(metric, value),
    }
}

fn quantity(metric: Metric, value: f64) -> String {
    match metric.unit() {
        "" => format!("{:6.2} %", 100.0 * value),
        unit => si(value, unit),
    }
}

fn json(found: &Front, least: Option<f64>) -> serde_json::Value {
    let entry = |entry: &Entry| {
        serde_json::json!({
            "position": entry.point.position,
            "id": entry.point.id,
            "settings": entry.point.settings.iter().cloned().collect::<serde_json::Map<_, _>>(),
            "candidate": entry.candidate,
            "energy_per_correct_j": found.value(Metric::EnergyPerCorrectJ, entry),
        })
    };
    let member = |(index, this): (usize, &Entry)| {
        let mut value = entry(this);
        value["cost_per_extra_point"] = serde_json::json!(found.cost_per_point(index));
        value
    };
    let cheapest = |least: f64| {
        let of = |kind| found.cheapest(least, kind).as_ref().map(entry);
        serde_json::json!({
            "min_accuracy": least,
            "entry": of(None),
            "by_workload": KINDS
                .iter()
                .map(|(kind, _)| (kind.label().to_owned(), serde_json::json!(of(Some(*kind)))))
                .collect::<serde_json::Map<_, _>>(),
        })
    };
    serde_json::json!({
        "schema": "spikewatt.pareto/1",
        "scope": found.goals.scope,
        "objectives": found.goals.metrics.iter().map(|metric| serde_json::json!({ "metric": metric })).collect::<Vec<_>>(),
        "goals": found.goals,
        "front": found.best.iter().enumerate().map(member).collect::<Vec<_>>(),
        "knee": found.knee,
        "dominated": found.dominated.len(),
        "refused": found.refused,
        "unknown": found.unknown,
        "cheapest": least.map(cheapest),
    })
}
