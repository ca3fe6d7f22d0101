//! Text that comes from models and files, made harmless for the format it is put into.

/// Text on one line without control characters and without characters that reorder a line, so a
/// name cannot steer a terminal or break an XML file.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if c.is_control() => ' ',
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
            '\u{fffe}' | '\u{ffff}' => ' ',
            c => c,
        })
        .collect()
}

/// Text of at most `width` characters, the end replaced by `…` if it is longer.
pub(super) fn shortened(text: &str, width: usize) -> String {
    let text = printable(text);
    if text.chars().count() <= width {
        return text;
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept + "…"
}

/// A heading inside a sentence: its first letter small, names of things as they are.
pub(super) fn within_sentence(heading: &str) -> String {
    let mut letters = heading.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

/// A CSV cell on one line that no spreadsheet takes for a formula and no terminal for a command.
///
/// Source: OWASP, "CSV Injection": cells that begin with `= + - @`, tab or line ends, also in
/// their full-width forms, are evaluated; a leading apostrophe makes them text.
pub(crate) fn cell(text: &str) -> String {
    const TRIGGERS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    let shown = printable(text);
    if text.starts_with(TRIGGERS) {
        format!("'{shown}")
    } else {
        shown
    }
}

/// Text that LaTeX typesets as it stands; letters that pdfLaTeX has no glyph for are spelled out.
pub(crate) fn latex(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '\\' => out.push_str(r"\textbackslash{}"),
            '^' => out.push_str(r"\textasciicircum{}"),
            '~' => out.push_str(r"\textasciitilde{}"),
            '<' => out.push_str(r"\textless{}"),
            '>' => out.push_str(r"\textgreater{}"),
            '|' => out.push_str(r"\textbar{}"),
            '"' => out.push_str("''"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            // At the start of a row these would be arguments of the line break before it.
            '[' | ']' | '*' => {
                out.push('{');
                out.push(c);
                out.push('}');
            }
            '–' => out.push_str("--"),
            '×' => out.push_str(r"$\times$"),
            '·' => out.push_str(r"$\cdot$"),
            'µ' | 'μ' => out.push_str(r"$\mu$"),
            c if c.is_ascii() || ('à'..='ö').contains(&c) || ('ø'..='ÿ').contains(&c) => {
                out.push(c);
            }
            c if ('À'..='Ö').contains(&c) || ('Ø'..='ß').contains(&c) => out.push(c),
            c => out.push_str(&format!(r"\texttt{{U+{:04X}}}", u32::from(c))),
        }
    }
    out
}

/// Text that Markdown shows as it stands.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        if "\\`*_[]<>#|~$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_cannot_steer_a_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\nc\u{202e}d"), "a [2Jb c d");
        assert_eq!(shortened("abcdef", 4), "abc…");
        assert_eq!(shortened("abcd", 4), "abcd");
    }

    #[test]
    fn headings_keep_their_names_within_a_sentence() {
        let heading = "With idle power, encoding, host and I/O";
        assert_eq!(
            within_sentence(heading),
            "with idle power, encoding, host and I/O"
        );
    }

    #[test]
    fn formulas_become_text() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"] {
            assert_eq!(cell(bad), format!("'{}", printable(bad)));
        }
        assert_eq!(cell("conv-1"), "conv-1");
        assert_eq!(cell("a\u{1b}[2Jb"), "a [2Jb");
    }

    #[test]
    fn latex_specials_are_spelled_out() {
        assert_eq!(
            latex("a_b & 50% \\end{x}"),
            r"a\_b \& 50\% \textbackslash{}end\{x\}"
        );
        assert_eq!(latex("[2cm]*"), "{[}2cm{]}{*}");
        assert_eq!(latex("é中"), r"é\texttt{U+4E2D}");
    }

    #[test]
    fn markdown_specials_are_escaped() {
        assert_eq!(markdown("<b>_x_"), r"\<b\>\_x\_");
    }
}
