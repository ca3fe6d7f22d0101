//! Descriptions of networks: what they build, what they refuse, and that nothing makes them panic.

use crate::npy::NpzWriter;
use ndarray::{Array, Array1};
use proptest::prelude::*;
use spikewatt::formats::native::{Description, NativeError, NativeNetwork, NativeProblem, read};
use spikewatt::network::{Delays, Network, Pattern, Projection, Shape, Weights};
use spikewatt::neuron::Neuron;
use std::path::Path;

const LIF: &str = "neuron = { model = \"lif\", tau = 20e-3 }";

fn parse(text: &str) -> Result<Description, NativeError> {
    Description::parse(text.as_bytes(), Path::new("net.toml"))
}

fn build(text: &str) -> Result<NativeNetwork, NativeError> {
    let description = parse(text)?;
    description.build(description.simulation.seed)
}

/// Two populations of 4 and 3 neurons with the projections of `text`.
fn two(text: &str) -> Result<NativeNetwork, NativeError> {
    build(&two_text(text))
}

fn two_text(text: &str) -> String {
    format!(
        "simulation = {{ dt_s = 1e-3 }}\n\
         [[populations]]\nname = \"a\"\nsize = 4\n{LIF}\n\
         [[populations]]\nname = \"b\"\nlike = \"a\"\nsize = 3\n{text}"
    )
}

/// Source, target, weight and delay of each synapse.
fn synapses(projection: &Projection) -> Vec<(usize, u32, f32, u32)> {
    let Pattern::Sparse {
        starts, targets, ..
    } = &projection.connectivity.pattern
    else {
        panic!("not sparse");
    };
    let mut synapses = Vec::new();
    for source in 0..starts.len() - 1 {
        for i in starts[source] as usize..starts[source + 1] as usize {
            let weight = projection.weights.get(i);
            let delay = match &projection.delay {
                Delays::Each(delays) => u32::from(delays[i]),
                Delays::Uniform(delay) => *delay,
            };
            synapses.push((source, targets[i], weight, delay));
        }
    }
    synapses
}

fn brunel(scale: u32, seed: u64) -> NativeNetwork {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/brunel10000.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let shrink = |n: u32| (format!(" {n} "), format!(" {} ", n / scale));
    let text = [8000, 2000, 800, 200]
        .map(shrink)
        .iter()
        .fold(text.replace(',', " ,"), |text, (from, to)| {
            text.replace(from, to)
        });
    parse(&text).unwrap().build(seed).unwrap()
}

#[test]
fn the_brunel_example_has_ten_million_synapses_of_exact_in_degree() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/brunel10000.toml");
    let built = read(&path).unwrap();
    assert_eq!(built.timesteps, Some(10_000));
    assert_eq!(built.notes, [""; 0]);
    let network = &built.network;
    assert_eq!(network.name, "brunel10000");
    let total: u64 = network
        .projections
        .iter()
        .map(|p| p.connectivity.synapses())
        .sum();
    assert_eq!(total, 10_000_000);
    for (projection, degree) in network.projections.iter().zip([800, 800, 200, 200]) {
        assert!(
            projection
                .connectivity
                .fan_ins()
                .iter()
                .all(|&k| k == degree)
        );
        assert_eq!(projection.delay, Delays::Uniform(15));
        // One weight for all: 4 bytes a synapse.
        assert!(matches!(projection.weights, Weights::Uniform(_)));
    }
    let poisson = network.populations[1].poisson.unwrap();
    assert!((poisson.events_per_timestep - 2.0).abs() < 1e-12);
    assert_eq!(poisson.weight, 0.1);
}

#[test]
fn the_noise_free_brunel_network_parses() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/brunel2000_deterministic.toml");
    let description = Description::load(&path).unwrap();
    assert_eq!(description.populations.len(), 2);
    assert_eq!(description.projections.len(), 2);
}

