//! `accuracy_vs_timesteps.svg` and `.png`: accuracy, and energy on a second axis, against T.

use super::ExportError;
use super::canvas::register_font;
use crate::experiment::Diagnosis;
use plotters::prelude::*;
use std::io::Read;

const SIZE: (u32, u32) = (900, 520);
const FILE: &str = "accuracy_vs_timesteps";

/// Source of the colours: Okabe and Ito 2008, "Color Universal Design".
const ACCURACY: RGBColor = RGBColor(0, 114, 178);
const ORIGINAL: RGBColor = RGBColor(105, 105, 105);
const ENERGY: RGBColor = RGBColor(213, 94, 0);
const EARLY: RGBColor = RGBColor(0, 158, 115);

/// The figure as SVG.
///
/// # Errors
/// If it cannot be drawn.
pub fn curve_svg(diagnosis: &Diagnosis) -> Result<Vec<u8>, ExportError> {
    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
    draw(&area, 1.0, diagnosis).map_err(|message| ExportError::Figure {
        file: "accuracy_vs_timesteps.svg",
        message,
    })?;
    drop(area);
    Ok(text.into_bytes())
}

/// The figure as PNG, twice as large.
///
/// # Errors
/// If it cannot be drawn.
pub fn curve_png(diagnosis: &Diagnosis) -> Result<Vec<u8>, ExportError> {
    let io = ExportError::io("accuracy_vs_timesteps.png");
    // plotters encodes PNG into paths only.
    let image = tempfile::Builder::new()
        .prefix(FILE)
        .suffix(".png")
        .tempfile()
        .map_err(&io)?;
    let area = BitMapBackend::new(image.path(), (2 * SIZE.0, 2 * SIZE.1)).into_drawing_area();
    draw(&area, 2.0, diagnosis).map_err(|message| ExportError::Figure {
        file: "accuracy_vs_timesteps.png",
        message,
    })?;
    drop(area);
    let mut bytes = Vec::new();
    image
        .reopen()
        .and_then(|mut image| image.read_to_end(&mut bytes))
        .map_err(io)?;
    Ok(bytes)
}

fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, plotters::coord::Shift>,
    scale: f64,
    diagnosis: &Diagnosis,
) -> Result<(), String> {
    let failed = |error: DrawingAreaErrorKind<DB::ErrorType>| error.to_string();
    register_font()?;
    let px = |size: f64| (size * scale) as u32;
    let font = |size: f64| ("sans-serif", size * scale).into_font();
    area.fill(&WHITE).map_err(failed)?;
    let scores: Vec<(f64, f64)> = diagnosis
        .curve
        .iter()
        .map(|point| {
            let score = point.accuracy.unwrap_or(point.agreement);
            (f64::from(point.timesteps), 100.0 * score)
        })
        .collect();
    // The first target whose energy is known: one price against T; the table has all.
    let target = diagnosis.curve.last().and_then(|point| {
        let known = point.energy.iter().position(|e| e.energy_j.is_some())?;
        Some((known, point.energy[known].target.clone()))
    });
    let energies: Vec<(f64, f64)> = diagnosis
        .curve
        .iter()
        .filter_map(|point| {
            let energy = point.energy.get(target.as_ref()?.0)?.energy_j?;
            Some((f64::from(point.timesteps), 1e6 * energy))
        })
        .collect();
    let most = energies.iter().map(|e| e.1).fold(0.0, f64::max).max(1e-9);
    let end = f64::from(diagnosis.timesteps) + 0.5;
    let title = format!("{}: accuracy and energy against timesteps", diagnosis.model);
    let mut chart = ChartBuilder::on(area)
        .caption(title, font(22.0))
        .margin(px(16.0))
        .x_label_area_size(px(46.0))
        .y_label_area_size(px(64.0))
        .right_y_label_area_size(px(72.0))
        .build_cartesian_2d(0.5..end, 0.0..100.0)
        .map_err(failed)?
        .set_secondary_coord(0.5..end, 0.0..most * 1.1);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .x_desc("timesteps T")
        .y_desc(if diagnosis.ann_accuracy.is_some() {
            "accuracy [%]"
        } else {
            "agreement with the original [%]"
        })
        .x_label_formatter(&|t| format!("{t:.0}"))
        .label_style(font(15.0))
        .axis_desc_style(font(16.0))
        .draw()
        .map_err(failed)?;
    if let Some((_, name)) = &target {
        chart
            .configure_secondary_axes()
            .y_desc(format!("energy per inference on {name} [µJ]"))
            .label_style(font(15.0))
            .axis_desc_style(font(16.0))
            .draw()
            .map_err(failed)?;
    }
    let stroke = |colour: RGBColor| colour.stroke_width(px(2.0));
    let key = move |x: i32, y: i32, colour: RGBColor| {
        PathElement::new([(x, y), (x + (18.0 * scale) as i32, y)], stroke(colour))
    };
    if let Some(ann) = diagnosis.ann_accuracy {
        let line = [(0.5, 100.0 * ann), (end, 100.0 * ann)];
        chart
            .draw_series(LineSeries::new(line, stroke(ORIGINAL)))
            .map_err(failed)?
            .label(format!("original, {:.1} %", 100.0 * ann))
            .legend(move |(x, y)| key(x, y, ORIGINAL));
    }
    chart
        .draw_series(LineSeries::new(scores.clone(), stroke(ACCURACY)))
        .map_err(failed)?
        .label("spiking network")
        .legend(move |(x, y)| key(x, y, ACCURACY));
    chart
        .draw_series(
            scores
                .iter()
                .map(|&at| Circle::new(at, px(3.0), ACCURACY.filled())),
        )
        .map_err(failed)?;
    if let Some(accuracy) = diagnosis.early_exit.accuracy {
        let at = (diagnosis.early_exit.mean_timesteps, 100.0 * accuracy);
        chart
            .draw_series([TriangleMarker::new(at, px(9.0), EARLY.filled())])
            .map_err(failed)?
            .label(format!(
                "early exit, {:.1} % at {:.1} timesteps",
                at.1, at.0
            ))
            .legend(move |(x, y)| key(x, y, EARLY));
    }
    if !energies.is_empty() {
        chart
            .draw_secondary_series(LineSeries::new(energies, stroke(ENERGY)))
            .map_err(failed)?
            .label("energy (right axis)")
            .legend(move |(x, y)| key(x, y, ENERGY));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .legend_area_size(px(24.0))
        .margin(px(10.0))
        .background_style(WHITE.filled())
        .border_style(ORIGINAL)
        .label_font(font(15.0))
        .draw()
        .map_err(failed)?;
    area.present().map_err(failed)
}
