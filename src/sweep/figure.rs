//! The front of a sweep as a figure: every candidate as a dot, the front as a line.

use super::SweepError;
use super::metric::Metric;
use super::pareto::{Entry, Front};
use super::table::is_starred;
use crate::report::FigureWidth;
use crate::report::canvas::register_font;
use crate::report::palette::of_network;
use crate::report::surface::{Surface, png_file, room};
use crate::result::Workload;
use crate::units::si;
use plotters::coord::Shift;
use plotters::coord::combinators::LogCoord;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use std::ops::Range;

/// Size in pixels.
const SIZE: (u32, u32) = (1000, 640);

/// Size for one column.
const COLUMN_SIZE: (u32, u32) = (483, 420);

/// The figure as SVG. Two objectives are drawn: the second against the first.
///
/// # Errors
/// If nothing can be drawn.
pub fn pareto_svg(front: &Front) -> Result<String, SweepError> {
    let mut text = String::new();
    draw(Surface::svg(&mut text, SIZE), front, 1)?;
    Ok(text)
}

/// The figure as PNG at twice the size of the SVG.
///
/// # Errors
/// As [`pareto_svg`].
pub fn pareto_png(front: &Front) -> Result<Vec<u8>, SweepError> {
    let size = (SIZE.0 * 2, SIZE.1 * 2);
    let mut pixels = room(size);
    draw(Surface::pixels(&mut pixels, size), front, 2)?;
    png_file(&pixels, size).map_err(|error| figure_error(&error))
}

/// The figure as PDF with its font, for two columns of a paper or for one. Letters have the same size
/// on paper in both.
///
/// # Errors
/// As [`pareto_svg`].
pub fn pareto_pdf(front: &Front, wide: bool) -> Result<Vec<u8>, SweepError> {
    let (size, width_mm) = match wide {
        true => (SIZE, FigureWidth::Wide.millimetres()),
        false => (COLUMN_SIZE, FigureWidth::Column.millimetres()),
    };
    let mut bytes = Vec::new();
    let page = Surface::pdf(&mut bytes, size, width_mm).map_err(|error| figure_error(&error))?;
    draw(page, front, 1)?;
    Ok(bytes)
}

fn figure_error(error: &dyn std::fmt::Display) -> SweepError {
    SweepError::Method(format!("the front cannot be drawn: {error}"))
}

fn draw(surface: Surface<'_>, front: &Front, scale: u32) -> Result<(), SweepError> {
    let area = surface.into_drawing_area();
    register_font().map_err(|error| figure_error(&error))?;
    let (gain, cost) = (front.gain(), front.cost());
    let at = |entry: &Entry| Some((front.value(cost, entry)?, front.value(gain, entry)?));
    let points: Vec<(f64, f64)> = front
        .best
        .iter()
        .chain(&front.dominated)
        .filter_map(at)
        .collect();
    let (Some(x), Some(y)) = (
        bounds(points.iter().map(|p| p.0), true),
        bounds(points.iter().map(|p| p.1), false),
    ) else {
        return Err(figure_error(&"no candidate is left"));
    };
    plot(&area, front, (gain, cost), (x, y), scale).map_err(|error| figure_error(&error))
}

/// Cost across, gain upwards.
type Plane = Cartesian2d<LogCoord<f64>, RangedCoordf64>;

