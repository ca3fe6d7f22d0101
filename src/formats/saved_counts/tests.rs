use super::*;
use crate::counts::{DenseLayer, EffectiveMacs, NumberFormat};
use crate::network::{
    Axis, BitRows, Connectivity, Convolution, Edge, Node, Pattern, Pooling, Role, Shape, Topology,
    Window,
};
use hdf5::{AttrValue, FileBuilder};
use proptest::prelude::*;
use std::process::Command;

/// A network with every kind of connectivity, and counts that are all different.
fn example() -> SavedCounts {
    let node = |name: &str, shape, role| Node {
        name: name.into(),
        shape,
        role,
    };
    let square = |kernel, stride, pad| {
        let axis = Axis {
            pad_before: pad,
            pad_after: pad,
            ..Axis::new(kernel, stride)
        };
        Window {
            vertical: axis,
            horizontal: axis,
        }
    };
    let edge = |source, target, pooling, pattern| Edge {
        source,
        target,
        connectivity: Connectivity { pooling, pattern },
        delay: 0,
    };
    let (maps, pooled) = (Shape::maps(4, 6, 6), Shape::maps(4, 3, 3));
    let kernel: Vec<f32> = (0..9 * 2 * 2).map(|i| (i % 5) as f32).collect();
    let matrix: Vec<f32> = (0..36 * 70).map(|i| (i % 3) as f32).collect();
    let topology = Topology {
        populations: vec![
            node("input", Shape::maps(2, 6, 6), Role::Input),
            node("conv µ", maps, Role::Spiking),
            node("pool", pooled, Role::Pooling),
            node("dense", Shape::vector(70), Role::Spiking),
            node("", Shape::vector(10), Role::Readout),
        ],
        edges: vec![
            edge(
                0,
                1,
                None,
                Pattern::Convolution {
                    convolution: Convolution {
                        input: Shape::maps(2, 6, 6),
                        output: maps,
                        window: square(3, 1, 1),
                        groups: 2,
                    },
                    present: Some(BitRows::nonzero(&kernel, 2)),
                },
            ),
            edge(
                1,
                2,
                None,
                Pattern::Convolution {
                    convolution: Convolution {
                        input: maps,
                        output: pooled,
                        window: square(2, 2, 0),
                        groups: 4,
                    },
                    present: None,
                },
            ),
            edge(
                1,
                3,
                Some(Pooling {
                    input: maps,
                    output: pooled,
                    window: square(2, 2, 0),
                }),
                Pattern::Dense {
                    sources: 36,
                    targets: 70,
                    present: Some(BitRows::nonzero(&matrix, 70)),
                },
            ),
            edge(
                2,
                4,
                None,
                Pattern::Sparse {
                    neurons: 10,
                    starts: (0..37).map(|i| i / 2).collect(),
                    targets: (0..18).map(|i| i % 10).collect::<Vec<_>>().into(),
                },
            ),
            edge(
                3,
                4,
                None,
                Pattern::Dense {
                    sources: 70,
                    targets: 10,
                    present: None,
                },
            ),
        ],
    };
    let mut counts = EventCounts::new(topology, 300);
    counts.samples = 7;
    let mut next = 0;
    let mut fill = |values: &mut [u64]| {
        for value in values {
            next += 1;
            *value = next * next;
        }
    };
    for population in &mut counts.populations {
        fill(&mut population.spikes);
        fill(&mut population.touched);
        fill(&mut population.spikes_per_timestep);
        fill(&mut population.negative_spikes_per_timestep);
        fill(&mut population.touched_per_timestep);
        fill(&mut population.active_per_timestep);
        population.leak_updates = 12_345;
    }
    for (i, projection) in counts.projections.iter_mut().enumerate() {
        fill(&mut projection.synops_per_timestep);
        fill(&mut projection.macs_per_timestep);
        projection.macs_once = 1_000 + i as u64;
    }
    let mut eight = counts.clone();
    eight.populations[0].spikes[0] += 1;
    SavedCounts {
        counts,
        others: vec![FormatCounts {
            format: NumberFormat::INT8,
            counts: eight,
        }],
        dense: DenseCounts {
            layers: (0..3)
                .map(|i| DenseLayer {
                    name: format!("layer{i}"),
                    macs: 100 + i,
                    parameters: 200 + i,
                    inputs: 300 + i,
                    outputs: 400 + i,
                })
                .collect(),
            pruned_macs: None,
            effective: vec![EffectiveMacs {
                format: NumberFormat::INT8,
                total: 77,
                samples: 7,
            }],
        },
        report_context: r#"{"model":{"path":"é.onnx"},"accuracy":0.9}"#.into(),
    }
}

