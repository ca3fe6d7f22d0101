//! Colours that people with colour blindness can tell apart, the same in every figure and on every
//! screen.
//!
//! Source: Okabe and Ito 2008, "Color Universal Design".

use crate::explore::Cause;
use crate::result::Workload;
#[cfg(feature = "figures")]
use plotters::style::RGBColor;

/// Red, green and blue, as the drawing library has them.
#[cfg(not(feature = "figures"))]
#[derive(Clone, Copy)]
pub(crate) struct RGBColor(u8, u8, u8);

const BLUE: RGBColor = RGBColor(0, 114, 178);
const VERMILION: RGBColor = RGBColor(213, 94, 0);
pub(super) const GREEN: RGBColor = RGBColor(0, 158, 115);
const PURPLE: RGBColor = RGBColor(204, 121, 167);
const SKY: RGBColor = RGBColor(86, 180, 233);
const ORANGE: RGBColor = RGBColor(230, 159, 0);
const GREY: RGBColor = RGBColor(153, 153, 153);

/// Colours of things in a row, one after the other.
pub(super) const CYCLE: [RGBColor; 6] = [BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE];

/// Of a network \[red, green, blue\].
#[must_use]
pub fn network_colour(workload: Workload) -> [u8; 3] {
    channels(of_network(workload))
}

/// As [`network_colour`], for the drawing library.
pub(crate) fn of_network(workload: Workload) -> RGBColor {
    match workload {
        Workload::Snn => BLUE,
        Workload::Ann => VERMILION,
        Workload::Qann => GREEN,
        Workload::Pann => PURPLE,
        Workload::ZeroSkipping => SKY,
    }
}

/// Of a cause of energy \[red, green, blue\].
#[must_use]
pub fn cause_colour(cause: Cause) -> [u8; 3] {
    channels(match cause {
        Cause::Synapse => BLUE,
        Cause::NeuronUpdate => ORANGE,
        Cause::Spike => VERMILION,
        Cause::Routing => GREEN,
        Cause::Static => GREY,
        Cause::Input => PURPLE,
    })
}

fn channels(RGBColor(r, g, b): RGBColor) -> [u8; 3] {
    [r, g, b]
}
