//! NIR files: against the package nir, by hand, and damaged.

use hdf5::{FileBuilder, GroupBuilder};
use proptest::prelude::*;
use spikewatt::formats::nir::data::{
    EventSamples, Grid, NodeData, Observable, TimeGridded, TimedEvent, time_step,
};
use spikewatt::formats::nir::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Remembers the largest single allocation.
struct Watched;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static WATCHED: Watched = Watched;

fn reference(name: &str) -> PathBuf {
    Path::new("tests/reference/nir").join(name)
}

fn tensor(dims: &[usize], data: &[f64]) -> Tensor {
    let (dims, data) = (dims.to_vec(), data.to_vec());
    Tensor { dims, data }
}

/// As `ramp` of make.py.
fn ramp(dims: &[usize], start: f64) -> Tensor {
    let len = dims.iter().product::<usize>();
    let data: Vec<f64> = (0..len).map(|i| start + 0.5 * i as f64).collect();
    tensor(dims, &data)
}

fn graph(nodes: Vec<(&str, Primitive)>, edges: &[(usize, usize)]) -> Graph {
    let nodes = nodes.into_iter().map(|(name, primitive)| GraphNode {
        name: name.into(),
        primitive,
    });
    Graph {
        nodes: nodes.collect(),
        edges: edges.to_vec(),
        version: Some(WRITTEN_VERSION.into()),
        repairs: Vec::new(),
        ..Graph::default()
    }
}

fn input(shape: &[usize]) -> Primitive {
    Primitive::Input(Input {
        shape: shape.to_vec(),
    })
}

fn output(shape: &[usize]) -> Primitive {
    Primitive::Output(Output {
        shape: shape.to_vec(),
    })
}

fn linear(out: usize, inputs: usize) -> Primitive {
    Primitive::Linear(Linear {
        weight: ramp(&[out, inputs], 0.25),
    })
}

// ---------------------------------------------------------------- files made by hand

/// A file under construction: fields of nodes, `path` from the root graph with `/`.
struct Hand {
    file: FileBuilder,
    top: GroupBuilder,
    nodes: GroupBuilder,
}

type Field<'a> = (&'a str, Value<'a>);

#[derive(Clone, Copy)]
enum Value<'a> {
    Text(&'a str),
    Ints(&'a [u64], &'a [i64]),
    Floats(&'a [u64], &'a [f64]),
    Singles(&'a [u64], &'a [f32]),
}

fn put(group: &mut GroupBuilder, (name, value): Field) {
    let dataset = group.create_dataset(name);
    match value {
        Value::Text(text) => dataset.with_vlen_strings(&[text]).with_shape(&[]),
        Value::Ints(dims, data) => dataset.with_i64_data(data).with_shape(dims),
        Value::Floats(dims, data) => dataset.with_f64_data(data).with_shape(dims),
        Value::Singles(dims, data) => dataset.with_f32_data(data).with_shape(dims),
    };
}

fn put_edges(group: &mut GroupBuilder, edges: &[(&str, &str)]) {
    let ends: Vec<&str> = edges.iter().flat_map(|&(a, b)| [a, b]).collect();
    group
        .create_dataset("edges")
        .with_vlen_strings(&ends)
        .with_shape(&[edges.len() as u64, 2]);
}

fn put_node(nodes: &mut GroupBuilder, name: &str, kind: &str, fields: &[Field]) {
    let mut node = nodes.create_group(name);
    put(&mut node, ("type", Value::Text(kind)));
    fields.iter().for_each(|&field| put(&mut node, field));
    nodes.add_group(node.finish());
}

/// A nested graph whose content `fill` writes into its group of nodes.
fn put_graph(
    nodes: &mut GroupBuilder,
    name: &str,
    edges: &[(&str, &str)],
    fill: impl FnOnce(&mut GroupBuilder),
) {
    let mut graph = nodes.create_group(name);
    put(&mut graph, ("type", Value::Text("NIRGraph")));
    put_edges(&mut graph, edges);
    let mut inner = graph.create_group("nodes");
    fill(&mut inner);
    graph.add_group(inner.finish());
    nodes.add_group(graph.finish());
}

impl Hand {
    fn new(edges: &[(&str, &str)]) -> Self {
        let mut file = FileBuilder::new();
        let mut top = file.create_group("node");
        put(&mut top, ("type", Value::Text("NIRGraph")));
        put_edges(&mut top, edges);
        let nodes = top.create_group("nodes");
        Hand { file, top, nodes }
    }

    fn node(mut self, name: &str, kind: &str, fields: &[Field]) -> Self {
        put_node(&mut self.nodes, name, kind, fields);
        self
    }

    fn graph(
        mut self,
        name: &str,
        edges: &[(&str, &str)],
        fill: impl FnOnce(&mut GroupBuilder),
    ) -> Self {
        put_graph(&mut self.nodes, name, edges, fill);
        self
    }

    fn input(self, name: &str, shape: &[i64]) -> Self {
        self.node(
            name,
            "Input",
            &[("shape", Value::Ints(&[shape.len() as u64], shape))],
        )
    }

    fn output(self, name: &str, shape: &[i64]) -> Self {
        self.node(
            name,
            "Output",
            &[("shape", Value::Ints(&[shape.len() as u64], shape))],
        )
    }

    fn bytes(mut self) -> Vec<u8> {
        self.top.add_group(self.nodes.finish());
        self.file.add_group(self.top.finish());
        self.file.finish().unwrap()
    }

    fn read(self) -> Graph {
        decode(self.bytes()).unwrap()
    }

    fn refused(self) -> String {
        decode(self.bytes()).unwrap_err().to_string()
    }
}

fn assert_has(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
}

/// One neuron's parameters, as fields of shape (n,).
fn ones<'a>(dims: &'a [u64], data: &'a [f64], names: &[&'a str]) -> Vec<Field<'a>> {
    names
        .iter()
        .map(|name| (*name, Value::Floats(dims, data)))
        .collect()
}

// ---------------------------------------------------------------- what nir writes

