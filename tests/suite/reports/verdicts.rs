//! The rules of a comparison, one test each: what may meet, who competes, and what is said.

use super::builder::{arithmetic, idle, line, report, target, unfit, unknown, unverified};
use spikewatt::result::{
    Basis, Boundary, Condition, Contender, DeviceClass, Evaluation, Feasible, FirstLayer,
    NumberFormat, Question, Report, TargetReport, Terms, Verdict, Why, Workload, eligible, factor,
    verdicts,
};
use spikewatt::units::Range;

/// A chip of 1 nJ per SynOp, so many of them.
fn chip(name: &str, synops: f64) -> TargetReport {
    target(name, Workload::Snn, vec![line("SynOp", synops, 1e-9, 0.1)])
}

/// A card of 1 nJ per MAC, so many of them.
fn card(name: &str, macs: f64) -> TargetReport {
    target(name, Workload::Ann, vec![line("MAC", macs, 1e-9, 0.1)])
}

fn headline(report: &Report) -> Verdict {
    let mut found = verdicts(report).into_iter();
    found
        .find(|one| {
            one.question == Question::Streaming
                && one.scope == Boundary::DeviceTotal
                && one.class == "all"
        })
        .expect("a headline")
}

/// Two targets of one report as contenders for the whole device.
fn door(report: &Report, boundary: Boundary) -> Result<(), Why> {
    let [a, b] = [0, 1].map(|index| {
        let target = &report.targets[index];
        Contender::new(report, target, boundary, Condition::Streaming)
    });
    eligible(&a, &b)
}

fn whole(report: &Report) -> Result<(), Why> {
    door(report, Boundary::DeviceTotal)
}

#[test]
fn worked_winner_with_the_ends_of_its_factor() {
    // 100 nJ + 100 nJ of idle power against 1000 nJ.
    let snn = target(
        "chip",
        Workload::Snn,
        vec![line("SynOp", 100.0, 1e-9, 0.1), idle(1e-3, 1e-4)],
    );
    let report = report(vec![snn, card("gpu", 1000.0)]);
    let found = headline(&report);
    assert_eq!(
        found.parties[0].energy_j.nominal,
        report.targets[0].energy_j.unwrap().nominal
    );
    assert_eq!(found.winner.as_deref(), Some("SNN 8-bit on chip"));
    assert_eq!(found.runner_up.as_deref(), Some("ANN 8-bit on gpu"));
    let factor = found.factor.expect("they meet");
    assert!((factor.nominal - 5.0).abs() < 1e-9);
    // Two million draws of ln(dear) - ln(cheap), each log-triangular, give these 5 % and 95 % quantiles.
    assert!((factor.low / 4.6205 - 1.0).abs() < 1e-2, "{factor:?}");
    assert!((factor.high / 5.3769 - 1.0).abs() < 1e-2, "{factor:?}");
    let bounds = found.factor_bounds.expect("they meet");
    assert!((bounds.low - 900.0 / 210.0).abs() < 1e-9);
    assert!((bounds.high - 1100.0 / 190.0).abs() < 1e-9);
    assert!(found.decided);
    assert_eq!(
        found.sentence,
        "The 8-bit SNN on chip is 5.0 times cheaper [4.6 – 5.4, 90 %] than the 8-bit ANN on gpu \
         (whole device; one inference at a time; literature)."
    );
}

#[test]
fn a_range_that_contains_one_decides_nothing() {
    let mut wide = card("gpu", 140.0);
    wide.lines[0].joules_range = Range::new(7e-8, 1.4e-7, 2.1e-7);
    wide.scopes.system.energy_j = Some(wide.lines[0].joules_range);
    let found = headline(&report(vec![chip("chip", 100.0), wide]));
    assert_eq!(found.winner.as_deref(), Some("SNN 8-bit on chip"));
    assert!(!found.decided);
    assert!(
        found
            .sentence
            .starts_with("Undecided: at nominal the 8-bit SNN on chip"),
        "{}",
        found.sentence
    );
}

#[test]
fn an_unknown_energy_never_wins() {
    let lost = unknown(target("chip", Workload::Snn, vec![]), "energy of a spike");
    let found = headline(&report(vec![lost, card("gpu", 140.0)]));
    assert_eq!((found.winner, found.factor), (None, None));
    assert_eq!(found.excluded[0].contender, "SNN 8-bit on chip");
    assert_eq!(found.excluded[0].why, "unknown: energy of a spike");
}

#[test]
fn energies_of_zero_state_none() {
    let report = report(vec![chip("chip", 0.0), card("gpu", 100.0)]);
    assert!(matches!(whole(&report), Err(Why::Unknown(_))));
}

