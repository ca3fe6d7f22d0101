//! The panels, and the one list of them.

mod compare;
mod cores;
pub mod costs;
mod crossover;
mod energy;
mod evidence;
mod histogram;
mod inspector;
mod map;
mod network;
mod potential;
mod raster;
mod rate;
mod runs;
mod sweep;

use crate::state::State;
use eframe::egui::Ui;

/// One view of the state.
pub trait Panel {
    /// Name, as tabs, `--panel` and tests say it.
    fn name(&self) -> &'static str;

    /// What it shows, in one sentence.
    fn about(&self) -> &'static str;

    /// Draws it.
    fn ui(&mut self, ui: &mut Ui, state: &mut State);

    /// The same panel as it is set, with nothing that belongs to a window: to be drawn elsewhere.
    fn again(&self) -> Box<dyn Panel>;

    /// What it shows as a table with units in the column names; `None` if that is no table.
    fn csv(&self, state: &State) -> Option<String>;
}

/// Every panel. A new one is a file here and a line in this list.
#[must_use]
pub fn all() -> Vec<Box<dyn Panel>> {
    vec![
        Box::new(raster::Raster::default()),
        Box::new(rate::Rate),
        Box::new(energy::Energy::default()),
        Box::new(inspector::Inspector),
        Box::new(network::Network::default()),
        Box::new(cores::Cores::default()),
        Box::new(potential::Potential::default()),
        Box::new(histogram::Histogram::default()),
        Box::new(map::Map::default()),
        Box::new(evidence::Evidence::default()),
        Box::new(compare::Compare::default()),
        Box::new(costs::Costs::default()),
        Box::new(runs::Runs::default()),
        Box::new(sweep::Sweep::default()),
    ]
}

/// Lines of values separated by commas; text with commas or quotes is quoted.
fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let quoted = |cell: &str| {
        if cell.contains([',', '"', '\n']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    };
    let mut text = head.join(",") + "\n";
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
        text += &(cells.join(",") + "\n");
    }
    text
}