#[test]
fn reference_every_primitive_as_nir_writes_it() {
    let read = read(&reference("all.nir")).unwrap();
    let one = |start| ramp(&[3], start);
    let two = || ramp(&[2], 0.25);
    let many = || ramp(&[24], 0.25);
    let expected = graph(
        vec![
            ("a_input", input(&[4, 8, 7])),
            (
                "b_conv",
                Primitive::Conv2d(Conv2d {
                    input_shape: Some([8, 7]),
                    weight: ramp(&[4, 2, 2, 3], 0.25),
                    bias: ramp(&[4], 0.25),
                    stride: [1, 1],
                    padding: [[0, 1], [1, 1]],
                    dilation: [1, 1],
                    groups: 2,
                }),
            ),
            (
                "c_scale",
                Primitive::Scale(Scale {
                    scale: ramp(&[4, 8, 7], 0.25),
                }),
            ),
            (
                "d_sum",
                Primitive::SumPool2d(SumPool2d {
                    kernel_size: [2, 2],
                    stride: [2, 2],
                    padding: [0, 0],
                }),
            ),
            (
                "e_if",
                Primitive::IF(IF {
                    r: ramp(&[4, 4, 3], 0.25),
                    v_threshold: ramp(&[4, 4, 3], 0.25),
                    v_reset: ramp(&[4, 4, 3], -3.0),
                }),
            ),
            (
                "f_avg",
                Primitive::AvgPool2d(AvgPool2d {
                    kernel_size: [2, 2],
                    stride: [1, 1],
                    padding: [0, 0],
                }),
            ),
            (
                "g_flatten",
                Primitive::Flatten(Flatten {
                    start_dim: 0,
                    end_dim: -1,
                    input_shape: Some(vec![4, 3, 2]),
                }),
            ),
            (
                "h_affine",
                Primitive::Affine(Affine {
                    weight: ramp(&[3, 24], 0.25),
                    bias: one(std::f64::consts::PI),
                }),
            ),
            (
                "i_lif",
                Primitive::LIF(LIF {
                    tau: one(0.25),
                    r: one(0.25),
                    v_leak: one(0.25),
                    v_threshold: one(0.25),
                    v_reset: one(-1.0),
                }),
            ),
            ("j_delay", Primitive::Delay(Delay { delay: one(0.25) })),
            ("k_linear", linear(2, 3)),
            (
                "l_cubalif",
                Primitive::CubaLIF(CubaLIF {
                    tau_syn: two(),
                    tau_mem: two(),
                    r: two(),
                    v_leak: two(),
                    v_threshold: two(),
                    v_reset: two(),
                    w_in: two(),
                }),
            ),
            (
                "m_li",
                Primitive::LI(LI {
                    tau: two(),
                    r: two(),
                    v_leak: two(),
                }),
            ),
            ("n_output", output(&[2])),
            ("o_input", input(&[4, 9])),
            (
                "p_conv",
                Primitive::Conv1d(Conv1d {
                    input_shape: Some(9),
                    weight: ramp(&[6, 2, 3], 0.25),
                    bias: ramp(&[6], 0.25),
                    stride: 2,
                    padding: [1, 1],
                    dilation: 2,
                    groups: 2,
                }),
            ),
            (
                "q_flatten",
                Primitive::Flatten(Flatten {
                    start_dim: 0,
                    end_dim: 1,
                    input_shape: Some(vec![6, 4]),
                }),
            ),
            (
                "r_threshold",
                Primitive::Threshold(Threshold { threshold: many() }),
            ),
            (
                "s_cubali",
                Primitive::CubaLI(CubaLI {
                    tau_syn: many(),
                    tau_mem: many(),
                    r: many(),
                    v_leak: many(),
                    w_in: many(),
                }),
            ),
            ("t_i", Primitive::I(I { r: many() })),
            ("u_output", output(&[24])),
        ],
        &(0..20)
            .filter(|&i| i != 13)
            .map(|i| (i, i + 1))
            .collect::<Vec<_>>(),
    );
    for (found, expected) in read.nodes.iter().zip(&expected.nodes) {
        assert_eq!(found, expected);
    }
    assert_eq!(read, expected);
    let kinds: std::collections::BTreeSet<&str> =
        read.nodes.iter().map(|n| n.primitive.type_name()).collect();
    assert_eq!(
        kinds.len(),
        Primitive::TYPE_NAMES.len(),
        "a primitive is not tested"
    );
    let shapes = read.shapes().unwrap();
    let at = |name: &str| shapes[read.find(name).unwrap()].output.clone();
    assert_eq!(at("b_conv"), [4, 8, 7]);
    assert_eq!(at("d_sum"), [4, 4, 3]);
    assert_eq!(at("f_avg"), [4, 3, 2]);
    assert_eq!(at("p_conv"), [6, 4]);
    assert_eq!(decode(encode(&read).unwrap()).unwrap(), read);
}

#[test]
fn reference_nested_recurrent_graph_is_flattened() {
    let read = read(&reference("nested.nir")).unwrap();
    let names: Vec<&str> = read.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(
        names,
        ["input", "net.cell.lif", "net.cell.rec", "net.fc", "output"]
    );
    assert_eq!(read.edges, [(0, 1), (1, 2), (1, 3), (2, 1), (3, 4)]);
    assert_eq!(read.repairs, [""; 0]);
}

#[test]
fn reference_layout_of_nir_0_2() {
    let read = read(&reference("old.nir")).unwrap();
    assert_eq!(read.version.as_deref(), Some("0.2.0"));
    let node = &read.nodes[read.find("if").unwrap()];
    let Primitive::IF(neuron) = &node.primitive else {
        panic!("{node:?}");
    };
    assert_eq!(neuron.v_reset, tensor(&[3], &[0.0; 3]));
    assert_eq!(neuron.r, ramp(&[3], 0.25));
    assert_eq!(
        read.repairs,
        ["node \"if\": v_reset is missing; it is 0, as nir reads it"]
    );
}

#[test]
fn reference_recordings_as_nir_writes_them() {
    let read = data::read(&reference("data.nir")).unwrap();
    let NodeData::Node(lif) = &read.nodes["lif"] else {
        panic!()
    };
    let mut spikes = vec![false; 30];
    spikes[3 + 2] = true;
    spikes[15 + 12] = true;
    assert_eq!(
        lif["spikes"],
        Observable::TimeGridded(TimeGridded {
            values: Grid::Spikes {
                dims: [2, 5, 3],
                data: spikes
            },
            dt_s: 0.001,
        })
    );
    assert_eq!(
        lif["v"],
        Observable::TimeGridded(TimeGridded {
            values: Grid::Numbers(ramp(&[2, 5, 3], 0.25)),
            dt_s: 0.001,
        })
    );
    let NodeData::Node(out) = &read.nodes["out"] else {
        panic!()
    };
    let event = |neuron, time_s| TimedEvent {
        neuron,
        time_s,
        value: (),
    };
    assert_eq!(
        out["events"],
        Observable::Events(EventSamples {
            samples: vec![vec![event(2, 0.001), event(0, 0.0045)], vec![event(1, 0.0)]],
            neurons: 3,
            t_max_s: 0.005,
        })
    );
    let event = |neuron, time_s, value| TimedEvent {
        neuron,
        time_s,
        value,
    };
    assert_eq!(
        out["currents"],
        Observable::ValuedEvents(EventSamples {
            samples: vec![
                vec![event(2, 0.001, 0.25), event(0, 0.0045, 0.75)],
                vec![event(1, 0.0, 1.25)]
            ],
            neurons: 3,
            t_max_s: 0.005,
        })
    );
    assert_eq!(data::decode(data::encode(&read).unwrap()).unwrap(), read);
    assert_eq!((time_step(0.0045, 0.001), time_step(0.3, 0.1)), (4, 2));
}

