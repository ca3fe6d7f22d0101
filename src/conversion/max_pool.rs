//! What becomes of max pooling.

use crate::ann::{Ann, Operation};
use crate::neuron::MaxPoolRule;
use serde::{Deserialize, Serialize};

/// What becomes of max pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxPoolChoice {
    /// The rule with the smaller error of the output on the calibration data.
    #[default]
    Auto,
    /// See [`MaxPoolRule::Gate`].
    Gate,
    /// See [`MaxPoolRule::CumulativeMax`].
    CumulativeMax,
    /// Average pooling, which needs no neurons of its own but gives another network; corrected
    /// weights make up for some of it.
    Average,
}

impl MaxPoolChoice {
    /// The rule, if one was chosen.
    pub(super) fn rule(self) -> Option<MaxPoolRule> {
        match self {
            MaxPoolChoice::Auto | MaxPoolChoice::Average => None,
            MaxPoolChoice::Gate => Some(MaxPoolRule::Gate),
            MaxPoolChoice::CumulativeMax => Some(MaxPoolRule::CumulativeMax),
        }
    }
}

/// The network with average pooling in place of max pooling; `None` if it has none.
pub(super) fn averaged(ann: &Ann) -> Option<Ann> {
    let mut averaged = ann.clone();
    for layer in &mut averaged.layers {
        if let Operation::MaxPool { window } = layer.operation {
            layer.operation = Operation::AveragePool {
                window,
                count_padding: false,
            };
        }
    }
    (averaged != *ann).then_some(averaged)
}
