//! What the tests of the window share.
#![allow(dead_code, reason = "each test uses a part")]

use eframe::egui::{self, vec2};
use egui_kittest::Harness;
use spikewatt::energy::Catalogue;
use spikewatt::experiment::{self, ConvertedExperiment};
use spikewatt::explore::{Rows, Selection, Subject};
use spikewatt::sweep::{Merged, Plan, Point, Shard, Summary, Sweep, merge};
use spikewatt_gui::app::App;
use spikewatt_gui::panels::{self, Panel};
use spikewatt_gui::state::State;
use spikewatt_gui::sweep::SweepResults;
use spikewatt_gui::worker::Run;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub fn example(name: &str) -> PathBuf {
    root().join("examples").join(name)
}

pub fn go_on(_: experiment::Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

pub fn run(file: &Path) -> experiment::Run {
    let experiment = ConvertedExperiment::load(file, &[]).unwrap();
    experiment::run(&experiment, &Catalogue::shipped().unwrap(), &go_on).unwrap()
}

pub fn panel(name: &str) -> Box<dyn Panel> {
    let found = panels::all().into_iter().find(|panel| panel.name() == name);
    found.unwrap()
}

/// One panel in a window.
pub fn shown(name: &str, state: State) -> Harness<'static, State> {
    let mut panel = panel(name);
    let mut harness = Harness::builder()
        .with_size(vec2(700.0, 500.0))
        .build_ui_state(move |ui, state: &mut State| panel.ui(ui, state), state);
    harness.run_steps(3);
    harness
}

/// The digits example, recorded, run and examined.
pub fn state() -> State {
    let file = example("digits.toml");
    let subject = Subject::open(&file, &go_on).unwrap();
    let mut state = State::new().unwrap();
    state.samples = subject.samples();
    state.set_record(subject.record(1, &go_on).unwrap());
    let run = run(&file);
    state.set_run(Run {
        counts: run.counts,
        others: run.others,
        dense: run.dense,
        context: run.context,
    });
    state.health = subject.health().unwrap();
    state
}

/// The same with a kept run, a selection, and a small sweep: something in every panel.
pub fn full_state() -> State {
    let mut state = state();
    state.keep();
    let (merged, plan) = sweep();
    state.sweep = Some(SweepResults {
        merged: Some(merged),
        plan: Some(plan),
    });
    state.select(Some(Selection {
        rows: Rows::from_range(20..90),
        timesteps: 3..9,
    }));
    state
}

/// Two networks at two lengths on a few samples.
pub fn sweep() -> (Merged, Plan) {
    let folder = tempfile::tempdir().unwrap();
    let file = sweep_file(folder.path());
    let catalogue = Catalogue::shipped().unwrap();
    let plan = Plan::new(&Sweep::load(&file, &[]).unwrap(), &catalogue).unwrap();
    let go_on = |_: Summary, _: Option<(&Point, &str)>| ControlFlow::Continue(());
    spikewatt::sweep::run(&plan, &catalogue, folder.path(), Shard::WHOLE, &go_on).unwrap();
    (merge(&plan, folder.path(), false).unwrap().0, plan)
}

/// The file of [`sweep`] in a folder.
pub fn sweep_file(folder: &Path) -> PathBuf {
    let root = root();
    let text = format!(
        r#"
            [experiment]
            model = '{root}/networks/digits_mlp.onnx'
            data = {{ path = '{root}/data/digits-test360-images-idx3-ubyte.gz', samples = 40, preprocessing = {{ scale = 0.0625 }} }}
            calibration = {{ path = '{root}/data/digits-train1k-images-idx3-ubyte.gz', samples = 100 }}
            [parameters]
            "simulation.timesteps" = [2, 4, 16]
            "simulation.encoding" = ["constant", "bernoulli"]
        "#,
        root = root.display()
    );
    let file = folder.join("small.toml");
    std::fs::write(&file, text).unwrap();
    file
}

/// A window.
pub fn window(app: App) -> Harness<'static, App> {
    Harness::builder()
        .with_size(vec2(1280.0, 800.0))
        .build_ui_state(|ui, app: &mut App| app.draw(ui), app)
}

/// A window that opens a file.
pub fn opened(file: PathBuf) -> Harness<'static, App> {
    let mut app = App::new(&egui::Context::default(), None);
    app.open(Some(file), 0);
    window(app)
}

/// Runs a window until its worker rests.
pub fn rest(harness: &mut Harness<'_, App>) {
    let end = Instant::now() + Duration::from_secs(300);
    while harness.state().is_busy() && Instant::now() < end {
        harness.run_steps(1);
        std::thread::sleep(Duration::from_millis(10));
    }
    harness.run_steps(2);
    assert!(!harness.state().is_busy());
}
