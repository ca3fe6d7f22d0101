//! `waterfall`: where the energy of a spiking network goes, event by event.

use super::bars::{Bar, Bars, MOST_ROWS};
use super::canvas::Canvas;
use super::drawing::{Drawing, FigureWidth};
use super::mark::{legend, star};
use super::shown::spiking;
use crate::result::{Report, Scope};
use crate::units::si;
use plotters::prelude::*;

/// The energy of the first spiking target, event by event.
pub struct Waterfall;

impl Drawing for Waterfall {
    const NAME: &'static str = "waterfall";

    fn size(&self, report: &Report, width: FigureWidth) -> (i32, i32) {
        waterfall(report).size(width)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
        width: FigureWidth,
    ) -> Result<(), String> {
        waterfall(report).draw(canvas, width)
    }
}

fn waterfall(report: &Report) -> Bars {
    let Some(target) = spiking(report) else {
        return Bars {
            title: "Where the energy goes".to_owned(),
            subtitle: "the energy of no spiking target is known".to_owned(),
            bars: Vec::new(),
        };
    };
    let mut lines: Vec<(&str, f64, bool)> = target
        .lines
        .iter()
        .filter(|line| line.joules > 0.0)
        .map(|line| (line.event.as_str(), line.joules, line.unverified))
        .collect();
    lines.sort_by(|a, b| b.1.total_cmp(&a.1));
    if lines.len() > MOST_ROWS - 1 {
        let rest = lines.split_off(MOST_ROWS - 2);
        let joules = rest.iter().map(|line| line.1).sum();
        let unverified = rest.iter().any(|line| line.2);
        lines.push(("all other events", joules, unverified));
    }
    let mut sum = 0.0;
    let mut bars: Vec<Bar> = lines
        .into_iter()
        .map(|(event, joules, unverified)| {
            let from = sum;
            sum += joules;
            Bar {
                label: event.to_owned(),
                from,
                to: sum,
                text: si(joules, "J") + star(unverified),
            }
        })
        .collect();
    bars.push(Bar {
        label: "total".to_owned(),
        from: 0.0,
        to: sum,
        text: si(sum, "J") + star(target.is_unverified()),
    });
    let scope = Scope::ALL.into_iter().find(|scope| *scope == target.scope);
    Bars {
        title: format!("{} on {}", report.model_name(), target.title),
        subtitle: format!(
            "energy per inference by event, {}, T = {}{}",
            scope.map_or("", Scope::meaning),
            report.timesteps,
            legend(target.is_unverified())
        ),
        bars,
    }
}
