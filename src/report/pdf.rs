//! Figures as PDF: what the drawing library draws, as vectors on one page.

use super::pdf_font::{Letters, OBJECTS, PdfError, compressed};
use pdf_writer::types::{LineCapStyle, LineJoinStyle};
use pdf_writer::{Content, Filter, Name, Pdf, Rect, Ref, Str};
use plotters::prelude::DrawingBackend;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontTransform,
};
use std::collections::BTreeSet;

/// Points per millimetre.
const PT_PER_MM: f32 = 72.0 / 25.4;

/// Size of a text as the other backends draw it, relative to what it is asked for.
const TEXT_SCALE: f64 = 1.0 / 1.24;

/// Control points of a quarter circle, relative to its radius.
const ROUND: f32 = 0.552_284_7;

type Drawn = Result<(), DrawingErrorKind<PdfError>>;

/// A page that is being drawn. [`Page::finish`] makes it a file; dropping it makes none.
pub(crate) struct Page<'o> {
    size: (u32, u32),
    width_mm: f32,
    content: Content,
    letters: Letters,
    /// Opacities in use [per cent].
    opacities: BTreeSet<u8>,
    out: &'o mut Vec<u8>,
}

impl<'o> Page<'o> {
    /// A page of `size` logical pixels that is `width_mm` wide on paper; the file goes to `out` when
    /// the drawing is presented.
    pub(crate) fn new(
        size: (u32, u32),
        width_mm: f64,
        out: &'o mut Vec<u8>,
    ) -> Result<Self, PdfError> {
        let mut page = Page {
            size,
            width_mm: width_mm as f32,
            content: Content::new(),
            letters: Letters::new()?,
            opacities: BTreeSet::new(),
            out,
        };
        let scale = page.scale();
        // From pixels that count down to points that count up.
        page.content
            .transform([scale, 0.0, 0.0, -scale, 0.0, scale * size.1 as f32])
            .set_line_join(LineJoinStyle::RoundJoin)
            .set_line_cap(LineCapStyle::ButtCap);
        Ok(page)
    }

    /// Points per logical pixel.
    fn scale(&self) -> f32 {
        self.width_mm * PT_PER_MM / self.size.0 as f32
    }

    fn opacity(&mut self, colour: BackendColor) {
        let percent = (colour.alpha.clamp(0.0, 1.0) * 100.0).round() as u8;
        self.opacities.insert(percent);
        self.content
            .set_parameters(Name(format!("O{percent}").as_bytes()));
    }

    fn fill(&mut self, colour: BackendColor) {
        self.opacity(colour);
        let [r, g, b] = channels(colour);
        self.content.set_fill_rgb(r, g, b);
    }

    fn stroke(&mut self, style: &impl BackendStyle) {
        self.opacity(style.color());
        let [r, g, b] = channels(style.color());
        self.content
            .set_stroke_rgb(r, g, b)
            .set_line_width(style.stroke_width() as f32);
    }

    /// Lines through some points; pixels are drawn in their middle, as the other backends do.
    fn path(&mut self, points: impl IntoIterator<Item = BackendCoord>) {
        for (index, (x, y)) in points.into_iter().enumerate() {
            match index {
                0 => self.content.move_to(x as f32, y as f32),
                _ => self.content.line_to(x as f32, y as f32),
            };
        }
    }

    fn file(&mut self) -> Result<Vec<u8>, PdfError> {
        let drawn = std::mem::replace(&mut self.content, Content::new()).finish();
        let [catalog, pages, page, content] = [1, 2, 3, 4].map(Ref::new);
        let letters: [Ref; OBJECTS] = std::array::from_fn(|i| Ref::new(5 + i as i32));
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(pages);
        pdf.pages(pages).kids([page]).count(1);
        let scale = self.scale();
        let area = Rect::new(
            0.0,
            0.0,
            scale * self.size.0 as f32,
            scale * self.size.1 as f32,
        );
        {
            let mut page = pdf.page(page);
            page.media_box(area).parent(pages).contents(content);
            let mut resources = page.resources();
            resources.fonts().pair(Name(b"F"), letters[0]);
            let mut states = resources.ext_g_states();
            for percent in &self.opacities {
                let opacity = f32::from(*percent) / 100.0;
                states
                    .insert(Name(format!("O{percent}").as_bytes()))
                    .start::<pdf_writer::writers::ExtGraphicsState>()
                    .non_stroking_alpha(opacity)
                    .stroking_alpha(opacity);
            }
        }
        let drawn = compressed(&drawn)?;
        pdf.stream(content, &drawn).filter(Filter::FlateDecode);

        self.letters.write(&mut pdf, letters)?;
        Ok(pdf.finish())
    }
}

