"""Writes small networks with random weights, and what onnxruntime answers, beside this script.

    pip install onnx numpy onnxruntime==1.32.0
    python3 make.py [folder]

NAME.onnx, inputs NAME.x.npy [sample, ...], outputs NAME.y.npy [sample, class]:
inverted_residuals (depthwise convolutions, ReLU6, linear bottlenecks, as MobileNetV2), dense_blocks
(normalisation behind concatenation, as DenseNet), channels_last (Transpose around Conv, as exported
by Keras), shuffled (channel shuffle, split, normalisation behind ReLU in front of zero padding).
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
FOLDER = FOLDER if FOLDER.is_dir() else FOLDER.parent
SAMPLES = 2


class Builder:
    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants = [], []

    def constant(self, values):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def weights(self, *shape):
        """He initialisation of [out, in, ...]."""
        spread = np.sqrt(2 / np.prod(shape[1:]))
        return self.constant((spread * self.random.standard_normal(shape)).astype(np.float32))

    def node(self, operator, *inputs, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, name=f"{operator}{len(self.nodes)}", **attributes))
        return names[0] if outputs == 1 else names

    def conv(self, x, inputs, outputs, size, groups=1, stride=1):
        weights = self.weights(outputs, inputs // groups, size, size)
        return self.node("Conv", x, weights, group=groups, strides=[stride] * 2, pads=[size // 2] * 4)

    def norm(self, x, channels):
        """Batch normalisation; some factors are negative."""
        normal, uniform = self.random.standard_normal, self.random.random
        parts = [0.5 + normal(channels), 0.2 * normal(channels), 0.1 * normal(channels), 0.5 + uniform(channels)]
        return self.node("BatchNormalization", x, *(self.constant(part.astype(np.float32)) for part in parts))

    def save(self, name, output, dims):
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *dims])]
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", 10])]
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, FOLDER / f"{name}.onnx")
        session = onnxruntime.InferenceSession(FOLDER / f"{name}.onnx", providers=["CPUExecutionProvider"])
        x = self.random.random([SAMPLES, *dims], dtype=np.float32)
        np.save(FOLDER / f"{name}.x.npy", x)
        np.save(FOLDER / f"{name}.y.npy", session.run(None, {"x": x})[0])


def inverted_residuals():
    b = Builder(1)
    low, high = b.constant(np.float32(0)), b.constant(np.float32(6))

    def block(x, *shape, **options):
        return b.norm(b.conv(x, *shape, **options), shape[1])

    def clipped(x, *shape, **options):
        return b.node("Clip", block(x, *shape, **options), low, high)

    x = block(clipped(clipped("x", 3, 8, 3, stride=2), 8, 8, 3, groups=8), 8, 8, 1)
    for _ in range(2):
        inner = clipped(clipped(x, 8, 16, 1), 16, 16, 3, groups=16)
        x = b.node("Add", x, block(inner, 16, 8, 1))
    x = b.node("Flatten", b.node("GlobalAveragePool", clipped(x, 8, 16, 1)))
    b.save("inverted_residuals", b.node("Gemm", x, b.weights(10, 16), transB=1), [3, 8, 8])


def dense_blocks():
    b = Builder(2)

    def step(x, inputs, outputs, size):
        return b.conv(b.node("Relu", b.norm(x, inputs)), inputs, outputs, size)

    maps, channels = [b.conv("x", 1, 6, 3)], 6
    for _ in range(3):
        x = b.node("Concat", *maps, axis=1) if len(maps) > 1 else maps[0]
        maps.append(step(step(x, channels, 8, 1), 8, 4, 3))
        channels += 4
    x = step(b.node("Concat", *maps, axis=1), channels, 8, 1)
    x = b.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = b.node("ReduceMean", b.node("Relu", b.norm(x, 8)), axes=[2, 3], keepdims=0)
    b.save("dense_blocks", b.node("MatMul", x, b.weights(8, 10)), [1, 8, 8])


def channels_last():
    b = Builder(3)
    x = b.node("Transpose", "x", perm=[0, 3, 1, 2])
    x = b.node("Conv", x, b.weights(8, 3, 3, 3), pads=[0, 0, 1, 1], strides=[2, 2])
    x = b.node("Add", b.node("Transpose", x, perm=[0, 2, 3, 1]), b.weights(8))
    x = b.node("Min", b.node("Relu", x), b.constant(np.float32(1)))
    x = b.conv(b.node("Transpose", x, perm=[0, 3, 1, 2]), 8, 8, 3, groups=8)
    x = b.node("Relu", b.node("MatMul", b.node("Transpose", x, perm=[0, 2, 3, 1]), b.weights(8, 16)))
    x = b.node("Squeeze", b.node("ReduceMean", x, axes=[1, 2]), b.constant(np.array([1, 2])))
    b.save("channels_last", b.node("Add", b.weights(10), b.node("MatMul", x, b.weights(16, 10))), [8, 8, 3])


def shuffled():
    b = Builder(4)
    same = {"kernel_shape": [3, 3], "strides": [1, 1], "pads": [1] * 4}
    x = b.norm(b.node("Relu", b.conv("x", 3, 8, 3, stride=2)), 8)
    x = b.conv(b.conv(b.node("MaxPool", x, **same), 8, 8, 3, groups=8), 8, 12, 1)
    x = b.node("Reshape", b.node("Relu", x), b.constant(np.array([0, 2, 6, 4, 4])))
    x = b.node("Transpose", x, perm=[0, 2, 1, 3, 4])
    x = b.node("Reshape", x, b.constant(np.array([-1, 12, 4, 4])))
    first, second = b.node("Split", x, b.constant(np.array([5, 7])), outputs=2, axis=1)
    y = b.conv(b.node("Concat", second, first, axis=1), 12, 12, 3)
    x = b.node("Flatten", b.node("GlobalMaxPool", b.node("Relu", b.node("Add", y, x))))
    b.save("shuffled", b.node("Gemm", x, b.weights(10, 12), transB=1), [3, 8, 8])


for network in (inverted_residuals, dense_blocks, channels_last, shuffled):
    network()
