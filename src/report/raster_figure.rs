//! `raster.svg`, `.png` and `.pdf`: which neurons of a recording fire when, a band for each population.

use super::canvas::{Canvas, GREY, GRID, INK};
use super::drawing::{Drawing, FigureWidth};
use super::escape::printable;
use super::look::Look;
use super::palette::CYCLE;
use super::raster::{Band, Cells, Marks, RasterPicture, SHADES};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const HEADER: i32 = 58;
/// Height of a line of facts.
const FACT: i32 = 20;
const AXIS: i32 = 56;
/// Between two populations.
const GAP: i32 = 6;

/// Spikes of a recording.
pub struct RasterFigure;

impl Drawing<RasterPicture> for RasterFigure {
    const NAME: &'static str = "raster";

    fn size(&self, picture: &RasterPicture, width: FigureWidth) -> (i32, i32) {
        let bands: i32 = (picture.bands.iter())
            .map(|band| band.height as i32 + GAP)
            .sum();
        let facts = facts(width, picture).len() as i32;
        (
            Look::single(width).width,
            HEADER + FACT * facts + bands.max(FACT) + AXIS,
        )
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        picture: &RasterPicture,
        width: FigureWidth,
    ) -> Result<(), String> {
        let look = Look::single(width);
        let facts = facts(width, picture);
        let title = format!("{}: spikes", printable(&picture.title));
        look.heading(canvas, &title, &facts)?;
        let mut names = 0;
        for band in &picture.bands {
            names = names.max(canvas.width(&printable(&band.name), look.detail)?);
        }
        let names = names.min(look.room() / 4);
        let plot = Plot {
            text: look.detail,
            left: look.margin + names + 10,
            right: look.width - look.margin - 10,
            timesteps: picture.timesteps.max(1),
        };
        let mut top = HEADER + FACT * facts.len() as i32;
        for (band, colour) in picture.bands.iter().zip(CYCLE.iter().cycle()) {
            let (height, middle) = (band.height as i32, top + band.height as i32 / 2);
            let name = canvas.fitted(&printable(&band.name), look.detail, names)?;
            canvas.text(
                &name,
                (plot.left - 8, middle),
                look.detail,
                INK,
                HPos::Right,
            )?;
            match &band.marks {
                Marks::Each(marks) => plot.marks(canvas, band, marks, top, *colour)?,
                Marks::Cells(cells) => plot.cells(canvas, cells, height, top, *colour)?,
            }
            canvas.line((plot.left, top), (plot.left, top + height), GREY, 1)?;
            let line = top + height + GAP / 2;
            canvas.line((plot.left, line), (plot.right, line), GRID, 1)?;
            top += height + GAP;
        }
        plot.axis(canvas, top)
    }
}

fn facts(width: FigureWidth, picture: &RasterPicture) -> Vec<String> {
    let mut facts = vec![format!(
        "sample {}, {} spikes",
        picture.sample, picture.spikes
    )];
    if picture.left_out > 0 {
        facts[0] += &format!(", {} more populations fire", picture.left_out);
    }
    facts.push(match picture.peak {
        None if picture.bands.is_empty() => "no neuron fires".to_owned(),
        None => "a mark is a spike; neurons upwards".to_owned(),
        Some(peak) => format!(
            "darkest: {} to {} spikes per neuron and timestep",
            significant(peak / 2.0),
            significant(peak)
        ),
    });
    if picture.peak.is_some() {
        facts.push("each lighter shade is half of it, the lightest all below".to_owned());
    }
    match width {
        FigureWidth::Wide => vec![facts.join("; ")],
        FigureWidth::Column => facts,
    }
}

struct Plot {
    /// Letters of labels.
    text: i32,
    left: i32,
    right: i32,
    timesteps: usize,
}

impl Plot {
    /// Where part `index` of `parts` begins.
    fn x(&self, index: usize, parts: usize) -> i32 {
        let width = (self.right - self.left) as usize;
        self.left + (index * width / parts) as i32
    }

    fn marks<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        band: &Band,
        marks: &[(usize, usize)],
        top: i32,
        colour: RGBColor,
    ) -> Result<(), String> {
        let each = (self.right - self.left) as usize / self.timesteps;
        let wide = (each * 2 / 3).clamp(1, 4) as i32;
        let tall = (band.height / band.neurons.max(1)).clamp(2, 6) as i32;
        let bottom = top + band.height as i32;
        for &(t, neuron) in marks {
            let middle = (self.x(t, self.timesteps) + self.x(t + 1, self.timesteps)) / 2;
            let x = middle - wide / 2;
            let y = bottom - (neuron * (band.height - tall as usize) / band.neurons) as i32;
            canvas.rectangle((x, y - tall), (x + wide, y), colour)?;
        }
        Ok(())
    }

    /// Cells of the same shade beside each other are one rectangle.
    fn cells<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        cells: &Cells,
        height: i32,
        top: i32,
        colour: RGBColor,
    ) -> Result<(), String> {
        let bottom = top + height;
        let y = |row: usize| bottom - (row as i32 * height) / cells.rows as i32;
        for (row, shades) in cells.shades.chunks(cells.columns).enumerate() {
            let mut column = 0;
            for run in shades.chunk_by(|a, b| a == b) {
                let (from, to) = (column, column + run.len());
                column = to;
                if run[0] > 0 {
                    let (x0, x1) = (self.x(from, cells.columns), self.x(to, cells.columns));
                    let (low, high) = (y(row), y(row + 1));
                    canvas.rectangle((x0, high), (x1, low), shaded(colour, run[0]))?;
                }
            }
        }
        Ok(())
    }

    fn axis<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>, y: i32) -> Result<(), String> {
        canvas.line((self.left, y), (self.right, y), GREY, 1)?;
        let step = step(self.timesteps);
        for t in (0..=self.timesteps).step_by(step) {
            let x = self.x(t, self.timesteps);
            canvas.line((x, y), (x, y + 5), GREY, 1)?;
            canvas.text(&t.to_string(), (x, y + 16), self.text, GREY, HPos::Center)?;
        }
        let middle = ((self.left + self.right) / 2, y + 36);
        canvas.text("timesteps", middle, self.text, GREY, HPos::Center)
    }
}

/// A round number of timesteps between labels: five of them at most.
fn step(timesteps: usize) -> usize {
    let mut decade = 1;
    loop {
        for digit in [1, 2, 5] {
            if timesteps / (digit * decade) <= 5 {
                return digit * decade;
            }
        }
        decade *= 10;
    }
}

/// Two significant digits of a rate.
fn significant(rate: f64) -> String {
    let digits = (1.0 - rate.log10().floor()).clamp(0.0, 12.0);
    format!("{rate:.*}", digits as usize)
}

/// The colour mixed with white.
fn shaded(colour: RGBColor, shade: u8) -> RGBColor {
    let (part, all) = (u16::from(shade), u16::from(SHADES));
    let mix = |channel: u8| ((u16::from(channel) * part + 255 * (all - part)) / all) as u8;
    RGBColor(mix(colour.0), mix(colour.1), mix(colour.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_labels_and_shades() {
        let found = [1, 5, 8, 64, 300, 10_000].map(step);
        assert_eq!(found, [1, 1, 2, 20, 100, 2000]);
        assert_eq!(shaded(RGBColor(0, 100, 255), SHADES), RGBColor(0, 100, 255));
        let rates = [0.5, 0.022, 12.0].map(significant);
        assert_eq!(rates, ["0.50", "0.022", "12"]);
        assert_eq!(shaded(RGBColor(0, 100, 255), 1), RGBColor(204, 224, 255));
    }
}