fn channels(colour: BackendColor) -> [f32; 3] {
    let (r, g, b) = colour.rgb;
    [r, g, b].map(|channel| f32::from(channel) / 255.0)
}

impl DrawingBackend for Page<'_> {
    type ErrorType = PdfError;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        *self.out = self.file().map_err(DrawingErrorKind::DrawingError)?;
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Drawn {
        self.fill(colour);
        self.content
            .rect(x as f32, y as f32, 1.0, 1.0)
            .fill_nonzero();
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (x0, y0): BackendCoord,
        (x1, y1): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let (width, height) = ((x1 - x0) as f32, (y1 - y0) as f32);
        if fill {
            self.fill(style.color());
            self.content
                .rect(x0 as f32, y0 as f32, width, height)
                .fill_nonzero();
        } else {
            self.stroke(style);
            self.content
                .rect(x0 as f32, y0 as f32, width, height)
                .stroke();
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.stroke(style);
        self.path(path);
        self.content.stroke();
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        if fill {
            self.fill(style.color());
        } else {
            self.stroke(style);
        }
        let (x, y, r) = (x as f32, y as f32, radius as f32);
        let k = r * ROUND;
        self.content
            .move_to(x + r, y)
            .cubic_to(x + r, y + k, x + k, y + r, x, y + r)
            .cubic_to(x - k, y + r, x - r, y + k, x - r, y)
            .cubic_to(x - r, y - k, x - k, y - r, x, y - r)
            .cubic_to(x + k, y - r, x + r, y - k, x + r, y)
            .close_path();
        if fill {
            self.content.fill_nonzero();
        } else {
            self.content.stroke();
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vertices: I,
        style: &S,
    ) -> Drawn {
        self.fill(style.color());
        self.path(vertices);
        self.content.close_path().fill_nonzero();
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Drawn {
        if style.color().alpha == 0.0 || text.is_empty() {
            return Ok(());
        }
        self.fill(style.color());
        let size = style.size() * TEXT_SCALE;
        let (glyphs, width) = self.letters.shaped(text);
        let right = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -0.5 * width,
            HPos::Right => -width,
        } * size;
        // The middle of small letters, as browsers draw the SVG.
        let down = match style.anchor().v_pos {
            VPos::Top => 0.76,
            VPos::Center => 0.26,
            VPos::Bottom => -0.26,
        } * size;
        // Along the text and down from it, in pixels.
        let (along, across) = match style.transform() {
            FontTransform::None => ((1.0, 0.0), (0.0, 1.0)),
            FontTransform::Rotate90 => ((0.0, 1.0), (-1.0, 0.0)),
            FontTransform::Rotate180 => ((-1.0, 0.0), (0.0, -1.0)),
            FontTransform::Rotate270 => ((0.0, -1.0), (1.0, 0.0)),
        };
        let at = |a: f64, b: f64, origin: i32| (f64::from(origin) + a * right + b * down) as f32;
        self.content
            .begin_text()
            .set_font(Name(b"F"), size as f32)
            // The page is upside down, letters are not.
            .set_text_matrix([
                along.0 as f32,
                along.1 as f32,
                -across.0 as f32,
                -across.1 as f32,
                at(along.0, across.0, x),
                at(along.1, across.1, y),
            ])
            .show(Str(&glyphs))
            .end_text();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::prelude::*;

    #[test]
    fn worked_page_is_as_wide_as_asked_and_holds_its_font_and_text() {
        let mut bytes = Vec::new();
        {
            let page = Page::new((200, 100), 84.0, &mut bytes).unwrap();
            let area = page.into_drawing_area();
            super::super::canvas::register_font().unwrap();
            area.fill(&WHITE).unwrap();
            let style = ("sans-serif", 12).into_font().color(&BLACK);
            area.draw(&Text::new("10 µJ", (20, 50), style)).unwrap();
            area.draw(&Circle::new((5, 5), 3, RED.mix(0.5).filled()))
                .unwrap();
            area.present().unwrap();
        }
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.starts_with("%PDF-"));
        // 84 mm are 238.11 points.
        assert!(
            text.contains("/MediaBox [0 0 238.11"),
            "{}",
            &text[..400.min(text.len())]
        );
        for word in ["/FontFile2", "+Ubuntu-Light", "/ToUnicode", "/ca 0.5"] {
            assert!(text.contains(word), "{word}");
        }
        // The whole font has 150 kB.
        assert!(bytes.len() < 10_000, "{}", bytes.len());
    }
}