#[test]
fn what_is_infeasible_is_left_out_with_the_reason() {
    let small = unfit(chip("tiny", 0.1), "cores: 200 of 128");
    let found = headline(&report(vec![
        small,
        chip("chip", 100.0),
        card("gpu", 1000.0),
    ]));
    assert_eq!(found.winner.as_deref(), Some("SNN 8-bit on chip"));
    let excluded = &found.excluded[0];
    assert_eq!(excluded.contender, "SNN 8-bit on tiny");
    assert_eq!(excluded.why, "infeasible: cores: 200 of 128");
}

#[test]
fn what_may_not_fit_competes_and_is_doubted() {
    let mut unsure = chip("chip", 100.0);
    unsure.feasible = Feasible::Unknown;
    unsure.why = "capacity.synapses_per_chip".to_owned();
    let found = headline(&report(vec![unsure, card("gpu", 1000.0)]));
    assert!(found.winner.is_some());
    let doubt = "if it fits: capacity.synapses_per_chip of chip not known";
    assert!(found.sentence.contains(doubt), "{}", found.sentence);
}

#[test]
fn a_circuit_never_meets_a_device() {
    let mut circuit = arithmetic("45nm", Workload::Ann, vec![line("MAC", 1.0, 1e-9, 0.1)]);
    let mut chip = chip("chip", 100.0);
    // Whatever either states, a circuit has no whole and the operations of a chip are no circuit's.
    circuit.scopes.system = circuit.scopes.compute.clone();
    chip.scopes.compute = chip.scopes.system.clone();
    let report = report(vec![chip, circuit]);
    for boundary in [Boundary::DeviceTotal, Boundary::CircuitOperations] {
        assert_eq!(door(&report, boundary), Err(Why::Boundary), "{boundary:?}");
    }
    assert!(verdicts(&report).iter().all(|one| one.factor.is_none()));
}

#[test]
fn figures_that_include_different_things_never_meet() {
    let report = report(vec![chip("chip", 100.0), card("gpu", 1000.0)]);
    let of = |index: usize, boundary| {
        let target = &report.targets[index];
        Contender::new(&report, target, boundary, Condition::Streaming)
    };
    let (active, total) = (of(0, Boundary::DeviceActive), of(1, Boundary::DeviceTotal));
    assert_eq!(eligible(&active, &total), Err(Why::Boundary));
    assert!(factor(&total, &active).is_err());
    assert_eq!(eligible(&of(0, Boundary::DeviceTotal), &total), Ok(()));
}

#[test]
fn circuits_meet_by_one_table_alone() {
    let of = |name: &str, workload| arithmetic(name, workload, vec![line("x", 10.0, 1e-12, 0.1)]);
    let apart = report(vec![of("45nm", Workload::Snn), of("7nm", Workload::Ann)]);
    assert_eq!(door(&apart, Boundary::CircuitOperations), Err(Why::Table));
    let same = report(vec![of("45nm", Workload::Snn), of("45nm", Workload::Ann)]);
    assert_eq!(door(&same, Boundary::CircuitOperations), Ok(()));
}

#[test]
fn number_formats_meet_their_like() {
    let at = |a: NumberFormat, b: NumberFormat| {
        let mut report = report(vec![chip("chip", 10.0), card("gpu", 10.0)]);
        report.targets[0].format = Some(a);
        report.targets[1].format = Some(b);
        whole(&report)
    };
    let (float, eight) = (NumberFormat::Fp32, NumberFormat::INT8);
    assert_eq!(at(eight, eight), Ok(()));
    assert_eq!(at(float, eight), Err(Why::Format(float, eight)));
    // A device of narrower weights competes with the accuracy it has with them.
    assert_eq!(at(NumberFormat::Int(4), eight), Ok(()));
    let mut unstated = report(vec![chip("chip", 10.0), card("gpu", 10.0)]);
    unstated.targets[0].format = None;
    assert_eq!(whole(&unstated), Err(Why::FormatUnknown("chip".to_owned())));
    // On a circuit the format is a free choice of both sides, and the same.
    let mut circuits = report(vec![
        arithmetic("45nm", Workload::Snn, vec![line("AC", 10.0, 1e-12, 0.1)]),
        arithmetic("45nm", Workload::Ann, vec![line("MAC", 10.0, 1e-12, 0.1)]),
    ]);
    circuits.targets[0].format = Some(NumberFormat::Int(4));
    circuits.targets[1].format = Some(eight);
    let found = door(&circuits, Boundary::CircuitOperations);
    assert_eq!(found, Err(Why::Format(NumberFormat::Int(4), eight)));
}

