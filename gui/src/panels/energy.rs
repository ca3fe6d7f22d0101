//! When energy is spent, and on what.

use super::Panel;
use crate::canvas::{joules, nothing, overlay, time_chart};
use crate::state::State;
use crate::theme;
use eframe::egui::{Align2, Color32, RichText, Ui, vec2};
use spikewatt::explore::Cause;

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
        let totals =
            Cause::ALL.map(|cause| per_timestep.iter().map(|t| t[cause as usize]).sum::<f64>());
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for cause in Cause::ALL
                .into_iter()
                .filter(|cause| totals[*cause as usize] > 0.0)
            {
                let (rect, _) =
                    ui.allocate_exact_size(vec2(10.0, 10.0), eframe::egui::Sense::hover());
                ui.painter().rect_filled(rect, 0.0, theme::cause(cause));
                let text = format!("{} {}", cause.label(), joules(totals[cause as usize]));
                ui.label(RichText::new(text).small());
                ui.add_space(4.0);
            }
        });
        let sum = |values: &[f64; 6]| values.iter().sum::<f64>();
        let visible = state.view.time.start.max(0.0) as usize
            ..(state.view.time.end.ceil() as usize).min(per_timestep.len());
        let visible = visible.start.min(visible.end)..visible.end;
        let most = per_timestep[visible.clone()]
            .iter()
            .map(sum)
            .fold(0.0, f64::max);
        let chart = time_chart(ui, state, "Energy chart", 0.0..most * 1.05);
        chart.ticks_y(joules);
        chart.ticks_x("timestep", crate::canvas::timestep);
        // No more bars than pixels: each is the mean of a stretch of timesteps.
        let stretch = (visible.len() / chart.area.width().max(1.0) as usize).max(1);
        let mut t = visible.start;
        let gap = if chart.at_x(1.0) - chart.at_x(0.0) > 6.0 {
            0.08
        } else {
            0.0
        };
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
