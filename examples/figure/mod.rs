//! A bar chart on a logarithmic axis as SVG, for the examples.

use spikewatt::units::si;
use std::fmt::Write as _;

/// A bar: label, value and, if there is one, a second value drawn as a mark.
pub struct Bar {
    pub label: String,
    pub value: f64,
    pub mark: Option<f64>,
}

/// Horizontal bars over the decades that hold all values, which must be above zero.
pub fn bars(title: &str, unit: &str, bars: &[Bar]) -> String {
    let values = || {
        bars.iter()
            .flat_map(|bar| [Some(bar.value), bar.mark])
            .flatten()
    };
    let low = values().fold(f64::INFINITY, f64::min).log10().floor() as i32;
    let high = values().fold(f64::MIN_POSITIVE, f64::max).log10().ceil() as i32;
    let (left, width, row) = (230.0, 430.0, 26.0);
    let x = |value: f64| left + width * (value.log10() - f64::from(low)) / f64::from(high - low);
    let bottom = 40.0 + row * bars.len() as f64;
    let mut svg = String::new();
    let mut out = |line: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(svg, "{line}");
    };
    out(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"700\" height=\"{}\" font-family=\"sans-serif\" font-size=\"12\">",
        bottom + 25.0
    ));
    out("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>".into());
    out(format!(
        "<text x=\"10\" y=\"20\" font-size=\"14\">{title}</text>"
    ));
    for decade in low..=high {
        let at = x(10f64.powi(decade));
        out(format!(
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"32\" y2=\"{bottom:.1}\" stroke=\"#ddd\"/>"
        ));
        out(format!(
            "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            bottom + 15.0,
            tick(decade, unit)
        ));
    }
    for (index, bar) in bars.iter().enumerate() {
        let y = 38.0 + row * index as f64;
        out(format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            left - 8.0,
            y + 14.0,
            bar.label
        ));
        out(format!(
            "<rect x=\"{left:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"18\" fill=\"#4477aa\"/>",
            x(bar.value) - left
        ));
        if let Some(mark) = bar.mark {
            let at = x(mark);
            out(format!(
                "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#cc3311\" stroke-width=\"3\"/>",
                y - 2.0,
                y + 20.0
            ));
        }
    }
    svg + "</svg>\n"
}

/// A power of ten without decimals: `10 µJ`.
fn tick(decade: i32, unit: &str) -> String {
    let text = si(10f64.powi(decade), unit);
    text.replace(".00 ", " ").replace(".0 ", " ")
}
