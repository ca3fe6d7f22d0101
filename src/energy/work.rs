//! What a device is asked to do.

use crate::counts::{DenseCounts, EventCounts, FormatCounts, NumberFormat};

/// What a device is asked to do.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// Events of the spiking network.
    pub counts: &'a EventCounts,
    /// Work of the original network; without layers if there is none.
    pub dense: &'a DenseCounts,
    /// Number format of the network that was counted.
    pub format: NumberFormat,
    /// The same network at other formats.
    pub others: &'a [FormatCounts],
}

impl<'a> Work<'a> {
    /// Counts of a network of 32-bit floats.
    #[must_use]
    pub fn new(counts: &'a EventCounts, dense: &'a DenseCounts) -> Self {
        Work {
            counts,
            dense,
            format: NumberFormat::Fp32,
            others: &[],
        }
    }

    /// With other counts of the same format and original; nothing is known of further formats.
    #[must_use]
    pub(super) fn with_counts<'b>(self, counts: &'b EventCounts) -> Work<'b>
    where
        'a: 'b,
    {
        Work {
            counts,
            dense: self.dense,
            format: self.format,
            others: &[],
        }
    }

    /// Whether the network was counted at this format.
    #[must_use]
    pub fn is_counted_at(&self, format: NumberFormat) -> bool {
        self.format == format || self.others.iter().any(|other| other.format == format)
    }

    /// The work at a format: that of the network counted at it, or else of the one at hand.
    #[must_use]
    pub(super) fn at(self, format: Option<NumberFormat>) -> Self {
        let others = self.others.iter();
        let found = others
            .filter(|_| format.is_some_and(|format| format != self.format))
            .find(|other| Some(other.format) == format);
        match found {
            Some(other) => Work {
                counts: &other.counts,
                format: other.format,
                ..self
            },
            None => self,
        }
    }
}
