//! The window, driven as a person would: with the pointer, by keys and by names.

mod common;

use common::{example, opened, rest, run, shown, state};
use eframe::egui::{self, Key, Modifiers, Pos2, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use spikewatt::energy::{Catalogue, PriceOptions};
use spikewatt::explore::{Ledger, Rows, Selection};
use spikewatt_gui::commands::COMMANDS;
use spikewatt_gui::export::{self, draw};
use spikewatt_gui::open::Choice;
use spikewatt_gui::panels;
use spikewatt_gui::state::State;
use spikewatt_gui::worker::Run;

fn drag(harness: &mut Harness<'_, State>, from: Pos2, to: Pos2) {
    harness.drag_at(from);
    harness.run_steps(1);
    for part in [0.3, 0.7, 1.0] {
        harness.hover_at(from + (to - from) * part);
        harness.run_steps(1);
    }
    harness.drop_at(to);
    harness.run_steps(2);
}

#[test]
fn brushing_the_raster_shows_the_librarys_sum_over_exactly_those_spikes() {
    let mut harness = shown("Raster", state());
    let chart = harness.get_by_label("Raster chart").rect();
    let at = |x: f32, y: f32| chart.min + Vec2::new(chart.width() * x, chart.height() * y);
    drag(&mut harness, at(0.3, 0.3), at(0.6, 0.8));
    let state = harness.state();
    let selection = state.selection().expect("something is selected").clone();
    let record = state.open.as_ref().unwrap().record.clone();
    assert!(
        selection.timesteps.len() > 1 && selection.timesteps.len() < 16,
        "{selection:?}"
    );
    assert!(selection.rows.len() > 10 && selection.rows.len() < record.raster.height());

    let catalogue = Catalogue::shipped().unwrap();
    let device = catalogue.get("loihi1").unwrap();
    let ledger = Ledger::new(&record, device, &PriceOptions::default()).unwrap();
    // Spike by spike, from the network's own synapses.
    let (mut spikes, mut synops) = (0, 0);
    for t in selection.timesteps.clone() {
        for row in selection.rows.ranges().iter().cloned().flatten() {
            if record.raster.count(t..t + 1, &(row..row + 1)) == 1 {
                let (population, neuron) = record.neuron_of(row).unwrap();
                let edges = record
                    .counts
                    .topology
                    .edges
                    .iter()
                    .filter(|e| e.source == population);
                spikes += 1;
                synops += edges
                    .map(|e| u64::from(e.connectivity.fan_outs()[neuron]))
                    .sum::<u64>();
            }
        }
    }
    let priced = state.open.as_ref().unwrap().selected.clone().unwrap();
    assert_eq!(priced, ledger.price(&record, &selection));
    assert_eq!(
        (priced.tally.spikes, priced.tally.all_synops()),
        (spikes, synops)
    );
    assert!(spikes > 0);

    // The inspector says the same.
    let mut shown = shown("Inspector", harness.into_state());
    shown.run_steps(2);
    // Once as the figure, and once more in the receipt where all synapses are of one kind.
    assert!(shown.get_all_by_label(&synops.to_string()).count() >= 1);
    let energy = spikewatt_gui::words::bounded(priced.dynamic_j.unwrap());
    let unverified = shown.state().open.as_ref().unwrap().is_unverified();
    let mark = spikewatt_gui::words::star(unverified);
    let _ = shown.get_by_label(&format!("dynamic energy {energy}{mark}"));
}

#[test]
fn selections_can_be_undone_and_brushing_time_keeps_rows() {
    let mut state = state();
    let rows = Rows::from_range(state.open.as_ref().unwrap().record.rows_of(1));
    state.select(Some(Selection {
        rows: rows.clone(),
        timesteps: 0..16,
    }));
    let mut harness = shown("Energy", state);
    let chart = harness.get_by_label("Energy chart").rect();
    let at = |x: f32| chart.min + Vec2::new(chart.width() * x, chart.height() * 0.5);
    drag(&mut harness, at(0.4), at(0.6));
    let selection = harness.state().selection().unwrap().clone();
    assert_eq!(selection.rows, rows);
    assert!(selection.timesteps.len() < 16, "{selection:?}");
    let state = harness.state_mut();
    state.undo();
    assert_eq!(state.selection().unwrap().timesteps, 0..16);
    state.undo();
    assert_eq!(state.selection(), None);
    state.redo();
    state.redo();
    assert_eq!(state.selection(), Some(&selection));
}

#[test]
fn the_targets_are_those_of_the_command_line() {
    for file in ["digits.toml", "fashion_mnist.toml"] {
        let mut state = State::new().unwrap();
        let run = run(&example(file));
        let expected = run.report.targets.clone();
        state.set_run(Run {
            counts: run.counts,
            others: run.others,
            dense: run.dense,
            context: run.context,
        });
        assert_eq!(state.targets, expected, "{file}");
    }
}

#[test]
fn switching_the_table_prices_the_same_counts_on_it() {
    let mut state = state();
    let record = state.open.as_ref().unwrap().record.clone();
    for name in ["loihi1-davies2018", "arithmetic-45nm", "loihi1"] {
        state.set_device(name);
        let catalogue = Catalogue::shipped().unwrap();
        let ledger = Ledger::new(
            &record,
            catalogue.get(name).unwrap(),
            &PriceOptions::default(),
        );
        let shown = state.open.as_ref().unwrap().ledger.as_ref().unwrap();
        assert_eq!(shown.target, ledger.unwrap().target);
    }
    state.set_device("a100-sxm-80");
    let reason = state.open.as_ref().unwrap().ledger.as_ref().unwrap_err();
    assert!(reason.contains("a100-sxm-80"), "{reason}");
}

#[test]
fn an_edited_constant_is_marked_priced_at_once_and_can_be_exported() {
    let mut harness = shown("Costs", state());
    let before = harness
        .state()
        .open
        .as_ref()
        .unwrap()
        .ledger
        .as_ref()
        .unwrap()
        .target
        .clone();
    let field = harness.get_by_label("Value of energy.synop_dense");
    field.focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowUp);
    harness.run_steps(3);
    let state = harness.state();
    assert!(
        state.is_edited("loihi1", "energy.synop_dense"),
        "the field takes the arrow key"
    );
    assert!(!state.is_edited("loihi1", "energy.spike"));
    let _ = harness.get_by_label("energy.synop_dense* (edited)");

    let state = harness.state_mut();
    state.edit("energy.synop_dense", 71.0);
    let after = state
        .open
        .as_ref()
        .unwrap()
        .ledger
        .as_ref()
        .unwrap()
        .target
        .clone();
    let joules = |target: &spikewatt::result::TargetReport| {
        let line = target
            .lines
            .iter()
            .find(|line| line.event == "synaptic operation, dense");
        line.map(|line| (line.count, line.joules)).unwrap()
    };
    assert_eq!(joules(&after).0, joules(&before).0);
    assert!(
        (joules(&after).1 / joules(&before).1 - 2.0).abs() < 1e-12,
        "35.5 pJ became 71"
    );
    // What is compared is priced with the edited table, where the 8-bit network has dense synapses.
    let figure = &state.hardware("loihi1").unwrap().figures["energy.synop_dense"];
    assert!((figure.value.nominal - 71e-12).abs() < 1e-20);
    assert!(figure.source.contains("edited by hand") && figure.is_unverified());
    let compared = state.targets.iter();
    let mut lines = compared
        .filter(|target| target.name == "loihi1")
        .flat_map(|target| &target.lines);
    if let Some(line) = lines.find(|line| line.event == "synaptic operation, dense") {
        assert!((line.joules_each - 71e-12).abs() < 1e-20 && line.unverified);
    }

    let text = spikewatt::energy::device_file(state.hardware("loihi1").unwrap());
    let mut catalogue = Catalogue::new();
    catalogue.add_text("mine", &text).unwrap();
    let figure = &catalogue.get("mine").unwrap().figures["energy.synop_dense"];
    assert_eq!(figure.written.nominal, 71.0);
    state.revert();
    let reverted = &state.open.as_ref().unwrap().ledger.as_ref().unwrap().target;
    assert_eq!(*reverted, before);
}

