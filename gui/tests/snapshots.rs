//! Every panel of the one list, drawn without a window, against a stored picture.
//!
//! After a wanted change: `SPIKEWATT_SNAPSHOTS=write cargo test -p spikewatt-gui --test snapshots`,
//! then look at the pictures in `gui/tests/snapshots`.

mod common;

use eframe::egui::{ColorImage, vec2};
use spikewatt_gui::export::{draw, png};
use spikewatt_gui::panels;
use std::path::Path;

/// Largest share of pixels that may differ: the last bit of a curve's place may move a pixel.
const MOST_DIFFERENT: f64 = 0.002;

/// Difference of a colour that can be seen, of 255.
const SEEN: u8 = 40;

/// Share of pixels whose colours differ visibly; 1 for pictures of another size.
fn difference(a: &ColorImage, b: &ColorImage) -> f64 {
    if a.size != b.size {
        return 1.0;
    }
    let differs = |(a, b): (&_, &_)| {
        let [a, b] = [a, b].map(|p: &eframe::egui::Color32| p.to_array());
        (0..3).any(|i| a[i].abs_diff(b[i]) > SEEN)
    };
    let pairs = a.pixels.iter().zip(&b.pixels);
    pairs.filter(|pair| differs(*pair)).count() as f64 / a.pixels.len().max(1) as f64
}

fn stored(file: &Path) -> Option<ColorImage> {
    let image = image::open(file).ok()?.to_rgba8();
    let size = [image.width() as usize, image.height() as usize];
    Some(ColorImage::from_rgba_unmultiplied(size, image.as_raw()))
}

#[test]
fn regress_every_panel_looks_as_it_did() {
    let mut state = common::full_state();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let writes = std::env::var("SPIKEWATT_SNAPSHOTS").is_ok_and(|value| value == "write");
    let mut wrong = Vec::new();
    let list = panels::all();
    let count = list.len();
    for mut panel in list {
        let name = panel.name();
        let file = folder.join(format!("{}.png", name.to_lowercase()));
        let drawn = draw(vec2(480.0, 320.0), 1.0, true, |ui| panel.ui(ui, &mut state)).image();
        if writes {
            std::fs::write(&file, png(&drawn).unwrap()).unwrap();
            continue;
        }
        match stored(&file) {
            Some(expected) => {
                let share = difference(&expected, &drawn);
                if share > MOST_DIFFERENT {
                    wrong.push(format!("{name}: {:.2} % of its pixels", 100.0 * share));
                }
            }
            None => wrong.push(format!("{name}: {} cannot be read", file.display())),
        }
    }
    assert_eq!(wrong, [""; 0]);
    // A panel that is gone leaves no picture behind.
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), count);
}

#[test]
fn a_picture_that_changed_is_noticed() {
    let mut state = common::state();
    let mut inspector = |edited: bool| {
        if edited {
            state.edit("energy.synop_dense", 71.0);
        }
        let mut list = panels::all();
        let place = list.iter().position(|p| p.name() == "Inspector").unwrap();
        let panel = &mut list[place];
        draw(vec2(480.0, 320.0), 1.0, true, |ui| panel.ui(ui, &mut state)).image()
    };
    let before = inspector(false);
    assert_eq!(difference(&before, &inspector(false)), 0.0);
    assert!(difference(&before, &inspector(true)) > MOST_DIFFERENT);
}
