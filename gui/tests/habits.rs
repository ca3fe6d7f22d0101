//! What hands are used to: saving what is shown, undoing, finding, dropping files, coming back.

mod common;

use common::{example, full_state, opened, rest, run, shown, state};
use eframe::egui::{self, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use spikewatt::experiment::{self, ConvertedExperiment};
use spikewatt::explore::{Rows, Selection, Subject};
use spikewatt_gui::app::App;
use spikewatt_gui::panels;
use spikewatt_gui::state::State;
use spikewatt_gui::worker::{Job, Message, Worker};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn every_control_of_every_panel_and_window_has_a_name() {
    for panel in panels::all() {
        let mut harness = shown(panel.name(), full_state());
        harness.run_steps(2);
        assert_eq!(harness.unnamed_widgets(), [""; 0], "{}", panel.name());
    }
    let mut harness = opened(example("digits.toml"));
    rest(&mut harness);
    for key in [Key::E, Key::K] {
        harness.key_press_modifiers(Modifiers::CTRL, key);
        harness.run_steps(4);
        assert_eq!(harness.unnamed_widgets(), [""; 0], "{key:?}");
        harness.key_press(Key::Escape);
        harness.run_steps(2);
    }
}

#[test]
fn the_view_is_saved_as_it_is_set_under_the_name_that_is_typed() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = opened(example("digits.toml"));
    rest(&mut harness);
    harness.get_by_label("Histogram").click();
    harness.run_steps(2);
    harness.get_by_label("spikes per neuron").click();
    harness.run_steps(2);
    harness.hover_at(harness.get_by_label("Histogram chart").rect().center());
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::CTRL, Key::E);
    harness.run_steps(3);
    let saving = harness.state_mut().saving.as_mut().unwrap();
    assert_eq!(saving.file, "histogram.svg");
    saving.width_mm = 100.0;
    for ending in ["csv", "svg"] {
        let file = folder.path().join(format!("rates.{ending}"));
        harness.state_mut().saving.as_mut().unwrap().file = file.display().to_string();
        harness.run_steps(2);
        harness.get_by_label("Save").click();
        harness.run_steps(3);
        let _ = harness.get_by_label_contains("saved ");
        let text = std::fs::read_to_string(&file).unwrap();
        // Not the intervals, which the panel begins with.
        let expected = ["spikes_per_neuron", "spikes in the selected"];
        assert!(expected.iter().any(|word| text.contains(word)), "{ending}");
        if ending == "svg" {
            let head = &text[..text.find('>').unwrap()];
            assert!(head.contains("width=\"100mm\""), "{head}");
            let said = ["digits_mlp", "digits-test360", "T = 16", "loihi1", " to "];
            assert!(said.iter().all(|word| text.contains(word)));
        }
    }
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert!(harness.state().saving.is_none());
}

#[test]
fn an_edited_device_is_saved_as_a_file_that_the_library_reads() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = opened(example("digits.toml"));
    rest(&mut harness);
    harness.state_mut().state.edit("energy.spike", 99.0);
    harness.get_by_label("Costs").click();
    harness.run_steps(3);
    harness.get_by_label("Save as device file…").click();
    harness.run_steps(3);
    let file = folder.path().join("mine.toml");
    let saving = harness.state_mut().saving.as_mut().unwrap();
    assert_eq!(saving.file, "loihi1-edited.toml");
    saving.file = file.display().to_string();
    harness.run_steps(2);
    harness.get_by_label("Save").click();
    harness.run_steps(3);
    let mut catalogue = spikewatt::energy::Catalogue::new();
    let text = std::fs::read_to_string(&file).unwrap();
    catalogue.add_text("mine", &text).unwrap();
    let figure = &catalogue.get("mine").unwrap().figures["energy.spike"];
    assert_eq!(figure.written.nominal, 99.0);
}

#[test]
fn edits_of_figures_are_undone_in_their_order_with_selections() {
    let mut state = state();
    let shipped = state
        .open
        .as_ref()
        .unwrap()
        .ledger
        .as_ref()
        .unwrap()
        .target
        .clone();
    let joules = |state: &State| {
        let ledger = state.open.as_ref().unwrap().ledger.as_ref().unwrap();
        ledger.target.energy_j.unwrap().nominal
    };
    // A drag of one value is one change.
    for value in [40.0, 50.0, 60.0] {
        state.edit("energy.synop_dense", value);
    }
    let edited = joules(&state);
    let selection = Selection {
        rows: Rows::from_range(70..80),
        timesteps: 2..5,
    };
    state.select(Some(selection.clone()));
    state.edit("energy.spike", 5.0);
    let both = joules(&state);
    assert!(edited > joules(&self::state()) && both != edited);
    state.undo();
    assert_eq!(
        (joules(&state), state.selection()),
        (edited, Some(&selection))
    );
    state.undo();
    assert_eq!(state.selection(), None);
    state.undo();
    let target = &state.open.as_ref().unwrap().ledger.as_ref().unwrap().target;
    assert_eq!(*target, shipped);
    for _ in 0..3 {
        state.redo();
    }
    assert_eq!(
        (joules(&state), state.selection()),
        (both, Some(&selection))
    );
    state.revert();
    assert_eq!(joules(&state), shipped.energy_j.unwrap().nominal);
    state.undo();
    assert_eq!(joules(&state), both);
}

