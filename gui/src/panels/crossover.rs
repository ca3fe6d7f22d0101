//! Energy of the spiking network against its spike rate, and where baselines cost the same.

use crate::canvas::{Chart, decade_ticks, nothing};
use crate::state::State;
use crate::theme;
use crate::words::star;
use eframe::egui::{Align2, Color32, Pos2, Rect, Shape, Stroke, Ui, pos2, vec2};
use spikewatt::result::{Crossing, Meeting, RateCurve, Report, Scope, TargetReport, Workload};
use spikewatt::units::{Range, si};

/// Room for the names of the baselines.
const NAMES: f32 = 150.0;

/// Least distance between two names.
const STEP: f32 = 12.0;

/// What is drawn of a report in one scope.
struct Drawn<'a> {
    curve: &'a RateCurve,
    /// Rate and energy, without the point of no spike: rates are drawn by their logarithm.
    points: Vec<(f64, Range)>,
    baselines: Vec<(&'a TargetReport, Range)>,
    crossings: Vec<Crossing>,
}

/// The curve of the device that spikes are priced on, or of the first target that has one.
fn find<'a>(report: &'a Report, device: &str, scope: Scope) -> Option<Drawn<'a>> {
    let known = |curve: &&RateCurve| {
        let mut points = curve.points.iter();
        points.all(|point| point.energy_j[scope as usize].is_some())
    };
    let curves = || report.rate_curves.iter().filter(known);
    let curve = curves().find(|curve| curve.target == device);
    let curve = curve.or_else(|| curves().next())?;
    let points = curve.points.iter().filter(|point| point.rate > 0.0);
    let baselines = report
        .targets
        .iter()
        .filter(|target| target.workload != Workload::Snn && target.fits)
        .filter_map(|target| Some((target, target.scopes.get(scope).known()?)));
    let mut baselines: Vec<_> = baselines.collect();
    baselines.sort_by(|a, b| b.1.nominal.total_cmp(&a.1.nominal));
    let crossings = report.crossovers.iter().filter(|c| c.scope == scope);
    Some(Drawn {
        points: points
            .filter_map(|point| Some((point.rate, point.energy_j[scope as usize]?)))
            .collect(),
        baselines,
        crossings: crossings
            .filter(|c| c.snn == curve.target)
            .cloned()
            .collect(),
        curve,
    })
}

/// Draws the curve with its range, the baselines as lines, and a dot where they meet.
pub(super) fn draw(ui: &mut Ui, state: &State, scope: Scope) {
    let Some(report) = &state.report else {
        return nothing(ui, "The run on all samples is not finished.");
    };
    let Some(drawn) = find(report, &state.device, scope) else {
        return nothing(ui, "No spiking target has a known energy in this scope.");
    };
    let (Some(first), Some(last)) = (drawn.points.first(), drawn.points.last()) else {
        return nothing(ui, "No spikes in this run.");
    };
    let bounds = drawn.points.iter().map(|(_, energy)| *energy);
    let bounds = bounds.chain(drawn.baselines.iter().map(|(_, energy)| *energy));
    let positive = bounds
        .flat_map(|energy| [energy.low, energy.nominal, energy.high])
        .filter(|value| *value > 0.0);
    let (low, high) = positive.fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(v), h.max(v)));
    if low >= high {
        return nothing(ui, "Nothing costs anything in this scope.");
    }
    let x = first.0.log10()..last.0.log10().max(first.0.log10() + 1.0);
    let y = low.log10() - 0.1..high.log10() + 0.1;
    let chart = Chart::with_margin(ui, "Crossover chart", x, y, NAMES);
    decade_ticks(&chart, "spikes per neuron and timestep", |rate| {
        format!("{rate:e}")
    });
    chart.ticks_y(|decade| {
        if decade.fract().abs() > 1e-9 {
            return String::new();
        }
        let text = si(10f64.powf(decade.round()), "J");
        text.replace(".00", "").replace(".0", "")
    });
    band(&chart, &drawn.points);
    let colour = theme::workload(Workload::Snn);
    let points = drawn.points.iter();
    chart.line(
        points.map(|(rate, energy)| (rate.log10(), log(energy.nominal))),
        colour,
    );
    baselines(&chart, &drawn.baselines, scope);
    this_network(&chart, drawn.curve, report, scope);
    meetings(chart, &drawn.crossings);
}

