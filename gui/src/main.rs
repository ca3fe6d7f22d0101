//! `spikewatt-gui`.

use anyhow::Context as _;
use clap::Parser;
use eframe::egui;
use spikewatt_gui::app::App;
use spikewatt_gui::bare::Bare;
use spikewatt_gui::screenshot::{Brush, Shot, Size, Theme, shoot};
use std::path::PathBuf;
use std::process::ExitCode;

/// Explore what a network did and where its energy went.
#[derive(Debug, Parser)]
#[command(version = spikewatt::VERSION)]
struct Arguments {
    /// Experiment, sweep or native network (.toml), model (.onnx, with --data), NIR file, recording
    /// (.npz), saved counts (.h5), results of a sweep (.json) or result folder; the bundled example
    /// unless given.
    file: Option<PathBuf>,
    /// Data to run a model on.
    #[arg(long, value_name = "FILE", requires = "file")]
    data: Option<PathBuf>,
    /// Training samples that set the thresholds of a model's conversion.
    #[arg(long, value_name = "FILE", requires = "data")]
    calibration: Option<PathBuf>,
    /// Folder with files that a result was made from and that have moved since; they are recognised
    /// by their contents (SHA-256). Can be given several times.
    #[arg(long, value_name = "DIR")]
    look_in: Vec<PathBuf>,
    /// Write a picture (.png or .svg) of the window instead of opening it; needs no display.
    #[arg(long, value_name = "FILE")]
    screenshot: Option<PathBuf>,
    /// Size of the picture in pixels.
    #[arg(
        long,
        value_name = "WxH",
        default_value = "1280x800",
        requires = "screenshot"
    )]
    size: Size,
    /// Show this panel alone.
    #[arg(long, value_name = "NAME", requires = "screenshot")]
    panel: Option<String>,
    /// Colours of the picture.
    #[arg(long, value_enum, default_value_t = Theme::Dark, requires = "screenshot")]
    theme: Theme,
    /// Pixels per point of the picture: 2 draws everything twice as large.
    #[arg(long, default_value_t = 1.0, requires = "screenshot")]
    scale: f32,
    /// Sample to show.
    #[arg(long, default_value_t = 0)]
    sample: usize,
    /// Select the neurons of a population in some timesteps.
    #[arg(long, value_name = "POPULATION:FROM..TO", requires = "screenshot")]
    select: Option<Brush>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", spikewatt_gui::message::text(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let model = arguments.file.clone().filter(|_| arguments.data.is_some());
    let model = model.map(|model| Bare {
        model,
        data: arguments.data,
        calibration: arguments.calibration,
    });
    if let Some(file) = arguments.screenshot {
        return shoot(&Shot {
            file,
            subject: arguments.file,
            model,
            look_in: arguments.look_in,
            size: arguments.size,
            panel: arguments.panel,
            theme: arguments.theme,
            scale: arguments.scale,
            sample: arguments.sample,
            select: arguments.select,
        });
    }
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_inner_size([1280.0, 800.0])
            .with_title("spikewatt"),
        ..Default::default()
    };
    eframe::run_native(
        "spikewatt",
        options,
        Box::new(move |creation| {
            let stored = creation.storage.and_then(App::stored);
            let mut app = App::new(&creation.egui_ctx, stored);
            app.look_in(arguments.look_in);
            match &model {
                Some(model) => app.open_model(model, arguments.sample),
                None => app.open(arguments.file, arguments.sample),
            }
            Ok(Box::new(app))
        }),
    )
    .map_err(|error| anyhow::anyhow!("{error}"))
    .context("the window cannot be opened; --screenshot FILE needs no display")
}