#[test]
fn the_first_layer_is_multiplied_alike() {
    let report = report(vec![chip("chip", 10.0), card("gpu", 10.0)]);
    let of = |index: usize, first_layer| {
        let target = &report.targets[index];
        let mut one = Contender::new(&report, target, Boundary::DeviceTotal, Condition::Streaming);
        one.terms.first_layer = first_layer;
        one
    };
    let (once, each) = (of(0, FirstLayer::Once), of(1, FirstLayer::EachStep));
    assert_eq!(eligible(&once, &each), Err(Why::FirstLayer));
    assert_eq!(eligible(&once, &of(1, FirstLayer::Once)), Ok(()));
}

#[test]
fn batches_and_periods_are_questions_of_their_own() {
    let mut batched = card("gpu", 10.0);
    batched.batch = 64;
    batched.condition = Some(Condition::Throughput);
    let report = report(vec![chip("chip", 100.0), card("gpu", 1000.0), batched]);
    let streaming = headline(&report);
    assert_eq!(streaming.winner.as_deref(), Some("SNN 8-bit on chip"));
    let found = verdicts(&report);
    let throughput = found
        .iter()
        .find(|one| one.question == Question::Throughput && one.class == "all")
        .expect("a chip works one by one there, too");
    assert_eq!(
        throughput.winner.as_deref(),
        Some("ANN 8-bit on gpu, batch 64")
    );
    // The door itself.
    let mut ends = [0, 1].map(|index| {
        let target = &report.targets[index];
        Contender::new(&report, target, Boundary::DeviceTotal, Condition::Streaming)
    });
    ends[1].condition = Condition::Throughput;
    assert_eq!(eligible(&ends[0], &ends[1]), Err(Why::Condition));
    ends[1].condition = Condition::Streaming;
    ends[1].period_s = Some(1.0);
    assert_eq!(eligible(&ends[0], &ends[1]), Err(Why::Condition));
}

/// Answers of 1,000 samples with so many wrong, beside an original with 62 wrong.
fn evaluated(report: &mut Report, wrong: usize) {
    let labels = vec![0_u32; 1000];
    let answers = |wrong: usize| {
        let mut answers = labels.clone();
        answers[..wrong].fill(1);
        answers
    };
    let original = answers(62);
    report.evaluations = [(Workload::Snn, wrong), (Workload::Ann, 62)]
        .map(|(workload, wrong)| {
            let (format, answers) = (NumberFormat::INT8, answers(wrong));
            Evaluation::of(workload, format, &answers, Some(&labels), Some(&original))
        })
        .into();
}

#[test]
fn who_answers_worse_than_the_tolerance_does_not_compete() {
    let mut report = report(vec![chip("chip", 1.0), card("gpu", 1000.0)]);
    // 62.7 % against 93.8 %.
    evaluated(&mut report, 373);
    let Err(Why::BelowAccuracy { share, difference }) = whole(&report) else {
        panic!("{:?}", whole(&report));
    };
    assert!((share - 0.627).abs() < 1e-12 && (difference + 0.311).abs() < 1e-12);
    let found = headline(&report);
    assert_eq!((&found.winner, &found.factor), (&None, &None));
    let why = &found.excluded[0].why;
    assert_eq!(
        why,
        "below accuracy: 62.7 %, 31.1 points under the fp32 original"
    );
    // Exactly the tolerance is within it; a wider one lets all in.
    evaluated(&mut report, 72);
    assert_eq!(whole(&report), Ok(()));
    evaluated(&mut report, 73);
    assert!(whole(&report).is_err());
    report.terms = Some(Terms {
        accuracy_tolerance: 0.02,
        ..Terms::default()
    });
    assert_eq!(whole(&report), Ok(()));
}

#[test]
fn a_loss_that_the_samples_do_not_exclude_is_told() {
    let mut report = report(vec![chip("chip", 1.0), card("gpu", 1000.0)]);
    evaluated(&mut report, 70);
    let sentence = headline(&report).sentence;
    assert!(
        sentence.contains("accuracy difference not excluded"),
        "{sentence}"
    );
    evaluated(&mut report, 62);
    let sentence = headline(&report).sentence;
    assert!(!sentence.contains("not excluded"), "{sentence}");
}

