//! `--screenshot`: a picture of the window without a display.

use crate::app::App;
use crate::bare::{Bare, is_model};
use crate::export::{self, Drawn};
use crate::panels;
use anyhow::{Context as _, bail};
use eframe::egui::{self, Context};
use spikewatt::explore::{Rows, Selection};
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Colours of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Theme {
    /// Dark.
    Dark,
    /// Light.
    Light,
}

/// Size of a picture \[pixels\].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |text: &str| {
            text.parse()
                .ok()
                .filter(|side| (100..=10_000).contains(side))
        };
        text.split_once('x')
            .and_then(|(width, height)| {
                Some(Size {
                    width: side(width)?,
                    height: side(height)?,
                })
            })
            .ok_or_else(|| "write it as WIDTHxHEIGHT, 100 to 10000 each, such as 1280x800".into())
    }
}

/// Neurons of a population in some timesteps, written as `NAME:FROM..TO`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brush {
    /// The population, or the end of its name.
    pub population: String,
    /// First timestep, and one past the last.
    pub timesteps: Range<usize>,
}

impl FromStr for Brush {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = || {
            let (population, steps) = text.rsplit_once(':')?;
            let (start, end) = steps.split_once("..")?;
            let timesteps = start.parse().ok()?..end.parse().ok()?;
            Some(Brush {
                population: population.to_owned(),
                timesteps,
            })
        };
        parts()
            .filter(|brush| brush.timesteps.start < brush.timesteps.end)
            .ok_or_else(|| "write it as POPULATION:FROM..TO, such as conv1:2..5".into())
    }
}

/// What to draw.
#[derive(Debug, Clone)]
pub struct Shot {
    /// Where to write, `.png` or `.svg`.
    pub file: PathBuf,
    /// What to open; the bundled example if `None`.
    pub subject: Option<PathBuf>,
    /// A model with its data, to run instead.
    pub model: Option<Bare>,
    /// Folders with files that a result was made from and that have moved since.
    pub look_in: Vec<PathBuf>,
    /// Size of the picture.
    pub size: Size,
    /// Only this panel.
    pub panel: Option<String>,
    /// Colours.
    pub theme: Theme,
    /// Pixels per point.
    pub scale: f32,
    /// Sample to show.
    pub sample: usize,
    /// What is selected.
    pub select: Option<Brush>,
}

/// Draws and writes the picture.
///
/// # Errors
/// If what is to be shown cannot be opened, or the picture cannot be written.
pub fn shoot(shot: &Shot) -> anyhow::Result<()> {
    let panel = match &shot.panel {
        None => None,
        Some(wanted) => {
            let list = panels::all();
            let found = list
                .iter()
                .find(|panel| panel.name().eq_ignore_ascii_case(wanted));
            let names: Vec<&str> = list.iter().map(|panel| panel.name()).collect();
            let Some(found) = found else {
                bail!(
                    "there is no panel \"{wanted}\"; there are {}",
                    names.join(", ")
                );
            };
            Some(found.name())
        }
    };
    if !(0.25..=8.0).contains(&shot.scale) {
        bail!("--scale {}: give 0.25 to 8", shot.scale);
    }
    let drawn = open(shot, panel)?;
    let extension = shot.file.extension().and_then(|e| e.to_str()).unwrap_or("");
    let bytes = match extension {
        "svg" => drawn.svg().into_bytes(),
        "png" => export::png(&drawn.image())?,
        _ => bail!(
            "{}: name a file that ends in .png or .svg",
            shot.file.display()
        ),
    };
    std::fs::write(&shot.file, bytes).with_context(|| shot.file.display().to_string())
}

fn open(shot: &Shot, panel: Option<&'static str>) -> anyhow::Result<Drawn> {
    let ctx = Context::default();
    let mut app = App::new(&ctx, None);
    app.look_in(shot.look_in.clone());
    ctx.set_theme(match shot.theme {
        Theme::Dark => egui::Theme::Dark,
        Theme::Light => egui::Theme::Light,
    });
    match (&shot.model, &shot.subject) {
        (Some(model), _) => app.open_model(model, shot.sample),
        (None, Some(file)) if is_model(file) => {
            bail!(
                "{}: a model alone; give --data and --calibration",
                file.display()
            )
        }
        (None, file) => app.open(file.clone(), shot.sample),
    }
    wait(&mut app);
    if let Some(message) = &app.message {
        bail!("{message}");
    }
    if let Some(brush) = &shot.select {
        select(&mut app, brush)?;
    }
    let size = egui::vec2(shot.size.width as f32, shot.size.height as f32) / shot.scale;
    Ok(export::draw_in(ctx, size, shot.scale, &mut |ui| {
        match panel {
            Some(name) => app.draw_panel(ui, name),
            None => app.draw(ui),
        }
        // What a panel asks for is in the next pass.
        wait(&mut app);
    }))
}

/// Waits for the work that has been asked for.
fn wait(app: &mut App) {
    while app.is_busy() {
        app.listen();
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn select(app: &mut App, brush: &Brush) -> anyhow::Result<()> {
    let open = app.state.open.as_ref();
    let record = open
        .map(|open| open.record.clone())
        .context("nothing is open")?;
    let nodes = &record.counts.topology.populations;
    let found = nodes
        .iter()
        .position(|node| node.name.ends_with(&brush.population));
    let Some(population) = found else {
        let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        bail!(
            "--select: there is no population \"{}\"; there are {}",
            brush.population,
            names.join(", ")
        );
    };
    app.state.select(Some(Selection {
        rows: Rows::from_range(record.rows_of(population)),
        timesteps: brush.timesteps.start..brush.timesteps.end.min(record.raster.timesteps()),
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_sizes_and_brushes() {
        let size: Size = "1280x800".parse().unwrap();
        assert_eq!((size.width, size.height), (1280, 800));
        assert!("1280".parse::<Size>().is_err() && "9x9".parse::<Size>().is_err());
        let brush: Brush = "a:b:2..5".parse().unwrap();
        assert_eq!((brush.population.as_str(), brush.timesteps), ("a:b", 2..5));
        assert!("a:5..5".parse::<Brush>().is_err() && "a".parse::<Brush>().is_err());
    }
}
