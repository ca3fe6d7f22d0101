//! Draws what egui tessellates into an image, without a graphics card.

use eframe::egui::{
    ClippedPrimitive, Color32, ColorImage, ImageData, Pos2, Rect, TextureFilter, TextureId,
    TexturesDelta,
    epaint::{Mesh, Primitive, Vertex},
};
use std::collections::BTreeMap;

/// Textures and the pixels of a picture.
#[derive(Default)]
pub struct Renderer {
    textures: BTreeMap<TextureId, (ColorImage, bool)>,
}

impl Renderer {
    /// Takes new and changed textures.
    pub fn update(&mut self, delta: &TexturesDelta) {
        for (id, changes) in &delta.set {
            for change in changes {
                let ImageData::Color(image) = &change.image;
                let nearest = change.options.magnification == TextureFilter::Nearest;
                match (change.pos, self.textures.get_mut(id)) {
                    (Some([x, y]), Some((texture, _))) => {
                        let [width, height] = image.size;
                        for row in 0..height {
                            let to = (y + row) * texture.size[0] + x;
                            let from = row * width;
                            texture.pixels[to..to + width]
                                .copy_from_slice(&image.pixels[from..from + width]);
                        }
                    }
                    _ => {
                        self.textures.insert(*id, ((**image).clone(), nearest));
                    }
                }
            }
        }
    }

    /// A texture.
    #[must_use]
    pub fn texture(&self, id: TextureId) -> Option<&ColorImage> {
        self.textures.get(&id).map(|(image, _)| image)
    }

    /// Draws primitives over a background.
    #[must_use]
    pub fn draw(
        &self,
        primitives: &[ClippedPrimitive],
        pixels_per_point: f32,
        size: [usize; 2],
        background: Color32,
    ) -> ColorImage {
        let mut image = ColorImage::new(size, vec![background; size[0] * size[1]]);
        for ClippedPrimitive {
            clip_rect,
            primitive,
        } in primitives
        {
            if let Primitive::Mesh(mesh) = primitive {
                self.mesh(
                    &mut image,
                    mesh,
                    *clip_rect * pixels_per_point,
                    pixels_per_point,
                );
            }
        }
        image
    }

    fn mesh(&self, image: &mut ColorImage, mesh: &Mesh, clip: Rect, scale: f32) {
        let Some((texture, nearest)) = self.textures.get(&mesh.texture_id) else {
            return;
        };
        let sample = |u: f32, v: f32| {
            if *nearest {
                texel(texture, u, v)
            } else {
                smooth(texture, u, v)
            }
        };
        for corners in mesh.indices.chunks_exact(3) {
            let corners = [0, 1, 2].map(|i| mesh.vertices[corners[i] as usize]);
            triangle(image, corners, clip, scale, &sample);
        }
    }
}

/// Red, green, blue and alpha, 0 to 255.
type Rgba = [f32; 4];

fn rgba(colour: Color32) -> Rgba {
    colour.to_array().map(f32::from)
}

fn texel(texture: &ColorImage, u: f32, v: f32) -> Rgba {
    let [width, height] = texture.size;
    let x = ((u * width as f32) as usize).min(width.saturating_sub(1));
    let y = ((v * height as f32) as usize).min(height.saturating_sub(1));
    texture
        .pixels
        .get(y * width + x)
        .copied()
        .map_or([0.0; 4], rgba)
}

/// Between the four nearest texels.
fn smooth(texture: &ColorImage, u: f32, v: f32) -> Rgba {
    let [width, height] = texture.size;
    let place = |part: f32, size: usize| {
        let place = (part * size as f32 - 0.5).clamp(0.0, size.saturating_sub(1) as f32);
        let low = place as usize;
        (
            low,
            (low + 1).min(size.saturating_sub(1)),
            place - low as f32,
        )
    };
    let ((x0, x1, fx), (y0, y1, fy)) = (place(u, width), place(v, height));
    let at = |x: usize, y: usize| {
        texture
            .pixels
            .get(y * width + x)
            .copied()
            .map_or([0.0; 4], rgba)
    };
    let (a, b, c, d) = (at(x0, y0), at(x1, y0), at(x0, y1), at(x1, y1));
    std::array::from_fn(|i| {
        let (top, bottom) = (a[i] + (b[i] - a[i]) * fx, c[i] + (d[i] - c[i]) * fx);
        top + (bottom - top) * fy
    })
}

