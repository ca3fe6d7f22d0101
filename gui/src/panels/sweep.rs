//! The points of a sweep: what is gained against what it costs.

use super::Panel;
use crate::canvas::{Chart, decade_ticks, nothing};
use crate::state::State;
use crate::theme;
use crate::words::plain;
use eframe::egui::{ComboBox, Role, Stroke, Ui, WidgetInfo, pos2};
use spikewatt::result::{Scope, Workload};
use spikewatt::sweep::pareto::{Entry, front};
use spikewatt::sweep::{Goals, METRICS, Merged, Metric};
use spikewatt::units::si;

/// Accuracy against a cost, with the front of what nothing beats.
pub struct Sweep {
    cost: Metric,
    scope: Scope,
    cached: Option<(Key, Vec<Dot>)>,
}

type Key = (u64, Metric, Scope);

impl Default for Sweep {
    fn default() -> Self {
        Sweep {
            cost: Metric::EnergyJ,
            scope: Scope::System,
            cached: None,
        }
    }
}

/// A candidate: a network on a device.
#[derive(Debug, Clone, PartialEq)]
struct Dot {
    /// Place of its point in the plan.
    position: usize,
    workload: Workload,
    accuracy: f64,
    cost: f64,
    on_front: bool,
    knee: bool,
    label: String,
}

/// Every candidate that fits its device and whose figures are known; the front first, by rising cost.
fn dots(merged: &Merged, cost: Metric, scope: Scope) -> Vec<Dot> {
    let goals = Goals {
        metrics: vec![Metric::Accuracy, cost],
        scope,
        ..Goals::default()
    };
    let front = front(merged, &goals);
    let dot = |entry: &Entry, on_front: bool, knee: bool| {
        Some(Dot {
            position: entry.point.position,
            workload: entry.candidate.workload,
            accuracy: Metric::Accuracy.of(entry.candidate, scope)?,
            // Drawn by its logarithm.
            cost: cost.of(entry.candidate, scope).filter(|cost| *cost > 0.0)?,
            on_front,
            knee,
            label: format!(
                "{} · {}",
                entry.candidate.label(),
                entry.point.label(&front.varying)
            ),
        })
    };
    let best = front.best.iter().enumerate();
    let best = best.filter_map(|(index, entry)| dot(entry, true, front.knee == Some(index)));
    let others = front.dominated.iter().filter_map(|e| dot(e, false, false));
    best.chain(others).collect()
}

/// A cost with its unit.
fn shown(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Accuracy => format!("{:.2} %", 100.0 * value),
        Metric::EnergyJ | Metric::EnergyHighJ | Metric::EnergyPerCorrectJ => si(value, "J"),
        Metric::LatencyS => si(value, "s"),
        Metric::EdpJs => si(value, "Js"),
        Metric::CarbonG => si(value, "g"),
    }
}

