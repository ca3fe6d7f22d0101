//! Which panel stands where.

use crate::panels::Panel;
use crate::state::State;
use eframe::egui::{self, Ui};
use egui_tiles::{
    Container, Linear, LinearDir, SimplificationOptions, TileId, Tiles, Tree, UiResponse,
};
use std::collections::BTreeMap;

/// Draws panels into the layout.
pub(super) struct Panes<'a> {
    pub panels: &'a mut BTreeMap<&'static str, Box<dyn Panel>>,
    pub state: &'a mut State,
    pub pointed: &'a mut Option<String>,
}

impl egui_tiles::Behavior<String> for Panes<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _: TileId, name: &mut String) -> UiResponse {
        ui.painter()
            .rect_filled(ui.max_rect(), 0.0, ui.visuals().panel_fill);
        if ui.rect_contains_pointer(ui.max_rect()) {
            *self.pointed = Some(name.clone());
        }
        egui::Frame::new().inner_margin(6.0).show(ui, |ui| {
            if let Some(panel) = self.panels.get_mut(name.as_str()) {
                ui.push_id(name.as_str(), |ui| panel.ui(ui, self.state));
            }
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, name: &String) -> egui::WidgetText {
        name.as_str().into()
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions {
            all_panes_must_have_tabs: true,
            ..SimplificationOptions::default()
        }
    }
}

/// Whether a layout has exactly the panels that exist.
pub(super) fn shows_all(layout: &Tree<String>, names: &[&str]) -> bool {
    let mut shown: Vec<&str> = layout
        .tiles
        .tiles()
        .filter_map(|tile| match tile {
            egui_tiles::Tile::Pane(name) => Some(name.as_str()),
            egui_tiles::Tile::Container(_) => None,
        })
        .collect();
    let mut names = names.to_vec();
    shown.sort_unstable();
    names.sort_unstable();
    shown == names
}

pub(super) fn default_layout() -> Tree<String> {
    let mut tiles = Tiles::default();
    let mut tabs = |names: &[&str]| {
        let panes = names
            .iter()
            .map(|name| tiles.insert_pane((*name).to_owned()))
            .collect();
        tiles.insert_tab_tile(panes)
    };
    let left = [tabs(&["Raster"]), tabs(&["Rate"]), tabs(&["Energy"])];
    let right = [
        tabs(&["Inspector", "Costs"]),
        tabs(&["Network", "Cores", "Map"]),
        tabs(&[
            "Compare",
            "Evidence",
            "Sweep",
            "Runs",
            "Potential",
            "Histogram",
        ]),
    ];
    let mut column = |children: [TileId; 3], shares: [f32; 3]| {
        let mut column = Linear::new(LinearDir::Vertical, children.to_vec());
        for (child, share) in children.into_iter().zip(shares) {
            column.shares.set_share(child, share);
        }
        tiles.insert_container(Container::Linear(column))
    };
    let (left, right) = (
        column(left, [2.2, 1.0, 1.3]),
        column(right, [1.25, 0.85, 1.25]),
    );
    let mut root = Linear::new(LinearDir::Horizontal, vec![left, right]);
    root.shares.set_share(left, 1.5);
    root.shares.set_share(right, 1.0);
    let root = tiles.insert_container(Container::Linear(root));
    Tree::new(egui::Id::unique("panels"), root, tiles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels;

    #[test]
    fn the_default_layout_has_every_panel_once() {
        let list = panels::all();
        let names: Vec<&str> = list.iter().map(|panel| panel.name()).collect();
        assert!(shows_all(&default_layout(), &names));
        assert!(!shows_all(&default_layout(), &names[1..]));
    }
}
