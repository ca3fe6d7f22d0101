//! `layers.svg`, `.png` and `.pdf`: the energy of each layer on the first spiking target: of its
//! synapses, updates, spikes and packets.

use super::bars::{Bar, Bars, MOST_ROWS};
use super::canvas::Canvas;
use super::drawing::{Drawing, FigureWidth};
use super::mark::{legend, of_spiking, star};
use crate::result::{LayerBill, Report, Scope};
use crate::units::si;
use plotters::prelude::*;

/// Energy per inference by layer.
pub struct Layers;

impl Drawing for Layers {
    const NAME: &'static str = "layers";

    fn size(&self, report: &Report, width: FigureWidth) -> (i32, i32) {
        bars(report).size(width)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
        width: FigureWidth,
    ) -> Result<(), String> {
        bars(report).draw(canvas, width)
    }
}

fn bars(report: &Report) -> Bars {
    let Some(bill) = report.profile.layers.first() else {
        return Bars {
            title: "Energy by layer".to_owned(),
            subtitle: "the energy of no spiking target is known".to_owned(),
            bars: Vec::new(),
        };
    };
    let mut targets = report.targets.iter();
    let target = targets.find(|target| target.name == bill.target);
    let title = target.map_or(bill.target.as_str(), |target| target.title.as_str());
    let unverified = of_spiking(report, &bill.target, Scope::System);
    let mark = star(unverified);
    Bars {
        title: format!("{} on {title}", report.model_name()),
        subtitle: format!(
            "energy per inference by layer, T = {}, in all {}{mark}{}",
            report.timesteps,
            si(bill.rows().iter().map(|row| row.1).sum(), "J"),
            legend(unverified)
        ),
        bars: rows(bill)
            .into_iter()
            .map(|(label, joules)| Bar {
                label,
                from: 0.0,
                to: joules,
                text: si(joules, "J") + mark,
            })
            .collect(),
    }
}

/// The parts in the order of the network; where there are too many, the smallest layers as one.
fn rows(bill: &LayerBill) -> Vec<(String, f64)> {
    let rows = bill.rows();
    let extra = rows.len().saturating_sub(MOST_ROWS);
    if extra == 0 {
        return rows;
    }
    let mut layers: Vec<f64> = bill.layers.iter().map(|layer| layer.1).collect();
    layers.retain(|joules| *joules > 0.0);
    layers.sort_by(f64::total_cmp);
    // One row more goes, for the sum of those that go.
    let gone = &layers[..layers.len().min(extra + 1)];
    let most = gone.last().copied().unwrap_or(0.0);
    let sum: f64 = gone.iter().sum();
    let (kept, rest): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(name, joules)| {
        *joules > most && bill.layers.iter().any(|(layer, _)| layer == name)
    });
    let others = (format!("{} other layers", gone.len()), sum);
    let apart = rest
        .into_iter()
        .filter(|(name, _)| bill.layers.iter().all(|(layer, _)| layer != name));
    kept.into_iter().chain([others]).chain(apart).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn property_rows_are_few_and_sum_to_the_total() {
        let layers: Vec<(String, f64)> = (0..20)
            .map(|i| (format!("layer {i}"), f64::from(7 * i % 20)))
            .collect();
        let total: f64 = layers.iter().map(|layer| layer.1).sum();
        let bill = LayerBill {
            target: "chip".to_owned(),
            layers,
            common_j: 5.0,
            static_j: 11.0,
        };
        let rows = rows(&bill);
        assert_eq!(rows.len(), MOST_ROWS, "{rows:?}");
        let sum: f64 = rows.iter().map(|row| row.1).sum();
        assert!((sum - total - 16.0).abs() < 1e-9, "{rows:?}");
    }
}
