//! What a person reads when something went wrong.

/// An error with its causes, but for those that an earlier message quotes already.
#[must_use]
pub fn text(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |said, cause| {
        let cause = cause.to_string();
        match said.is_empty() {
            true => cause,
            false if said.contains(&cause) => said,
            false => format!("{said}: {cause}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context as _, anyhow};

    #[test]
    fn regress_a_cause_is_said_once() {
        let quoted: anyhow::Result<()> = Err(anyhow!("no such file")).context("x: no such file");
        let named: anyhow::Result<()> = quoted.context("the example cannot be opened");
        assert_eq!(
            text(&named.unwrap_err()),
            "the example cannot be opened: x: no such file"
        );
    }
}
