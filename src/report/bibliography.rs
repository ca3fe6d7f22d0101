//! `sources.bib`: an entry for every source that the figures of a report rest on.

use super::escape::latex;
use super::{ExportError, Exporter};
use crate::digest::sha256_hex;
use crate::result::Report;
use std::collections::BTreeSet;

/// Writes the sources of the costs, of what was assumed about use, and of the methods, for BibTeX.
///
/// An entry holds what the cost table says of its source, as one note: authors and title are not
/// told apart where the table does not. Keys stay the same between reports.
pub struct Bibliography;

/// What every conversion and its count rest on.
const METHODS: [&str; 4] = [
    "B. Rueckauer, I.-A. Lungu, Y. Hu, M. Pfeiffer, S.-C. Liu, Conversion of continuous-valued deep networks to efficient event-driven networks for image classification, Frontiers in Neuroscience 11:682, 2017, doi:10.3389/fnins.2017.00682",
    "T. Bu, W. Fang, J. Ding, P. Dai, Z. Yu, T. Huang, Optimal ANN-SNN conversion for high-accuracy and ultra-low-latency spiking neural networks, ICLR 2022",
    "Y. Li, S. Deng, X. Dong, R. Gong, S. Gu, A free lunch from ANN: towards efficient, accurate spiking neural networks calibration, ICML 2021",
    "Z. Yan, Z. Bai, W.-F. Wong, Reconsidering the energy efficiency of spiking neural networks, 2024",
];

impl Exporter for Bibliography {
    fn file_name(&self) -> &'static str {
        "sources.bib"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let lines = report.targets.iter().flat_map(|target| &target.lines);
        let mut sources: BTreeSet<&str> = lines
            .flat_map(|line| line.source.split("; "))
            .map(str::trim)
            .filter(|source| !source.is_empty())
            .collect();
        sources.insert(&report.grid.1);
        // A network that came spiking was not converted.
        if report.setup.calibration.is_some() {
            sources.extend(METHODS);
        }
        let entries: Vec<String> = sources.into_iter().map(entry).collect();
        Ok(entries.join("\n").into_bytes())
    }
}

fn entry(source: &str) -> String {
    let mut fields = vec![format!("  note = {{{}}}", latex(source))];
    fields.extend(year(source).map(|year| format!("  year = {{{year}}}")));
    fields.extend(doi(source).map(|doi| format!("  doi = {{{doi}}}")));
    format!("@misc{{{},\n{}\n}}\n", key(source), fields.join(",\n"))
}

/// The first word, the year and a few digits of a hash: readable, and the same wherever the source
/// is named.
fn key(source: &str) -> String {
    let plain = |word: &str| -> String { word.chars().filter(char::is_ascii_alphabetic).collect() };
    let word = source
        .split([' ', ',', '/'])
        .map(plain)
        .find(|word| word.len() > 2)
        .unwrap_or_else(|| "source".to_owned());
    let year = year(source).map_or_else(String::new, |year| year.to_string());
    format!(
        "{}{year}-{}",
        word.to_lowercase(),
        &sha256_hex(source.as_bytes())[..6]
    )
}

/// The last number of four digits that can be the year of a publication.
fn year(source: &str) -> Option<u32> {
    source
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| digits.len() == 4)
        .filter_map(|digits| digits.parse().ok())
        .rfind(|year| (1950..2100).contains(year))
}

/// A DOI, if the source states one.
fn doi(source: &str) -> Option<&str> {
    source.match_indices("10.").find_map(|(start, _)| {
        let rest = &source[start..];
        let (registrant, suffix) = rest[3..].split_once('/')?;
        let is_doi = registrant.len() >= 4
            && registrant.bytes().all(|b| b.is_ascii_digit())
            && !suffix.is_empty();
        let end = rest.find([' ', ',', ';', ')']).unwrap_or(rest.len());
        is_doi.then(|| rest[..end].trim_end_matches('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_entry_of_a_source() {
        let source =
            "M. Davies et al., Loihi, IEEE Micro 38(1):82-99, 2018, doi:10.1109/MM.2018.112130359.";
        let text = entry(source);
        assert!(text.starts_with("@misc{davies2018-"), "{text}");
        assert!(text.contains("year = {2018}"), "{text}");
        assert!(text.contains("doi = {10.1109/MM.2018.112130359}"), "{text}");
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        let text = entry("Vendor data sheet, 100 % & more, from memory");
        assert!(!text.contains("year") && !text.contains("doi"), "{text}");
        assert!(text.contains("\\%") && text.contains("\\&"), "{text}");
        assert_eq!(doi("10.5 mW at 10.12/3"), None);
    }
}
