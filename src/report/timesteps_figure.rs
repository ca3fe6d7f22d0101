//! `timesteps.svg`, `.png` and `.pdf`: accuracy and joules of the spiking network against T.

use super::canvas::{Canvas, GREY, GRID};
use super::drawing::{Drawing, FigureWidth};
use super::look::Look;
use super::mark::{legend, of_spiking, star};
use super::palette::of_network;
use super::shown::curve;
use crate::result::{Report, Scope, TimeCurve, Workload};
use crate::units::si;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const HEADER: i32 = 64;
const AXIS: i32 = 54;
const HEIGHT: i32 = 400;
/// Room for the labels of an axis.
const LABELS: i32 = 62;
/// Most intervals of an axis.
const MOST_STEPS: f64 = 5.0;

/// Accuracy, and the energy on the first spiking target, against T.
pub struct Timesteps;

impl Drawing for Timesteps {
    const NAME: &'static str = "timesteps";

    fn size(&self, _: &Report, width: FigureWidth) -> (i32, i32) {
        (Look::single(width).width, HEIGHT)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
        width: FigureWidth,
    ) -> Result<(), String> {
        let look = Look::single(width);
        let title = format!("{}: accuracy and energy", report.model_name());
        let curve = curve(report);
        look.heading(canvas, &title, &[subtitle(report, curve, width)])?;

        let plot = Plot {
            text: look.detail,
            left: look.margin + LABELS,
            right: look.width - look.margin - LABELS,
            top: HEADER + 8,
            bottom: HEIGHT - AXIS,
            timesteps: f64::from(report.timesteps),
        };
        plot.time_axis(canvas)?;
        let percent: Vec<(f64, f64)> = (report.accuracy.iter())
            .flat_map(|accuracy| accuracy.snn_per_timestep.iter().enumerate())
            .map(|(t, share)| (t as f64 + 1.0, 100.0 * share))
            .collect();
        let [accuracy, energy] = [Workload::Snn, Workload::Ann].map(of_network);
        if !percent.is_empty() {
            let lowest = percent.iter().map(|p| p.1).chain([90.0]);
            let ticks = Ticks::over(lowest, 100.0);
            let name = |value: f64| format!("{value:.0} %");
            plot.labels(canvas, &ticks, &name, HPos::Right, accuracy, true)?;
            plot.line(canvas, &ticks, &percent, accuracy)?;
        }
        if let Some((curve, scope)) = curve {
            let joules =
                |(t, e): (u32, Option<crate::units::Range>)| e.map(|e| (f64::from(t), e.nominal));
            let points = curve.points.iter();
            let joules: Vec<(f64, f64)> = points
                .map(|point| (point.timesteps, point.energy_j[scope as usize]))
                .filter_map(joules)
                .collect();
            let most = joules.iter().map(|p| p.1).fold(0.0, f64::max);
            let ticks = Ticks::over([0.0].into_iter().chain(joules.iter().map(|p| p.1)), most);
            let name = |value: f64| match value {
                0.0 => "0 J".to_owned(),
                value => si(value, "J")
                    .replacen(".00 ", " ", 1)
                    .replacen(".0 ", " ", 1),
            };
            let grid = percent.is_empty();
            plot.labels(canvas, &ticks, &name, HPos::Left, energy, grid)?;
            plot.line(canvas, &ticks, &joules, energy)?;
        }
        Ok(())
    }
}

fn subtitle(report: &Report, curve: Option<(&TimeCurve, Scope)>, width: FigureWidth) -> String {
    let target = curve.map(|(curve, scope)| {
        let mut targets = report.targets.iter();
        let target = targets.find(|t| t.name == curve.target);
        let unverified = of_spiking(report, &curve.target, scope);
        let mark = star(unverified);
        let place = match target.filter(|_| width.is_wide()) {
            Some(target) => format!("right: energy on {}{mark}", target.title),
            None => format!("right: {}{mark}", curve.target),
        };
        format!("{place}, {}{}", scope.meaning(), legend(unverified))
    });
    let accuracy =
        (report.accuracy.as_ref()).map(|_| format!("left: accuracy, {} samples", report.samples));
    let parts: Vec<String> = accuracy.into_iter().chain(target).collect();
    parts.join("; ")
}

