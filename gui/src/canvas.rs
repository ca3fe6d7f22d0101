//! Drawing charts: a frame with ticks, and the places of values in it.

use crate::state::State;
use crate::theme;
use eframe::egui::{
    self, Align2, Color32, FontId, Painter, Pos2, Rect, Response, Role, Sense, Stroke, Ui,
    WidgetInfo, pos2, vec2,
};
use spikewatt::explore::{Rows, Selection};
use std::ops::Range;

/// Room for the labels left of a chart [points]: the same everywhere, so that time axes align.
pub const GUTTER: f32 = 68.0;

/// Room for the labels below a chart [points].
pub const FOOT: f32 = 32.0;

/// Size of the text in charts [points].
pub const TEXT: f32 = 11.0;

/// A chart: where values lie on the screen.
pub struct Chart {
    /// Where the values are drawn.
    pub area: Rect,
    /// Values at the left and right end.
    pub x: Range<f64>,
    /// Values at the bottom and top.
    pub y: Range<f64>,
    /// Draws in the area only.
    pub painter: Painter,
    /// What the pointer does.
    pub response: Response,
    /// Colour of text.
    pub ink: Color32,
    /// Colour of what matters less.
    pub faint: Color32,
}

impl Chart {
    /// Takes all that is left of a panel. `name` is what a screen reader says.
    pub fn new(ui: &mut Ui, name: &str, x: Range<f64>, y: Range<f64>) -> Self {
        Self::with_margin(ui, name, x, y, 12.0)
    }

    /// As [`Chart::new`], with so much room right of the area \[points\].
    pub fn with_margin(ui: &mut Ui, name: &str, x: Range<f64>, y: Range<f64>, margin: f32) -> Self {
        let size = ui
            .available_size()
            .max(vec2(GUTTER + margin + 30.0, FOOT + 30.0));
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::Canvas, enabled, name));
        let area = Rect::from_min_max(rect.min + vec2(GUTTER, 6.0), rect.max - vec2(margin, FOOT));
        let visuals = ui.visuals();
        let full = ui.painter().with_clip_rect(ui.clip_rect().intersect(rect));
        full.rect_filled(area, 0.0, visuals.extreme_bg_color);
        let y = if y.end > y.start {
            y
        } else {
            y.start..y.start + 1.0
        };
        Chart {
            painter: full,
            area,
            x,
            y,
            response,
            ink: visuals.text_color(),
            faint: visuals.weak_text_color(),
        }
    }

    /// Place of a value across.
    #[must_use]
    pub fn at_x(&self, x: f64) -> f32 {
        let part = (x - self.x.start) / (self.x.end - self.x.start);
        self.area.left() + (part * f64::from(self.area.width())) as f32
    }

    /// Place of a value upwards.
    #[must_use]
    pub fn at_y(&self, y: f64) -> f32 {
        let part = (y - self.y.start) / (self.y.end - self.y.start);
        self.area.bottom() - (part * f64::from(self.area.height())) as f32
    }

    /// Place of a point.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> Pos2 {
        pos2(self.at_x(x), self.at_y(y))
    }

    /// Value across at a place.
    #[must_use]
    pub fn x_of(&self, place: f32) -> f64 {
        let part = f64::from((place - self.area.left()) / self.area.width());
        self.x.start + part * (self.x.end - self.x.start)
    }

    /// Value upwards at a place.
    #[must_use]
    pub fn y_of(&self, place: f32) -> f64 {
        let part = f64::from((self.area.bottom() - place) / self.area.height());
        self.y.start + part * (self.y.end - self.y.start)
    }

    /// Draws only inside the area.
    #[must_use]
    pub fn inside(&self) -> Painter {
        self.painter
            .with_clip_rect(self.painter.clip_rect().intersect(self.area))
    }

    /// Text in the chart's size.
    pub fn text(&self, at: Pos2, anchor: Align2, text: impl ToString, colour: Color32) {
        self.painter
            .text(at, anchor, text, FontId::proportional(TEXT), colour);
    }

    /// Ticks across, each labelled by `label`, and a name.
    pub fn ticks_x(&self, name: &str, label: impl Fn(f64) -> String) {
        let bottom = self.area.bottom();
        let most = (self.area.width() / 64.0).max(2.0) as usize;
        for tick in ticks(&self.x, most) {
            let x = self.at_x(tick);
            let line = Stroke::new(1.0, self.faint);
            self.painter
                .line_segment([pos2(x, bottom), pos2(x, bottom + 3.0)], line);
            self.text(
                pos2(x, bottom + 4.0),
                Align2::CENTER_TOP,
                label(tick),
                self.faint,
            );
        }
        let middle = pos2(self.area.center().x, bottom + 17.0);
        self.text(middle, Align2::CENTER_TOP, name, self.faint);
    }

    /// Ticks upwards with grid lines, each labelled by `label`.
    pub fn ticks_y(&self, label: impl Fn(f64) -> String) {
        let most = (self.area.height() / 26.0).max(1.0) as usize;
        // One label alone says nothing about the scale.
        let ticks = (most..2 * most + 3).map(|most| ticks(&self.y, most));
        let ticks = ticks.into_iter().find(|ticks| ticks.len() > 1);
        for tick in ticks.unwrap_or_default() {
            let y = self.at_y(tick);
            let line = Stroke::new(0.5, self.faint.gamma_multiply(0.4));
            self.painter.line_segment(
                [pos2(self.area.left(), y), pos2(self.area.right(), y)],
                line,
            );
            self.text(
                pos2(self.area.left() - 5.0, y),
                Align2::RIGHT_CENTER,
                label(tick),
                self.faint,
            );
        }
    }

    /// A line through points.
    pub fn line(&self, points: impl Iterator<Item = (f64, f64)>, colour: Color32) {
        let points: Vec<Pos2> = points.map(|(x, y)| self.at(x, y)).collect();
        self.inside().line(points, Stroke::new(1.5, colour));
    }

    /// A bar from `x.start` to `x.end` and from `y.start` to `y.end`.
    pub fn bar(&self, x: Range<f64>, y: Range<f64>, colour: Color32) {
        let rect = Rect::from_two_pos(self.at(x.start, y.start), self.at(x.end, y.end));
        self.inside().rect_filled(rect, 0.0, colour);
    }
}