/// Runs a script with the package nir, or says that it is not there.
fn python(script: &str, arguments: &[&Path]) -> Option<String> {
    let probe = Command::new("python3")
        .args(["-c", "import nir, numpy, h5py"])
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: python3 with nir, numpy and h5py is not installed");
        return None;
    }
    let output = Command::new("python3")
        .args(["-c", script])
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn reference_nir_reads_what_is_written() {
    const SCRIPT: &str = r#"
import sys, nir, numpy as np, h5py
kinds = set()
for theirs, ours, check in zip(sys.argv[1::2], sys.argv[2::2], [False, True, True]):
    a, b = nir.read(theirs, type_check=False), nir.read(ours, type_check=check)
    if len(a.nodes) == len(b.nodes):
        assert sorted(a.edges) == sorted(b.edges), (a.edges, b.edges)
        for name, x in a.nodes.items():
            y = b.nodes[name]
            assert type(x) is type(y), name
            kinds.add(type(x).__name__)
            x, y = x.to_dict(), y.to_dict()
            assert x.keys() == y.keys(), (name, x.keys(), y.keys())
            for key in x:
                if isinstance(x[key], (str, dict)):
                    assert x[key] == y[key], (name, key)
                else:
                    np.testing.assert_array_equal(x[key], y[key], f"{name} {key}", strict=np.ndim(x[key]) > 0 and np.asarray(x[key]).dtype.kind == "f" and x[key].dtype == np.float32)
    else:
        print(sorted(b.nodes), sorted(b.edges))
    assert nir.serialization.read_version(ours) == "1.0.8"
    with h5py.File(ours) as f:
        for node in f["node/nodes"].values():
            if "weight" in node and node["weight"].size > 64:
                assert node["weight"].compression == "gzip"
print(len(kinds))
"#;
    let dir = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for name in ["all.nir", "nested.nir", "old.nir"] {
        let ours = dir.path().join(name);
        write(&read(&reference(name)).unwrap(), &ours).unwrap();
        paths.extend([reference(name), ours]);
    }
    let arguments: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    if let Some(printed) = python(SCRIPT, &arguments) {
        assert_eq!(
            printed,
            "['input', 'net.cell.lif', 'net.cell.rec', 'net.fc', 'output'] \
             [('input', 'net.cell.lif'), ('net.cell.lif', 'net.cell.rec'), ('net.cell.lif', 'net.fc'), \
             ('net.cell.rec', 'net.cell.lif'), ('net.fc', 'output')]\n18\n"
        );
    }
}

#[test]
fn reference_nir_reads_written_recordings() {
    const SCRIPT: &str = r#"
import sys, nir, numpy as np
a, b = nir.read_data(sys.argv[1]), nir.read_data(sys.argv[2])
count = 0
for name, node in a.nodes.items():
    for key, x in node.observables.items():
        y = b.nodes[name].observables[key]
        assert type(x) is type(y)
        for field, value in vars(x).items():
            if field == "value":
                value = np.where(x.idx < 0, 0, value)
            np.testing.assert_array_equal(value, getattr(y, field), f"{name} {key} {field}")
            count += 1
assert b.nodes["lif"].observables["spikes"].data.dtype == bool
grid = b.nodes["out"].observables["events"].to_time_gridded(0.001)
print(count, np.argwhere(grid.data).tolist())
"#;
    let dir = tempfile::tempdir().unwrap();
    let ours = dir.path().join("data.nir");
    data::write(&data::read(&reference("data.nir")).unwrap(), &ours).unwrap();
    if let Some(printed) = python(SCRIPT, &[&reference("data.nir"), &ours]) {
        assert_eq!(printed, "13 [[0, 1, 2], [0, 4, 0], [1, 0, 1]]\n");
    }
}

#[test]
fn reference_files_are_those_of_the_script() {
    let dir = tempfile::tempdir().unwrap();
    let script = std::fs::read_to_string(reference("make.py")).unwrap();
    if python(&script, &[dir.path()]).is_some() {
        for name in ["all.nir", "nested.nir", "old.nir"] {
            assert_eq!(
                read(&dir.path().join(name)).unwrap(),
                read(&reference(name)).unwrap()
            );
        }
        let name = "data.nir";
        assert_eq!(
            data::read(&dir.path().join(name)).unwrap(),
            data::read(&reference(name)).unwrap()
        );
    }
}

#[test]
fn reference_every_way_hdf5_stores_numbers_and_strings() {
    const SCRIPT: &str = r#"
import sys, h5py, numpy as np
def start(path, edges, nodes):
    f = h5py.File(sys.argv[1] + "/" + path, "w")
    node = f.create_group("node")
    node["type"] = np.bytes_("NIRGraph")
    node["edges"] = np.array(edges, dtype="S8")
    for name, (kind, fields) in nodes.items():
        node[f"nodes/{name}/type"] = np.bytes_(kind)
        for key, (value, options) in fields.items():
            node.create_dataset(f"nodes/{name}/{key}", data=value, **options)
    return f
values = np.arange(200).reshape(2, 100)
gzip = dict(compression="gzip", compression_opts=9, shuffle=True, fletcher32=True, chunks=(1, 7))
lif = {k: (np.full(2, i + 1, dtype=d), {}) for i, (k, d) in enumerate(
    [("tau", ">f8"), ("r", "i1"), ("v_leak", "u8"), ("v_threshold", ">i4"), ("v_reset", "u2")])}
nodes = {
    "in": ("Input", {"shape": (np.array([100], dtype="i2"), {})}),
    "a": ("Linear", {"weight": (values.astype(">f4"), gzip)}),
    "b": ("Linear", {"weight": (values.astype("i2"), dict(compression="lzf"))}),
    "n": ("LIF", lif),
    "out": ("Output", {"shape": (2, {})}),
}
f = start("kinds.nir", [("in", "a"), ("in", "b"), ("a", "n"), ("b", "n"), ("n", "out")], nodes)
f["node/nodes/n/metadata/anything"] = [1, 2]
f["node/metadata/tool"] = "x"
f.close()
f = start("empty.nir", [("in", "a")], {})
f["node/nodes"] = f.create_group("x")
del f["node/edges"]
f["node/edges"] = []
f["node/nodes/in/type"], f["node/nodes/in/shape"] = "Input", [4]
f.close()
f = start("loop.nir", [("in", "in")], {"in": nodes["in"]})
f["node/nodes/again"] = f["node"]
f["node/nodes/more"] = f["node"]
f.close()
f = start("graphs.nir", [("in", "in")], {"in": nodes["in"]})
del f["node/nodes/in"]
for i in range(20):
    f[f"node/nodes/{i}"] = f["node"]
f.close()
import nir
silent = nir.EventData(np.zeros((3, 0), dtype=int), np.zeros((3, 0)), 5, 1.0)
nir.write_data(sys.argv[1] + "/silent.nir", nir.NIRGraphData({"n": nir.NIRNodeData({"spikes": silent})}), compression=None)
f = start("half.nir", [("in", "in")], {"s": ("Scale", {"scale": (np.float16([1.5]), {})}), "t": ("Threshold", {"threshold": ([2**60], {})})})
f.close()
"#;
    let dir = tempfile::tempdir().unwrap();
    if python(SCRIPT, &[dir.path()]).is_none() {
        return;
    }
    let found = read(&dir.path().join("kinds.nir")).unwrap();
    assert_eq!((found.version, &found.repairs[..]), (None, &[][..]));
    let counted: Vec<f64> = (0..200).map(f64::from).collect();
    for name in ["a", "b"] {
        let node = found.nodes.iter().find(|node| node.name == name).unwrap();
        let weight = tensor(&[2, 100], &counted);
        assert_eq!(node.primitive, Primitive::Linear(Linear { weight }));
    }
    let both = |value| tensor(&[2], &[value; 2]);
    let lif = LIF {
        tau: both(1.0),
        r: both(2.0),
        v_leak: both(3.0),
        v_threshold: both(4.0),
        v_reset: both(5.0),
    };
    assert!(
        found
            .nodes
            .iter()
            .any(|node| node.primitive == Primitive::LIF(lif.clone()))
    );
    let found = read(&dir.path().join("empty.nir")).unwrap();
    assert_eq!((found.nodes.len(), found.edges), (1, vec![]));
    let found = data::read(&dir.path().join("silent.nir")).unwrap();
    let NodeData::Node(node) = &found.nodes["n"] else {
        panic!();
    };
    let silent: EventSamples<()> = EventSamples {
        samples: vec![vec![]; 3],
        neurons: 5,
        t_max_s: 1.0,
    };
    assert_eq!(node["spikes"], Observable::Events(silent));
    assert_eq!(data::decode(data::encode(&found).unwrap()).unwrap(), found);
    let error = |name| read(&dir.path().join(name)).unwrap_err().to_string();
    for name in ["loop.nir", "graphs.nir"] {
        assert_has(&error(name), &[name, "more nodes than the file can hold"]);
    }
    assert_has(
        &error("half.nir"),
        &[
            "node/nodes/s/scale: expected numbers",
            "1152921504606846976 is beyond 2^53",
        ],
    );
}

