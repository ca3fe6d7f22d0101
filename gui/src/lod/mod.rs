//! A raster at any zoom: [`Counts`] in cells of any power of two, and the [`Picture`] of a window.

mod counts;
mod picture;

pub use counts::Counts;
pub use picture::{Picture, Window, picture, ticks};