/// Ticks across of a chart whose values are decimal logarithms: whole decades, each labelled by
/// `label` of its value, and a name.
pub fn decade_ticks(chart: &Chart, name: &str, label: impl Fn(f64) -> String) {
    chart.ticks_x(name, |decade| {
        if decade.fract().abs() > 1e-9 {
            return String::new();
        }
        let text = label(10f64.powf(decade.round()));
        text.replace(".00", "").replace(".0", "")
    });
}

/// A chart over the shared time axis.
pub fn time_chart(ui: &mut Ui, state: &mut State, name: &str, y: Range<f64>) -> Chart {
    let chart = Chart::new(ui, name, state.view.time.clone(), y);
    state.view.interact(ui, &chart.response, chart.area, false);
    if chart.response.clicked()
        && let Some(pointer) = chart.response.interact_pointer_pos()
    {
        state.view.go_to(chart.x_of(pointer.x).floor() as i64);
    }
    brush_time(ui, state, &chart);
    chart
}

/// Drag selects timesteps; the rows stay.
fn brush_time(ui: &Ui, state: &mut State, chart: &Chart) {
    if let Some((start, end)) = drag(ui, &chart.response) {
        let steps = steps(chart.x_of(start.x), chart.x_of(end.x), state.view.timesteps);
        let Selection { rows, .. } = state.effective_selection();
        brush(
            ui,
            state,
            &chart.response,
            Selection {
                rows,
                timesteps: steps,
            },
        );
    }
}

/// Where a primary drag over a chart began and is now.
#[must_use]
pub fn drag(ui: &Ui, response: &Response) -> Option<(Pos2, Pos2)> {
    let dragged = response.dragged_by(egui::PointerButton::Primary)
        || response.drag_stopped_by(egui::PointerButton::Primary);
    let start = ui.input(|input| input.pointer.press_origin());
    let now = response.interact_pointer_pos();
    if response.drag_started_by(egui::PointerButton::Primary)
        && let Some(start) = start
    {
        ui.data_mut(|data| data.insert_temp(response.id, start));
    }
    let start = ui.data(|data| data.get_temp::<Pos2>(response.id));
    dragged.then_some(())?;
    Some((start?, now?))
}