#[test]
fn a_run_can_be_cancelled() {
    let mut harness = opened(example("fashion_mnist.toml"));
    harness.run_steps(1);
    harness.get_by_label("Cancel").click();
    harness.run_steps(1);
    rest(&mut harness);
    assert_eq!(
        harness.state().message.as_deref(),
        Some("stopped on request")
    );
    assert!(harness.state().state.run.is_none());
    // It can be opened again.
    harness.state_mut().open(Some(example("digits.toml")), 0);
    rest(&mut harness);
    assert_eq!(harness.state().message, None);
    assert!(harness.state().state.report.is_some());
}

#[test]
fn damaged_files_give_a_message() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content, word) in [
        ("broken.toml", "model = ", "broken.toml"),
        ("broken.npz", "PK\u{3}\u{4}", "broken.npz"),
        ("broken.h5", "nothing", "broken.h5"),
        ("unknown.docx", "", "unknown.docx"),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        let mut harness = opened(file);
        rest(&mut harness);
        let message = harness.state().message.clone().unwrap_or_default();
        assert!(message.contains(word), "{name}: {message}");
        let _ = harness.get_by_label_contains(word);
    }
}

#[test]
fn keys_move_the_cursor_and_list_themselves() {
    let mut harness = opened(example("digits.toml"));
    rest(&mut harness);
    harness.key_press(Key::Home);
    harness.run_steps(2);
    assert_eq!(harness.state().state.view.cursor, 0);
    harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
    harness.run_steps(2);
    assert_eq!(harness.state().state.view.cursor, 10);
    harness.key_press(Key::ArrowLeft);
    harness.run_steps(2);
    assert_eq!(harness.state().state.view.cursor, 9);
    harness.event(egui::Event::Text("?".into()));
    harness.run_steps(2);
    let _ = harness.get_by_label("Redo");
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert!(harness.query_by_label("Redo").is_none());
}

