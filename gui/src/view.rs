//! What part of the time and of the rows is on the screen: shared by all panels.

use eframe::egui::{self, Response, Ui};
use std::ops::Range;

/// The visible window.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Visible timesteps.
    pub time: Range<f64>,
    /// Visible rows of the raster.
    pub rows: Range<f64>,
    /// All timesteps.
    pub timesteps: usize,
    /// All rows that can be shown.
    pub height: u32,
    /// The timestep that panels about one moment show.
    pub cursor: usize,
    /// Whether the cursor moves by itself.
    pub playing: bool,
    /// Timesteps per second while playing.
    pub speed: f64,
}

impl Default for View {
    fn default() -> Self {
        View::new(0, 0)
    }
}

impl View {
    /// Everything visible.
    #[must_use]
    pub fn new(timesteps: usize, height: u32) -> Self {
        View {
            time: 0.0..timesteps.max(1) as f64,
            rows: 0.0..f64::from(height.max(1)),
            timesteps,
            height,
            cursor: 0,
            playing: false,
            speed: (timesteps as f64 / 8.0).max(2.0),
        }
    }

    /// Shows everything.
    pub fn fit(&mut self) {
        self.time = 0.0..self.timesteps.max(1) as f64;
        self.rows = 0.0..f64::from(self.height.max(1));
    }

    /// Shows a part of the time, at least one timestep.
    pub fn show_time(&mut self, range: Range<f64>) {
        self.time = within(range, self.timesteps.max(1) as f64, 1.0);
    }

    /// Shows some rows, at least one.
    pub fn show_rows(&mut self, range: Range<f64>) {
        self.rows = within(range, f64::from(self.height.max(1)), 1.0);
    }

    /// Puts the cursor to a timestep that exists.
    pub fn go_to(&mut self, timestep: i64) {
        self.cursor = timestep.clamp(0, self.timesteps.saturating_sub(1) as i64) as usize;
    }

    /// What wheel, middle button and double click do over a panel with a time axis in `area`.
    pub fn interact(&mut self, ui: &Ui, response: &Response, area: egui::Rect, rows: bool) {
        if response.double_clicked() {
            self.fit();
        }
        let Some(pointer) = response.hover_pos() else {
            return;
        };
        let (zoom, scroll, shift) = ui.input(|input| {
            let shift = input.modifiers.shift;
            (input.zoom_delta(), input.smooth_scroll_delta(), shift)
        });
        let at = |range: &Range<f64>, part: f32| {
            range.start + (range.end - range.start) * f64::from(part)
        };
        if zoom != 1.0 {
            let factor = 1.0 / f64::from(zoom);
            if shift && rows {
                let at = at(&self.rows, (pointer.y - area.top()) / area.height());
                self.show_rows(scaled(&self.rows, at, factor));
            } else {
                let at = at(&self.time, (pointer.x - area.left()) / area.width());
                self.show_time(scaled(&self.time, at, factor));
            }
        }
        let drag = if response.dragged_by(egui::PointerButton::Middle) {
            response.drag_delta()
        } else {
            scroll
        };
        let move_by = |range: &Range<f64>, pixels: f32, size: f32| {
            let by = -f64::from(pixels / size.max(1.0)) * (range.end - range.start);
            range.start + by..range.end + by
        };
        if drag.x != 0.0 {
            self.show_time(move_by(&self.time, drag.x, area.width()));
        }
        if drag.y != 0.0 && rows {
            self.show_rows(move_by(&self.rows, drag.y, area.height()));
        }
    }
}

fn scaled(range: &Range<f64>, at: f64, factor: f64) -> Range<f64> {
    at - (at - range.start) * factor..at + (range.end - at) * factor
}

/// `range` moved and cut so that it lies between 0 and `end` and is not below `least`.
fn within(range: Range<f64>, end: f64, least: f64) -> Range<f64> {
    let size = (range.end - range.start).clamp(least.min(end), end);
    let start = range.start.clamp(0.0, end - size);
    start..start + size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_stays_inside() {
        let mut view = View::new(100, 10);
        view.show_time(90.0..130.0);
        assert_eq!(view.time, 60.0..100.0);
        view.show_time(50.0..50.2);
        assert_eq!(view.time, 50.0..51.0);
        view.show_rows(-5.0..500.0);
        assert_eq!(view.rows, 0.0..10.0);
        view.go_to(-3);
        assert_eq!(view.cursor, 0);
        view.go_to(1000);
        assert_eq!(view.cursor, 99);
        assert_eq!(scaled(&(10.0..30.0), 15.0, 0.5), 12.5..22.5);
    }
}