/// An axis from a round value to a round value.
struct Ticks {
    first: f64,
    step: f64,
    steps: usize,
}

impl Ticks {
    /// Holds all values and `most`.
    fn over(values: impl Iterator<Item = f64>, most: f64) -> Self {
        let low = values.fold(most, f64::min);
        let low = low.min(most - 0.01 * most.abs());
        let span = (most - low).max(f64::MIN_POSITIVE);
        let decade = 10f64.powf((span / MOST_STEPS).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|digit| digit * decade)
            .into_iter()
            .find(|step| span / step <= MOST_STEPS)
            .unwrap_or(10.0 * decade);
        let first = (low / step).floor() * step;
        // A millionth of a step: what is on a tick but for rounding needs no further one.
        let steps = ((most - first) / step - 1e-6).ceil().max(1.0) as usize;
        Ticks { first, step, steps }
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        (0..=self.steps).map(|i| self.first + i as f64 * self.step)
    }

    /// Position of a value between 0 and 1.
    fn position(&self, value: f64) -> f64 {
        ((value - self.first) / (self.step * self.steps as f64)).clamp(0.0, 1.0)
    }
}

struct Plot {
    /// Letters of labels.
    text: i32,
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
    timesteps: f64,
}

impl Plot {
    /// From 0 to all timesteps.
    fn x(&self, t: f64) -> i32 {
        self.left + (t / self.timesteps.max(1.0) * f64::from(self.right - self.left)).round() as i32
    }

    fn y(&self, ticks: &Ticks, value: f64) -> i32 {
        self.bottom - (ticks.position(value) * f64::from(self.bottom - self.top)).round() as i32
    }

    fn time_axis<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), String> {
        let ticks = Ticks::over([0.0].into_iter(), self.timesteps);
        let whole = ticks
            .values()
            .filter(|t| t.fract() == 0.0 && *t <= self.timesteps);
        for t in whole {
            let x = self.x(t);
            canvas.line((x, self.bottom), (x, self.bottom + 5), GREY, 1)?;
            canvas.text(
                &t.to_string(),
                (x, self.bottom + 17),
                self.text,
                GREY,
                HPos::Center,
            )?;
        }
        canvas.line((self.left, self.bottom), (self.right, self.bottom), GREY, 1)?;
        let middle = (self.left + self.right) / 2;
        let name = "timesteps";
        canvas.text(
            name,
            (middle, self.bottom + 38),
            self.text,
            GREY,
            HPos::Center,
        )
    }

    fn line<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        ticks: &Ticks,
        points: &[(f64, f64)],
        colour: RGBColor,
    ) -> Result<(), String> {
        let at = |&(t, value): &(f64, f64)| (self.x(t), self.y(ticks, value));
        let path: Vec<(i32, i32)> = points.iter().map(at).collect();
        canvas.path(&path, colour, 2)?;
        // Markers where they can be told apart.
        if path.len() <= 32 {
            for point in path {
                canvas.dot(point, colour, true)?;
            }
        }
        Ok(())
    }

    fn labels<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        ticks: &Ticks,
        name: &dyn Fn(f64) -> String,
        side: HPos,
        colour: RGBColor,
        grid: bool,
    ) -> Result<(), String> {
        let x = match side {
            HPos::Right => self.left - 8,
            _ => self.right + 8,
        };
        for value in ticks.values() {
            let y = self.y(ticks, value);
            if grid {
                canvas.line((self.left, y), (self.right, y), GRID, 1)?;
            }
            canvas.text(&name(value), (x, y), self.text, colour, side)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_round_axes() {
        let of = |low: f64, most: f64| {
            let ticks = Ticks::over([low].into_iter(), most);
            ticks
                .values()
                .map(|v| (v * 1e9).round() / 1e9)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(61.0, 100.0), [60.0, 70.0, 80.0, 90.0, 100.0]);
        assert_eq!(of(0.0, 32.0), [0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(of(0.0, 8.0), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(of(0.0, 0.3), [0.0, 0.1, 0.2, 0.3]);
        assert_eq!(of(7.0, 7.0), [6.92, 6.94, 6.96, 6.98, 7.0]);
    }
}