#[test]
fn the_same_seed_gives_the_same_network_at_any_number_of_threads() {
    let text = two_text(
        "[[projections]]\nsource = [\"a\", \"b\"]\ntarget = [\"a\", \"b\"]\n\
         rule = { fixed_indegree = 9 }\nweight = { normal = { mean = 1, std = 0.1 } }\n\
         delay_s = { uniform = { low = 1e-3, high = 9e-3 } }\n",
    )
    .replace("size = 4", "size = 400");
    let on = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| (build(&text).unwrap().network, brunel(20, 7).network))
    };
    let one = on(1);
    assert!(one == on(2) && one == on(4));
    assert_ne!(one.1, brunel(20, 8).network);
    // Pairs of populations draw from streams of their own.
    assert_ne!(
        one.0.projections[0].connectivity,
        one.0.projections[1].connectivity
    );
}

#[test]
fn another_population_leaves_drawn_synapses_as_they_are() {
    let projection = "[[projections]]\nsource = \"a\"\ntarget = \"b\"\n\
                      rule = { pairwise_bernoulli = 0.5 }\nweight = 1\n";
    let plain = two(projection).unwrap().network;
    let more = format!(
        "[[populations]]\nname = \"c\"\nlike = \"a\"\n\
         [[projections]]\nsource = \"c\"\ntarget = \"a\"\nrule = \"one_to_one\"\nweight = 1\n{projection}"
    );
    let more = two(&more).unwrap().network;
    assert_eq!(more.populations.len(), 3);
    assert_eq!(more.projections[1], plain.projections[0]);
}

#[test]
fn worked_small_network() {
    let built = two(
        "bias = [1, 0, 2]\npoisson = { rate_hz = 500, weight = 0.25 }\n\
         [[projections]]\nsource = \"a\"\ntarget = \"a\"\nrule = \"all_to_all\"\n\
         allow_autapses = false\nweight = -1\ndelay_s = 2.6e-3\n\
         [[projections]]\nsource = \"a\"\ntarget = \"b\"\nrule = \"all_to_all\"\nweight = 0.5\n",
    )
    .unwrap();
    let Network {
        populations,
        projections,
        ..
    } = &built.network;
    assert_eq!(populations[0].shape, Shape::vector(4));
    assert!(matches!(&populations[1].neuron, Neuron::Model(m) if m.name() == "lif"));
    assert_eq!(populations[1].bias, [1.0, 0.0, 2.0]);
    assert_eq!(populations[1].poisson.unwrap().events_per_timestep, 0.5);
    let expected: Vec<_> = (0..4)
        .flat_map(|s| {
            (0..4)
                .filter(move |&t| t != s)
                .map(move |t| (s as usize, t, -1.0, 3))
        })
        .collect();
    assert_eq!(synapses(&projections[0]), expected);
    assert_eq!(built.notes.len(), 1);
    assert!(
        built.notes[0].contains("rounded to 3"),
        "{}",
        built.notes[0]
    );
    assert_eq!(
        projections[1].connectivity.pattern,
        Pattern::Dense {
            sources: 4,
            targets: 3,
            present: None
        }
    );
    assert_eq!(projections[1].weights, Weights::Uniform(0.5));
    assert_eq!(projections[1].delay, Delays::NONE);
    assert_eq!(built.timesteps, None);
}

#[test]
fn delays_that_close_a_cycle_are_at_least_one_timestep() {
    let built = two(
        "[[projections]]\nsource = \"b\"\ntarget = [\"a\", \"b\"]\nrule = \"all_to_all\"\n\
         weight = 1\ndelay_s = 0.4e-3\n\
         [[projections]]\nsource = \"a\"\ntarget = \"b\"\nrule = \"all_to_all\"\n\
         weight = 1\ndelay_s = 0.4e-3\n\
         [[projections]]\nsource = \"b\"\ntarget = \"a\"\nrule = \"all_to_all\"\n\
         weight = 1\ndelay_s = { uniform = { low = 0, high = 3e-3 } }\n",
    )
    .unwrap();
    let projections = &built.network.projections;
    assert_eq!(projections[0].delay, Delays::Uniform(1));
    assert_eq!(projections[1].delay, Delays::Uniform(1));
    assert_eq!(projections[2].delay, Delays::Uniform(0));
    let Delays::Each(delays) = &projections[3].delay else {
        panic!("one delay for all");
    };
    assert_eq!(delays.len(), 12);
    assert!(delays.iter().all(|d| (1..=3).contains(d)));
    assert!(
        built
            .notes
            .iter()
            .any(|note| note.contains("closes a cycle"))
    );
}

