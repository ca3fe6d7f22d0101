"""A small trained network of each framework, before any export: what the recipes start from."""

import numpy
import torch

HIDDEN, CLASSES, PIXELS, SAMPLES = 32, 10, 784, 40


def data():
    """Blurred prototypes of ten classes and noise: (N, 784) in [0, 1], and labels."""
    numbers = numpy.random.default_rng(7)
    prototypes = numbers.random((CLASSES, PIXELS)) > 0.8
    y = numpy.arange(SAMPLES) % CLASSES
    x = 0.8 * prototypes[y] + 0.2 * numbers.random((SAMPLES, PIXELS))
    return x.astype("float32"), y


def weights(x, y):
    """Two linear layers that a ReLU network learnt, scaled so that layers spike."""
    torch.manual_seed(7)
    layers = torch.nn.Linear(PIXELS, HIDDEN), torch.nn.Linear(HIDDEN, CLASSES)
    net = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])
    train = torch.optim.Adam(net.parameters(), 3e-3)
    x, y = torch.as_tensor(x), torch.as_tensor(y)
    for _ in range(150):
        train.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        train.step()
    with torch.no_grad():
        hidden = net[:2](x)
        layers[0].weight /= hidden.max()
        layers[0].bias /= hidden.max()
        out = net(x)
        # LIFNode(tau=2) takes half of its input.
        layers[1].weight *= 3 / out.max()
        layers[1].bias *= 3 / out.max()
    return layers


def snntorch(a, b):
    import snntorch

    def lif(**last):
        return snntorch.Leaky(beta=0.9, init_hidden=True, **last)

    norm = torch.nn.BatchNorm1d(HIDDEN)
    layers = a, norm, lif(), torch.nn.Dropout(0.1), b, lif(output=True)
    return torch.nn.Sequential(*layers)


def spikingjelly(a, b):
    from spikingjelly.activation_based import neuron

    return torch.nn.Sequential(a, neuron.IFNode(), b, neuron.LIFNode(tau=2.0))


def norse(a, b):
    import norse.torch as norse

    def lif():
        return norse.LIFBoxCell(norse.LIFBoxParameters(v_th=torch.as_tensor(0.05)))

    return norse.SequentialState(a, lif(), b, lif())


def sinabs(a, b):
    import sinabs.layers as layers

    def iaf():
        return layers.IAFSqueeze(batch_size=1)

    return torch.nn.Sequential(a, iaf(), b, iaf())


def rockpool(a, b):
    from rockpool.nn.combinators import Sequential
    from rockpool.nn.modules import LIFTorch, LinearTorch

    def linear(layer):
        shape = layer.weight.shape[::-1]
        copy = LinearTorch(tuple(shape), has_bias=False)
        # A synaptic current sums over its time constant.
        copy.weight.data = 0.1 * layer.weight.detach().T
        return copy

    return Sequential(
        linear(a), LIFTorch(HIDDEN, dt=1e-3), linear(b), LIFTorch(CLASSES, dt=1e-3)
    )


def spyx(a, b):
    import jax.numpy
    import spyx.nn
    from flax import nnx

    def linear(layer):
        outputs, inputs = layer.weight.shape
        copy = nnx.Linear(inputs, outputs, rngs=nnx.Rngs(0))
        copy.kernel.value = jax.numpy.asarray(layer.weight.detach().numpy().T)
        copy.bias.value = jax.numpy.asarray(layer.bias.detach().numpy())
        return copy

    def lif(neurons):
        return spyx.nn.LIF((neurons,), beta=0.9, rngs=nnx.Rngs(0))

    return nnx.Sequential(linear(a), lif(HIDDEN), linear(b), lif(CLASSES))
