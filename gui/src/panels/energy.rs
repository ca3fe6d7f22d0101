//! When energy is spent, and on what.

use super::Panel;
use crate::canvas::{Chart, joules, nothing, overlay, time_chart};
use crate::state::State;
use crate::theme;
use eframe::egui::{Align2, Color32, Label, RichText, Sense, Ui, vec2};
use spikewatt::explore::Cause;
use std::ops::Range;

/// Energy per timestep, stacked by cause.
pub struct Energy;

impl Panel for Energy {
    fn name(&self) -> &'static str {
        "Energy"
    }

    fn about(&self) -> &'static str {
        "energy of each timestep stacked by cause; static energy is spread evenly over the timesteps"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let Some(open) = &state.open else {
            return nothing(ui, "Nothing is open.");
        };
        if let Err(reason) = &open.ledger {
            return nothing(ui, reason);
        }
        let per_timestep = open.per_timestep.clone();
        legend(ui, &per_timestep);
        let visible = visible(&state.view.time, per_timestep.len());
        let most = highest(&per_timestep[visible.clone()]);
        let chart = time_chart(ui, state, "Energy chart", 0.0..most * 1.05);
        chart.ticks_y(joules);
        chart.ticks_x("timestep", crate::canvas::timestep);
        stack(&chart, &per_timestep, visible);
        overlay(state, &chart);
        if let Some(open) = &state.open
            && let Ok(ledger) = &open.ledger
            && !ledger.indivisible.is_empty()
        {
            let text = format!("not shown: {}", ledger.indivisible.join(", "));
            chart.text(
                chart.area.right_top(),
                Align2::RIGHT_TOP,
                text,
                Color32::RED,
            );
        }
    }

    fn csv(&self, state: &State) -> Option<String> {
        let open = state.open.as_ref().filter(|open| open.ledger.is_ok())?;
        let lines = open
            .per_timestep
            .iter()
            .enumerate()
            .flat_map(|(t, values)| {
                Cause::ALL.map(|cause| {
                    [
                        t.to_string(),
                        cause.label().to_owned(),
                        values[cause as usize].to_string(),
                    ]
                })
            });
        Some(super::table(["timestep", "cause", "energy_j"], lines))
    }
}

/// The timesteps that a range shows, of so many.
pub(super) fn visible(time: &Range<f64>, timesteps: usize) -> Range<usize> {
    let end = (time.end.ceil() as usize).min(timesteps);
    (time.start.max(0.0) as usize).min(end)..end
}

/// Most energy of a timestep [J].
pub(super) fn highest(per_timestep: &[[f64; 6]]) -> f64 {
    let sums = per_timestep.iter().map(|values| values.iter().sum());
    sums.fold(0.0, f64::max)
}

/// A bar per timestep, stacked by cause. No more bars than pixels: each is the mean of a stretch of
/// timesteps.
pub(super) fn stack(chart: &Chart, per_timestep: &[[f64; 6]], visible: Range<usize>) {
    let pixels = chart.at_x(visible.end as f64) - chart.at_x(visible.start as f64);
    let stretch = (visible.len() / pixels.max(1.0) as usize).max(1);
    let wide = chart.at_x(1.0) - chart.at_x(0.0) > 6.0;
    let gap = if wide { 0.08 } else { 0.0 };
    let mut t = visible.start;
    for part in per_timestep[visible].chunks(stretch) {
        let mut bottom = 0.0;
        for cause in Cause::ALL {
            let mean = part.iter().map(|v| v[cause as usize]).sum::<f64>() / part.len() as f64;
            let x = t as f64 + gap..(t + part.len()) as f64 - gap;
            chart.bar(x, bottom..bottom + mean, theme::cause(cause));
            bottom += mean;
        }
        t += part.len();
    }
}

/// The causes that a sample spends energy on, with their colours and sums.
pub(super) fn legend(ui: &mut Ui, per_timestep: &[[f64; 6]]) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for cause in Cause::ALL {
            let total: f64 = per_timestep.iter().map(|t| t[cause as usize]).sum();
            if total <= 0.0 {
                continue;
            }
            let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
            ui.painter().rect_filled(rect, 0.0, theme::cause(cause));
            let text = format!("{} {}", cause.label(), joules(total));
            ui.add(Label::new(RichText::new(text).small()).extend());
            ui.add_space(4.0);
        }
    });
}