#[test]
fn drawn_weights_have_the_moments_of_their_distribution() {
    let text = two_text(
        "[[projections]]\nsource = \"a\"\ntarget = \"b\"\nrule = \"all_to_all\"\n\
         weight = { normal = { mean = 2, std = 0.5 } }\n",
    )
    .replace("size = 4", "size = 400")
    .replace("size = 3", "size = 300");
    let network = build(&text).unwrap().network;
    let Weights::Each(weights) = &network.projections[0].weights else {
        panic!("one weight for all");
    };
    assert_eq!(weights.len(), 120_000);
    let n = weights.len() as f64;
    let mean = weights.iter().map(|w| f64::from(*w)).sum::<f64>() / n;
    let variance = weights
        .iter()
        .map(|w| (f64::from(*w) - 2.0).powi(2))
        .sum::<f64>()
        / n;
    assert!((mean - 2.0).abs() < 5.0 * 0.5 / n.sqrt());
    assert!((variance - 0.25).abs() < 5.0 * 0.25 * (2.0 / n).sqrt());
    // Rows draw from streams of their own.
    assert_ne!(weights[..300], weights[300..600]);
}

#[test]
fn synapses_of_weight_zero_do_not_exist() {
    let built =
        two("[[projections]]\nsource = \"a\"\ntarget = \"b\"\nrule = \"all_to_all\"\nweight = 0\n")
            .unwrap();
    assert_eq!(built.network.projections[0].connectivity.synapses(), 0);
    assert!(
        built.notes[0].contains("12 synapses of weight 0"),
        "{:?}",
        built.notes
    );
}

#[test]
fn one_to_one_follows_the_order_of_the_file() {
    // Maps are stored channels last: neuron (c, y, x) of [2, 2, 1] is flattened to 2·c + y.
    let network = build(&format!(
        "simulation = {{ dt_s = 1e-3, timesteps = 5 }}\n\
         [[populations]]\nname = \"maps\"\nshape = [2, 2, 1]\nneuron = {{ model = \"input\" }}\n\
         [[populations]]\nname = \"vector\"\nsize = 4\n{LIF}\n\
         [[projections]]\nsource = \"maps\"\ntarget = \"vector\"\nrule = \"one_to_one\"\nweight = 1\n"
    ))
    .unwrap()
    .network;
    let targets: Vec<u32> = synapses(&network.projections[0])
        .iter()
        .map(|s| s.1)
        .collect();
    assert_eq!(targets, [0, 2, 1, 3]);
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn npz(&self, arrays: impl FnOnce(&mut NpzWriter<std::fs::File>)) {
        let file = std::fs::File::create(self.0.path().join("net.npz")).unwrap();
        let mut npz = NpzWriter::new(file);
        arrays(&mut npz);
        npz.finish().unwrap();
    }

    fn read(&self, text: &str) -> Result<NativeNetwork, NativeError> {
        let path = self.0.path().join("net.toml");
        std::fs::write(&path, two_text(text)).unwrap();
        read(&path)
    }
}

/// Neurons 0–3 are those of a, 4–6 those of b; one multapse, one autapse, a row out of order.
fn seven(npz: &mut NpzWriter<std::fs::File>) {
    npz.add_array("indptr", &Array1::from(vec![0i64, 3, 3, 4, 4, 6, 6, 7]))
        .unwrap();
    npz.add_array("target", &Array1::from(vec![6u16, 0, 4, 4, 1, 1, 5]))
        .unwrap();
}