#[test]
fn potentials_of_selected_neurons_are_those_of_the_library() {
    let mut harness = opened(example("digits.toml"));
    rest(&mut harness);
    let record = harness.state().state.open.as_ref().unwrap().record.clone();
    let rows: Vec<u32> = record.rows_of(1).skip(3).take(4).collect();
    let app = harness.state_mut();
    app.state.select(Some(Selection {
        rows: Rows::from_range(rows[0]..rows[3] + 1),
        timesteps: 0..16,
    }));
    harness.get_by_label("Potential").click();
    harness.run_steps(3);
    harness.get_by_label("selected neurons").click();
    harness.run_steps(3);
    rest(&mut harness);
    let subject = Subject::open(&example("digits.toml"), &common::go_on).unwrap();
    let expected = subject.traces(0, &rows, &common::go_on).unwrap();
    let shown = harness.state().state.traces.clone().unwrap();
    assert_eq!((shown.sample, shown.rows), (0, rows.clone()));
    assert_eq!(shown.found.unwrap(), expected);
    let _ = harness.get_by_label("Potential chart");
    // A neuron that fires is below its threshold afterwards.
    for trace in &expected {
        let fired = record.raster.count(0..16, &(trace.row..trace.row + 1));
        assert!(
            fired == 0
                || trace
                    .potential
                    .iter()
                    .all(|v| *v < trace.threshold.unwrap())
        );
    }
    let fired = |row: &u32| record.raster.count(0..16, &(*row..row + 1));
    assert!(rows.iter().map(fired).sum::<u64>() > 0);
}

