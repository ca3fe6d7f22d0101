"""Writes the reference networks and recordings beside this script with the package nir itself.

    pip install nir==1.0.8 numpy h5py
    python3 make.py [folder]

Files: all.nir (each primitive once), nested.nir (a recurrent graph inside a graph inside a graph),
old.nir (the layout of nir 0.2: no v_reset, contiguous), data.nir (recordings).
"""

import pathlib
import sys

import h5py
import nir
import numpy as np

FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
FOLDER = FOLDER if FOLDER.is_dir() else FOLDER.parent


def ramp(*shape, start=0.25, dtype=np.float32):
    return (start + 0.5 * np.arange(np.prod(shape))).reshape(shape).astype(dtype)


def chain(**nodes):
    """A graph whose nodes are joined in the order given."""
    names = list(nodes)
    return nir.NIRGraph(nodes, list(zip(names, names[1:])), type_check=False)


def all_primitives():
    """Two branches: maps through Conv2d and pools, and a signal through Conv1d."""
    shape = np.array([4, 3, 2])
    graph = chain(
        a_input=nir.Input(np.array([4, 8, 7])),
        b_conv=nir.Conv2d((8, 7), ramp(4, 2, 2, 3), (1, 1), "same", (1, 1), 2, ramp(4)),
        c_scale=nir.Scale(ramp(4, 8, 7)),
        d_sum=nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        e_if=nir.IF(ramp(4, 4, 3), ramp(4, 4, 3), ramp(4, 4, 3, start=-3)),
        f_avg=nir.AvgPool2d(np.array([2, 2]), np.array([1, 1]), np.array([0, 0])),
        g_flatten=nir.Flatten({"input": shape}, 0, -1),
        h_affine=nir.Affine(ramp(3, 24), ramp(3, start=np.pi, dtype=np.float64)),
        i_lif=nir.LIF(ramp(3), ramp(3), ramp(3), ramp(3), ramp(3, start=-1)),
        j_delay=nir.Delay(ramp(3)),
        k_linear=nir.Linear(ramp(2, 3)),
        l_cubalif=nir.CubaLIF(ramp(2), ramp(2), ramp(2), ramp(2), ramp(2), ramp(2), ramp(2)),
        m_li=nir.LI(ramp(2), ramp(2), ramp(2)),
        n_output=nir.Output(np.array([2])),
    )
    other = chain(
        o_input=nir.Input(np.array([4, 9])),
        p_conv=nir.Conv1d(9, ramp(6, 2, 3), 2, 1, 2, 2, ramp(6)),
        q_flatten=nir.Flatten({"input": np.array([6, 4])}, 0, 1),
        r_threshold=nir.Threshold(ramp(24)),
        s_cubali=nir.CubaLI(ramp(24), ramp(24), ramp(24), ramp(24), ramp(24)),
        t_i=nir.I(ramp(24)),
        u_output=nir.Output(np.array([24])),
    )
    return nir.NIRGraph({**graph.nodes, **other.nodes}, graph.edges + other.edges, type_check=False)


def neuron(count):
    return nir.LIF(ramp(count), ramp(count), ramp(count), ramp(count), ramp(count))


def nested():
    recurrent = nir.NIRGraph(
        {"in": nir.Input(np.array([3])), "lif": neuron(3), "rec": nir.Linear(ramp(3, 3)), "out": nir.Output(np.array([3]))},
        [("in", "lif"), ("lif", "rec"), ("rec", "lif"), ("lif", "out")],
        type_check=False,
    )
    middle = chain(x=nir.Input(np.array([3])), cell=recurrent, fc=nir.Linear(ramp(2, 3)), y=nir.Output(np.array([2])))
    return chain(input=nir.Input(np.array([3])), net=middle, output=nir.Output(np.array([2])))


def old(path):
    """Written by hand: nir no longer writes this layout."""
    with h5py.File(path, "w") as f:
        text = h5py.string_dtype()
        f.create_dataset("version", data="0.2.0", dtype=text)
        node = f.create_group("node")
        node.create_dataset("type", data="NIRGraph", dtype=text)
        edges = [("input", "fc"), ("fc", "if"), ("if", "output")]
        node.create_dataset("edges", data=edges, dtype=text)
        nodes = {
            "input": ("Input", {"shape": np.array([2])}),
            "fc": ("Affine", {"weight": ramp(3, 2), "bias": ramp(3)}),
            "if": ("IF", {"r": ramp(3, dtype=np.float64), "v_threshold": ramp(3, dtype=np.float64)}),
            "output": ("Output", {"shape": np.array([3])}),
        }
        for name, (kind, fields) in nodes.items():
            group = node.create_group("nodes/" + name)
            group.create_dataset("type", data=kind, dtype=text)
            for key, value in fields.items():
                group.create_dataset(key, data=value)


def data():
    spikes = np.zeros((2, 5, 3), dtype=bool)
    spikes[0, 1, 2] = spikes[1, 4, 0] = True
    idx = np.array([[2, 0], [1, -1]])
    time = np.array([[0.001, 0.0045], [0.0, np.inf]])
    return nir.NIRGraphData({
        "lif": nir.NIRNodeData({
            "spikes": nir.TimeGriddedData(spikes, 0.001),
            "v": nir.TimeGriddedData(ramp(2, 5, 3), 0.001),
        }),
        "out": nir.NIRNodeData({
            "events": nir.EventData(idx, time, 3, 0.005),
            "currents": nir.ValuedEventData(idx, time, 3, 0.005, ramp(2, 2, dtype=np.float64)),
        }),
    })


if __name__ == "__main__":
    nir.write(FOLDER / "all.nir", all_primitives())
    nir.write(FOLDER / "nested.nir", nested())
    old(FOLDER / "old.nir")
    nir.write_data(FOLDER / "data.nir", data())
