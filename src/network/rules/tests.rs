use super::*;

/// Synapses of each source.
fn rows(pattern: &Pattern) -> Vec<Vec<u32>> {
    let Pattern::Sparse {
        starts, targets, ..
    } = pattern
    else {
        panic!("not sparse: {pattern:?}");
    };
    assert_eq!(*starts.last().unwrap() as usize, targets.len());
    starts
        .windows(2)
        .map(|row| targets[row[0] as usize..row[1] as usize].to_vec())
        .collect()
}

fn fan_ins(rows: &[Vec<u32>], targets: usize) -> Vec<usize> {
    let mut fan_ins = vec![0; targets];
    rows.iter()
        .flatten()
        .for_each(|&target| fan_ins[target as usize] += 1);
    fan_ins
}

fn ends(sources: u32, targets: u32, same: bool, autapses: bool, multapses: bool) -> Ends {
    Ends {
        sources,
        targets,
        same,
        autapses,
        multapses,
    }
}

fn connect(rule: Rule, ends: Ends, seed: u64) -> Vec<Vec<u32>> {
    let rows = rows(&rule.connect(&ends, &Streams::new(seed, &["test"])).unwrap());
    assert!(rows.iter().all(|row| row.is_sorted()));
    assert!(rows.iter().flatten().all(|&target| target < ends.targets));
    let synapses = rows.iter().map(Vec::len).sum::<usize>() as f64;
    if !matches!(rule, Rule::PairwiseBernoulli(_)) {
        assert_eq!(synapses, rule.expected_synapses(&ends));
    }
    rows
}

fn has_autapse(rows: &[Vec<u32>]) -> bool {
    rows.iter()
        .zip(0u32..)
        .any(|(row, source)| row.contains(&source))
}

fn has_multapse(rows: &[Vec<u32>]) -> bool {
    rows.iter()
        .any(|row| row.windows(2).any(|pair| pair[0] == pair[1]))
}

#[test]
fn fixed_indegree_is_exact_and_uniform_over_sources() {
    for (autapses, multapses) in [(true, true), (true, false), (false, true), (false, false)] {
        let rows = connect(
            Rule::FixedIndegree(40),
            ends(200, 200, true, autapses, multapses),
            5,
        );
        assert_eq!(fan_ins(&rows, 200), [40; 200]);
        assert_eq!(has_autapse(&rows), autapses);
        assert_eq!(has_multapse(&rows), multapses);
        // Fan-outs are binomial (with multapses) or hypergeometric, whose variance is smaller.
        let sigma = (8000.0f64 * (1.0 / 200.0) * (199.0 / 200.0)).sqrt();
        for row in &rows {
            assert!((row.len() as f64 - 40.0).abs() < 5.0 * sigma);
        }
    }
}

#[test]
fn fixed_outdegree_is_exact_and_uniform_over_targets() {
    for (autapses, multapses) in [(true, true), (true, false), (false, true), (false, false)] {
        let ends = ends(300, 300, true, autapses, multapses);
        let rows = connect(Rule::FixedOutdegree(50), ends, 6);
        assert!(rows.iter().all(|row| row.len() == 50));
        assert_eq!(has_autapse(&rows), autapses);
        assert_eq!(has_multapse(&rows), multapses);
        let sigma = (15_000.0f64 * (1.0 / 300.0) * (299.0 / 300.0)).sqrt();
        for fan_in in fan_ins(&rows, 300) {
            assert!((fan_in as f64 - 50.0).abs() < 5.0 * sigma);
        }
    }
}

#[test]
fn a_full_degree_without_multapses_is_all_to_all() {
    let rows = connect(Rule::FixedIndegree(70), ends(70, 30, false, true, false), 1);
    assert!(rows.iter().all(|row| row.iter().copied().eq(0..30)));
    let rows = connect(
        Rule::FixedOutdegree(69),
        ends(70, 70, true, false, false),
        1,
    );
    for (source, row) in (0u32..).zip(&rows) {
        assert!(row.iter().copied().eq((0..70).filter(|&t| t != source)));
    }
}

