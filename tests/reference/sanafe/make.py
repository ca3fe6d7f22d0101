"""Runs four networks in SANA-FE on its own Loihi and writes what it says to networks.json.

    pip install sanafe==2.2.9 numpy
    python3 make.py

SANA-FE: J. A. Boyle et al., SANA-FE: simulating advanced neuromorphic architectures for fast
exploration, IEEE TCAD 2025. The architecture is the loihi.yaml that comes with the package.

Weights, thresholds and biases are whole numbers, so single and double precision agree. Neurons are
integrate-and-fire without leak: a spike if v > threshold, then v -= threshold. A spike of one
timestep is input of the next one. Input neurons sit on cores of their own and cost nothing but
their messages.
"""

import json
import pathlib

import numpy as np
import sanafe

SYNAPSES = {"dense": "loihi_dense_synapse", "sparse": "loihi_sparse_synapse", "conv": "loihi_conv_synapse"}


def population(name, neurons, cores, threshold=0, bias=0):
    """Neurons in equal stretches on the cores given, in order."""
    ends = np.linspace(0, neurons, len(cores) + 1).round().astype(int)
    slices = [[int(a), int(b), core] for a, b, core in zip(ends, ends[1:], cores)]
    return {"name": name, "neurons": neurons, "threshold": threshold, "bias": bias, "slices": slices}


def weights(rng, low, high, *shape):
    """Whole numbers without zero."""
    values = rng.integers(low, high, size=shape)
    return np.where(values >= 0, values + 1, values)


def dense(rng, source, target, sources, targets, low, high):
    return {"source": source, "target": target, "kind": "dense",
            "weights": weights(rng, low, high, sources, targets).ravel().tolist()}


def sparse(rng, source, target, sources, targets, fan_out, low, high):
    ends = [np.sort(rng.choice(targets, fan_out, replace=False)) for _ in range(sources)]
    return {"source": source, "target": target, "kind": "sparse",
            "targets": [row.tolist() for row in ends],
            "weights": weights(rng, low, high, sources * fan_out).tolist()}


def conv(rng, source, target, shape, kernel, maps, low, high):
    """`weights` is [ky, kx, input channel, output channel]; neurons are numbered channels last."""
    return {"source": source, "target": target, "kind": "conv", "input": shape, "kernel": kernel,
            "maps": maps, "weights": weights(rng, low, high, kernel, kernel, shape[0], maps).ravel().tolist()}


def raster(rng, timesteps, neurons, rate):
    return (rng.random((timesteps, neurons)) < rate).astype(int)


def networks():
    rng = np.random.default_rng(1)
    yield {
        "name": "dense layers on three tiles",
        "populations": [population("input", 40, [0]), population("hidden", 60, [4, 5], 20),
                        population("output", 20, [9], 25)],
        "edges": [dense(rng, 0, 1, 40, 60, -2, 5), dense(rng, 1, 2, 60, 20, -2, 5)],
        "raster": raster(rng, 30, 40, 0.2),
    }
    yield {
        "name": "a convolution on two cores of one tile",
        "populations": [population("input", 64, [0]), population("maps", 144, [1, 2], 6),
                        population("output", 10, [3], 30)],
        "edges": [conv(rng, 0, 1, [1, 8, 8], 3, 4, -2, 5), dense(rng, 1, 2, 144, 10, -3, 6)],
        "raster": raster(rng, 20, 64, 0.25),
    }
    yield {
        "name": "a recurrent network without input on six tiles",
        "populations": [population("excitatory", 160, [0, 4, 17, 21], 30, 3),
                        population("inhibitory", 40, [40, 127], 25, 2)],
        "edges": [sparse(rng, 0, 0, 160, 160, 12, 0, 3), sparse(rng, 0, 1, 160, 40, 6, 0, 3),
                  sparse(rng, 1, 0, 40, 160, 24, -6, -1), sparse(rng, 1, 1, 40, 40, 5, -4, -1)],
        "raster": np.zeros((60, 0), dtype=int),
    }
    yield {
        "name": "one core on each of thirty tiles, links congested",
        "populations": [population("input", 30, [124]), population("ring", 116, list(range(0, 116, 4)), 12)],
        "edges": [sparse(rng, 0, 1, 30, 116, 40, 0, 4), sparse(rng, 1, 1, 116, 116, 10, -4, 4)],
        "raster": raster(rng, 8, 30, 0.4),
    }


