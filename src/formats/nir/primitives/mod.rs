//! The primitives of NIR: what a newcomer adds to.
//!
//! A primitive is a struct with its description and an `impl Body` (or `Elementwise`), and its name
//! in the list at the end of this file.

mod conv;
mod elementwise;
mod flatten;
mod linear;
mod neuron;
mod pool;
mod port;
mod window;

pub use conv::{Conv1d, Conv2d};
pub use elementwise::{Delay, Scale, Threshold};
pub use flatten::Flatten;
pub use linear::{Affine, Linear};
pub use neuron::{CubaLI, CubaLIF, I, IF, LI, LIF};
pub use pool::{AvgPool2d, SumPool2d};
pub use port::{Input, Output};

use super::fields::{Fields, Writer};

/// What each primitive supplies.
pub(super) trait Body {
    /// From the fields of a file; problems go into `fields`, and the result is then not used.
    fn read(fields: &mut Fields) -> Self
    where
        Self: Sized;

    /// To the fields of a file.
    ///
    /// # Errors
    /// What NIR has no field for.
    fn write(&self, out: &mut Writer) -> Result<(), String>;

    /// What is wrong with the parameters by themselves.
    fn check(&self) -> Vec<String>;

    /// The input shape that the parameters fix, if they do.
    fn input_shape(&self) -> Option<Vec<usize>>;

    /// The output shape for an input shape; called only when `check` found nothing.
    ///
    /// # Errors
    /// Why there is none.
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String>;

    /// Supplies a missing input shape, and says so.
    fn fill(&mut self, _input: &[usize]) -> Option<String> {
        None
    }
}

macro_rules! primitives {
    ($($name:ident),* $(,)?) => {
        /// What a node computes; each struct describes itself.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Primitive {
            $(#[doc = concat!("See [`", stringify!($name), "`](struct@", stringify!($name), ").")]
            $name($name),)*
        }

        type Reader = fn(&mut Fields) -> Primitive;

        /// NIR's type name and the reader of each primitive.
        const READERS: &[(&str, Reader)] = &[
            $((stringify!($name), |fields| Primitive::$name(<$name as Body>::read(fields)))),*
        ];

        impl Primitive {
            /// Names of all primitives that can be read and written.
            pub const TYPE_NAMES: &[&str] = &[$(stringify!($name)),*];

            /// NIR's name of the primitive.
            pub fn type_name(&self) -> &'static str {
                match self {
                    $(Primitive::$name(_) => stringify!($name),)*
                }
            }

            pub(super) fn body(&self) -> &dyn Body {
                match self {
                    $(Primitive::$name(body) => body,)*
                }
            }

            pub(super) fn body_mut(&mut self) -> &mut dyn Body {
                match self {
                    $(Primitive::$name(body) => body,)*
                }
            }
        }
    };
}

primitives![
    Input, Output, Affine, Linear, Scale, Conv1d, Conv2d, SumPool2d, AvgPool2d, Flatten, Delay,
    Threshold, I, IF, LI, LIF, CubaLI, CubaLIF,
];

/// The reader of a primitive, by NIR's name of it.
pub(super) fn reader(type_name: &str) -> Option<Reader> {
    let row = READERS.iter().find(|(name, _)| *name == type_name)?;
    Some(row.1)
}