/// Nothing counted on the smallest network.
fn empty() -> SavedCounts {
    let topology = Topology {
        populations: Vec::new(),
        edges: Vec::new(),
    };
    SavedCounts {
        counts: EventCounts::new(topology, 0),
        others: Vec::new(),
        dense: DenseCounts::default(),
        report_context: String::new(),
    }
}

#[test]
fn what_is_loaded_equals_what_was_saved() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("counts.h5");
    let mut silent = example();
    silent.counts = EventCounts::new(silent.counts.topology, 0);
    for saved in [example(), empty(), silent] {
        save(&saved, &path).unwrap();
        assert_eq!(load(&path).unwrap(), saved);
    }
}

#[test]
fn the_same_counts_give_the_same_bytes() {
    let bytes = encode(&example()).unwrap();
    assert_eq!(bytes, encode(&example()).unwrap());
    assert_eq!(bytes, encode(&decode(bytes.clone()).unwrap()).unwrap());
    let mut other = example();
    other.counts.projections[0].macs_once += 1;
    assert_ne!(bytes, encode(&other).unwrap());
}

#[test]
fn large_arrays_are_compressed_in_several_chunks() {
    let n = 200_000;
    let mut saved = empty();
    saved.counts = EventCounts::new(
        Topology {
            populations: vec![Node {
                name: "large".into(),
                shape: Shape::vector(n),
                role: Role::Input,
            }],
            edges: Vec::new(),
        },
        2,
    );
    let spikes = &mut saved.counts.populations[0].spikes;
    spikes
        .iter_mut()
        .enumerate()
        .for_each(|(i, s)| *s = i as u64 % 50);
    let bytes = encode(&saved).unwrap();
    assert!(bytes.len() < n * 8 / 10, "{}", bytes.len());
    assert_eq!(decode(bytes).unwrap(), saved);
}

#[test]
fn networks_of_many_populations_are_saved() {
    let mut saved = example();
    let node = saved.counts.topology.populations.pop().unwrap();
    saved.counts.topology.edges.clear();
    for i in 5..600 {
        saved.counts.topology.populations.push(node.clone());
        if i > 5 {
            let connectivity = Connectivity::new(Pattern::Dense {
                sources: 10,
                targets: 10,
                present: None,
            });
            saved.counts.topology.edges.push(Edge {
                source: i - 2,
                target: i - 1,
                connectivity,
                delay: 0,
            });
        }
    }
    saved.counts = EventCounts::new(saved.counts.topology, 2);
    assert_eq!(decode(encode(&saved).unwrap()).unwrap(), saved);
}

