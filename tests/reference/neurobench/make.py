"""Measures two networks with the package neurobench and writes what it says to networks.json.

    pip install neurobench==2.3.0 snntorch==1.0.0 torch==2.15.0
    python3 make.py

NeuroBench: J. Yik et al., The neurobench framework for benchmarking neuromorphic computing
algorithms and systems, Nat. Commun. 16:1545, 2025. Neurons are snntorch.Leaky with beta = 1:
integrate-and-fire, a spike if v > threshold, then v -= threshold in the same timestep. No input exceeds a
threshold, where snntorch would subtract once more in the next timestep.
"""

import json
import pathlib

import snntorch as snn
import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics.static import ConnectionSparsity, Footprint, ParameterCount
from neurobench.metrics.workload import ActivationSparsity, MembraneUpdates, SynapticOperations
from neurobench.models import SNNTorchModel


def weights(*shape, keep):
    """Random values, a part of them zero. No sum of them is zero to the last bit: an input that
    cancels exactly is no membrane update for NeuroBench, but an update for a chip."""
    return (torch.rand(shape) - 0.35) * (torch.rand(shape) < keep)


class Net(torch.nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = torch.nn.ModuleList(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
            if isinstance(layer, snn.Leaky):
                assert (layer.mem <= layer.threshold).all()
        return x, None

    def reset(self):
        for layer in self.layers:
            if isinstance(layer, snn.Leaky):
                layer.reset_mem()


def neurons(threshold):
    return snn.Leaky(beta=1.0, threshold=threshold, reset_mechanism="subtract", reset_delay=False,
                     init_hidden=True)


def linear(sources, targets, keep):
    layer = torch.nn.Linear(sources, targets, bias=False)
    layer.weight = torch.nn.Parameter(weights(targets, sources, keep=keep))
    return layer


def conv(channels, maps, kernel, padding, stride, keep):
    layer = torch.nn.Conv2d(channels, maps, kernel, padding=padding, stride=stride, bias=False)
    layer.weight = torch.nn.Parameter(weights(maps, channels, kernel, kernel, keep=keep))
    return layer


def measure(name, layers, inputs, shapes):
    net = Net(layers)
    # What snntorch registers besides the weights: a few numbers per layer.
    buffers = sum(b.numel() * b.element_size() for b in net.buffers())
    model = SNNTorchModel(net)
    labels = torch.zeros(inputs.shape[0], dtype=torch.long)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(inputs, labels), batch_size=3)
    benchmark = Benchmark(model, loader, [], [], [
        [Footprint, ParameterCount, ConnectionSparsity],
        [ActivationSparsity, SynapticOperations, MembraneUpdates]])
    with torch.no_grad():
        results = benchmark.run(quiet=True)
    described = []
    for layer in layers:
        if isinstance(layer, snn.Leaky):
            described.append({"threshold": float(layer.threshold)})
        elif hasattr(layer, "weight"):
            # As a linear layer [target][source] or a kernel [map][channel][ky][kx].
            described.append({"weights": layer.weight.tolist()})
    return {"name": name, "layers": described, "shapes": shapes,
            "inputs": inputs.flatten(2).tolist(), "buffer_bytes": buffers,
            "neurobench": {k: v if isinstance(v, dict) else float(v) for k, v in results.items()}}


def main():
    torch.manual_seed(2)
    spikes = lambda samples, steps, *shape: (torch.rand(samples, steps, *shape) < 0.3).float()
    perceptron = measure(
        "linear layers, pruned", [linear(12, 10, 0.6), neurons(2.0), linear(10, 4, 0.8), neurons(1.0)],
        spikes(5, 8, 12), [[12], [10], [4]])
    convolution = measure(
        "convolution with padding and stride",
        [conv(2, 3, 3, 1, 2, 0.7), neurons(1.75), torch.nn.Flatten(), linear(27, 4, 1.1), neurons(3.0)],
        spikes(5, 6, 2, 5, 5), [[2, 5, 5], [3, 3, 3], [4]])
    graded = spikes(5, 8, 12) * 0.5
    analog = measure(
        "real-valued input",
        [linear(12, 10, 0.9), neurons(1.0), linear(10, 4, 1.1), neurons(1.0)],
        graded, [[12], [10], [4]])
    out = {"neurobench": "2.3.0", "snntorch": snn.__version__, "torch": torch.__version__,
           "networks": [perceptron, convolution, analog]}
    path = pathlib.Path(__file__).resolve().parent / "networks.json"
    path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
    for network in out["networks"]:
        print(network["name"], network["buffer_bytes"], network["neurobench"])


main()