fn plot<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    front: &Front,
    (gain, cost): (Metric, Metric),
    (x, y): (Range<f64>, Range<f64>),
    scale: u32,
) -> Result<(), String> {
    let text = |size: u32| ("sans-serif", size * scale).into_font();
    let failed = |error: DrawingAreaErrorKind<DB::ErrorType>| error.to_string();
    area.fill(&WHITE).map_err(failed)?;
    let mut chart = ChartBuilder::on(area)
        .margin(24 * scale)
        .x_label_area_size(56 * scale)
        .y_label_area_size(84 * scale)
        .build_cartesian_2d(x.log_scale(), y)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc(cost.heading())
        .y_desc(gain.heading())
        .label_style(text(15))
        .axis_desc_style(text(17))
        .x_label_formatter(&|value| tick(*value, cost))
        .y_label_formatter(&|value| format!("{value:.3}"))
        .draw()
        .map_err(failed)?;
    let at = |entry: &Entry| {
        Some((
            (front.value(cost, entry)?, front.value(gain, entry)?),
            of_network(entry.candidate.workload),
        ))
    };
    let steps = staircase(front, gain, cost);
    let line = BLACK.mix(0.6).stroke_width(2 * scale);
    chart
        .draw_series(LineSeries::new(steps, line))
        .map_err(failed)?;
    let faint = front.dominated.iter().filter_map(at);
    chart
        .draw_series(faint.map(|(p, c)| Circle::new(p, 3 * scale, c.mix(0.35).filled())))
        .map_err(failed)?;
    for workload in Workload::ALL {
        let mine = |entry: &&Entry| entry.candidate.workload == workload;
        let dots = front.best.iter().filter(mine).filter_map(at);
        let dot = of_network(workload).filled();
        chart
            .draw_series(dots.map(|(p, _)| Circle::new(p, 6 * scale, dot)))
            .map_err(failed)?
            .label(workload.label())
            .legend(move |(x, y)| Circle::new((x, y), 6 * scale, dot));
    }
    mark(&mut chart, front, (gain, cost), scale).map_err(failed)?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .margin(14 * scale)
        .legend_area_size(26 * scale)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.2))
        .label_font(text(16))
        .draw()
        .map_err(failed)?;
    area.present().map_err(failed)
}

/// Marks the candidates with unverified figures, and the knee.
fn mark<DB: DrawingBackend>(
    chart: &mut ChartContext<'_, DB, Plane>,
    front: &Front,
    (gain, cost): (Metric, Metric),
    scale: u32,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let at = |entry: &Entry| Some((front.value(cost, entry)?, front.value(gain, entry)?));
    if is_starred(front) {
        let open = WHITE.filled();
        let marked = front.best.iter().filter(|entry| entry.candidate.unverified);
        let rings = marked.filter_map(at);
        chart
            .draw_series(rings.map(|p| Circle::new(p, 3 * scale, open)))?
            .label("open: * unverified cost figures")
            .legend(move |(x, y)| Circle::new((x, y), 6 * scale, BLACK.stroke_width(2 * scale)));
    }
    if let Some(p) = front.knee.and_then(|knee| at(&front.best[knee])) {
        let ring = BLACK.stroke_width(2 * scale);
        chart
            .draw_series([Circle::new(p, 11 * scale, ring)])?
            .label("knee")
            .legend(move |(x, y)| Circle::new((x, y), 8 * scale, ring));
    }
    Ok(())
}

/// `10 µJ`: the axis has a label at whole decades only.
fn tick(value: f64, cost: Metric) -> String {
    match cost.unit() {
        "" => format!("{value:.0e}"),
        unit => si(value, unit).replacen(".00", "", 1).replacen(".0", "", 1),
    }
}

/// What the front reaches at each cost, as the corners of a staircase.
fn staircase(front: &Front, gain: Metric, cost: Metric) -> Vec<(f64, f64)> {
    let mut corners: Vec<(f64, f64)> = front
        .best
        .iter()
        .filter_map(|entry| Some((front.value(cost, entry)?, front.value(gain, entry)?)))
        .collect();
    corners.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut steps = Vec::with_capacity(2 * corners.len());
    for corner in corners {
        if let Some(&(_, height)) = steps.last() {
            steps.push((corner.0, height));
        }
        steps.push(corner);
    }
    steps
}

/// The range of some values with a margin; a logarithmic axis needs positive ones.
fn bounds(values: impl Iterator<Item = f64>, logarithmic: bool) -> Option<Range<f64>> {
    let usable = values.filter(|value| !logarithmic || *value > 0.0);
    let (low, high) = usable.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return None;
    }
    if logarithmic {
        Some(low / 1.5..high * 1.5)
    } else {
        let margin = (0.06 * (high - low)).max(0.005);
        Some(low - margin..high + margin)
    }
}
