//! When energy is spent, and on what.

use super::Panel;
use crate::canvas::{Chart, TEXT, nothing, overlay, time_chart};
use crate::state::State;
use crate::theme;
use crate::words::{joules, star};
use eframe::egui::{
    Align2, Color32, FontId, Label, Rect, RichText, Role, Sense, Ui, Vec2, WidgetInfo, vec2,
};
use spikewatt::explore::Cause;
use std::ops::Range;

/// Side of a colour in the legend \[points\].
const SWATCH: f32 = 10.0;

/// Strength of the colours of what is not selected.
const FADED: f32 = 0.35;

/// Energy per timestep, stacked by cause.
#[derive(Debug, Default, Clone, Copy)]
pub struct Energy {
    /// Leaves static energy out, which can dwarf what spikes cost.
    hides_static: bool,
}

impl Panel for Energy {
    fn name(&self) -> &'static str {
        "Energy"
    }

    fn about(&self) -> &'static str {
        "energy of each timestep stacked by cause; static energy is spread evenly over the timesteps"
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let Some(open) = &state.open else {
            return nothing(ui, "No network loaded.");
        };
        if let Err(reason) = &open.ledger {
            return nothing(ui, reason);
        }
        let mut per_timestep = open.per_timestep.clone();
        let is_lit = open.lit.is_some();
        let has_static = open
            .per_timestep
            .iter()
            .any(|t| t[Cause::Static as usize] > 0.0);
        ui.horizontal_wrapped(|ui| {
            legend(ui, &per_timestep, open.is_unverified());
            if has_static {
                ui.checkbox(&mut self.hides_static, "dynamic only");
            }
            if is_lit {
                let text = RichText::new("in full colour: selected").small().weak();
                ui.add(Label::new(text).extend());
            }
        });
        if self.hides_static {
            for energy in &mut per_timestep {
                energy[Cause::Static as usize] = 0.0;
            }
        }
        let visible = visible(&state.view.time, per_timestep.len());
        let most = highest(&per_timestep[visible.clone()]);
        let chart = time_chart(ui, state, "Energy chart", 0.0..most * 1.05);
        chart.ticks_y(joules);
        chart.ticks_x("timestep", crate::words::timestep);
        let lit = state.open.as_ref().and_then(|open| open.lit.as_ref());
        let fade = if lit.is_some() { FADED } else { 1.0 };
        stack(&chart, &per_timestep[visible.clone()], visible.start, fade);
        if let Some((first, energy)) = lit {
            let within = |t: usize| t.saturating_sub(*first).min(energy.len());
            let part = &energy[within(visible.start)..within(visible.end)];
            stack(&chart, part, visible.start.max(*first), 1.0);
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

    fn again(&self) -> Box<dyn Panel> {
        Box::new(*self)
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

/// A bar per timestep from `first` on, stacked by cause in colours of this strength. No more bars than
/// pixels: each is the mean of a stretch of timesteps.
pub(super) fn stack(chart: &Chart, per_timestep: &[[f64; 6]], first: usize, strength: f32) {
    let pixels = chart.at_x((first + per_timestep.len()) as f64) - chart.at_x(first as f64);
    let stretch = (per_timestep.len() / pixels.max(1.0) as usize).max(1);
    let wide = chart.at_x(1.0) - chart.at_x(0.0) > 6.0;
    let gap = if wide { 0.08 } else { 0.0 };
    let mut t = first;
    for part in per_timestep.chunks(stretch) {
        let mut bottom = 0.0;
        for cause in Cause::ALL {
            let mean = part.iter().map(|v| v[cause as usize]).sum::<f64>() / part.len() as f64;
            let x = t as f64 + gap..(t + part.len()) as f64 - gap;
            let colour = theme::cause(cause).gamma_multiply(strength);
            chart.bar(x, bottom..bottom + mean, colour);
            bottom += mean;
        }
        t += part.len();
    }
}

/// The causes that a sample spends energy on, with their colours and sums.
pub(super) fn legend(ui: &mut Ui, per_timestep: &[[f64; 6]], unverified: bool) {
    let mark = star(unverified);
    for cause in Cause::ALL {
        let total: f64 = per_timestep.iter().map(|t| t[cause as usize]).sum();
        if total <= 0.0 {
            continue;
        }
        let text = format!("{} {}{mark}", cause.label(), joules(total));
        let ink = ui.visuals().text_color();
        let font = FontId::proportional(TEXT);
        let galley = ui.painter().layout_no_wrap(text.clone(), font, ink);
        // In one piece, so that a colour never stands apart from its name.
        let size = vec2(galley.size().x + SWATCH + 10.0, galley.size().y.max(SWATCH));
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::Label, enabled, &text));
        let middle = rect.left_center();
        let swatch = Rect::from_center_size(middle + vec2(SWATCH / 2.0, 0.0), Vec2::splat(SWATCH));
        ui.painter().rect_filled(swatch, 0.0, theme::cause(cause));
        let left = middle + vec2(SWATCH + 4.0, -galley.size().y / 2.0);
        ui.painter().galley(left, galley, ink);
    }
}