/// Files of other tools, in `nir/` of a folder that holds models for development.
#[test]
fn reference_files_of_other_tools_are_read() {
    let Some(folder) = std::env::var_os("SPIKEWATT_SHARED_MODELS") else {
        eprintln!("SKIPPED: SPIKEWATT_SHARED_MODELS names no folder with models");
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(Path::new(&folder).join("nir")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|suffix| suffix == "nir") {
            let read = read(&path).unwrap();
            assert_eq!(read.shapes().unwrap().len(), read.nodes.len());
            let mut written = decode(encode(&read).unwrap()).unwrap();
            written.version.clone_from(&read.version);
            written.repairs.clone_from(&read.repairs);
            assert_eq!(written, read, "{}", path.display());
            count += 1;
        }
    }
    assert!(count > 0, "no .nir files there");
}

// ---------------------------------------------------------------- repairs

const LIF_FIELDS: [&str; 5] = ["tau", "r", "v_leak", "v_threshold", "v_reset"];

#[test]
fn worked_repairs_are_said() {
    let w = [0.25, 0.5, 0.75, 1.0];
    let read = Hand::new(&[
        ("in", "conv"),
        ("conv", "flat"),
        ("flat", "fc"),
        ("fc", "cuba"),
        ("cuba", "out"),
    ])
    .input("in", &[1, 3, 5])
    .node(
        "conv",
        "Conv2d",
        &[
            ("weight", Value::Floats(&[1, 1, 2, 2], &w)),
            ("bias", Value::Floats(&[], &[0.5])),
            ("stride", Value::Ints(&[2], &[1, 2])),
            ("padding", Value::Text("valid")),
            ("dilation", Value::Ints(&[], &[1])),
            ("groups", Value::Ints(&[], &[1])),
        ],
    )
    .node("flat", "Flatten", &[("start_dim", Value::Ints(&[], &[0]))])
    .node(
        "fc",
        "Affine",
        &[
            ("weight", Value::Floats(&[1, 1, 1, 4], &w)),
            ("bias", Value::Floats(&[1, 1], &[2.0])),
        ],
    )
    .node(
        "cuba",
        "CubaLIF",
        &ones(
            &[1],
            &[1.0],
            &["tau_syn", "tau_mem", "r", "v_leak", "v_threshold"],
        ),
    )
    .output("out", &[1, 1, 1])
    .read();
    assert_eq!(
        read.repairs,
        [
            r#"node "conv": input_shape is missing; [3, 5] follows from its input"#,
            r#"node "cuba": v_reset is missing; it is 0, as nir reads it"#,
            r#"node "cuba": w_in is missing; it is 1, as nir reads it"#,
            r#"node "fc": bias has the shape [1, 1]; its leading dimensions of 1 were removed"#,
            r#"node "fc": weight has the shape [1, 1, 1, 4]; its leading dimensions of 1 were removed"#,
            r#"node "flat": end_dim is missing; it is -1, as nir reads it"#,
            r#"node "flat": input_type is missing; [1, 2, 2] follows from its input"#,
            r#"node "out": its shape [1, 1, 1] was replaced by that of its input [1]; dimensions of 1 make no difference"#,
        ]
    );
    let node = |name: &str| &read.nodes[read.find(name).unwrap()].primitive;
    let Primitive::Conv2d(conv) = node("conv") else {
        panic!()
    };
    assert_eq!(
        (conv.input_shape, conv.stride, conv.padding),
        (Some([3, 5]), [1, 2], [[0, 0]; 2])
    );
    let Primitive::CubaLIF(cuba) = node("cuba") else {
        panic!()
    };
    assert_eq!(
        (&cuba.v_reset, &cuba.w_in),
        (&tensor(&[1], &[0.0]), &tensor(&[1], &[1.0]))
    );
    assert_eq!(
        node("fc"),
        &Primitive::Affine(Affine {
            weight: tensor(&[1, 4], &w),
            bias: tensor(&[1], &[2.0])
        })
    );
    assert_eq!(node("out"), &output(&[1]));
    let again = decode(encode(&read).unwrap()).unwrap();
    assert_eq!(
        (again.nodes, again.edges, again.repairs.len()),
        (read.nodes, read.edges, 0)
    );
}

#[test]
fn worked_scalar_parameters_take_the_shape_of_their_input() {
    let mut fields = ones(&[], &[0.5], &LIF_FIELDS);
    fields[1] = ("r", Value::Ints(&[], &[3]));
    let read = Hand::new(&[("in", "a"), ("a", "b"), ("b", "a"), ("a", "out")])
        .input("in", &[2, 3, 4])
        .node("a", "LIF", &fields)
        .node("b", "Scale", &[("scale", Value::Singles(&[], &[0.1]))])
        .output("out", &[2, 3, 4])
        .read();
    assert_eq!(read.repairs, [""; 0]);
    assert!(
        read.shapes()
            .unwrap()
            .iter()
            .all(|shape| shape.input == [2, 3, 4] && shape.output == [2, 3, 4])
    );
    let Primitive::LIF(lif) = &read.nodes[0].primitive else {
        panic!()
    };
    assert_eq!(lif.r, Tensor::scalar(3.0));
    assert_eq!(lif.r.broadcast(&[2, 3, 4]), Tensor::filled(&[2, 3, 4], 3.0));
    let Primitive::Scale(scale) = &read.nodes[1].primitive else {
        panic!()
    };
    assert_eq!(scale.scale.data, [f64::from(0.1f32)]);
    assert_eq!(decode(encode(&read).unwrap()).unwrap().nodes, read.nodes);
}