fn triangle(
    image: &mut ColorImage,
    corners: [Vertex; 3],
    clip: Rect,
    scale: f32,
    sample: &impl Fn(f32, f32) -> Rgba,
) {
    let [a, b, c] = corners.map(|vertex| vertex.pos * scale);
    let area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    if area == 0.0 || !area.is_finite() {
        return;
    }
    let [width, height] = image.size;
    let bounds = |low: f32, high: f32, from: f32, to: f32, size: usize| {
        let first = low.max(from.round()).max(0.0) as usize;
        let last = high.min(to.round()).clamp(0.0, size as f32).ceil() as usize;
        (first, last.min(size))
    };
    let (left, right) = bounds(
        a.x.min(b.x).min(c.x).floor(),
        a.x.max(b.x).max(c.x).ceil(),
        clip.left(),
        clip.right(),
        width,
    );
    let (top, bottom) = bounds(
        a.y.min(b.y).min(c.y).floor(),
        a.y.max(b.y).max(c.y).ceil(),
        clip.top(),
        clip.bottom(),
        height,
    );
    let colours = corners.map(|vertex| rgba(vertex.color));
    // An edge between two triangles belongs to one of them: top and left edges are inside.
    let owns = |from: Pos2, to: Pos2| {
        let (dx, dy) = (
            (to.x - from.x) * area.signum(),
            (to.y - from.y) * area.signum(),
        );
        dy < 0.0 || (dy == 0.0 && dx > 0.0)
    };
    let edges = [owns(b, c), owns(c, a), owns(a, b)];
    for y in top..bottom {
        for x in left..right {
            // Each edge by itself and in f64: neighbours agree on what lies on their common edge.
            let (px, py) = (x as f64 + 0.5, y as f64 + 0.5);
            let side = |from: Pos2, to: Pos2| {
                let (dx, dy) = (f64::from(from.x) - px, f64::from(from.y) - py);
                let (ex, ey) = (f64::from(to.x) - px, f64::from(to.y) - py);
                (dx * ey - dy * ex) * f64::from(area.signum())
            };
            let sides = [side(b, c), side(c, a), side(a, b)];
            let owned = |(side, owned): (&f64, bool)| *side > 0.0 || (*side == 0.0 && owned);
            if !sides.iter().zip(edges).all(owned) {
                continue;
            }
            let sum: f64 = sides.iter().sum();
            let [w0, w1, w2] = sides.map(|side| (side / sum) as f32);
            let mix = |f: fn(&Vertex) -> f32| {
                f(&corners[0]) * w0 + f(&corners[1]) * w1 + f(&corners[2]) * w2
            };
            let texture = sample(mix(|v| v.uv.x), mix(|v| v.uv.y));
            let source: Rgba = std::array::from_fn(|i| {
                (colours[0][i] * w0 + colours[1][i] * w1 + colours[2][i] * w2) * texture[i] / 255.0
            });
            blend(&mut image.pixels[y * width + x], source);
        }
    }
}

/// Colours carry their alpha already.
fn blend(pixel: &mut Color32, source: Rgba) {
    let below = rgba(*pixel);
    let rest = 1.0 - source[3] / 255.0;
    let mixed =
        std::array::from_fn(|i| (source[i] + below[i] * rest).round().clamp(0.0, 255.0) as u8);
    let [r, g, b, a]: [u8; 4] = mixed;
    *pixel = Color32::from_rgba_premultiplied(r, g, b, a);
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::{Context, RawInput, pos2, vec2};

    #[test]
    fn a_half_transparent_square_covers_its_pixels_once() {
        let ctx = Context::default();
        let screen = Rect::from_min_size(pos2(0.0, 0.0), vec2(20.0, 20.0));
        let input = RawInput {
            screen_rect: Some(screen),
            ..RawInput::default()
        };
        let output = ctx.run_ui(input, |ui| {
            let square = Rect::from_min_max(pos2(5.0, 5.0), pos2(15.0, 12.0));
            let colour = Color32::from_rgba_premultiplied(100, 0, 0, 128);
            let mut mesh = Mesh::default();
            mesh.add_colored_rect(square, colour);
            ui.painter().add(mesh);
        });
        let mut renderer = Renderer::default();
        renderer.update(&output.textures_delta);
        let primitives = ctx.tessellate(output.shapes, 1.0);
        let image = renderer.draw(&primitives, 1.0, [20, 20], Color32::BLACK);
        for y in 0..20 {
            for x in 0..20 {
                let inside = (5..15).contains(&x) && (5..12).contains(&y);
                let expected = if inside { 100 } else { 0 };
                assert_eq!(image.pixels[y * 20 + x].r(), expected, "{x}, {y}");
            }
        }
    }
}
