//! What an inference costs on each device.

use super::{Panel, crossover};
use crate::canvas::{TEXT, nothing, ticks};
use crate::state::State;
use crate::theme;
use crate::words::{bounded, star};
use eframe::egui::{
    Align2, Color32, FontId, Painter, Rect, Role, ScrollArea, Sense, Slider, Stroke, Ui,
    WidgetInfo, pos2, vec2,
};
use spikewatt::result::{Question, Scope, TargetReport};
use spikewatt::units::{Range, si};

/// Targets with their ranges, in one of the three scopes, and where the verdict flips.
pub struct Compare {
    scope: Scope,
    crossover: bool,
}

impl Default for Compare {
    fn default() -> Self {
        Compare {
            scope: Scope::System,
            crossover: false,
        }
    }
}

const ROW: f32 = 30.0;
/// Height of the axis above the rows, where it stays in sight however many targets there are.
const AXIS: f32 = 18.0;
const NAMES: f32 = 190.0;
const VALUES: f32 = 90.0;

impl Panel for Compare {
    fn name(&self) -> &'static str {
        "Compare"
    }

    fn about(&self) -> &'static str {
        "energy per inference on each device with its range; figures that include different things are never compared"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        if state.targets.is_empty() {
            return nothing(ui, "Nothing is priced yet.");
        }
        let about = state.about_targets();
        ui.horizontal(|ui| {
            ui.spacing_mut().slider_width = (ui.available_width() - 390.0).clamp(40.0, 160.0);
            ui.label(about);
            targets(ui, state);
            ui.separator();
            batch(ui, state);
        });
        ui.horizontal(|ui| {
            ui.spacing_mut().slider_width = (ui.available_width() - 270.0).clamp(40.0, 160.0);
            period(ui, state);
        });
        verdict(ui, state);
        ui.horizontal(|ui| {
            for scope in Scope::ALL {
                ui.selectable_value(&mut self.scope, scope, scope.short())
                    .on_hover_text(scope.meaning());
            }
            ui.separator();
            ui.selectable_value(&mut self.crossover, false, "targets");
            ui.selectable_value(&mut self.crossover, true, "crossover")
                .on_hover_text("energy against spike rate: where a baseline costs the same");
        });
        let scope = self.scope;
        if self.crossover {
            return crossover::draw(ui, state, scope);
        }
        let (mut known, unknown): (Vec<&TargetReport>, Vec<&TargetReport>) = state
            .targets
            .iter()
            .partition(|target| target.scopes.get(scope).known().is_some());
        let nominal = |t: &TargetReport| {
            t.scopes
                .get(scope)
                .known()
                .map_or(f64::INFINITY, |e| e.nominal)
        };
        known.sort_by(|a, b| nominal(a).total_cmp(&nominal(b)));
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            group(ui, state, &known, scope);
            ui.weak(scope.label());
            ui.weak(
                "point: nominal · line: lower to upper bound · ring, *: includes unverified cost figures",
            );
            for target in unknown {
                let reasons = target.scopes.get(scope).missing.join(", ");
                let text = format!(
                    "{} ({}): not known in this scope: {reasons}",
                    target.name,
                    target.network_label()
                );
                ui.weak(text);
            }
        });
    }

    fn again(&self) -> Box<dyn Panel> {
        Box::new(Compare { ..*self })
    }

    fn csv(&self, state: &State) -> Option<String> {
        let lines = state.targets.iter().map(|target| {
            let energy = target.scopes.get(self.scope).known();
            let value = |f: fn(spikewatt::units::Range) -> f64| {
                energy.map(|e| f(e).to_string()).unwrap_or_default()
            };
            [
                target.name.clone(),
                target.network_label(),
                self.scope.key().to_owned(),
                target.batch.to_string(),
                value(|e| e.low),
                value(|e| e.nominal),
                value(|e| e.high),
                target.latency_s.map(|s| s.to_string()).unwrap_or_default(),
                target.is_unverified_in(self.scope).to_string(),
            ]
        });
        let head = [
            "target",
            "workload",
            "scope",
            "batch",
            "energy_low_j",
            "energy_nominal_j",
            "energy_high_j",
            "latency_s",
            "unverified",
        ];
        (!state.targets.is_empty()).then(|| super::table(head, lines))
    }
}