def pairs(edge, sources, targets):
    """(source, target, weight) of each synapse, as this script understands the edge."""
    values = edge["weights"]
    if edge["kind"] == "dense":
        for index, weight in enumerate(values):
            yield index // targets, index % targets, weight
    elif edge["kind"] == "sparse":
        index = 0
        for source, row in enumerate(edge["targets"]):
            for target in row:
                yield source, target, values[index]
                index += 1
    else:
        channels, height, width = edge["input"]
        size, maps = edge["kernel"], edge["maps"]
        kernel = np.array(values).reshape(size, size, channels, maps)
        for y in range(height - size + 1):
            for x in range(width - size + 1):
                for ky in range(size):
                    for kx in range(size):
                        for c in range(channels):
                            source = ((y + ky) * width + x + kx) * channels + c
                            for m in range(maps):
                                target = (y * (width - size + 1) + x) * maps + m
                                yield source, target, int(kernel[ky, kx, c, m])


def simulate(network, timing):
    arch = sanafe.load_loihi()
    net = sanafe.Network()
    groups = []
    is_input = network["raster"].shape[1] > 0
    for index, p in enumerate(network["populations"]):
        driven = index == 0 and is_input
        attributes = {} if driven else {
            "threshold": float(p["threshold"]), "bias": float(p["bias"]), "leak_decay": 1.0,
            "reset_mode": "soft"}
        # One kind of synapse enters each population.
        kind = next((e["kind"] for e in network["edges"] if e["target"] == index), "dense")
        group = net.create_neuron_group(
            p["name"], p["neurons"], model_attributes=attributes,
            default_synapse_hw_name=SYNAPSES[kind],
            default_dendrite_hw_name="loihi_dendrites",
            soma_hw_name="" if driven else "loihi_lif", log_spikes=True)
        for start, end, core in p["slices"]:
            for neuron in range(start, end):
                group[neuron].map_to_core(arch.cores()[core])
                if driven:
                    group[neuron].set_attributes(
                        soma_hw_name=f"loihi_inputs[{neuron}]",
                        model_attributes={"spikes": [bool(s) for s in network["raster"][:, neuron]]})
        groups.append(group)
    for edge in network["edges"]:
        source, target = groups[edge["source"]], groups[edge["target"]]
        for a, b, weight in pairs(edge, len(source), len(target)):
            source[a].connect_to_neuron(target[b], {"weight": float(weight)})
    chip = sanafe.SpikingChip(arch)
    chip.load(net)
    timesteps = network["raster"].shape[0]
    return chip.sim(timesteps, timing_model=timing, spike_trace=True, perf_trace=True)


def main():
    out = []
    for network in networks():
        simple = simulate(network, "simple")
        detailed = simulate(network, "detailed")
        timesteps = network["raster"].shape[0]
        spikes = {p["name"]: [[] for _ in range(timesteps)] for p in network["populations"]}
        for t, fired in enumerate(simple["spike_trace"]):
            for address in fired:
                spikes[address.group_name][t].append(address.neuron_offset)
        spikes = {name: [sorted(step) for step in steps] for name, steps in spikes.items()}
        counts = {key: simple[key] for key in
                  ("spikes", "packets_sent", "neurons_updated", "neurons_fired")}
        out.append({
            **{key: network[key] for key in ("name", "populations", "edges")},
            "inputs": network["raster"].shape[1],
            "timesteps": timesteps,
            "spikes": spikes,
            "sanafe": {"energy_j": simple["energy"], "counts": counts,
                       "simple_s": simple["sim_time"], "detailed_s": detailed["sim_time"],
                       "simple_per_timestep_s": list(simple["perf_trace"]["sim_time"]),
                       "detailed_per_timestep_s": list(detailed["perf_trace"]["sim_time"])},
        })
        print(network["name"], counts, simple["energy"]["total"], simple["sim_time"], detailed["sim_time"])
    path = pathlib.Path(__file__).resolve().parent / "networks.json"
    text = json.dumps({"sanafe": "2.2.9", "networks": out}, separators=(",", ":"))
    path.write_text(text + "\n")


main()