#[test]
fn worked_duplicate_edges_and_self_loops_are_kept() {
    let made = graph(
        vec![
            ("in", input(&[2])),
            ("rec", linear(2, 2)),
            ("z", output(&[2])),
        ],
        &[(0, 1), (0, 1), (1, 1), (1, 2)],
    );
    assert_eq!(decode(encode(&made).unwrap()).unwrap(), made);
}

#[test]
fn worked_dimensions_of_one_make_no_difference() {
    let read = Hand::new(&[("in", "fc"), ("fc", "out")])
        .input("in", &[1, 1, 2])
        .node(
            "fc",
            "Linear",
            &[("weight", Value::Floats(&[1, 2], &[1.0, 2.0]))],
        )
        .output("out", &[1])
        .read();
    assert_eq!(
        read.repairs,
        [r#"node "fc": its input [2] takes [1, 1, 2] of "in"; dimensions of 1 make no difference"#]
    );
}

// ---------------------------------------------------------------- nested graphs

fn put_linear(nodes: &mut GroupBuilder, name: &str) {
    put_node(
        nodes,
        name,
        "Linear",
        &[("weight", Value::Floats(&[2, 2], &[1.0, 2.0, 3.0, 4.0]))],
    );
}

fn put_port(nodes: &mut GroupBuilder, name: &str, kind: &str, size: i64) {
    put_node(nodes, name, kind, &[("shape", Value::Ints(&[1], &[size]))]);
}

#[test]
fn worked_ports_are_spliced_out_with_all_their_ways() {
    // Two ways in, and inside both a shortcut and a duplicate edge: each way becomes an edge.
    let read = Hand::new(&[("a", "sub"), ("b", "sub"), ("sub", "out"), ("sub", "sub")])
        .input("a", &[2])
        .input("b", &[2])
        .graph("sub", &[("i", "w"), ("i", "w"), ("w", "o")], |nodes| {
            put_port(nodes, "i", "Input", 7);
            put_port(nodes, "o", "Output", 2);
            put_linear(nodes, "w");
        })
        .output("out", &[2])
        .read();
    let names: Vec<&str> = read.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "out", "sub.w"]);
    assert_eq!(
        read.edges,
        [(0, 3), (0, 3), (1, 3), (1, 3), (3, 2), (3, 3), (3, 3)]
    );
    assert_eq!(
        read.repairs,
        [
            r#"node "sub.i": its shape [7] is not that of its input [2]; it only passes on, so its shape was not used"#
        ]
    );
}

#[test]
fn worked_a_nested_graph_that_only_passes_on() {
    let read = Hand::new(&[("a", "sub"), ("sub", "out")])
        .input("a", &[2])
        .graph("sub", &[("i", "o")], |nodes| {
            put_port(nodes, "i", "Input", 2);
            put_port(nodes, "o", "Output", 2);
        })
        .output("out", &[2])
        .read();
    assert_eq!((read.nodes.len(), read.edges), (2, vec![(0, 1)]));
    let message = Hand::new(&[("sub", "sub")])
        .graph("sub", &[("i", "o")], |nodes| {
            put_port(nodes, "i", "Input", 2);
            put_port(nodes, "o", "Output", 2);
        })
        .refused();
    assert_has(&message, &["loop of edges passes \"sub.i\""]);
}

#[test]
fn worked_ports_without_outer_edges_are_inputs_and_outputs() {
    let read = Hand::new(&[])
        .graph("sub", &[("i", "w"), ("w", "o")], |nodes| {
            put_port(nodes, "i", "Input", 2);
            put_port(nodes, "o", "Output", 2);
            put_linear(nodes, "w");
        })
        .read();
    assert_eq!(
        read.nodes[0],
        GraphNode {
            name: "sub.i".into(),
            primitive: input(&[2])
        }
    );
    assert_eq!(
        read.nodes[1],
        GraphNode {
            name: "sub.o".into(),
            primitive: output(&[2])
        }
    );
    assert_eq!(read.edges, [(0, 2), (2, 1)]);
    assert_eq!(read.repairs.len(), 2);
    assert_has(
        &read.repairs[0],
        &["sub.i", "it is an Input of the whole network"],
    );
}

#[test]
fn worked_ambiguous_ports_and_names_are_refused() {
    let message = Hand::new(&[("a", "sub"), ("sub", "a.b")])
        .input("a", &[2])
        .graph("sub", &[("i", "w"), ("j", "w")], |nodes| {
            put_port(nodes, "i", "Input", 2);
            put_port(nodes, "j", "Input", 2);
            put_linear(nodes, "w");
        })
        .output("a.b", &[2])
        .refused();
    assert_has(
        &message,
        &[
            "\"a\" → \"sub\"",
            "has 2 Input nodes",
            "\"sub\" → \"a.b\"",
            "has 0 Output nodes",
        ],
    );
    let message = Hand::new(&[("sub.w", "out")])
        .graph("sub", &[], |nodes| put_linear(nodes, "w"))
        .node(
            "sub.w",
            "Linear",
            &[("weight", Value::Floats(&[2, 2], &[1.0; 4]))],
        )
        .output("out", &[2])
        .refused();
    assert_has(&message, &["node \"sub.w\"", "two nodes have this name"]);
}

#[test]
fn worked_deep_nesting_is_refused() {
    fn nest(nodes: &mut GroupBuilder, depth: usize) {
        if depth == 0 {
            put_linear(nodes, "w");
        } else {
            put_graph(nodes, "g", &[], |inner| nest(inner, depth - 1));
        }
    }
    let nested = |depth| {
        let mut hand = Hand::new(&[]);
        nest(&mut hand.nodes, depth);
        decode(hand.bytes())
    };
    assert_eq!(nested(MAX_NESTING).unwrap().nodes.len(), 1);
    assert_has(
        &nested(MAX_NESTING + 1).unwrap_err().to_string(),
        &["nested more than 16 deep"],
    );
}

#[test]
fn worked_multiplying_edges_are_refused() {
    // 24 graphs in a row, each passing on twice: 2^24 ways.
    let names: Vec<String> = (0..24).map(|i| format!("g{i:02}")).collect();
    let mut edges = vec![("in", names[0].as_str()), (names[23].as_str(), "out")];
    edges.extend(
        names
            .windows(2)
            .map(|pair| (pair[0].as_str(), pair[1].as_str())),
    );
    let mut hand = Hand::new(&edges).input("in", &[2]).output("out", &[2]);
    for name in &names {
        hand = hand.graph(name, &[("i", "o"), ("i", "o")], |nodes| {
            put_port(nodes, "i", "Input", 2);
            put_port(nodes, "o", "Output", 2);
        });
    }
    assert_has(&hand.refused(), &["more than 1048576 edges"]);
}

// ---------------------------------------------------------------- refusals

