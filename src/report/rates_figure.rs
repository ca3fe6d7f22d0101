//! `rates`: how often the neurons of each population fire.

use super::bars::{Bar, Bars, MOST_ROWS};
use super::canvas::Canvas;
use super::drawing::{Drawing, FigureWidth};
use crate::result::Report;
use plotters::prelude::*;

/// How often the neurons of each population fire.
pub struct Rates;

impl Drawing for Rates {
    const NAME: &'static str = "rates";

    fn size(&self, report: &Report, width: FigureWidth) -> (i32, i32) {
        rates(report).size(width)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
        width: FigureWidth,
    ) -> Result<(), String> {
        rates(report).draw(canvas, width)
    }
}

fn rates(report: &Report) -> Bars {
    let firing = report
        .populations
        .iter()
        .filter(|p| p.spikes_per_inference > 0.0);
    let mut bars: Vec<Bar> = firing
        .map(|population| Bar {
            label: population.name.clone(),
            from: 0.0,
            to: population.rate,
            text: format!("{:.3}", population.rate),
        })
        .collect();
    let left_out = bars.len().saturating_sub(MOST_ROWS);
    bars.truncate(MOST_ROWS);
    let more = match left_out {
        0 => String::new(),
        n => format!(", {n} more in populations.csv"),
    };
    Bars {
        title: format!("{}: spikes per neuron and timestep", report.model_name()),
        subtitle: format!(
            "T = {}, mean over {} samples{more}",
            report.timesteps, report.samples
        ),
        bars,
    }
}