/// Selects while a box is drawn, and remembers what was selected before once it is done.
pub fn brush(ui: &Ui, state: &mut State, response: &Response, selection: Selection) {
    let id = response.id.with("before");
    if response.drag_started() || ui.data(|data| data.get_temp::<Option<Selection>>(id).is_none()) {
        let before = state.selection().cloned();
        ui.data_mut(|data| data.insert_temp(id, before));
    }
    state.select_for_now(selection);
    if response.drag_stopped() {
        let before = ui.data_mut(|data| data.remove_temp::<Option<Selection>>(id));
        state.remember(before.flatten());
    }
}

/// Whole timesteps between two places on the axis, at least one.
#[must_use]
pub fn steps(a: f64, b: f64, timesteps: usize) -> Range<usize> {
    let (low, high) = (a.min(b).max(0.0), a.max(b).max(0.0));
    let first = (low.floor() as usize).min(timesteps.saturating_sub(1));
    let end = (high.ceil() as usize).clamp(first + 1, timesteps.max(first + 1));
    first..end
}

/// The selected time and the cursor over a chart.
pub fn overlay(state: &State, chart: &Chart) {
    let inside = chart.inside();
    if let Some(selection) = state.selection() {
        let steps = &selection.timesteps;
        let (left, right) = (chart.at_x(steps.start as f64), chart.at_x(steps.end as f64));
        let rect = Rect::from_x_y_ranges(left..=right, chart.area.y_range());
        if steps.len() < state.view.timesteps {
            inside.rect_filled(rect, 0.0, theme::SELECTED.gamma_multiply(0.12));
            for x in [left, right] {
                inside.vline(x, chart.area.y_range(), Stroke::new(1.0, theme::SELECTED));
            }
        }
    }
    let x = chart.at_x(state.view.cursor as f64 + 0.5);
    inside.vline(
        x,
        chart.area.y_range(),
        Stroke::new(1.0, chart.ink.gamma_multiply(0.6)),
    );
}

/// Whether any of some rows is selected; everything is unless something is.
#[must_use]
pub fn touches(state: &State, rows: &Range<u32>) -> bool {
    let Some(selection) = state.selection() else {
        return false;
    };
    let all = state.open.as_ref().map(|open| open.record.all_rows());
    !selection.rows.within(rows).is_empty() && all.as_ref() != Some(&selection.rows)
}

/// Selects some rows in the selected timesteps, or all of them.
pub fn select_rows(state: &mut State, rows: Rows) {
    let Selection { timesteps, .. } = state.effective_selection();
    state.select(Some(Selection { rows, timesteps }));
}

/// As [`select_rows`], but with Ctrl, Shift or another such key held adds the rows to those that are selected.
pub fn pick_rows(ui: &Ui, state: &mut State, rows: Rows) {
    let adds = ui.input(|input| input.modifiers.any());
    match state.selection().filter(|_| adds) {
        Some(selection) => {
            let both = [selection.rows.ranges(), rows.ranges()].concat();
            select_rows(state, Rows::new(both));
        }
        None => select_rows(state, rows),
    }
}

/// Round values in a range, at most `most`.
///
/// Steps are 1, 2 or 5 times a power of ten.
#[must_use]
pub fn ticks(range: &Range<f64>, most: usize) -> Vec<f64> {
    let span = range.end - range.start;
    if !(span > 0.0 && span.is_finite()) {
        return Vec::new();
    }
    let rough = span / most.max(1) as f64;
    let decade = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * decade);
    let step = step
        .into_iter()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(decade * 10.0);
    let first = (range.start / step - 1e-9).ceil() as i64;
    let last = (range.end / step + 1e-9).floor() as i64;
    (first..=last).map(|i| i as f64 * step).collect()
}

/// A sentence in the middle of a panel that has nothing to draw.
pub fn nothing(ui: &mut Ui, text: &str) {
    ui.add_space(8.0);
    ui.horizontal_wrapped(|ui| {
        ui.add_space(8.0);
        ui.weak(text);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_ticks_and_steps() {
        assert_eq!(ticks(&(0.0..10.0), 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(&(3.0..3.9), 3), [3.0, 3.5]);
        assert_eq!(ticks(&(0.0..0.0), 3), [0.0; 0]);
        assert_eq!(steps(2.4, 0.3, 10), 0..3);
        assert_eq!(steps(9.5, 99.0, 10), 9..10);
        assert_eq!(steps(-4.0, -2.0, 10), 0..1);
    }
}