#[test]
fn nothing_is_decided_without_an_accuracy() {
    let mut report = report(vec![chip("chip", 1.0), card("gpu", 1000.0)]);
    report.evaluations.clear();
    let found = headline(&report);
    assert!(found.factor.is_some_and(|factor| factor.low > 1.0));
    assert!(!found.decided);
    assert!(
        found.sentence.contains("accuracy not evaluated: "),
        "{}",
        found.sentence
    );
    // Counts of another format are no evaluation at this one.
    let mut report = super::builder::report(vec![chip("chip", 1.0), card("gpu", 1000.0)]);
    report.targets[0].counted_at_format = false;
    assert!(!headline(&report).decided);
}

#[test]
fn of_two_tables_of_a_chip_the_better_evidence_decides() {
    let mut cheap = chip("chip-paper", 10.0);
    let mut fitted = chip("chip-fitted", 100.0);
    for table in [&mut cheap, &mut fitted] {
        table.chip = "chip".to_owned();
    }
    cheap.basis = Some(Basis::PreSilicon);
    fitted.basis = Some(Basis::SiliconFit);
    let report = report(vec![cheap, fitted, card("gpu", 1000.0)]);
    let found = headline(&report);
    assert_eq!(found.winner.as_deref(), Some("SNN 8-bit on chip-fitted"));
    let excluded = &found.excluded[0];
    assert_eq!(excluded.contender, "SNN 8-bit on chip-paper");
    assert!(excluded.why.contains("chip-fitted"), "{}", excluded.why);
    assert_eq!(whole(&report), Err(Why::SameChip("chip".to_owned())));
}

#[test]
fn with_checked_figures_alone_the_others_stay_out() {
    let starred = target(
        "new-chip",
        Workload::Snn,
        vec![unverified(line("SynOp", 10.0, 1e-9, 0.1))],
    );
    let report = report(vec![starred, chip("old-chip", 100.0), card("gpu", 1000.0)]);
    let found = verdicts(&report);
    assert_eq!(found[0].winner.as_deref(), Some("SNN 8-bit on new-chip"));
    assert!(
        found[0]
            .sentence
            .contains("assumed or unchecked figures: new-chip")
    );
    let checked = found.iter().find(|one| one.terms.checked_figures_only);
    let checked = checked.expect("asked again without assumptions");
    assert_eq!(checked.winner.as_deref(), Some("SNN 8-bit on old-chip"));
    assert!(checked.sentence.starts_with("With checked figures alone: "));
}

#[test]
fn each_class_of_devices_has_its_answer() {
    let mcu = target("mcu", Workload::Qann, vec![line("MAC", 500.0, 1e-9, 0.1)]);
    let report = report(vec![chip("chip", 100.0), mcu, card("gpu", 1000.0)]);
    let found = verdicts(&report);
    for (class, factor) in [
        (DeviceClass::Microcontroller, 5.0),
        (DeviceClass::DatacentreGpu, 10.0),
    ] {
        let one = found
            .iter()
            .find(|one| one.class == class.key() && one.question == Question::Streaming);
        let factor_of = one.and_then(|one| one.factor);
        let nominal = factor_of.map_or(f64::NAN, |found| found.nominal);
        assert!((nominal - factor).abs() < 1e-9, "{class}: {nominal}");
    }
}

#[test]
fn figures_of_one_table_vary_together() {
    let of = |workload, count: f64| {
        let mut line = line("operation", count, 1e-12, 0.5);
        line.figure = Some("energy.mac".to_owned());
        arithmetic("45nm", workload, vec![line])
    };
    let report = report(vec![of(Workload::Snn, 100.0), of(Workload::Ann, 300.0)]);
    let ends = [1, 0].map(|index| {
        let target = &report.targets[index];
        let boundary = Boundary::CircuitOperations;
        Contender::new(&report, target, boundary, Condition::Streaming)
    });
    let found = factor(&ends[0], &ends[1]).expect("they meet");
    for value in [found.low, found.nominal, found.high] {
        assert!((value - 3.0).abs() < 1e-9, "{found:?}");
    }
}

#[test]
fn a_report_of_before_formats_states_no_factor() {
    let mut old = report(vec![chip("chip", 100.0), card("gpu", 1000.0)]);
    old.schema = "spikewatt.run/1".to_owned();
    (old.terms, old.evaluations) = (None, Vec::new());
    for target in &mut old.targets {
        (target.format, target.class, target.condition) = (None, None, None);
        (target.feasible, target.chip) = (Feasible::Unknown, String::new());
    }
    let found = headline(&old);
    assert_eq!(found.factor, None);
    let said = "does not state its number format";
    assert!(found.excluded.iter().any(|one| one.why.contains(said)));
}
