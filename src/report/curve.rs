//! `accuracy_vs_timesteps`: accuracy, and energy on a second axis, against T.

use super::canvas::Canvas;
use super::drawing::{Drawing, FigureWidth};
use super::mark::star;
use super::palette::{GREEN, of_network};
use crate::experiment::Diagnosis;
use crate::result::Workload;
use plotters::chart::DualCoordChartContext;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

const SIZE: (i32, i32) = (900, 520);

const ORIGINAL: RGBColor = RGBColor(105, 105, 105);
const EARLY: RGBColor = GREEN;

/// What the conversion doctor found at each number of timesteps.
pub struct Curve;

impl Drawing<Diagnosis> for Curve {
    const NAME: &'static str = "accuracy_vs_timesteps";

    fn size(&self, _: &Diagnosis, _: FigureWidth) -> (i32, i32) {
        SIZE
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        diagnosis: &Diagnosis,
        _: FigureWidth,
    ) -> Result<(), String> {
        let chart = Chart {
            scale: f64::from(canvas.scale),
            data: Data::of(diagnosis),
            diagnosis,
        };
        chart
            .draw(canvas.area)
            .map_err(|error: DrawingAreaErrorKind<DB::ErrorType>| error.to_string())
    }
}

/// What is drawn against the timesteps.
struct Data {
    /// Accuracy or agreement [%].
    scores: Vec<(f64, f64)>,
    /// The first target whose energy is known, starred if that includes unverified figures: one
    /// price against T; the table has all.
    target: Option<String>,
    /// Energy per inference on it [µJ].
    energies: Vec<(f64, f64)>,
}

impl Data {
    fn of(diagnosis: &Diagnosis) -> Self {
        let curve = &diagnosis.curve;
        let known = curve.last().and_then(|point| {
            let known = point.energy.iter().position(|e| e.energy_j.is_some())?;
            let energy = &point.energy[known];
            Some((
                known,
                format!("{}{}", energy.target, star(energy.unverified)),
            ))
        });
        Data {
            scores: curve
                .iter()
                .map(|point| {
                    let score = point.accuracy.unwrap_or(point.agreement);
                    (f64::from(point.timesteps), 100.0 * score)
                })
                .collect(),
            energies: curve
                .iter()
                .filter_map(|point| {
                    let energy = point.energy.get(known.as_ref()?.0)?.energy_j?;
                    Some((f64::from(point.timesteps), 1e6 * energy))
                })
                .collect(),
            target: known.map(|(_, name)| name),
        }
    }
}

type Plane = Cartesian2d<RangedCoordf64, RangedCoordf64>;
type Context<'a, DB> = DualCoordChartContext<'a, DB, Plane, Plane>;
type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

struct Chart<'a> {
    /// Pixels per logical pixel.
    scale: f64,
    data: Data,
    diagnosis: &'a Diagnosis,
}

