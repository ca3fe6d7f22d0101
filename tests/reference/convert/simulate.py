"""Runs a NIR file of `spikewatt convert` with numpy and the package nir alone.

    python simulate.py network.nir input.npy TIMESTEPS spikes.npz

Integrate-and-fire in double precision: v += input; a spike where v >= v_threshold, which is then
subtracted; v starts at the node's metadata v_initial. The input (N, ...) is held in every timestep.
Writes spikes (N, T, neurons) of each IF node, and the last potentials (N, neurons) of each I node.
"""

import sys
import nir
import numpy as np


def conv(node, x):
    ph, pw = np.broadcast_to(node.padding, 2)
    (sh, sw), (dh, dw) = np.broadcast_to(node.stride, 2), np.broadcast_to(node.dilation, 2)
    weight, groups = node.weight.astype(float), int(node.groups)
    out_channels, _, kh, kw = weight.shape
    x = np.pad(x, ((0, 0), (ph, ph), (pw, pw)))
    oh = (x.shape[1] - dh * (kh - 1) - 1) // sh + 1
    ow = (x.shape[2] - dw * (kw - 1) - 1) // sw + 1
    y = np.zeros((out_channels, oh, ow))
    i, o = x.shape[0] // groups, out_channels // groups
    for g in range(groups):
        for ky in range(kh):
            for kx in range(kw):
                part = x[g * i:(g + 1) * i, ky * dh:ky * dh + sh * oh:sh, kx * dw:kx * dw + sw * ow:sw]
                y[g * o:(g + 1) * o] += np.einsum("oi,ihw->ohw", weight[g * o:(g + 1) * o, :, ky, kx], part)
    return y + node.bias[:, None, None]


def pool(node, x, mean):
    (kh, kw), (sh, sw), (ph, pw) = node.kernel_size, node.stride, node.padding
    x = np.pad(x, ((0, 0), (ph, ph), (pw, pw)))
    oh, ow = (x.shape[1] - kh) // sh + 1, (x.shape[2] - kw) // sw + 1
    taps = [x[:, a:a + sh * oh:sh, b:b + sw * ow:sw] for a in range(kh) for b in range(kw)]
    return sum(taps) / (len(taps) if mean else 1)


def linear(node, x):
    kind = type(node).__name__
    if kind == "Affine":
        return node.weight.astype(float) @ x + node.bias
    if kind == "Linear":
        return node.weight.astype(float) @ x
    if kind == "Scale":
        return node.scale * x
    if kind == "Flatten":
        return x.reshape(-1)
    if kind == "Conv2d":
        return conv(node, x)
    if kind in ("SumPool2d", "AvgPool2d"):
        return pool(node, x, kind == "AvgPool2d")
    raise SystemExit(f"this script does not run {kind}")


def order(graph):
    left, done = set(graph.nodes), []
    while left:
        ready = sorted(n for n in left if all(a in done for a, b in graph.edges if b == n))
        assert ready, "a cycle"
        done += ready
        left -= set(ready)
    return done


graph = nir.read(sys.argv[1])
inputs, timesteps = np.load(sys.argv[2]).astype(float), int(sys.argv[3])
nodes, result = order(graph), {}
for sample in inputs:
    potential, trains = {}, {}
    for name, node in graph.nodes.items():
        if isinstance(node, (nir.IF, nir.I)):
            shape = np.shape(node.r)
            potential[name] = np.zeros(shape) + node.metadata.get("v_initial", 0.0)
            trains[name] = []
    for _ in range(timesteps):
        value = {}
        for name in nodes:
            node = graph.nodes[name]
            arriving = sum(value[a] for a, b in graph.edges if b == name)
            if isinstance(node, nir.Input):
                value[name] = sample.reshape(node.input_type["input"])
            elif isinstance(node, nir.IF):
                potential[name] = potential[name] + node.r * arriving
                value[name] = (potential[name] >= node.v_threshold).astype(float)
                potential[name] = potential[name] - value[name] * node.v_threshold
                trains[name].append(value[name].reshape(-1))
            elif isinstance(node, nir.I):
                value[name] = potential[name] = potential[name] + node.r * arriving
            elif isinstance(node, nir.Output):
                value[name] = arriving
            else:
                value[name] = linear(node, arriving)
    for name, v in potential.items():
        spikes = isinstance(graph.nodes[name], nir.IF)
        kept = np.array(trains[name], dtype=np.uint8) if spikes else v.reshape(-1)
        result.setdefault(name, []).append(kept)
np.savez(sys.argv[4], **{name: np.array(values) for name, values in result.items()})