/// Choice of the devices that are compared.
fn targets(ui: &mut Ui, state: &mut State) {
    let mut chosen = state.compared();
    let before = chosen.clone();
    let devices: Vec<(String, String)> = state
        .devices()
        .map(|device| (device.name.clone(), device.title.clone()))
        .collect();
    let menu = ui.menu_button("devices", |ui| {
        if ui.button("those of the experiment").clicked() {
            state.chosen_targets = None;
            state.reprice(false);
            ui.close();
        }
        ui.separator();
        ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
            for (name, title) in devices {
                let mut compared = chosen.contains(&name);
                let response = ui.checkbox(&mut compared, &name).on_hover_text(title);
                if response.changed() && compared {
                    chosen.push(name);
                } else if response.changed() {
                    chosen.retain(|other| *other != name);
                }
            }
        });
    });
    let enabled = ui.is_enabled();
    menu.response
        .widget_info(|| WidgetInfo::labeled(Role::Button, enabled, "Devices compared"));
    if chosen != before {
        state.chosen_targets = Some(chosen);
        state.reprice(false);
    }
}

/// Who is cheaper, in the words of the report: whole devices, then the same circuit.
fn verdict(ui: &mut Ui, state: &State) {
    let Some(report) = &state.report else { return };
    let verdicts = report.verdicts();
    let of = |wanted: Question| verdicts.iter().find(|found| found.question == wanted);
    let found = [Question::Streaming, Question::SameCircuit].map(of);
    for sentence in found.into_iter().flatten().map(|found| &found.sentence) {
        ui.label(sentence);
    }
}

/// Inferences that conventional devices take together, beside one.
fn batch(ui: &mut Ui, state: &mut State) {
    let mut own = state.large_batch.is_some();
    let toggled = ui
        .checkbox(&mut own, "batch")
        .on_hover_text(
            "inferences that conventional devices take together; unless set, the smallest power of \
             two whose energy per inference is within 5 % of the least",
        )
        .changed();
    let mut batch = state.large_batch.unwrap_or(64);
    let slider = Slider::new(&mut batch, 1..=65_536).logarithmic(true);
    let response = ui.add_enabled(own, slider);
    let enabled = ui.is_enabled() && own;
    response.widget_info(|| WidgetInfo::slider(enabled, batch as f64, "Batch"));
    let batch = own.then_some(batch);
    if toggled || (response.changed() && batch != state.large_batch) {
        state.large_batch = batch;
        state.reprice(false);
    }
}

/// Time from one inference to the next: what the duty cycle of each device follows from.
fn period(ui: &mut Ui, state: &mut State) {
    let mut waits = state.period_s.is_some();
    let toggled = ui
        .checkbox(&mut waits, "one inference every")
        .on_hover_text("a device that waits for its next input pays its idle power meanwhile")
        .changed();
    let mut period_s = state.period_s.unwrap_or(1.0);
    let slider = Slider::new(&mut period_s, 1e-4..=1e3)
        .logarithmic(true)
        .suffix(" s");
    let response = ui.add_enabled(waits, slider);
    response.widget_info(|| WidgetInfo::slider(waits, period_s, "Time between inferences"));
    if toggled || response.changed() {
        state.period_s = waits.then_some(period_s);
        state.reprice(false);
    }
    let chosen = |target: &&TargetReport| target.name == state.device;
    if let Some(duty) = state
        .targets
        .iter()
        .find(chosen)
        .and_then(|target| target.duty_cycle)
    {
        ui.weak(format!("{}: {:.3} % busy", state.device, 100.0 * duty));
    }
}

fn group(ui: &mut Ui, state: &State, targets: &[&TargetReport], scope: Scope) {
    let width = ui.available_width().max(NAMES + VALUES + 60.0);
    let height = targets.len() as f32 * ROW + AXIS + 4.0;
    let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    let left = rect.left() + NAMES;
    let right = rect.right() - VALUES;
    let known = targets.iter().filter_map(|t| t.scopes.get(scope).known());
    let bounds = known
        .flat_map(|e| [e.low, e.nominal, e.high])
        .filter(|v| *v > 0.0);
    let (low, high) = bounds.fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(v), h.max(v)));
    let decades = if high > 0.0 {
        low.log10().floor()..high.log10().ceil().max(low.log10().floor() + 1.0)
    } else {
        0.0..1.0
    };
    let x = |value: f64| {
        let part = (value.max(1e-300).log10() - decades.start) / (decades.end - decades.start);
        left + (right - left) * part.clamp(0.0, 1.0) as f32
    };
    let painter = ui.painter().with_clip_rect(ui.clip_rect().intersect(rect));
    let faint = ui.visuals().weak_text_color();
    let font = FontId::proportional(TEXT);
    let top = rect.top() + AXIS;
    let bottom = top + targets.len() as f32 * ROW;
    for decade in ticks(&decades, ((right - left) / 52.0).max(1.0) as usize) {
        if decade.fract() != 0.0 {
            continue;
        }
        let x = x(10f64.powf(decade));
        painter.vline(x, top..=bottom, Stroke::new(0.5, faint.gamma_multiply(0.4)));
        let text = si(10f64.powf(decade), "J")
            .replace(".00", "")
            .replace(".0", "");
        painter.text(
            pos2(x, top - 3.0),
            Align2::CENTER_BOTTOM,
            text,
            font.clone(),
            faint,
        );
    }
    for (index, target) in targets.iter().enumerate() {
        let y = top + (index as f32 + 0.5) * ROW;
        let row = Rect::from_x_y_ranges(rect.x_range(), y - ROW / 2.0..=y + ROW / 2.0);
        if let Some(energy) = target.scopes.get(scope).known() {
            row_of(ui, state, &painter, (target, energy), (row, scope), &x);
        }
    }
}