#[test]
fn every_panel_draws_exports_and_has_a_table() {
    let mut state = common::full_state();
    let folder = tempfile::tempdir().unwrap();
    for panel in panels::all() {
        let name = panel.name();
        for dark in [true, false] {
            let mut fresh = panels::all()
                .into_iter()
                .find(|p| p.name() == name)
                .unwrap();
            let drawn = draw(vec2(520.0, 380.0), 1.0, dark, |ui| fresh.ui(ui, &mut state));
            let image = drawn.image();
            let background = image.pixels[0];
            let painted = image
                .pixels
                .iter()
                .filter(|pixel| **pixel != background)
                .count();
            assert!(
                painted > image.pixels.len() / 200,
                "{name}: {painted} pixels"
            );
        }
        for ending in ["svg", "png", "csv"] {
            let file = folder.path().join(format!("{name}.{ending}"));
            export::panel(panel.again(), &mut state, &file, 120.0).unwrap();
            let bytes = std::fs::read(&file).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            match ending {
                "svg" => {
                    // The caption: model, data, T, table and range.
                    let caption = ["digits_mlp", "sample 1", "T = 16", "loihi1", "modelled"];
                    assert!(text.starts_with("<svg"), "{name}");
                    assert!(caption.iter().all(|word| text.contains(word)), "{name}");
                }
                "png" => assert!(bytes.starts_with(b"\x89PNG")),
                _ => assert!(text.lines().count() > 1, "{name}"),
            }
        }
    }
    // Nothing open: no panel falls over.
    let mut empty = State::new().unwrap();
    for mut panel in panels::all() {
        let _ = draw(vec2(300.0, 200.0), 1.0, true, |ui| panel.ui(ui, &mut empty));
    }
}

#[test]
fn every_key_that_users_were_promised_is_in_the_one_list() {
    let (none, ctrl, shift) = (Modifiers::NONE, Modifiers::CTRL, Modifiers::SHIFT);
    for (modifiers, key) in [
        (none, Key::Space),
        (none, Key::ArrowLeft),
        (none, Key::ArrowRight),
        (shift, Key::ArrowLeft),
        (shift, Key::ArrowRight),
        (ctrl, Key::ArrowLeft),
        (ctrl, Key::ArrowRight),
        (none, Key::Home),
        (none, Key::End),
        (none, Key::OpenBracket),
        (none, Key::CloseBracket),
        (none, Key::F),
        (ctrl, Key::F),
        (ctrl, Key::K),
        (ctrl, Key::Z),
        (ctrl, Key::Y),
        (ctrl, Key::S),
        (ctrl, Key::E),
        (none, Key::Questionmark),
        (none, Key::Escape),
    ] {
        let key = egui::KeyboardShortcut::new(modifiers, key);
        assert!(COMMANDS.iter().any(|command| command.key == key), "{key:?}");
    }
}

