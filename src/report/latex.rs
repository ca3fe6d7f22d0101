//! `targets.tex`: the energy table of a paper.

use super::escape::latex;
use super::mark::{LATEX_MEANING, latex_star};
use crate::result::{Report, Scope, TargetReport};
use crate::units::{Range, si};

/// Writes a complete `table` environment for booktabs and siunitx (version 2 or 3).
pub struct Latex;

/// Writes the text of a table under a name.
macro_rules! table_file {
    ($table:ident, $file:literal, $text:ident) => {
        impl $crate::report::Exporter for $table {
            fn file_name(&self) -> &'static str {
                $file
            }

            fn bytes(
                &self,
                report: &$crate::result::Report,
            ) -> Result<Vec<u8>, $crate::report::ExportError> {
                Ok($text(report).into_bytes())
            }
        }
    };
}
pub(super) use table_file;

table_file!(Latex, "targets.tex", table);

fn table(report: &Report) -> String {
    TexTable {
        label: "energy",
        caption: caption(report),
        columns: "llrrrrrr",
        head: &[
            "& & & \\multicolumn{4}{c}{Energy} &",
            "Target & Network & Batch & Compute & + memory, routing & + idle, host, I/O & Range & \
             Latency",
        ],
        rows: report.targets_in(Scope::System).into_iter().map(row),
    }
    .text()
}

/// A `table` environment for booktabs and siunitx; lines without their ends.
pub(super) struct TexTable<R> {
    /// What `\ref{tab:spikewatt-…}` finds it by.
    pub(super) label: &'static str,
    pub(super) caption: String,
    /// Alignments of the columns.
    pub(super) columns: &'static str,
    pub(super) head: &'static [&'static str],
    pub(super) rows: R,
}

impl<R: Iterator<Item = String>> TexTable<R> {
    pub(super) fn text(self) -> String {
        let mut lines: Vec<String> = vec![
            "% Needs \\usepackage{booktabs} and \\usepackage{siunitx}.".to_owned(),
            "\\begin{table}".to_owned(),
            "  \\centering".to_owned(),
            format!("  \\caption{{{}}}", self.caption),
            format!("  \\label{{tab:spikewatt-{}}}", self.label),
            format!("  \\begin{{tabular}}{{{}}}", self.columns),
            "    \\toprule".to_owned(),
        ];
        let line = |row: &str| format!("    {row} \\\\");
        lines.extend(self.head.iter().map(|row| line(row)));
        lines.push("    \\midrule".to_owned());
        lines.extend(self.rows.map(|row| line(&row)));
        let tail = ["    \\bottomrule", "  \\end{tabular}", "\\end{table}"];
        lines.extend(tail.map(String::from));
        lines.join("\n") + "\n"
    }
}

fn caption(report: &Report) -> String {
    let mut text = format!(
        "Energy per inference of {} ($T = {}$, \\num{{{}}} samples",
        latex(report.model_name()),
        report.timesteps,
        report.samples
    );
    if let Some(accuracy) = &report.accuracy {
        let ann = accuracy.ann.map(|ann| percent(ann, 2) + " as ANN, ");
        text += &format!(
            "; accuracy {}{} as SNN",
            ann.unwrap_or_default(),
            percent(accuracy.snn, 2)
        );
    }
    text += "). Columns are cumulative and must not be compared with each other; the range is that of \
             the last known one and follows from the bounds of the cost tables.";
    let any = |mark: fn(&TargetReport) -> bool| report.targets.iter().any(mark);
    if any(TargetReport::is_unverified) {
        text += LATEX_MEANING;
    }
    if any(|t| !t.fits) {
        text += " $^{\\dagger}$Does not fit the device.";
    }
    let open = |t: &TargetReport| {
        let known = |scope| t.scopes.get(scope).known().is_some();
        !Scope::ALL.into_iter().all(known)
    };
    if any(open) {
        text += " What a cost table does not state is left open.";
    }
    for verdict in report.headlines() {
        text += &format!(" {}", latex(&verdict.sentence));
    }
    text
}

fn row(target: &TargetReport) -> String {
    let mut name = latex(&target.title) + latex_star(target.is_unverified());
    if !target.fits {
        name += "$^{\\dagger}$";
    }
    let open = || "---".to_owned();
    let known = |scope: Scope| target.scopes.get(scope).known();
    let [compute, memory, system] = Scope::ALL
        .map(|scope| known(scope).map_or_else(open, |e| quantity(e.nominal, "J", "\\joule")));
    let widest = Scope::ALL.into_iter().rev().find_map(known);
    format!(
        "{name} & {} & \\num{{{}}} & {compute} & {memory} & {system} & {} & {}",
        target.network_label(),
        target.batch,
        widest.map_or_else(open, range),
        target
            .latency_s
            .map_or_else(open, |s| quantity(s, "s", "\\second")),
    )
}

/// `\SI{82.5}{\percent}` of a share.
pub(super) fn percent(share: f64, digits: usize) -> String {
    format!("\\SI{{{:.digits$}}}{{\\percent}}", share * 100.0)
}

/// `\SI{268}{\nano\joule}`: three significant digits and the prefix that [`si`] chooses.
pub(crate) fn quantity(value: f64, symbol: &str, unit: &str) -> String {
    let (number, prefix) = prefixed(value, symbol);
    format!("\\SI{{{number}}}{{{prefix}{unit}}}")
}

fn range(energy_j: Range) -> String {
    let (low, low_prefix) = prefixed(energy_j.low, "J");
    let (high, high_prefix) = prefixed(energy_j.high, "J");
    if low_prefix == high_prefix {
        format!(
            "\\SIrange[range-phrase={{--}},range-units=single]{{{low}}}{{{high}}}{{{high_prefix}\\joule}}"
        )
    } else {
        format!("\\SI{{{low}}}{{{low_prefix}\\joule}}--\\SI{{{high}}}{{{high_prefix}\\joule}}")
    }
}

/// The number that [`si`] prints and the siunitx macro of its prefix.
fn prefixed(value: f64, symbol: &str) -> (String, &'static str) {
    let text = si(value, symbol);
    let (number, unit) = text.split_once(' ').unwrap_or((&text, ""));
    let prefix = match unit.strip_suffix(symbol).unwrap_or("") {
        "a" => "\\atto",
        "f" => "\\femto",
        "p" => "\\pico",
        "n" => "\\nano",
        "µ" => "\\micro",
        "m" => "\\milli",
        "k" => "\\kilo",
        "M" => "\\mega",
        "G" => "\\giga",
        "T" => "\\tera",
        "P" => "\\peta",
        "E" => "\\exa",
        _ => "",
    };
    (number.to_owned(), prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_carry_their_prefix_as_a_macro() {
        assert_eq!(
            quantity(2.6833e-7, "J", "\\joule"),
            "\\SI{268}{\\nano\\joule}"
        );
        assert_eq!(quantity(0.0, "s", "\\second"), "\\SI{0}{\\second}");
        assert_eq!(
            range(Range::new(9e-7, 1e-6, 1.2e-6)),
            "\\SI{900}{\\nano\\joule}--\\SI{1.20}{\\micro\\joule}"
        );
    }
}