fn row_of(
    ui: &Ui,
    state: &State,
    painter: &Painter,
    (target, energy): (&TargetReport, Range),
    (row, scope): (Rect, Scope),
    x: &impl Fn(f64) -> f32,
) {
    let unverified = target.is_unverified_in(scope);
    names_of(ui, state, painter, target, row);
    mark(
        ui,
        painter,
        (target, energy),
        (row.center().y, unverified),
        x,
    );
    let right = row.right() - 4.0;
    if !target.fits {
        painter.text(
            pos2(right, row.center().y + 13.0),
            Align2::RIGHT_BOTTOM,
            "does not fit",
            FontId::proportional(10.0),
            ui.visuals().warn_fg_color,
        );
    }
    painter.text(
        pos2(right, row.center().y),
        Align2::RIGHT_CENTER,
        si(energy.nominal, "J") + star(unverified),
        FontId::proportional(12.0),
        ui.visuals().text_color(),
    );
    let id = ("target", &target.name, target.network_label(), target.batch);
    let response = ui.interact(row, ui.scope_id().with(id), Sense::hover());
    let exceeded = if target.fits {
        String::new()
    } else {
        format!("\ndoes not fit: {}", target.exceeded.join(", "))
    };
    let notes = target.notes.iter().chain(&target.model_error);
    let notes: Vec<&str> = notes.map(String::as_str).collect();
    response.on_hover_text(format!(
        "{}\n{}{}{exceeded}\n{}",
        target.title,
        bounded(energy),
        star(unverified),
        notes.join("\n")
    ));
}

/// What is priced where, left of the axis.
fn names_of(ui: &Ui, state: &State, painter: &Painter, target: &TargetReport, row: Rect) {
    let edited = state.has_edits(&target.name);
    let end = pos2(row.left() + NAMES - 8.0, row.bottom());
    let room = Rect::from_min_max(row.min, end).intersect(painter.clip_rect());
    let names = painter.with_clip_rect(room);
    let (mark, colour) = match edited {
        true => (" EDITED", ui.visuals().warn_fg_color),
        false => ("", ui.visuals().text_color()),
    };
    let line = |text: String, down: f32, size: f32, colour: Color32| {
        let place = pos2(row.left() + 4.0, row.center().y + down);
        let font = FontId::proportional(size);
        names.text(place, Align2::LEFT_CENTER, text, font, colour);
    };
    line(format!("{}{mark}", target.name), -6.5, 12.0, colour);
    let second = format!(
        "{} · batch {} · {}",
        target.network_label(),
        target.batch,
        target.evidence.label()
    );
    line(second, 7.0, 10.0, ui.visuals().weak_text_color());
}

/// The energy and its range, a ring where it includes unverified figures.
fn mark(
    ui: &Ui,
    painter: &Painter,
    (target, energy): (&TargetReport, Range),
    (y, unverified): (f32, bool),
    x: &impl Fn(f64) -> f32,
) {
    let stroke = Stroke::new(2.0, theme::workload(target.workload));
    let (low, nominal, high) = (x(energy.low), x(energy.nominal), x(energy.high));
    painter.line_segment([pos2(low, y), pos2(high, y)], stroke);
    for end in [low, high] {
        painter.line_segment([pos2(end, y - 4.0), pos2(end, y + 4.0)], stroke);
    }
    painter.circle_filled(pos2(nominal, y), 5.0, stroke.color);
    if unverified {
        painter.circle_filled(pos2(nominal, y), 2.5, ui.visuals().panel_fill);
    }
}