#[test]
fn the_first_samples_are_priced_while_the_others_run() {
    let mut worker = Worker::start(|| ()).unwrap();
    worker.ask(Job::Open(example("digits.toml"), 0));
    let (mut said, mut preview, mut of) = (Vec::new(), None, 0);
    let end = Instant::now() + Duration::from_secs(120);
    while said.last() != Some(&"idle") && Instant::now() < end {
        for message in worker.messages() {
            match message {
                Message::Recorded(_) => said.push("record"),
                Message::Preview(counts, all) => {
                    said.push("preview");
                    (preview, of) = (Some(counts), all);
                }
                Message::Counted(_) => said.push("counts"),
                Message::Idle => said.push("idle"),
                Message::Failed(reason) => panic!("{reason}"),
                _ => {}
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(said, ["record", "preview", "counts", "idle"]);
    assert_eq!(of, 360);
    let mut few = ConvertedExperiment::load(&example("digits.toml"), &[]).unwrap();
    few.data.samples = Some(360 / 16);
    let catalogue = spikewatt::energy::Catalogue::shipped().unwrap();
    let counts = experiment::run(&few, &catalogue, &common::go_on)
        .unwrap()
        .counts;
    assert_eq!(*preview.unwrap(), counts);
}

#[test]
fn the_selection_lights_up_in_the_energy_over_time() {
    let mut state = state();
    state.select(Some(Selection {
        rows: Rows::from_range(70..90),
        timesteps: 2..9,
    }));
    let open = state.open.as_ref().unwrap();
    let (first, energy) = open.lit.as_ref().unwrap();
    assert_eq!((*first, energy.len()), (2, 7));
    let sum: f64 = energy.iter().flatten().sum();
    let price = open.selected.as_ref().unwrap().dynamic_j.unwrap().nominal;
    assert!(price > 0.0 && (sum / price - 1.0).abs() < 1e-12);
    state.select(None);
    assert!(state.open.as_ref().unwrap().lit.is_none());
}

#[test]
fn populations_are_found_and_panels_and_files_opened_by_typing() {
    let mut harness = opened(example("digits.toml"));
    rest(&mut harness);
    let record = harness.state().state.open.as_ref().unwrap().record.clone();
    let type_in = |harness: &mut Harness<'_, App>, key: Key, text: &str| {
        harness.key_press_modifiers(Modifiers::CTRL, key);
        harness.run_steps(3);
        harness.event(egui::Event::Text(text.into()));
        harness.run_steps(2);
        harness.key_press(Key::Enter);
        harness.run_steps(3);
    };
    let name = record.counts.topology.populations[2].name.clone();
    type_in(&mut harness, Key::F, &name);
    let rows = record.rows_of(2);
    let state = &harness.state().state;
    let selected = state.selection().unwrap().rows.clone();
    assert_eq!(selected, Rows::from_range(rows.clone()));
    let view = &state.view.rows;
    assert!(view.start <= f64::from(rows.start) && view.end >= f64::from(rows.end));
    assert!(view.end - view.start < f64::from(state.view.height) / 2.0);

    assert!(harness.query_by_label("Rate map").is_none());
    type_in(&mut harness, Key::K, "show map");
    let _ = harness.get_by_label("Rate map");

    let other = example("fashion_mnist.toml");
    type_in(&mut harness, Key::K, &other.display().to_string());
    assert!(harness.state().is_busy());
    harness.state_mut().cancel();
    rest(&mut harness);
}

#[test]
fn ctrl_click_adds_to_the_selection() {
    let mut harness = shown("Network", state());
    let record = harness.state().open.as_ref().unwrap().record.clone();
    let nodes = &record.counts.topology.populations;
    let name = |index: usize| format!("Population {}", nodes[index].name);
    harness.get_by_label(&name(1)).click();
    harness.run_steps(2);
    harness
        .get_by_label(&name(2))
        .click_modifiers(Modifiers::CTRL);
    harness.run_steps(2);
    let rows = harness.state().selection().unwrap().rows.clone();
    assert_eq!(
        rows,
        Rows::from_range(record.rows_of(1).start..record.rows_of(2).end)
    );
    harness.get_by_label(&name(2)).click();
    harness.run_steps(2);
    let rows = harness.state().selection().unwrap().rows.clone();
    assert_eq!(rows, Rows::from_range(record.rows_of(2)));
}

#[test]
fn the_chosen_targets_are_compared() {
    let mut state = state();
    state.chosen_targets = Some(vec!["loihi1".into(), "arithmetic-45nm".into()]);
    state.reprice(false);
    let names: Vec<&str> = state.targets.iter().map(|t| t.name.as_str()).collect();
    assert!(
        names.contains(&"arithmetic-45nm") && names.contains(&"loihi1"),
        "{names:?}"
    );
    let mut experiment = ConvertedExperiment::load(&example("digits.toml"), &[]).unwrap();
    experiment.output.targets = vec!["loihi1".into(), "arithmetic-45nm".into()];
    let catalogue = spikewatt::energy::Catalogue::shipped().unwrap();
    let run = experiment::run(&experiment, &catalogue, &common::go_on).unwrap();
    assert_eq!(state.targets, run.report.targets);
    state.chosen_targets = None;
    state.reprice(false);
    assert_eq!(
        state.targets,
        self::run(&example("digits.toml")).report.targets
    );
}

/// What a window keeps, in memory.
#[derive(Default)]
struct Memory(BTreeMap<String, String>);

impl eframe::Storage for Memory {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }
    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }
    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }
    fn flush(&mut self) {}
}

#[test]
fn layout_and_recent_files_come_back() {
    let mut harness = opened(example("digits.toml"));
    rest(&mut harness);
    assert!(harness.query_by_label("Rate map").is_none());
    harness.get_by_label("Map").click();
    harness.run_steps(2);
    let mut memory = Memory::default();
    eframe::App::save(harness.state_mut(), &mut memory);
    let stored = App::stored(&memory);
    let app = App::new(&egui::Context::default(), stored);
    let mut again = common::window(app);
    again.run_steps(2);
    again.get_by_label("File").click();
    again.run_steps(3);
    let entry = again.get_by_label_contains("digits.toml");
    entry.click();
    again.run_steps(2);
    rest(&mut again);
    let _ = again.get_by_label("Rate map");
}

/// A file from the desktop.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

#[test]
fn a_file_that_is_dropped_is_opened() {
    let mut harness = common::window(App::new(&egui::Context::default(), None));
    harness.run_steps(2);
    let file = egui::HoveredFile {
        path: Some(example("digits.toml")),
        ..egui::HoveredFile::default()
    };
    harness.input_mut().hovered_files.push(file);
    harness.run_steps(2);
    let _ = harness.get_by_label("Drop to open");
    harness.input_mut().hovered_files.clear();
    let dropped = Arc::new(Dropped(example("digits.toml")));
    harness.input_mut().dropped_files.push(dropped);
    harness.run_steps(1);
    assert!(harness.state().is_busy());
    rest(&mut harness);
    assert!(harness.state().state.report.is_some());
}