impl Panel for Sweep {
    fn name(&self) -> &'static str {
        "Sweep"
    }

    fn about(&self) -> &'static str {
        "accuracy against cost of every candidate of a sweep; a click on one opens its experiment"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let Some((merged, plan)) = results(state) else {
            return nothing(
                ui,
                "Open a sweep file, or the results.json of a finished sweep.",
            );
        };
        let key = (state.revision, self.cost, self.scope);
        if self.cached.as_ref().is_none_or(|(old, _)| *old != key) {
            self.cached = Some((key, dots(merged, self.cost, self.scope)));
        }
        let run = merged.points.iter().filter(|p| p.result.is_some()).count();
        let about = format!("{}: {run} of {} points", merged.name, merged.points.len());
        let can_open = plan.is_some();
        self.choose(ui, &about);
        let Some((_, dots)) = &self.cached else {
            return;
        };
        if dots.is_empty() {
            return nothing(ui, "No candidate has a known accuracy and cost.");
        }
        let chart = chart(ui, self.cost, dots);
        let at = |dot: &Dot| chart.at(dot.cost.log10(), dot.accuracy);
        let inside = chart.inside();
        for dot in dots.iter().filter(|dot| !dot.on_front) {
            let colour = theme::workload(dot.workload).gamma_multiply(0.35);
            inside.circle_filled(at(dot), 2.5, colour);
        }
        let mut corners = Vec::new();
        for dot in dots.iter().filter(|dot| dot.on_front) {
            let here = at(dot);
            let before = corners
                .last()
                .map_or(chart.area.bottom(), |p: &eframe::egui::Pos2| p.y);
            corners.extend([pos2(here.x, before), here]);
        }
        corners.extend(corners.last().map(|p| pos2(chart.area.right(), p.y)));
        inside.line(corners, Stroke::new(1.5, chart.faint));
        for dot in dots.iter().filter(|dot| dot.on_front) {
            inside.circle_filled(at(dot), 4.5, theme::workload(dot.workload));
            if dot.knee {
                inside.circle_stroke(at(dot), 8.5, Stroke::new(1.5, chart.ink));
            }
        }
        let Some(pointer) = chart.response.hover_pos() else {
            return;
        };
        let distance = |dot: &Dot| at(dot).distance(pointer);
        let nearest = dots
            .iter()
            .min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let Some(dot) = nearest.filter(|dot| distance(dot) < 10.0) else {
            return;
        };
        inside.circle_stroke(at(dot), 6.5, Stroke::new(2.0, theme::SELECTED));
        if chart.response.clicked() && can_open {
            state.wanted_point = Some(dot.position);
        }
        let then = if can_open {
            "click to open"
        } else {
            "open the sweep file too, then a click opens the point"
        };
        chart.response.on_hover_text_at_pointer(format!(
            "{}\n{:.2} %, {}\n{then}",
            dot.label,
            100.0 * dot.accuracy,
            shown(self.cost, dot.cost)
        ));
    }

    fn again(&self) -> Box<dyn Panel> {
        Box::new(Sweep {
            cost: self.cost,
            scope: self.scope,
            cached: None,
        })
    }

    fn csv(&self, state: &State) -> Option<String> {
        let (merged, _) = results(state)?;
        let lines = dots(merged, self.cost, self.scope).into_iter().map(|dot| {
            [
                dot.position.to_string(),
                dot.label,
                dot.accuracy.to_string(),
                dot.cost.to_string(),
                self.scope.key().to_owned(),
                dot.on_front.to_string(),
                dot.knee.to_string(),
            ]
        });
        let cost = self.cost.name();
        let head = [
            "position",
            "candidate",
            "accuracy",
            cost,
            "scope",
            "on_front",
            "knee",
        ];
        Some(super::table(head, lines))
    }
}

type Results<'a> = (&'a Merged, Option<&'a spikewatt::sweep::Plan>);

fn results(state: &State) -> Option<Results<'_>> {
    let sweep = state.sweep.as_ref()?;
    Some((sweep.merged.as_ref()?, sweep.plan.as_ref()))
}

impl Sweep {
    fn choose(&mut self, ui: &mut Ui, about: &str) {
        ui.horizontal_wrapped(|ui| {
            ui.label(about);
            let combo = ComboBox::from_id_salt("cost").selected_text(self.cost.name());
            let combo = combo.show_ui(ui, |ui| {
                for entry in METRICS.iter().filter(|entry| !entry.is_gain) {
                    ui.selectable_value(&mut self.cost, entry.metric, entry.name)
                        .on_hover_text(entry.heading);
                }
            });
            let enabled = ui.is_enabled();
            combo
                .response
                .widget_info(|| WidgetInfo::labeled(Role::ComboBox, enabled, "Cost"));
            for scope in Scope::ALL {
                ui.selectable_value(&mut self.scope, scope, scope.short())
                    .on_hover_text(scope.meaning());
            }
        });
        ui.horizontal_wrapped(|ui| {
            for workload in Workload::ALL {
                let text = eframe::egui::RichText::new(workload.label()).small();
                ui.label(text.color(theme::workload(workload)));
            }
            let text = "upwards: accuracy · large: on the front · ring: knee · small: beaten";
            ui.label(eframe::egui::RichText::new(text).small().weak());
        });
    }
}

/// The cost across in decades, the accuracy upwards.
fn chart(ui: &mut Ui, cost: Metric, dots: &[Dot]) -> Chart {
    let range = |value: fn(&Dot) -> f64| {
        let bounds = dots.iter().map(value);
        bounds.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
            (l.min(v), h.max(v))
        })
    };
    let (low, high) = range(|dot| dot.cost.log10());
    let (least, most) = range(|dot| dot.accuracy);
    let (wide, tall) = (
        ((high - low) * 0.04).max(0.05),
        ((most - least) * 0.06).max(0.005),
    );
    let (x, y) = (low - wide..high + wide, least - tall..most + tall);
    let chart = Chart::new(ui, "Sweep chart", x, y);
    chart.ticks_y(|accuracy| format!("{} %", plain(accuracy * 100.0)));
    decade_ticks(&chart, cost.heading(), |value| shown(cost, value));
    chart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_have_units() {
        assert_eq!(shown(Metric::EnergyJ, 2e-6), "2.00 µJ");
        assert_eq!(shown(Metric::LatencyS, 1e-3), "1.00 ms");
        assert_eq!(shown(Metric::Accuracy, 0.5), "50.00 %");
    }
}