#[test]
fn synapses_of_a_file_are_split_among_the_populations_it_numbers() {
    let folder = Folder::new();
    folder.npz(|npz| {
        seven(npz);
        npz.add_array("v", &Array1::from_iter((0..7).map(f64::from)))
            .unwrap();
    });
    let rule = "rule = { file = { path = \"net.npz\", numbering = [\"a\", \"b\"] } }\n";
    let built = folder
        .read(&format!(
            "bias = {{ file = {{ path = \"net.npz\", array = \"v\", numbering = [\"a\", \"b\"] }} }}\n\
             [[projections]]\nsource = \"a\"\ntarget = [\"a\", \"b\"]\n{rule}weight = 0.5\n\
             [[projections]]\nsource = \"b\"\ntarget = [\"a\", \"b\"]\n{rule}weight = -2.5\ndelay_s = 2e-3\n"
        ))
        .unwrap();
    let found: Vec<_> = built.network.projections.iter().map(synapses).collect();
    assert_eq!(found[0], [(0, 0, 0.5, 0)]);
    assert_eq!(found[1], [(0, 0, 0.5, 0), (0, 2, 0.5, 0), (2, 0, 0.5, 0)]);
    assert_eq!(found[2], [(0, 1, -2.5, 2), (0, 1, -2.5, 2)]);
    assert_eq!(found[3], [(2, 1, -2.5, 2)]);
    assert_eq!(built.network.populations[1].bias, [4.0, 5.0, 6.0]);
    assert_eq!(built.notes, [""; 0]);

    // What no projection takes is told.
    let part = folder
        .read(&format!(
            "[[projections]]\nsource = \"a\"\ntarget = \"b\"\n{rule}weight = 1\n"
        ))
        .unwrap();
    assert!(
        part.notes[0].contains("lists 7 synapses, the network has 3"),
        "{:?}",
        part.notes
    );
}

#[test]
fn files_may_state_weights_and_delays() {
    let folder = Folder::new();
    folder.npz(|npz| {
        npz.add_array("indptr", &Array1::from(vec![0i64, 2, 2, 3, 4]))
            .unwrap();
        npz.add_array("target", &Array1::from(vec![2i32, 0, 1, 1]))
            .unwrap();
        npz.add_array("weight", &Array1::from(vec![0.5f32, -1.0, 0.0, 3.0]))
            .unwrap();
        npz.add_array("delay", &Array1::from(vec![7u8, 1, 2, 0]))
            .unwrap();
    });
    let text = "[[projections]]\nsource = \"a\"\ntarget = \"b\"\nrule = { file = { path = \"net.npz\" } }\n";
    let built = folder.read(text).unwrap();
    let expected = [(0, 0, -1.0, 1), (0, 2, 0.5, 7), (3, 1, 3.0, 0)];
    assert_eq!(synapses(&built.network.projections[0]), expected);
    assert!(built.notes[0].contains("1 synapses of weight 0"));
    let error = folder.read(&format!("{text}weight = 1\n")).unwrap_err();
    assert!(error.to_string().contains("leave one out"), "{error}");
}

#[test]
fn files_that_do_not_fit_are_refused_by_name() {
    let text = "[[projections]]\nsource = \"a\"\ntarget = \"b\"\nweight = 1\n\
                rule = { file = { path = \"net.npz\" } }\n";
    let refused = |indptr: Vec<i64>, target: Vec<i64>| {
        let folder = Folder::new();
        folder.npz(|npz| {
            npz.add_array("indptr", &Array1::from(indptr)).unwrap();
            npz.add_array("target", &Array1::from(target)).unwrap();
        });
        let error = folder.read(text).unwrap_err().to_string();
        assert!(error.contains("projection 1 (a -> b), rule.file: ") && error.contains("net.npz"));
        error
    };
    assert!(refused(vec![0, 1], vec![0]).contains("1 rows for 4 neurons"));
    assert!(refused(vec![0, 1, 1, 1, 1], vec![3]).contains("target[0] = 3"));
    assert!(refused(vec![0, 1, 1, 1, 1], vec![-1]).contains("target[0] = -1"));
    assert!(refused(vec![0, 2, 1, 1, 1], vec![0]).contains("never decrease"));
    assert!(refused(vec![0, 1, 1, 1, 2], vec![0]).contains("number of synapses"));
    assert!(refused(vec![], vec![]).contains("start with 0"));

    let folder = Folder::new();
    assert!(
        folder
            .read(text)
            .unwrap_err()
            .to_string()
            .contains("net.npz")
    );
    folder.npz(|npz| {
        npz.add_array("x", &Array::zeros((2, 2)).mapv(|v: f64| v))
            .unwrap()
    });
    assert!(
        folder
            .read(text)
            .unwrap_err()
            .to_string()
            .contains("no array \"indptr\"; it holds x")
    );
    std::fs::write(folder.0.path().join("net.npz"), b"PK\x03\x04 cut").unwrap();
    assert!(
        folder
            .read(text)
            .unwrap_err()
            .to_string()
            .contains("no valid npz")
    );
}