/// A line at the rate of this network.
fn this_network(chart: &Chart, curve: &RateCurve, report: &Report, scope: Scope) {
    let here = chart.at_x(curve.rate.log10());
    let line = Stroke::new(1.0, chart.ink.gamma_multiply(0.7));
    chart.inside().vline(here, chart.area.y_range(), line);
    let unverified = report.includes_unverified(&curve.target, Workload::Snn, None, scope);
    let text = format!(
        "{}{} at its rate of {:.2} %",
        curve.target,
        star(unverified),
        100.0 * curve.rate
    );
    let (anchor, shift) = if here > chart.area.center().x {
        (Align2::RIGHT_TOP, -5.0)
    } else {
        (Align2::LEFT_TOP, 5.0)
    };
    let place = pos2(here + shift, chart.area.top() + 3.0);
    chart.text(place, anchor, text, chart.ink);
}

/// A dot where a baseline costs the same; the one under the pointer says more.
fn meetings(chart: Chart, crossings: &[Crossing]) {
    let mut nearest: Option<(f32, &Crossing)> = None;
    for crossing in crossings {
        let Meeting::At(rate) = crossing.rate else {
            continue;
        };
        let at = chart.at(log(rate), log(crossing.baseline_j.nominal));
        chart.inside().circle_filled(at, 4.0, chart.ink);
        let pointer = chart.response.hover_pos();
        let distance = pointer.map_or(f32::INFINITY, |p| p.distance(at));
        if distance < nearest.map_or(12.0, |(known, _)| known) {
            nearest = Some((distance, crossing));
        }
    }
    if let Some((_, crossing)) = nearest {
        chart.response.on_hover_text_at_pointer(format!(
            "{}{} costs as much as the {} on {}{} at a rate of {} (pessimistic {}, optimistic {})",
            crossing.snn,
            star(crossing.snn_unverified),
            spikewatt::result::network_label(crossing.workload, crossing.format),
            crossing.baseline,
            star(crossing.unverified),
            crossing.rate.text(),
            crossing.rate_pessimistic.text(),
            crossing.rate_optimistic.text()
        ));
    }
}

/// The decimal logarithm; what is not positive lies far below.
fn log(value: f64) -> f64 {
    value.max(1e-300).log10()
}

/// The range of the curve.
fn band(chart: &Chart, points: &[(f64, Range)]) {
    let colour = theme::workload(Workload::Snn).gamma_multiply(0.25);
    let inside = chart.inside();
    let at = |rate: f64, energy: f64| chart.at(rate.log10(), energy.max(1e-300).log10());
    for pair in points.windows(2) {
        let [(a, from), (b, to)] = pair else { continue };
        let corners: Vec<Pos2> = vec![
            at(*a, from.low),
            at(*b, to.low),
            at(*b, to.high),
            at(*a, from.high),
        ];
        inside.add(Shape::convex_polygon(corners, colour, Stroke::NONE));
    }
}

/// A line for each baseline, and the names that have room, dearest first.
fn baselines(chart: &Chart, baselines: &[(&TargetReport, Range)], scope: Scope) {
    let mut below = f32::NEG_INFINITY;
    for (target, energy) in baselines.iter().filter(|(_, e)| e.nominal > 0.0) {
        let colour: Color32 = theme::workload(target.workload);
        let y = chart.at_y(energy.nominal.log10());
        let line = Stroke::new(1.0, colour.gamma_multiply(0.8));
        chart.inside().hline(chart.area.x_range(), y, line);
        if y - STEP / 2.0 < below {
            continue;
        }
        below = y + STEP / 2.0;
        let left = chart.area.right() + 5.0;
        let room = Rect::from_min_size(pos2(left, y - 7.0), vec2(NAMES - 6.0, 14.0));
        let mark = star(target.is_unverified_in(scope));
        let name = format!("{}{mark} {}", target.network_label(), target.name);
        let painter = chart
            .painter
            .with_clip_rect(room.intersect(chart.painter.clip_rect()));
        let font = eframe::egui::FontId::proportional(10.0);
        painter.text(pos2(left, y), Align2::LEFT_CENTER, name, font, colour);
    }
}
