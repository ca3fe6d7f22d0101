//! Colours that mean something, the same in both themes.

use eframe::egui::{Color32, Context, Visuals};
use spikewatt::explore::Cause;
use spikewatt::report::{cause_colour, network_colour};
use spikewatt::result::Workload;

/// Colour of a cause of energy.
#[must_use]
pub fn cause(cause: Cause) -> Color32 {
    let [r, g, b] = cause_colour(cause);
    Color32::from_rgb(r, g, b)
}

/// Colour of a workload.
#[must_use]
pub fn workload(workload: Workload) -> Color32 {
    let [r, g, b] = network_colour(workload);
    Color32::from_rgb(r, g, b)
}

/// Colours of lines that have no meaning of their own.
///
/// Source: Okabe and Ito 2008, "Color Universal Design".
#[must_use]
pub fn line(index: usize) -> Color32 {
    const COLOURS: [[u8; 3]; 7] = [
        [230, 159, 0],
        [86, 180, 233],
        [0, 158, 115],
        [204, 121, 167],
        [0, 114, 178],
        [213, 94, 0],
        [150, 150, 150],
    ];
    let [r, g, b] = COLOURS[index % COLOURS.len()];
    Color32::from_rgb(r, g, b)
}

/// Colour of what is selected.
pub const SELECTED: Color32 = Color32::from_rgb(240, 228, 66);

/// A value between 0 and 1 as a colour whose lightness rises with it.
///
/// Source: viridis, S. van der Walt and N. Smith 2015, at eight places.
#[must_use]
pub fn heat(value: f64) -> Color32 {
    const STOPS: [[u8; 3]; 8] = [
        [68, 1, 84],
        [70, 50, 126],
        [54, 92, 141],
        [39, 127, 142],
        [31, 161, 135],
        [74, 193, 109],
        [160, 218, 57],
        [253, 231, 37],
    ];
    let place = value.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let low = (place as usize).min(STOPS.len() - 2);
    let part = place - low as f64;
    let mix = |i: usize| {
        let (a, b) = (f64::from(STOPS[low][i]), f64::from(STOPS[low + 1][i]));
        (a + (b - a) * part).round() as u8
    };
    Color32::from_rgb(mix(0), mix(1), mix(2))
}

/// Sizes and strokes for both themes.
pub fn install(ctx: &Context) {
    ctx.set_visuals_of(eframe::egui::Theme::Dark, Visuals::dark());
    let mut light = Visuals::light();
    light.panel_fill = Color32::WHITE;
    ctx.set_visuals_of(eframe::egui::Theme::Light, light);
    ctx.all_styles_mut(|style| {
        let small = eframe::egui::FontId::proportional(11.0);
        style
            .text_styles
            .insert(eframe::egui::TextStyle::Small, small);
        style.spacing.item_spacing = eframe::egui::vec2(6.0, 4.0);
        style.interaction.tooltip_delay = 0.2;
    });
}