#[test]
fn errors_name_the_key_and_the_next_step() {
    let edge = |text: &str| format!("[[projections]]\nsource = \"a\"\ntarget = \"b\"\n{text}");
    for (text, expected) in [
        (
            edge("rule = \"one_to_one\"\nweight = 1"),
            "(a -> b), rule: one_to_one joins",
        ),
        (edge("rule = \"all_to_all\""), "weight: it is missing"),
        (
            edge("rule = \"all_to_all\"\nweight = 1e300"),
            "single precision",
        ),
        (
            edge("rule = \"all_to_all\"\nweight = nan"),
            "single precision",
        ),
        (
            edge("rule = \"all_to_all\"\nweight = [1.0]"),
            "belong into the file",
        ),
        (
            edge("rule = \"all_to_al\"\nweight = 1"),
            "unknown variant `all_to_al`",
        ),
        (
            edge("rule = { fixed_indegree = -1 }\nweight = 1"),
            "line 13",
        ),
        (
            edge("rule = \"all_to_all\"\nweight = 1\ndelay_ms = 1"),
            "unknown field `delay_ms`",
        ),
        (
            edge("rule = \"all_to_all\"\nweight = 1\ndelay_s = -1.0"),
            "no time",
        ),
        (
            edge("rule = \"all_to_all\"\nweight = 1\ndelay_s = 66.0"),
            "more than 65535 timesteps",
        ),
        (
            edge("rule = \"all_to_all\"\nweight = { normal = { mean = 0, std = -1 } }"),
            "weight: std must not be negative",
        ),
        (
            edge("rule = \"all_to_all\"\nweight = { gauss = { mean = 0 } }"),
            "unknown variant `gauss`",
        ),
        (
            edge(
                "rule = \"all_to_all\"\nweight = { normal = { mean = 0, std = 1 }, uniform = { low = 0, high = 1 } }",
            ),
            "expected one of",
        ),
        (
            edge("rule = { pairwise_bernoulli = 1.5 }\nweight = 1"),
            "no probability",
        ),
        (
            edge("rule = { fixed_indegree = 5 }\nweight = 1\nallow_multapses = false"),
            "only 4 neurons to choose from",
        ),
        (
            "[[projections]]\nsource = \"c\"\ntarget = \"b\"\nrule = \"all_to_all\"".into(),
            "no population \"c\"; there are a, b",
        ),
        (
            "[[projections]]\nsource = \"a\"\ntarget = [\"b\", \"b\"]\nrule = \"all_to_all\""
                .into(),
            "names \"b\" twice",
        ),
        (
            "bias = [1, 2]".into(),
            "population \"b\", bias: 2 values for 3 neurons",
        ),
        ("poisson = { rate_hz = -1, weight = 1 }".into(), "no rate"),
        ("shape = [1, 1, 3]".into(), "either size or shape"),
        ("[[populations]]\nname = \"a\"".into(), "two of this name"),
        (
            "[[populations]]\nname = \"c\"\nlike = \"d\"".into(),
            "no population \"d\" stands before",
        ),
        (
            format!("[[populations]]\nname = \"c\"\nsize = 0\n{LIF}"),
            "no size",
        ),
        (
            "[[populations]]\nname = \"c\"\nsize = 1".into(),
            "neuron: it is missing",
        ),
        (
            "[[populations]]\nname = \"c\"\nsize = 1\nneuron = { model = \"lif\", tua = 1.0 }"
                .into(),
            "tua",
        ),
        (
            "[[populations]]\nname = \"c\"\nsize = 1\nneuron = { model = \"input\", tau = 1.0 }"
                .into(),
            "no parameters",
        ),
    ] {
        let error = two(&text).unwrap_err().to_string();
        assert!(error.starts_with("net.toml: "), "{error}");
        assert!(error.contains(expected), "{expected}\n{error}");
    }
    for (simulation, expected) in [
        ("dt_s = 0.0", "simulation.dt_s"),
        (
            "dt_s = 1.0, timesteps = 1, duration_s = 1.0",
            "leave one out",
        ),
        ("dt_s = 1.0, timesteps = 0", "0 timesteps"),
        ("dt_s = 1e-9, duration_s = 1e9", "simulation.duration_s"),
        ("dt_s = 1.0, preset = \"nirr\"", "\"nirr\""),
        ("dt_s = 1.0, speed = 1", "unknown field `speed`"),
    ] {
        let text = two_text("").replace("dt_s = 1e-3", simulation);
        let error = build(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}\n{error}");
    }
}