impl Chart<'_> {
    fn px(&self, size: f64) -> u32 {
        (size * self.scale) as u32
    }

    fn font(&self, size: f64) -> FontDesc<'static> {
        ("sans-serif", size * self.scale).into_font()
    }

    fn stroke(&self, colour: RGBColor) -> ShapeStyle {
        colour.stroke_width(self.px(2.0))
    }

    /// The last timestep and half a step beside it.
    fn end(&self) -> f64 {
        f64::from(self.diagnosis.timesteps) + 0.5
    }

    /// A short line for the legend.
    fn key(
        &self,
        colour: RGBColor,
    ) -> impl Fn((i32, i32)) -> PathElement<(i32, i32)> + 'static + use<> {
        let (length, stroke) = ((18.0 * self.scale) as i32, self.stroke(colour));
        move |(x, y)| PathElement::new([(x, y), (x + length, y)], stroke)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let energies = self.data.energies.iter().map(|energy| energy.1);
        let most = energies.fold(0.0, f64::max).max(1e-9);
        let title = format!(
            "{}: accuracy and energy against timesteps",
            self.diagnosis.model
        );
        let mut chart = ChartBuilder::on(area)
            .caption(title, self.font(22.0))
            .margin(self.px(16.0))
            .x_label_area_size(self.px(46.0))
            .y_label_area_size(self.px(64.0))
            .right_y_label_area_size(self.px(72.0))
            .build_cartesian_2d(0.5..self.end(), 0.0..100.0)?
            .set_secondary_coord(0.5..self.end(), 0.0..most * 1.1);
        self.axes(&mut chart)?;
        self.scores(&mut chart)?;
        self.early_exit(&mut chart)?;
        self.energies(&mut chart)?;
        self.legend(&mut chart)
    }

    fn axes<'c, DB: DrawingBackend + 'c>(&self, chart: &mut Context<'c, DB>) -> Drawn<DB> {
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .x_desc("timesteps T")
            .y_desc(if self.diagnosis.ann_accuracy.is_some() {
                "accuracy [%]"
            } else {
                "agreement with the original [%]"
            })
            .x_label_formatter(&|t| format!("{t:.0}"))
            .label_style(self.font(15.0))
            .axis_desc_style(self.font(16.0))
            .draw()?;
        let Some(name) = &self.data.target else {
            return Ok(());
        };
        chart
            .configure_secondary_axes()
            .y_desc(format!("energy per inference on {name} [µJ]"))
            .label_style(self.font(15.0))
            .axis_desc_style(self.font(16.0))
            .draw()
    }

    /// Of the original network as a line, of the spiking one at each number of timesteps.
    fn scores<'c, DB: DrawingBackend + 'c>(&self, chart: &mut Context<'c, DB>) -> Drawn<DB> {
        let accuracy = of_network(Workload::Snn);
        if let Some(ann) = self.diagnosis.ann_accuracy {
            let line = [(0.5, 100.0 * ann), (self.end(), 100.0 * ann)];
            chart
                .draw_series(LineSeries::new(line, self.stroke(ORIGINAL)))?
                .label(format!("original, {:.1} %", 100.0 * ann))
                .legend(self.key(ORIGINAL));
        }
        let scores = &self.data.scores;
        chart
            .draw_series(LineSeries::new(scores.clone(), self.stroke(accuracy)))?
            .label("spiking network")
            .legend(self.key(accuracy));
        let dot = |at: &(f64, f64)| Circle::new(*at, self.px(3.0), accuracy.filled());
        chart.draw_series(scores.iter().map(dot))?;
        Ok(())
    }

    fn early_exit<'c, DB: DrawingBackend + 'c>(&self, chart: &mut Context<'c, DB>) -> Drawn<DB> {
        let early = &self.diagnosis.early_exit;
        let Some(accuracy) = early.accuracy else {
            return Ok(());
        };
        let at = (early.mean_timesteps, 100.0 * accuracy);
        let name = format!("early exit, {:.1} % at {:.1} timesteps", at.1, at.0);
        let mark = TriangleMarker::new(at, self.px(9.0), EARLY.filled());
        let key = self.key(EARLY);
        chart.draw_series([mark])?.label(name).legend(key);
        Ok(())
    }

    fn energies<'c, DB: DrawingBackend + 'c>(&self, chart: &mut Context<'c, DB>) -> Drawn<DB> {
        let energy = of_network(Workload::Ann);
        if self.data.energies.is_empty() {
            return Ok(());
        }
        let line = LineSeries::new(self.data.energies.clone(), self.stroke(energy));
        chart
            .draw_secondary_series(line)?
            .label("energy (right axis)")
            .legend(self.key(energy));
        Ok(())
    }

    fn legend<'c, DB: DrawingBackend + 'c>(&self, chart: &mut Context<'c, DB>) -> Drawn<DB> {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .legend_area_size(self.px(24.0))
            .margin(self.px(10.0))
            .background_style(WHITE.filled())
            .border_style(ORIGINAL)
            .label_font(self.font(15.0))
            .draw()
    }
}
