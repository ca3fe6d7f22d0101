//! What egui paints as SVG: rectangles, lines, circles, paths, text, and textured rectangles.

use crate::soft::Renderer;
use eframe::egui::epaint::{ClippedShape, ColorMode, Mesh, PathShape, RectShape, Shape, TextShape};
use eframe::egui::{Color32, ColorImage, Pos2, Rect, Stroke, StrokeKind, TextureId, Vec2};
use std::fmt::Write as _;

/// Points as millimetres, to a micrometre: 96 points are an inch.
fn millimetres(points: f32) -> f64 {
    (f64::from(points) * 25.4e3 / 96.0).round() / 1e3
}

/// Writes shapes as an SVG document.
#[must_use]
pub fn write(
    shapes: &[ClippedShape],
    size: Vec2,
    background: Color32,
    textures: &Renderer,
) -> String {
    let mut svg = Svg {
        text: String::new(),
        textures,
    };
    let (width, height) = (size.x, size.y);
    let _ = writeln!(
        svg.text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}mm\" height=\"{}mm\" viewBox=\"0 0 {width} {height}\" font-family=\"Ubuntu, Helvetica, Arial, sans-serif\">",
        millimetres(width),
        millimetres(height)
    );
    let _ = writeln!(
        svg.text,
        "<rect width=\"{width}\" height=\"{height}\"{}/>",
        fill(background)
    );
    let screen = Rect::from_min_size(Pos2::ZERO, size);
    let mut clips: Vec<Rect> = Vec::new();
    for clipped in shapes {
        let clip = clipped.clip_rect.intersect(screen);
        if !clip.is_positive() || matches!(clipped.shape, Shape::Noop) {
            continue;
        }
        let index = clips.iter().position(|known| *known == clip).unwrap_or_else(|| {
            let _ = writeln!(
                svg.text,
                "<clipPath id=\"c{}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath>",
                clips.len(), clip.left(), clip.top(), clip.width(), clip.height()
            );
            clips.push(clip);
            clips.len() - 1
        });
        let before = svg.text.len();
        let _ = write!(svg.text, "<g clip-path=\"url(#c{index})\">");
        let opened = svg.text.len();
        svg.shape(&clipped.shape);
        if svg.text.len() == opened {
            svg.text.truncate(before);
        } else {
            svg.text.push_str("</g>\n");
        }
    }
    svg.text.push_str("</svg>\n");
    svg.text
}

struct Svg<'a> {
    text: String,
    textures: &'a Renderer,
}

fn paint(attribute: &str, colour: Color32) -> String {
    let [r, g, b, a] = colour.to_srgba_unmultiplied();
    if a == 0 {
        return format!(" {attribute}=\"none\"");
    }
    let mut text = format!(" {attribute}=\"#{r:02x}{g:02x}{b:02x}\"");
    if a < 255 {
        let _ = write!(text, " {attribute}-opacity=\"{:.3}\"", f32::from(a) / 255.0);
    }
    text
}

fn fill(colour: Color32) -> String {
    paint("fill", colour)
}