#[test]
fn closed_form_sets_without_multapses_are_equally_likely() {
    // Two out of four: six sets, 6,000 draws.
    let rows = connect(
        Rule::FixedOutdegree(2),
        ends(6000, 4, false, true, false),
        2,
    );
    let mut counts = std::collections::BTreeMap::<_, f64>::new();
    for row in rows {
        *counts.entry(row).or_default() += 1.0;
    }
    assert_eq!(counts.len(), 6);
    let sigma = (6000.0f64 * (1.0 / 6.0) * (5.0 / 6.0)).sqrt();
    assert!(counts.values().all(|n| (n - 1000.0).abs() < 5.0 * sigma));
}

#[test]
fn closed_form_pairwise_bernoulli_means() {
    let p = 0.07;
    for autapses in [true, false] {
        let ends = ends(700, 700, true, autapses, true);
        let rule = Rule::PairwiseBernoulli(p);
        let rows = connect(rule, ends, 8);
        assert_eq!(has_autapse(&rows), autapses);
        assert!(!has_multapse(&rows));
        let mean = rule.expected_synapses(&ends);
        let total = rows.iter().map(Vec::len).sum::<usize>() as f64;
        assert!((total - mean).abs() < 5.0 * (mean * (1.0 - p)).sqrt());
        let sigma = (700.0 * p * (1.0 - p)).sqrt();
        let fan_outs = rows.iter().map(Vec::len);
        for degree in fan_ins(&rows, 700).into_iter().chain(fan_outs) {
            assert!((degree as f64 - 700.0 * p).abs() < 5.5 * sigma);
        }
    }
    let all = ends(20, 30, false, true, true);
    assert!(
        connect(Rule::PairwiseBernoulli(0.0), all, 0)
            .iter()
            .all(Vec::is_empty)
    );
    assert!(
        connect(Rule::PairwiseBernoulli(1.0), all, 0)
            .iter()
            .all(|row| row.len() == 30)
    );
    // So improbable that every gap exceeds any integer.
    assert!(
        connect(Rule::PairwiseBernoulli(1e-300), all, 0)
            .iter()
            .all(Vec::is_empty)
    );
}

#[test]
fn all_to_all_is_dense_unless_autapses_are_excluded() {
    let streams = Streams::new(0, &[]);
    let dense = Rule::AllToAll.connect(&ends(3, 4, false, false, true), &streams);
    assert_eq!(
        dense.unwrap(),
        Pattern::Dense {
            sources: 3,
            targets: 4,
            present: None
        }
    );
    let rows = connect(Rule::AllToAll, ends(3, 3, true, false, true), 0);
    assert_eq!(rows, [vec![1, 2], vec![0, 2], vec![0, 1]]);
}

#[test]
fn one_to_one_joins_equal_numbers() {
    let rows = connect(Rule::OneToOne, ends(5, 5, false, false, true), 0);
    assert_eq!(rows, [[0], [1], [2], [3], [4]]);
}

#[test]
fn rules_that_do_not_fit_are_refused() {
    let streams = Streams::new(0, &[]);
    let refused = |rule: Rule, ends: Ends| rule.connect(&ends, &streams).unwrap_err();
    let pair = ends(5, 6, false, true, true);
    assert_eq!(
        refused(Rule::OneToOne, pair),
        RuleError::OneToOne {
            sources: 5,
            targets: 6
        }
    );
    assert_eq!(
        refused(Rule::OneToOne, ends(5, 5, true, false, true)),
        RuleError::OnlyAutapses
    );
    for p in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(
            refused(Rule::PairwiseBernoulli(p), pair),
            RuleError::Probability(_)
        ));
    }
    let too_many = refused(Rule::FixedIndegree(5), ends(5, 5, true, false, false));
    assert_eq!(
        too_many,
        RuleError::Degree {
            degree: 5,
            candidates: 4
        }
    );
    // Alone in its population, a neuron has nobody to choose.
    refused(Rule::FixedOutdegree(1), ends(1, 1, true, false, true));
    refused(Rule::FixedIndegree(1), ends(0, 4, false, true, true));
}

#[test]
fn the_same_seed_gives_the_same_synapses_at_any_number_of_threads() {
    let on = |threads, rule: Rule, seed| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| connect(rule, ends(500, 500, true, false, false), seed))
    };
    for rule in [
        Rule::FixedIndegree(30),
        Rule::FixedOutdegree(30),
        Rule::PairwiseBernoulli(0.05),
    ] {
        let one = on(1, rule, 3);
        assert_eq!(one, on(2, rule, 3));
        assert_eq!(one, on(4, rule, 3));
        assert_ne!(one, on(1, rule, 4));
    }
}