#[test]
fn worked_all_problems_are_listed_at_once() {
    let message = Hand::new(&[
        ("in", "odd"),
        ("odd", "lost"),
        ("fc", "out"),
        ("ghost", "out"),
    ])
    .input("in", &[2])
    .node("odd", "Izhikevich", &[("a", Value::Floats(&[1], &[1.0]))])
    .node(
        "fc",
        "Linear",
        &[
            ("weight", Value::Floats(&[2, 2], &[1.0, 2.0, f64::NAN, 4.0])),
            ("quantized", Value::Ints(&[], &[1])),
        ],
    )
    .node(
        "lif",
        "LIF",
        &ones(&[2], &[1.0, -1.0], &["tau", "r", "v_leak"]),
    )
    .node(
        "tau",
        "LI",
        &ones(&[2], &[1.0, 0.0], &["tau", "r", "v_leak"]),
    )
    .output("out", &[2])
    .refused();
    assert_has(
        &message,
        &[
            "6 of its parts",
            r#"node "odd" (Izhikevich): unknown primitive; supported are Input, Output, Affine"#,
            r#"node "fc" (Linear): unknown field "quantized""#,
            r#"node "lif" (LIF): field "v_threshold" is missing"#,
            r#"node "tau" (LI): tau: value 1 is 0; it must be above 0"#,
            r#"the graph: the edge "odd" → "lost" has no target: there is no node "lost""#,
            r#"the edge "ghost" → "out" has no source: there is no node "ghost""#,
        ],
    );
}

#[test]
fn worked_contradictions_are_refused_by_node() {
    let neuron = |fields: &[Field]| {
        Hand::new(&[("in", "n"), ("n", "out")])
            .input("in", &[2])
            .node("n", "IF", fields)
            .output("out", &[2])
            .refused()
    };
    let r = ("r", Value::Floats(&[2], &[1.0, 2.0]));
    let th = ("v_threshold", Value::Floats(&[2], &[1.0, 2.0]));
    assert_has(
        &neuron(&[r, ("v_threshold", Value::Floats(&[1], &[1.0]))]),
        &[
            "node \"n\" (IF)",
            "v_threshold has the shape [1], but r [2]",
        ],
    );
    assert_has(
        &neuron(&[("r", Value::Floats(&[2], &[1.0, f64::INFINITY])), th]),
        &["r: value 1 is inf"],
    );
    assert_has(
        &neuron(&[("r", Value::Text("one")), th]),
        &["node/nodes/n/r", "expected numbers"],
    );
    assert_has(
        &neuron(&[r, th, ("type2", Value::Text("IF"))]),
        &["unknown field \"type2\""],
    );
    let r3 = ("r", Value::Floats(&[3], &[1.0; 3]));
    let th3 = ("v_threshold", Value::Floats(&[3], &[1.0; 3]));
    assert_has(
        &neuron(&[r3, th3]),
        &[
            "node \"n\" (IF): it is for inputs of the shape [3], but \"in\" has the output [2]",
            "node \"out\" (Output): it is for inputs of the shape [2], but \"n\" has the output [3]",
        ],
    );
    let edges = |edges: &[(&str, &str)]| {
        Hand::new(edges)
            .input("in", &[2])
            .node("n", "IF", &[r, th])
            .output("out", &[2])
            .refused()
    };
    assert_has(
        &edges(&[("n", "in"), ("n", "out")]),
        &["node \"in\" (Input): an edge from \"n\" leads to it"],
    );
    assert_has(
        &edges(&[("in", "n"), ("out", "n")]),
        &["node \"out\" (Output): an edge to \"n\" leaves it"],
    );
    let shape = |shape: &[i64]| Hand::new(&[]).input("in", shape).refused();
    assert_has(&shape(&[0]), &["shape [0] holds nothing"]);
    assert_has(&shape(&[]), &["shape [] holds nothing"]);
    assert_has(&shape(&[-3]), &["shape: -3 is negative"]);
    assert_has(&shape(&[1 << 20, 1 << 20]), &["more elements than 32 bits"]);
    assert_has(&shape(&[1 << 53, 1 << 53]), &["more elements than 32 bits"]);
    assert_has(&shape(&[i64::MAX]), &["9223372036854775807 is beyond 2^53"]);
    let float = Hand::new(&[])
        .node("in", "Input", &[("shape", Value::Floats(&[1], &[1.5]))])
        .refused();
    assert_has(&float, &["shape: 1.5 is not a whole number"]);
    let delay = Hand::new(&[])
        .node("d", "Delay", &[("delay", Value::Floats(&[1], &[-0.5]))])
        .refused();
    assert_has(
        &delay,
        &["node \"d\" (Delay): delay: value 0 is -0.5; it must not be negative"],
    );
    let batch = Hand::new(&[])
        .node(
            "w",
            "Linear",
            &[("weight", Value::Floats(&[2, 1, 2], &[1.0; 4]))],
        )
        .refused();
    assert_has(
        &batch,
        &["weight has the shape [2, 1, 2], expected [out, in]"],
    );
    let unknown = Hand::new(&[])
        .node(
            "t",
            "Threshold",
            &[("threshold", Value::Floats(&[], &[1.0]))],
        )
        .refused();
    assert_has(
        &unknown,
        &["node \"t\" (Threshold): its shape follows neither"],
    );
    assert_has(&Hand::new(&[]).refused(), &["the graph: it has no nodes"]);
}

#[test]
fn worked_impossible_windows_are_refused() {
    let conv = |change: &dyn Fn(&mut Vec<Field>)| {
        let mut fields: Vec<Field> = vec![
            ("weight", Value::Floats(&[2, 1, 2], &[1.0; 4])),
            ("bias", Value::Floats(&[2], &[0.0; 2])),
            ("stride", Value::Ints(&[], &[1])),
            ("padding", Value::Ints(&[], &[0])),
            ("dilation", Value::Ints(&[], &[1])),
            ("groups", Value::Ints(&[], &[2])),
        ];
        change(&mut fields);
        Hand::new(&[("in", "c")])
            .input("in", &[2, 5])
            .node("c", "Conv1d", &fields)
            .refused()
    };
    type Case<'a> = (&'a dyn Fn(&mut Vec<Field>), &'a str);
    let cases: [Case; 9] = [
        (
            &|f| f[0].1 = Value::Floats(&[4, 1], &[1.0; 4]),
            "weight has the shape [4, 1], expected 3 dimensions",
        ),
        (
            &|f| f[1].1 = Value::Floats(&[1], &[0.0]),
            "bias has the shape [1], its weight [2, 1, 2]",
        ),
        (&|f| f[2].1 = Value::Ints(&[], &[0]), "its stride is 0"),
        (
            &|f| f[2].1 = Value::Ints(&[2], &[1, 1]),
            "stride is [1, 1], expected 1 numbers",
        ),
        (
            &|f| f[3].1 = Value::Text("full"),
            "padding \"full\" is neither",
        ),
        (
            &|f| {
                f[2].1 = Value::Ints(&[], &[2]);
                f[3].1 = Value::Text("same");
            },
            "padding \"same\" needs a stride of 1",
        ),
        (
            &|f| f[4].1 = Value::Ints(&[], &[5]),
            "does not fit 5 elements",
        ),
        (
            &|f| f[5].1 = Value::Ints(&[], &[3]),
            "3 groups do not divide 2 output channels",
        ),
        (
            &|f| f[5].1 = Value::Ints(&[], &[1]),
            "for inputs of the shape [1, 5], but \"in\" has the output [2, 5]",
        ),
    ];
    for (change, expected) in cases {
        assert_has(&conv(change), &["node \"c\" (Conv1d)", expected]);
    }
    let flatten = Hand::new(&[("in", "f"), ("f", "w")])
        .input("in", &[2, 2, 2])
        .node(
            "f",
            "Flatten",
            &[
                ("start_dim", Value::Ints(&[], &[1])),
                ("end_dim", Value::Ints(&[], &[-1])),
            ],
        )
        .node(
            "w",
            "Linear",
            &[("weight", Value::Floats(&[1, 8], &[1.0; 8]))],
        )
        .refused();
    assert_has(
        &flatten,
        &[
            "shape [8], but \"f\" has the output [2, 4]",
            "start_dim 0 flattens everything",
        ],
    );
}