#[test]
fn reference_h5py_reads_the_documented_layout() {
    // Prints one line of facts, so that a difference names itself.
    const SCRIPT: &str = r#"
import sys, h5py, numpy as np
f = h5py.File(sys.argv[1], "r")
assert f.attrs["schema"] == "spikewatt.counts/1", f.attrs["schema"]
assert f["report_context"][()].decode() == '{"model":{"path":"é.onnx"},"accuracy":0.9}'
assert [f.attrs[k] for k in ("samples", "timesteps", "populations", "projections", "dense_layers")] == [7, 300, 5, 5, 3]
p = f["populations/1"]
assert p.attrs["name"] == "conv µ" and p.attrs["role"] == "spiking", dict(p.attrs)
assert f["populations/4"].attrs["name"] == ""
spikes = p["spikes"][:].reshape(p["shape"][:])
assert spikes.dtype == np.uint64 and p["spikes"].compression is None
assert p["spikes_per_timestep"].compression == "gzip" and p["spikes_per_timestep"].shape == (300,)
assert list(f["projections/0"].attrs["vertical"]) == [3, 1, 1, 1, 1]
assert f["projections/2"].attrs["pooling"] == 1 and f["projections/2/present"].shape == (72,)
assert f["projections/3/targets"].dtype == np.uint32
assert f["dense_layers/2"].attrs["macs"] == 102
print(spikes[3, 5, 2], spikes[0, 0, 1])
"#;
    let has_h5py = Command::new("python3")
        .args(["-c", "import h5py, numpy"])
        .output();
    if !has_h5py.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: python3 with h5py and numpy is not installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("counts.h5");
    let saved = example();
    save(&saved, &path).unwrap();
    let output = Command::new("python3")
        .args(["-c", SCRIPT])
        .arg(&path)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let maps = saved.counts.topology.populations[1].shape;
    let spikes = &saved.counts.populations[1].spikes;
    let expected = format!(
        "{} {}\n",
        spikes[maps.index(3, 5, 2)],
        spikes[maps.index(0, 0, 1)]
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[test]
fn contradictory_counts_are_neither_written_nor_loaded() {
    let with = |change: &dyn Fn(&mut SavedCounts)| {
        let mut saved = example();
        change(&mut saved);
        let message = encode(&saved).expect_err("refused").to_string();
        // Lengths that differ cannot even be written; all else is also refused when loaded.
        let lengths = ["counts of", "values, expected", "NUL"];
        if !lengths.iter().any(|part| message.contains(part)) {
            let bytes = write::encode_unchecked(&saved).unwrap();
            assert_eq!(decode(bytes).expect_err("refused").to_string(), message);
        }
        message
    };
    let connectivity = |change: &dyn Fn(&mut Connectivity), edge: usize| {
        with(&|saved| change(&mut saved.counts.topology.edges[edge].connectivity))
    };
    let cases = [
        (
            with(&|s| _ = s.counts.populations.pop()),
            "counts of 4 populations",
        ),
        (
            with(&|s| _ = s.counts.projections.pop()),
            "counts of 4 projections",
        ),
        (
            with(&|s| s.counts.populations[2].spikes = vec![0; 35].into()),
            "populations/2/spikes: 35 values, expected 36",
        ),
        (
            with(&|s| _ = s.counts.projections[1].macs_per_timestep.pop()),
            "projections/1/macs_per_timestep: 299",
        ),
        (
            with(&|s| s.counts.populations[0].touched[..2].fill(u64::MAX)),
            "populations/0/touched: its sum",
        ),
        (
            with(&|s| s.dense.layers[0].macs = u64::MAX),
            "dense_layers: its sums",
        ),
        (
            with(&|s| s.counts.topology.populations[0].name = "a\0".into()),
            "NUL",
        ),
        (
            with(&|s| {
                s.counts.topology.populations[4].shape = Shape::vector(0);
                s.counts.populations[4].spikes = Vec::new().into();
                s.counts.populations[4].touched = Vec::new().into();
            }),
            "a population of shape 0",
        ),
        (
            with(&|s| s.counts.topology.edges[4].target = 5),
            "projections/4: there is no population 5",
        ),
        (
            with(&|s| s.counts.topology.edges[4].source = 2),
            "it joins 70 to 10 neurons",
        ),
        (
            connectivity(&|c| c.pooling = None, 2),
            "it joins 36 to 70 neurons",
        ),
        (
            connectivity(
                &|c| c.pooling.as_mut().unwrap().window.vertical.stride = 1,
                2,
            ),
            "its window does not turn",
        ),
        (
            connectivity(
                &|c| {
                    if let Pattern::Sparse { targets, .. } = &mut c.pattern {
                        std::sync::Arc::make_mut(targets)[0] = 10;
                    }
                },
                3,
            ),
            "projections/3/targets: target 10 of 10",
        ),
        (
            connectivity(
                &|c| {
                    if let Pattern::Sparse { starts, .. } = &mut c.pattern {
                        starts.swap(1, 2);
                    }
                },
                3,
            ),
            "projections/3/starts: not the ascending",
        ),
        (
            connectivity(
                &|c| {
                    if let Pattern::Convolution { convolution, .. } = &mut c.pattern {
                        convolution.groups = 3;
                    }
                },
                0,
            ),
            "3 groups of 2 and 4 channels",
        ),
        (
            connectivity(
                &|c| {
                    if let Pattern::Dense { present, .. } = &mut c.pattern {
                        *present = Some(BitRows::nonzero(&[1.0; 70], 70));
                    }
                },
                2,
            ),
            "presence of 1 × 70 synapses for 36 × 70",
        ),
        (
            connectivity(
                &|c| {
                    if let Pattern::Dense { targets, .. } = &mut c.pattern {
                        *targets = usize::MAX;
                    }
                },
                4,
            ),
            "a population of shape 18446744073709551615",
        ),
        (
            connectivity(
                &|c| {
                    if let Pattern::Convolution { convolution, .. } = &mut c.pattern {
                        convolution.window.vertical.pad_after = usize::MAX;
                    }
                },
                1,
            ),
            "an impossible window",
        ),
    ];
    for (message, expected) in cases {
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
}

#[test]
fn foreign_files_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("other.h5");
    let mut file = FileBuilder::new();
    file.set_attr("schema", AttrValue::String("else/1".into()));
    std::fs::write(&path, file.finish().unwrap()).unwrap();
    let error = load(&path).unwrap_err().to_string();
    assert!(
        error.contains("other.h5") && error.contains("else/1"),
        "{error}"
    );
    std::fs::write(&path, b"no HDF5").unwrap();
    assert!(load(&path).unwrap_err().to_string().contains("other.h5"));
    let missing = load(&dir.path().join("missing.h5")).unwrap_err();
    assert!(matches!(missing.problem, SavedCountsProblem::Io(_)));
    let folder = load(dir.path()).unwrap_err();
    assert!(matches!(folder.problem, SavedCountsProblem::NotAFile));
}

#[test]
fn a_declared_shape_beyond_the_file_is_not_allocated() {
    let mut file = FileBuilder::new();
    file.set_attr("schema", AttrValue::String(SCHEMA.into()));
    file.set_attr("timesteps", AttrValue::U64(1));
    file.set_attr("populations", AttrValue::U64(1));
    let mut populations = file.create_group("populations");
    let mut one = populations.create_group("0");
    one.set_attr("name", AttrValue::String("a".into()));
    one.set_attr("role", AttrValue::String("input".into()));
    one.create_dataset("shape").with_u64_data(&[1 << 31]);
    one.create_dataset("spikes").with_u64_data(&[1]);
    populations.add_group(one.finish());
    file.add_group(populations.finish());
    let error = decode(file.finish().unwrap()).unwrap_err().to_string();
    assert!(error.contains("populations/0/spikes"), "{error}");
    assert!(
        error.contains("[1]") && error.contains("[2147483648]"),
        "{error}"
    );
}

#[test]
fn every_truncation_is_refused() {
    let bytes = encode(&example()).unwrap();
    for len in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        assert!(
            decode(bytes[..len].to_vec()).is_err(),
            "{len} of {}",
            bytes.len()
        );
    }
}

/// What a later stage does with counts that were loaded.
fn use_counts(saved: &SavedCounts) {
    for index in 0..saved.counts.populations.len() {
        let _ = saved.counts.per_inference(index);
        let _ = saved.counts.topology.synapses_into(index);
    }
    let _ = saved.dense.macs();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn damaged_files_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = encode(&example()).unwrap();
        for (at, bit) in &flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(saved) = decode(bytes) {
            use_counts(&saved);
        }
    }

    #[test]
    fn names_and_contexts_of_any_text_survive(name in "[^\0]{0,40}", context in "[^\0]{0,200}") {
        let mut saved = example();
        saved.counts.topology.populations[1].name = name.clone();
        saved.dense.layers[0].name = name;
        saved.report_context = context;
        prop_assert_eq!(decode(encode(&saved).unwrap()).unwrap(), saved);
    }
}
