//! The letters of a PDF: those glyphs of the font of every figure that a page uses, embedded.

use crate::digest::sha256_hex;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::writers::CidFont;
use pdf_writer::{Filter, Name, Pdf, Rect, Ref, Str};
use std::collections::BTreeMap;
use std::io::Write;
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId};

/// The font of every figure.
const FONT: &[u8] = epaint_default_fonts::UBUNTU_LIGHT;

/// Its name.
const FONT_NAME: &str = "Ubuntu-Light";

/// Objects of a file that the font takes.
pub(super) const OBJECTS: usize = 6;

const SYSTEM: SystemInfo = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// Why a page cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PdfError {
    /// The embedded font cannot be read.
    #[error("the embedded font cannot be read")]
    Font,
    /// The page cannot be compressed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Compressed as the file says.
pub(super) fn compressed(bytes: &[u8]) -> Result<Vec<u8>, PdfError> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// Characters in use and their glyphs.
pub(super) struct Letters {
    face: Face<'static>,
    /// Code of each character in the file, from 1 on in the order of use. Characters of the same
    /// glyph have codes of their own, so that copied text is what was written.
    codes: BTreeMap<char, u16>,
    /// Character and glyph of each code.
    used: Vec<(char, GlyphId)>,
}

impl Letters {
    /// None yet.
    pub(super) fn new() -> Result<Self, PdfError> {
        Ok(Letters {
            face: Face::parse(FONT, 0).map_err(|_| PdfError::Font)?,
            codes: BTreeMap::new(),
            used: Vec::new(),
        })
    }

    /// The codes of a text and its width [em].
    pub(super) fn shaped(&mut self, text: &str) -> (Vec<u8>, f64) {
        let mut bytes = Vec::with_capacity(2 * text.len());
        let mut width = 0.0;
        for c in text.chars() {
            let code = *self.codes.entry(c).or_insert_with(|| {
                let glyph = self.face.glyph_index(c).unwrap_or(GlyphId(0));
                self.used.push((c, glyph));
                self.used.len() as u16
            });
            let (_, glyph) = self.used[usize::from(code) - 1];
            width += self.advance(glyph);
            bytes.extend(code.to_be_bytes());
        }
        (bytes, width)
    }

    /// FigureWidth of a glyph [em].
    fn advance(&self, glyph: GlyphId) -> f64 {
        let units = self.face.glyph_hor_advance(glyph).unwrap_or(0);
        f64::from(units) / f64::from(self.face.units_per_em())
    }

    /// Writes the font as the first of these objects.
    pub(super) fn write(&self, pdf: &mut Pdf, objects: [Ref; OBJECTS]) -> Result<(), PdfError> {
        let [font, cid, descriptor, program, glyphs, cmap] = objects;
        let mut remapper = GlyphRemapper::new();
        let map: Vec<u8> = [0]
            .into_iter()
            .chain(self.used.iter().map(|(_, glyph)| remapper.remap(glyph.0)))
            .flat_map(u16::to_be_bytes)
            .collect();
        let subset = subsetter::subset(FONT, 0, &remapper).map_err(|_| PdfError::Font)?;
        let name = format!("{}+{FONT_NAME}", tag(&subset));
        let name = Name(name.as_bytes());

        pdf.type0_font(font)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(cmap);
        self.widths(pdf.cid_font(cid), name, [descriptor, glyphs]);
        self.describe(pdf, descriptor, name, program);

        pdf.stream(program, &compressed(&subset)?)
            .filter(Filter::FlateDecode)
            .pair(Name(b"Length1"), subset.len() as i32);
        pdf.stream(glyphs, &compressed(&map)?)
            .filter(Filter::FlateDecode);
        let mut unicode = UnicodeCmap::new(Name(b"Unicode"), SYSTEM);
        for (code, (c, _)) in (1u16..).zip(&self.used) {
            unicode.pair(code, *c);
        }
        pdf.cmap(cmap, &compressed(&unicode.finish())?)
            .filter(Filter::FlateDecode);
        Ok(())
    }

    fn widths(&self, mut font: CidFont, name: Name, [descriptor, glyphs]: [Ref; 2]) {
        font.subtype(CidFontType::Type2)
            .base_font(name)
            .system_info(SYSTEM)
            .font_descriptor(descriptor)
            .cid_to_gid_map_stream(glyphs);
        let advances = (self.used.iter()).map(|(_, glyph)| 1000.0 * self.advance(*glyph) as f32);
        font.widths().consecutive(1, advances);
    }

    fn describe(&self, pdf: &mut Pdf, descriptor: Ref, name: Name, program: Ref) {
        let face = &self.face;
        let per_mille = |units: i16| 1000.0 * f32::from(units) / f32::from(face.units_per_em());
        let bounds = face.global_bounding_box();
        let [left, low, right, high] =
            [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(per_mille);
        pdf.font_descriptor(descriptor)
            .name(name)
            .flags(FontFlags::NON_SYMBOLIC)
            .bbox(Rect::new(left, low, right, high))
            .italic_angle(0.0)
            .ascent(per_mille(face.ascender()))
            .descent(per_mille(face.descender()))
            .cap_height(per_mille(face.capital_height().unwrap_or(face.ascender())))
            .stem_v(80.0)
            .font_file2(program);
    }
}

/// Six capital letters that name a subset: the same for the same glyphs.
fn tag(subset: &[u8]) -> String {
    let digits = sha256_hex(subset);
    let digits = digits.bytes().take(12).map(|digit| match digit {
        b'0'..=b'9' => digit - b'0',
        letter => letter - b'a' + 10,
    });
    let digits: Vec<u8> = digits.collect();
    (digits.chunks(2))
        .map(|pair| char::from(b'A' + (16 * pair[0] + pair[1]) % 26))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn property_every_character_has_a_code_of_its_own_and_the_width_of_its_glyph() {
        let mut letters = Letters::new().unwrap();
        // Two letters that look alike, one that the font does not have.
        let text = "aµμ中a";
        let (codes, width) = letters.shaped(text);
        let codes: Vec<u16> = (codes.chunks(2))
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        assert_eq!(codes, [1, 2, 3, 4, 1]);
        let single: f64 = text.chars().map(|c| letters.shaped(&c.to_string()).1).sum();
        assert!((width - single).abs() < 1e-12);
    }

    #[test]
    fn worked_tags_are_six_capitals() {
        let tags = ["a", "b"].map(|subset| tag(subset.as_bytes()));
        assert_ne!(tags[0], tags[1]);
        assert!(
            tags.iter()
                .all(|tag| tag.len() == 6 && tag.bytes().all(|letter| letter.is_ascii_uppercase()))
        );
    }
}
