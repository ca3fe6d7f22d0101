//! What the selection did and cost.

use super::Panel;
use crate::canvas::nothing;
use crate::state::State;
use crate::theme;
use crate::words::{STAR, bounded, plain, star};
use eframe::egui::{Grid, Rect, RichText, ScrollArea, Sense, Ui, pos2, vec2};
use spikewatt::explore::{Priced, PricedLine};
use spikewatt::units::si;

/// Events and energy of the selection.
pub struct Inspector;

impl Panel for Inspector {
    fn name(&self) -> &'static str {
        "Inspector"
    }

    fn about(&self) -> &'static str {
        "spikes, synaptic operations and energy of exactly the selected neurons and timesteps"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let Some(open) = &state.open else {
            return nothing(ui, "No network loaded.");
        };
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let selection = state.effective_selection();
            let steps = &selection.timesteps;
            ui.strong(match state.selection() {
                None => "Everything (drag over spikes to select)".to_owned(),
                Some(_) => format!(
                    "{} neurons in timesteps {} to {}",
                    selection.rows.len(),
                    steps.start,
                    steps.end.saturating_sub(1)
                ),
            });
            match (&open.ledger, &open.selected) {
                (Ok(ledger), Some(priced)) => {
                    let target = &ledger.target;
                    let mark = star(target.is_unverified());
                    figures(ui, priced, mark);
                    receipt(ui, priced);
                    ui.separator();
                    let edited = if state.has_edits(&state.device) {
                        " EDITED"
                    } else {
                        ""
                    };
                    ui.label(format!(
                        "Whole sample on {}{edited}: {}{mark}",
                        target.name,
                        target.energy_j.map_or("unknown".to_owned(), bounded)
                    ));
                    if target.is_unverified() {
                        ui.weak(STAR);
                    }
                    if let Some(energy) = ledger.static_j() {
                        ui.weak(format!(
                            "of which {} static, which belongs to time and to no spike",
                            si(energy, "J")
                        ));
                    }
                    if !target.unpriced.is_empty() {
                        ui.colored_label(
                            ui.visuals().warn_fg_color,
                            format!("unpriced: {}", target.unpriced.join(", ")),
                        );
                    }
                    ui.weak("A spike carries its packets and the synaptic operations it sets off.");
                }
                (Err(reason), _) => {
                    let raster = &open.record.raster;
                    let ranges = selection.rows.ranges().iter();
                    let events: u64 = ranges.map(|rows| raster.count(steps.clone(), rows)).sum();
                    ui.label(format!("{events} events"));
                    ui.weak(reason);
                }
                _ => {}
            }
        });
    }

    fn again(&self) -> Box<dyn Panel> {
        Box::new(Inspector)
    }

    fn csv(&self, state: &State) -> Option<String> {
        let priced = state.open.as_ref()?.selected.as_ref()?;
        let lines = priced.lines.iter().map(|line| {
            let joules = line.joules;
            let causes: Vec<&str> = line.causes.iter().map(|(cause, _)| cause.label()).collect();
            [
                line.event.clone(),
                causes.join(" and "),
                line.count.to_string(),
                joules.low.to_string(),
                joules.nominal.to_string(),
                joules.high.to_string(),
            ]
        });
        let head = [
            "event",
            "cause",
            "count",
            "energy_low_j",
            "energy_nominal_j",
            "energy_high_j",
        ];
        Some(super::table(head, lines))
    }
}

fn figures(ui: &mut Ui, priced: &Priced, mark: &str) {
    let tally = &priced.tally;
    let mut figures = vec![
        ("spikes", tally.spikes),
        ("SynOps", tally.all_synops()),
        ("neuron updates", tally.updates),
        ("packets", tally.packets),
    ];
    if tally.macs_once > 0 {
        figures.push(("MACs (once)", tally.macs_once));
    }
    Grid::new("figures")
        .num_columns(4)
        .spacing(vec2(12.0, 2.0))
        .show(ui, |ui| {
            for pair in figures.chunks(2) {
                for (name, value) in pair {
                    ui.weak(*name);
                    ui.label(value.to_string());
                }
                ui.end_row();
            }
        });
    let energy = priced.dynamic_j.map_or("unknown".to_owned(), bounded);
    ui.label(RichText::new(format!("dynamic energy {energy}{mark}")).strong());
    if let Some(share) = priced.share {
        ui.label(format!(
            "{:.2} % of the sample's dynamic energy",
            share * 100.0
        ));
    }
}

fn receipt(ui: &mut Ui, priced: &Priced) {
    let total = priced.dynamic_j.map_or(0.0, |energy| energy.nominal);
    Grid::new("receipt")
        .num_columns(4)
        .spacing(vec2(10.0, 2.0))
        .striped(true)
        .show(ui, |ui| {
            for line in &priced.lines {
                ui.label(&line.event);
                ui.label(plain(line.count));
                let text = si(line.joules.nominal, "J");
                ui.label(text).on_hover_text(bounded(line.joules));
                shares(ui, line, total);
                ui.end_row();
            }
        });
}

/// How much of the total a line is, in the colours of its causes.
fn shares(ui: &mut Ui, line: &PricedLine, total: f64) {
    // What is left of the panel, so that small shares can be told apart.
    let room = (ui.available_width() - 8.0).clamp(64.0, 320.0);
    let (bar, _) = ui.allocate_exact_size(vec2(room, 9.0), Sense::hover());
    ui.painter()
        .rect_filled(bar, 0.0, ui.visuals().faint_bg_color);
    let mut left = bar.left();
    for &(cause, joules) in line.causes.iter().filter(|_| total > 0.0) {
        let width = bar.width() * (joules / total) as f32;
        // What costs anything can be seen however small it is.
        let seen = width.max(if joules > 0.0 { 1.5 } else { 0.0 });
        let part = Rect::from_min_size(pos2(left, bar.top()), vec2(seen, bar.height()));
        ui.painter().rect_filled(part, 0.0, theme::cause(cause));
        left += width;
    }
}