#[test]
fn keys_play_seek_events_change_speed_and_fit() {
    let mut harness = opened(example("digits.toml"));
    rest(&mut harness);
    let speed = harness.state().state.view.speed;
    harness.key_press(Key::CloseBracket);
    harness.run_steps(2);
    assert_eq!(harness.state().state.view.speed, 2.0 * speed);
    harness.key_press(Key::OpenBracket);
    harness.run_steps(2);
    assert_eq!(harness.state().state.view.speed, speed);

    // The next timestep with a spike of the hidden layer, by the raster itself.
    let app = harness.state_mut();
    let record = app.state.open.as_ref().unwrap().record.clone();
    let rows = record.rows_of(1);
    app.state.select(Some(Selection {
        rows: Rows::from_range(rows.clone()),
        timesteps: 0..16,
    }));
    let fires = |t: &usize| record.raster.count(*t..*t + 1, &rows) > 0;
    let expected = (1..16).find(fires).unwrap();
    harness.key_press(Key::Home);
    harness.run_steps(1);
    harness.key_press_modifiers(Modifiers::CTRL, Key::ArrowRight);
    harness.run_steps(2);
    assert_eq!(harness.state().state.view.cursor, expected);

    harness.state_mut().state.view.show_time(3.0..5.0);
    harness.key_press(Key::F);
    harness.run_steps(2);
    assert_eq!(harness.state().state.view.time, 0.0..16.0);
    harness.key_press(Key::Space);
    harness.run_steps(1);
    assert!(harness.state().state.view.playing);
    harness.key_press(Key::Space);
    harness.run_steps(1);
    assert!(!harness.state().state.view.playing);

    // Ctrl+wheel zooms time at the pointer.
    let chart = harness.get_by_label("Raster chart").rect();
    harness.hover_at(chart.center());
    harness.run_steps(1);
    harness.event(egui::Event::Zoom(2.0));
    harness.run_steps(1);
    let time = harness.state().state.view.time.clone();
    assert!((time.end - time.start - 8.0).abs() < 1e-6, "{time:?}");

    harness.key_press_modifiers(Modifiers::CTRL, Key::K);
    harness.run_steps(2);
    let _ = harness.get_by_label_contains("Copy view as a picture");
}

#[test]
fn neurons_of_the_raster_are_chosen_by_population_range_rank_and_chance() {
    let mut state = state();
    let record = state.open.as_ref().unwrap().record.clone();
    let spikes = record.spikes_per_row(0..16);
    let all = record.raster.height();
    let mut shown = |choice| {
        state.choose(choice);
        let shown = &state.open.as_ref().unwrap().shown;
        let rows: Vec<u32> = (0..shown.raster.height())
            .map(|row| shown.row(row))
            .collect();
        // Each row shows its own spikes.
        for (place, &row) in (0u32..).zip(&rows) {
            let drawn = shown.raster.count(0..16, &(place..place + 1));
            assert_eq!(drawn, record.raster.count(0..16, &(row..row + 1)));
        }
        rows
    };
    assert_eq!(shown(Choice::All).len() as u32, all);
    assert!(
        shown(Choice::Population(2))
            .into_iter()
            .eq(record.rows_of(2))
    );
    assert!(shown(Choice::Range(10, 30)).into_iter().eq(10..30));
    let busiest = shown(Choice::Busiest(5));
    let least = busiest
        .iter()
        .map(|&row| spikes[row as usize])
        .min()
        .unwrap();
    let others = (0..all).filter(|row| !busiest.contains(row));
    assert!(others.map(|row| spikes[row as usize]).all(|n| n <= least));
    let random = shown(Choice::Random(20));
    assert_eq!((random.len(), shown(Choice::Random(20))), (20, random));
}