#[test]
fn absurd_sizes_are_refused_before_they_are_allocated() {
    let started = std::time::Instant::now();
    for (from, to) in [
        ("size = 4", "size = 4000000000"),
        ("size = 4", "shape = [1000, 1000, 4000]"),
        ("fixed_indegree = 1 ", "fixed_indegree = 4000000000 "),
        ("size = 4", "size = 60000000"),
    ] {
        let text = two_text(
            "[[projections]]\nsource = [\"a\", \"b\"]\ntarget = [\"a\", \"b\"]\nweight = 1\n\
             rule = { fixed_indegree = 1 }\n",
        );
        assert!(text.contains(from));
        let text = text
            .replace(from, to)
            .replace("dt_s", "max_memory_bytes = 2000000000, dt_s");
        let error = build(&text).unwrap_err();
        assert!(
            matches!(*error.problem, NativeProblem::Memory { .. }),
            "{error}"
        );
        assert!(error.to_string().contains("simulation.max_memory_bytes"));
    }
    assert!(started.elapsed().as_secs_f64() < 5.0);
}

/// Every key and form that a description may have.
const ALL: &str = r#"
name = "x"
simulation = { dt_s = 1e-3, duration_s = 0.1, seed = 3, preset = "nir" }
[[populations]]
name = "in"
shape = [2, 3, 1]
neuron = { model = "input" }
[[populations]]
name = "a"
size = 9
bias = { uniform = { low = 0, high = 1 } }
poisson = { rate_hz = 10, weight = 0.5 }
neuron = { model = "lif", tau = { lognormal = { mu = -3, sigma = 0.1 } }, refractory_s = 2e-3, reset = "subtract" }
[[projections]]
source = ["in", "a"]
target = "a"
rule = { fixed_outdegree = 3 }
weight = { normal = { mean = 1, std = 0.1 } }
delay_s = 2e-3
allow_autapses = false
[[projections]]
source = "a"
target = ["a"]
rule = { pairwise_bernoulli = 0.3 }
weight = 1
delay_s = { uniform = { low = 1e-3, high = 5e-3 } }
"#;

#[test]
fn the_text_that_is_mutated_is_valid() {
    assert_eq!(build(ALL).unwrap().network.projections.len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// Whatever is changed, a description is built or refused; what is built passes its check.
    #[test]
    fn mutated_descriptions_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..3, 0usize..12), 1..4),
    ) {
        let pieces = [
            "-", "9", "0", ".", "e9", "nan", "inf", "\"", "]", "[", "99999999999", "= ",
        ];
        let mut bytes = ALL.as_bytes().to_vec();
        for (at, kind, piece) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => drop(bytes.splice(at..at, pieces[piece].bytes())),
                1 => drop(bytes.splice(at..at + 1, pieces[piece].bytes())),
                _ => drop(bytes.remove(at)),
            }
        }
        if let Ok(mut description) = Description::parse(&bytes, Path::new("net.toml")) {
            description.simulation.max_memory_bytes = 1 << 20;
            match description.build(1) {
                Ok(built) => prop_assert_eq!(built.network.check(), Ok(())),
                Err(error) => prop_assert!(error.to_string().starts_with("net.toml: ")),
            }
        }
    }
}
