//! A panel as a file: light, at a width on paper, with a caption.

use crate::panels::Panel;
use crate::soft::Renderer;
use crate::state::State;
use crate::{svg, theme};
use anyhow::{Context as _, bail};
use eframe::egui::{
    self, ClippedPrimitive, ColorImage, Context, FullOutput, RawInput, Rect, RichText, Theme, Ui,
    pos2, vec2,
};
use std::path::Path;

/// Width of an exported panel unless stated \[mm\].
pub const WIDTH_MM: f32 = 170.0;

/// Points of a millimetre: 96 points are an inch.
const POINTS_PER_MM: f32 = 96.0 / 25.4;

/// Pixels of a point in a PNG: 300 are an inch.
const PIXELS_PER_POINT: f32 = 300.0 / 96.0;

/// What was drawn without a window.
pub struct Drawn {
    /// Where it was drawn.
    pub ctx: Context,
    /// The last pass.
    pub output: FullOutput,
    /// Textures of all passes.
    pub renderer: Renderer,
    /// Size \[points\].
    pub size: egui::Vec2,
}

/// Draws without a window, in a few passes so that sizes settle.
pub fn draw(size: egui::Vec2, scale: f32, dark: bool, mut ui: impl FnMut(&mut Ui)) -> Drawn {
    let ctx = Context::default();
    theme::install(&ctx);
    ctx.set_theme(if dark { Theme::Dark } else { Theme::Light });
    draw_in(ctx, size, scale, &mut ui)
}

/// As [`draw`], in a context that exists.
pub fn draw_in(ctx: Context, size: egui::Vec2, scale: f32, ui: &mut dyn FnMut(&mut Ui)) -> Drawn {
    let mut renderer = Renderer::default();
    let mut output = FullOutput::default();
    for pass in 0..4 {
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), size)),
            time: Some(f64::from(pass) / 60.0),
            ..RawInput::default()
        };
        input
            .viewports
            .entry(input.viewport_id)
            .or_default()
            .native_pixels_per_point = Some(scale);
        output = ctx.run_ui(input, &mut *ui);
        renderer.update(&output.textures_delta);
    }
    Drawn {
        ctx,
        output,
        renderer,
        size,
    }
}

impl Drawn {
    /// The picture in pixels.
    #[must_use]
    pub fn image(&self) -> ColorImage {
        let scale = self.output.pixels_per_point;
        let primitives: Vec<ClippedPrimitive> =
            self.ctx.tessellate(self.output.shapes.clone(), scale);
        let pixels = [self.size.x, self.size.y].map(|side| (side * scale).round() as usize);
        let background = self.ctx.global_style().visuals.panel_fill;
        self.renderer.draw(&primitives, scale, pixels, background)
    }

    /// The picture as vectors.
    #[must_use]
    pub fn svg(&self) -> String {
        let background = self.ctx.global_style().visuals.panel_fill;
        svg::write(&self.output.shapes, self.size, background, &self.renderer)
    }
}

/// Writes a panel as it is set as `.svg`, `.png` or `.csv`, by the name of the file.
///
/// # Errors
/// If there is nothing to write, or the file cannot be written.
pub fn panel(
    mut panel: Box<dyn Panel>,
    state: &mut State,
    file: &Path,
    width_mm: f32,
) -> anyhow::Result<()> {
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or("");
    let bytes = match extension.to_ascii_lowercase().as_str() {
        "csv" => panel
            .csv(state)
            .context("the panel has nothing to write")?
            .into_bytes(),
        "svg" => drawn(panel.as_mut(), state, width_mm).svg().into_bytes(),
        "png" => png(&drawn(panel.as_mut(), state, width_mm).image())?,
        _ => bail!(
            "{}: name a file that ends in .svg, .png or .csv",
            file.display()
        ),
    };
    spikewatt::files::write(file, &bytes).with_context(|| file.display().to_string())
}

/// A panel as it is written, as a picture: to be copied.
pub fn picture(mut panel: Box<dyn Panel>, state: &mut State, width_mm: f32) -> ColorImage {
    drawn(panel.as_mut(), state, width_mm).image()
}

fn drawn(panel: &mut dyn Panel, state: &mut State, width_mm: f32) -> Drawn {
    let width = width_mm.clamp(40.0, 1000.0) * POINTS_PER_MM;
    let size = vec2(width, width * 0.6);
    let caption = state.caption();
    draw(size, PIXELS_PER_POINT, false, |ui| {
        egui::Panel::bottom("caption").show(ui, |ui| ui.label(RichText::new(&caption).small()));
        egui::CentralPanel::default().show(ui, |ui| panel.ui(ui, state));
    })
}

/// A picture as PNG.
///
/// # Errors
/// If it has no pixels.
pub fn png(picture: &ColorImage) -> anyhow::Result<Vec<u8>> {
    let [width, height] = picture.size;
    let bytes: Vec<u8> = picture
        .pixels
        .iter()
        .flat_map(|p| p.to_srgba_unmultiplied())
        .collect();
    let image = image::RgbaImage::from_raw(width as u32, height as u32, bytes)
        .context("the picture is empty")?;
    let image = image::DynamicImage::ImageRgba8(image).to_rgb8();
    let mut file = std::io::Cursor::new(Vec::new());
    image.write_to(&mut file, image::ImageFormat::Png)?;
    Ok(file.into_inner())
}