#[test]
fn worked_foreign_files_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("other.nir");
    std::fs::write(&path, b"no HDF5").unwrap();
    assert_has(
        &read(&path).unwrap_err().to_string(),
        &["other.nir", "not readable as HDF5"],
    );
    std::fs::write(&path, FileBuilder::new().finish().unwrap()).unwrap();
    assert_has(
        &read(&path).unwrap_err().to_string(),
        &["other.nir", "no group \"node\"", "nir.write"],
    );
    assert_has(
        &data::read(&path).unwrap_err().to_string(),
        &["other.nir", "__type__"],
    );
    assert!(matches!(
        read(dir.path()).unwrap_err().problem,
        NirProblem::NotAFile
    ));
    assert!(matches!(
        read(&dir.path().join("missing")).unwrap_err().problem,
        NirProblem::Io(_)
    ));
}

#[test]
fn worked_what_nir_cannot_express_is_not_written() {
    let refused = |graph: &Graph| encode(graph).unwrap_err().to_string();
    let conv = |padding| {
        graph(
            vec![
                ("a", input(&[1, 3])),
                (
                    "b",
                    Primitive::Conv1d(Conv1d {
                        input_shape: Some(3),
                        weight: ramp(&[1, 1, 2], 1.0),
                        bias: Tensor::scalar(0.0),
                        stride: 1,
                        padding,
                        dilation: 1,
                        groups: 1,
                    }),
                ),
            ],
            &[(0, 1)],
        )
    };
    assert_eq!(
        decode(encode(&conv([0, 1])).unwrap()).unwrap(),
        conv([0, 1]),
        "\"same\""
    );
    assert_has(
        &refused(&conv([1, 0])),
        &["node \"b\"", "padding [[1, 0]] cannot be written"],
    );
    let named =
        |a: &'static str, b: &'static str| graph(vec![(a, input(&[1])), (b, input(&[1]))], &[]);
    assert_has(
        &refused(&named("a", "a")),
        &["node \"a\" (Input): it follows \"a\""],
    );
    assert_has(&refused(&named("b", "a")), &["it follows \"b\"; sort"]);
    for name in ["", ".", "x/y", "x\0y"] {
        assert_has(
            &refused(&graph(vec![(name, input(&[1]))], &[])),
            &["cannot hold this name"],
        );
    }
    assert_has(
        &refused(&graph(vec![("a", input(&[1]))], &[(0, 1)])),
        &["an edge joins nodes 0 and 1"],
    );
    let lying = Tensor {
        dims: vec![2, 2],
        data: vec![1.0],
    };
    let lying = graph(
        vec![("w", Primitive::Linear(Linear { weight: lying }))],
        &[],
    );
    assert_has(
        &refused(&lying),
        &["node \"w\" (Linear): weight: 1 values for the shape [2, 2]"],
    );
}

#[test]
fn worked_faulty_recordings_are_refused() {
    let refused = |observable: Observable| {
        let node = NodeData::Node([("x".to_string(), observable)].into());
        data::encode(&data::GraphData {
            nodes: [("n".to_string(), node)].into(),
        })
        .unwrap_err()
        .to_string()
    };
    let events = |neuron, time_s, t_max_s| {
        Observable::Events(EventSamples {
            samples: vec![vec![TimedEvent {
                neuron,
                time_s,
                value: (),
            }]],
            neurons: 2,
            t_max_s,
        })
    };
    assert_has(
        &refused(events(2, 0.0, 1.0)),
        &[
            "node \"n\"",
            "observable \"x\"",
            "neuron 2, but n_neurons is 2",
        ],
    );
    assert_has(
        &refused(events(1, 1.5, 1.0)),
        &["at 1.5 s, outside 0 to 1 s"],
    );
    assert_has(&refused(events(1, f64::NAN, 1.0)), &["at NaN s"]);
    assert_has(&refused(events(1, 0.0, f64::INFINITY)), &["t_max is inf"]);
    let grid = |data: &[f64], dt_s| {
        Observable::TimeGridded(TimeGridded {
            values: Grid::Numbers(tensor(&[1, 1, 1], data)),
            dt_s,
        })
    };
    assert_has(
        &refused(grid(&[1.0, 2.0], 1.0)),
        &["2 values for the shape [1, 1, 1]"],
    );
    assert_has(&refused(grid(&[1.0], 0.0)), &["dt is 0"]);
    assert_has(&refused(grid(&[f64::NAN], 1.0)), &["data holds NaN"]);
}

// ---------------------------------------------------------------- damaged files

#[test]
fn a_declared_shape_beyond_the_file_is_not_allocated() {
    let bytes = std::fs::read(reference("old.nir")).unwrap();
    // The dataspace of a vector of 3: its dimension and its maximum.
    let three = 3u64.to_le_bytes();
    let (mut tried, mut refused) = (0, 0);
    for at in 0..bytes.len() - 8 {
        if bytes[at..at + 8] == three {
            let mut damaged = bytes.clone();
            damaged[at..at + 8].copy_from_slice(&(1u64 << 40).to_le_bytes());
            tried += 1;
            let result = decode(damaged).map_err(|error| error.to_string());
            refused += usize::from(
                result.is_err_and(|error| error.contains("more than the file can hold")),
            );
        }
    }
    assert!(tried > 4 && refused > 1, "{refused} of {tried}");
    assert!(LARGEST.load(Ordering::Relaxed) < MOST_ALLOCATED);
}

/// Every file of these tests is below 200 kB, and a file may inflate 1032 times.
const MOST_ALLOCATED: usize = 200_000 * 1032;

fn damaged(file: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let bytes = std::fs::read(reference(file)).unwrap();
    let flips = prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 0..6);
    let cut = prop::option::of(any::<prop::sample::Index>());
    (flips, cut).prop_map(move |(flips, cut)| {
        let mut bytes = bytes.clone();
        for (at, bit) in &flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes
    })
}

fn values() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-100i32..100).prop_map(|i| f64::from(i) / 8.0),
        any::<f32>()
            .prop_filter("finite", |v| v.is_finite())
            .prop_map(f64::from),
        -1e300..1e300f64,
    ]
}