fn line(stroke: Stroke) -> String {
    if stroke.width <= 0.0 || stroke.color == Color32::TRANSPARENT {
        return String::new();
    }
    format!(
        "{} stroke-width=\"{}\"",
        paint("stroke", stroke.color),
        stroke.width
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

impl Svg<'_> {
    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.shape(shape)),
            Shape::Circle(circle) => {
                let _ = write!(
                    self.text,
                    "<circle cx=\"{}\" cy=\"{}\" r=\"{}\"{}{}/>",
                    circle.center.x,
                    circle.center.y,
                    circle.radius,
                    fill(circle.fill),
                    line(circle.stroke)
                );
            }
            Shape::LineSegment { points, stroke } => {
                let [a, b] = points;
                let _ = write!(
                    self.text,
                    "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"{}/>",
                    a.x,
                    a.y,
                    b.x,
                    b.y,
                    line(*stroke)
                );
            }
            Shape::Path(path) => self.path(path),
            Shape::Rect(rect) => self.rect(rect),
            Shape::Text(text) => self.label(text),
            Shape::Mesh(mesh) => self.mesh(mesh),
            // Panels draw none of these.
            _ => {}
        }
    }

    fn path(&mut self, path: &PathShape) {
        let points: Vec<String> = path
            .points
            .iter()
            .map(|p| format!("{},{}", p.x, p.y))
            .collect();
        let colour = match path.stroke.color {
            ColorMode::Solid(colour) => colour,
            ColorMode::UV(_) => Color32::GRAY,
        };
        let name = if path.closed { "polygon" } else { "polyline" };
        let stroke = line(Stroke::new(path.stroke.width, colour));
        let _ = write!(
            self.text,
            "<{name} points=\"{}\"{}{stroke}/>",
            points.join(" "),
            fill(path.fill)
        );
    }

    fn rect(&mut self, shape: &RectShape) {
        let mut rect = shape.rect;
        if let Some(brush) = &shape.brush {
            self.image(rect, brush.fill_texture_id, brush.uv);
            return;
        }
        let inset = match shape.stroke_kind {
            StrokeKind::Inside => shape.stroke.width / 2.0,
            StrokeKind::Middle => 0.0,
            StrokeKind::Outside => -shape.stroke.width / 2.0,
        };
        if shape.stroke.width > 0.0 {
            rect = rect.shrink(inset);
        }
        let stroke = line(shape.stroke);
        // Shadows are blurred rectangles; on paper they are left out.
        if shape.blur_width > 0.0
            || !rect.is_positive()
            || (shape.fill.a() == 0 && stroke.is_empty())
        {
            return;
        }
        let _ = write!(
            self.text,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"{}{stroke}/>",
            rect.left(),
            rect.top(),
            rect.width(),
            rect.height(),
            shape.corner_radius.nw,
            fill(shape.fill)
        );
    }

    fn label(&mut self, shape: &TextShape) {
        for row in &shape.galley.rows {
            let words = row.row.text();
            if words.trim().is_empty() {
                continue;
            }
            let format = shape
                .galley
                .job
                .sections
                .first()
                .map(|section| &section.format);
            let size = format.map_or(12.0, |format| format.font_id.size);
            let colour = format.map_or(Color32::PLACEHOLDER, |format| format.color);
            let colour = shape
                .override_text_color
                .unwrap_or(if colour == Color32::PLACEHOLDER {
                    shape.fallback_color
                } else {
                    colour
                });
            let at = shape.pos + row.pos.to_vec2();
            let base = at.y + row.row.size.y * 0.78;
            // The width keeps the layout in whatever font the reader has.
            let _ = write!(
                self.text,
                "<text x=\"{}\" y=\"{base}\" font-size=\"{size}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"{}>{}</text>",
                at.x,
                row.row.size.x,
                fill(colour),
                escaped(&words)
            );
        }
    }

    fn mesh(&mut self, mesh: &Mesh) {
        if mesh.texture_id == TextureId::default() {
            for corners in mesh.indices.chunks_exact(3) {
                let points: Vec<String> = corners
                    .iter()
                    .map(|&i| mesh.vertices[i as usize].pos)
                    .map(|p| format!("{},{}", p.x, p.y))
                    .collect();
                let colour = mesh.vertices[corners[0] as usize].color;
                let _ = write!(
                    self.text,
                    "<polygon points=\"{}\"{}/>",
                    points.join(" "),
                    fill(colour)
                );
            }
            return;
        }
        let (mut rect, mut uv) = (Rect::NOTHING, Rect::NOTHING);
        for vertex in &mesh.vertices {
            rect.extend_with(vertex.pos);
            uv.extend_with(vertex.uv);
        }
        self.image(rect, mesh.texture_id, uv);
    }

    fn image(&mut self, rect: Rect, texture: TextureId, uv: Rect) {
        let whole = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
        let Some(image) = self.textures.texture(texture).filter(|_| uv == whole) else {
            return;
        };
        let Some(data) = data_uri(image) else {
            return;
        };
        let _ = write!(
            self.text,
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" image-rendering=\"pixelated\" href=\"{data}\"/>",
            rect.left(),
            rect.top(),
            rect.width(),
            rect.height()
        );
    }
}

fn data_uri(picture: &ColorImage) -> Option<String> {
    let [width, height] = picture.size;
    let bytes: Vec<u8> = picture
        .pixels
        .iter()
        .flat_map(|p| p.to_srgba_unmultiplied())
        .collect();
    let image = image::RgbaImage::from_raw(width as u32, height as u32, bytes)?;
    let mut file = std::io::Cursor::new(Vec::new());
    image.write_to(&mut file, image::ImageFormat::Png).ok()?;
    Some(format!("data:image/png;base64,{}", base64(file.get_ref())))
}

/// Source: RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group
            .iter()
            .enumerate()
            .fold(0u32, |w, (i, &b)| w | u32::from(b) << (16 - 8 * i));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place)) as usize & 63] as char;
            text.push(if place <= group.len() { digit } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_base64_of_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