fn tensors(dims: Vec<usize>) -> impl Strategy<Value = Tensor> {
    let len = dims.iter().product::<usize>();
    prop_oneof![
        4 => prop::collection::vec(values(), len).prop_map(move |data| Tensor { dims: dims.clone(), data }),
        1 => values().prop_map(Tensor::scalar),
    ]
}

fn times(dims: Vec<usize>) -> impl Strategy<Value = Tensor> {
    tensors(dims).prop_map(|mut tensor| {
        tensor
            .data
            .iter_mut()
            .for_each(|value| *value = value.abs() + 1e-4);
        tensor
    })
}

/// Any elementwise primitive for a shape.
fn elementwise(dims: Vec<usize>) -> impl Strategy<Value = Primitive> {
    let six = prop::collection::vec(tensors(dims.clone()), 6);
    (0..9, times(dims.clone()), times(dims), six).prop_map(|(kind, tau, tau_syn, mut six)| {
        let mut next = || six.pop().unwrap();
        match kind {
            0 => Primitive::I(I { r: next() }),
            1 => Primitive::IF(IF {
                r: next(),
                v_threshold: next(),
                v_reset: next(),
            }),
            2 => Primitive::LI(LI {
                tau,
                r: next(),
                v_leak: next(),
            }),
            3 => Primitive::LIF(LIF {
                tau,
                r: next(),
                v_leak: next(),
                v_threshold: next(),
                v_reset: next(),
            }),
            4 => Primitive::CubaLI(CubaLI {
                tau_syn,
                tau_mem: tau,
                r: next(),
                v_leak: next(),
                w_in: next(),
            }),
            5 => Primitive::CubaLIF(CubaLIF {
                tau_syn,
                tau_mem: tau,
                r: next(),
                v_leak: next(),
                v_threshold: next(),
                v_reset: next(),
                w_in: next(),
            }),
            6 => Primitive::Scale(Scale { scale: next() }),
            7 => Primitive::Delay(Delay { delay: tau }),
            _ => Primitive::Threshold(Threshold { threshold: next() }),
        }
    })
}

fn same(kernel: usize, dilation: usize) -> [usize; 2] {
    let total = dilation * (kernel - 1);
    [total / 2, total - total / 2]
}

/// Maps → convolution → neurons → pool → flatten → full connection → neurons and back.
fn networks() -> impl Strategy<Value = Graph> {
    let axes = (
        prop::array::uniform2(1usize..4),
        prop::array::uniform2(1usize..3),
        prop::array::uniform2(1usize..3),
        prop::array::uniform2(0usize..3),
    );
    (
        1usize..3,
        1usize..3,
        1usize..3,
        axes,
        prop::array::uniform2(8usize..12),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_flat_map(
            |(groups, per_group, outs, (kernel, mut stride, dilation, pad), size, words, sum)| {
                if words {
                    stride = [1, 1];
                }
                let padding = [0, 1].map(|i| {
                    if words {
                        same(kernel[i], dilation[i])
                    } else {
                        [pad[i]; 2]
                    }
                });
                let after = [0, 1].map(|i| {
                    (size[i] + padding[i][0] + padding[i][1] - dilation[i] * (kernel[i] - 1) - 1)
                        / stride[i]
                        + 1
                });
                let (channels, out) = (groups * per_group, groups * outs);
                let pooled = after.map(|n| (n - 1) / 2 + 1);
                let flat = out * pooled[0] * pooled[1];
                let maps = vec![out, after[0], after[1]];
                let parts = (
                    prop::collection::vec(values(), out * per_group * kernel[0] * kernel[1]),
                    tensors(vec![out]),
                    elementwise(maps.clone()),
                    prop::collection::vec(values(), 3 * flat),
                    tensors(vec![3]),
                    elementwise(vec![3]),
                );
                parts.prop_map(move |(kernels, bias, neurons, weights, offset, last)| {
                    let pool = if sum {
                        Primitive::SumPool2d(SumPool2d {
                            kernel_size: [1, 1],
                            stride: [2, 2],
                            padding: [0, 0],
                        })
                    } else {
                        Primitive::AvgPool2d(AvgPool2d {
                            kernel_size: [3, 3],
                            stride: [2, 2],
                            padding: [1, 1],
                        })
                    };
                    let edges = [
                        (0, 1),
                        (1, 2),
                        (2, 3),
                        (3, 4),
                        (4, 5),
                        (5, 6),
                        (6, 7),
                        (6, 7),
                        (6, 8),
                        (8, 6),
                    ];
                    graph(
                        vec![
                            ("0", input(&[channels, size[0], size[1]])),
                            (
                                "1 µ",
                                Primitive::Conv2d(Conv2d {
                                    input_shape: Some(size),
                                    weight: tensor(
                                        &[out, per_group, kernel[0], kernel[1]],
                                        &kernels,
                                    ),
                                    bias,
                                    stride,
                                    padding,
                                    dilation,
                                    groups,
                                }),
                            ),
                            ("2.x", neurons),
                            ("3", pool),
                            (
                                "4",
                                Primitive::Flatten(Flatten {
                                    start_dim: 0,
                                    end_dim: 2,
                                    input_shape: Some(vec![out, pooled[0], pooled[1]]),
                                }),
                            ),
                            (
                                "5",
                                Primitive::Affine(Affine {
                                    weight: tensor(&[3, flat], &weights),
                                    bias: offset,
                                }),
                            ),
                            ("6", last),
                            ("7", output(&[3])),
                            ("8", linear(3, 3)),
                        ],
                        &edges,
                    )
                })
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn closed_form_what_is_read_equals_what_was_written(made in networks()) {
        let bytes = encode(&made).unwrap();
        prop_assert_eq!(&bytes, &encode(&made).unwrap());
        let read = decode(bytes).unwrap();
        prop_assert_eq!(&read, &made);
        prop_assert!(read.shapes().unwrap().iter().all(|s| !s.output.is_empty()));
    }

    #[test]
    fn damaged_networks_never_panic(bytes in prop_oneof![damaged("all.nir"), damaged("nested.nir"), damaged("old.nir")]) {
        if let Ok(read) = decode(bytes) {
            prop_assert!(read.shapes().is_ok());
            prop_assert!(encode(&read).is_ok());
        }
        prop_assert!(LARGEST.load(Ordering::Relaxed) < MOST_ALLOCATED);
    }

    #[test]
    fn damaged_recordings_never_panic(bytes in damaged("data.nir")) {
        if let Ok(read) = data::decode(bytes) {
            prop_assert!(data::encode(&read).is_ok());
        }
        prop_assert!(LARGEST.load(Ordering::Relaxed) < MOST_ALLOCATED);
    }
}

#[test]
fn every_truncation_is_refused() {
    let bytes = std::fs::read(reference("nested.nir")).unwrap();
    for len in (0..bytes.len()).step_by(997).chain([bytes.len() - 1]) {
        assert!(
            decode(bytes[..len].to_vec()).is_err(),
            "{len} of {}",
            bytes.len()
        );
    }
}
