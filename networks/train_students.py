#!/usr/bin/env python3
"""Trains a ladder of small networks on Fashion-MNIST by knowledge distillation.

A teacher is trained first; each student then learns from the teacher's answers as well as from the
labels: loss = alpha T^2 KL(teacher || student, both at temperature T) + (1 - alpha) cross entropy.
Source: Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015.

    apt-get install dataset-fashion-mnist      # or give --data a folder with the four files
    pip install numpy torch onnx
    python3 networks/train_students.py --out networks

Writes fmnist_student_*.onnx and prints a row of networks/README.md for each, in a few minutes on
one thread. The same seed gives the same files on the same machine with the same PyTorch.
"""

import argparse
import gzip
import pathlib

import numpy
import torch
from torch import nn
from torch.nn import functional

TEMPERATURE = 4.0
ALPHA = 0.7


def read(folder, part, kind):
    """Images (N, 1, 28, 28) as pixel / 255, or labels (N,), of an IDX file."""
    dims, header = ("idx3", 16) if kind == "images" else ("idx1", 8)
    with gzip.open(folder / f"{part}-{kind}-{dims}-ubyte.gz") as file:
        values = numpy.frombuffer(file.read()[header:], dtype=numpy.uint8)
    if kind == "labels":
        return torch.from_numpy(values.astype(numpy.int64))
    return torch.from_numpy(values.reshape(-1, 1, 28, 28).astype(numpy.float32) / 255)


def block(inputs, outputs):
    """Convolution, batch normalisation (folded by the export), ReLU, average pooling."""
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.AvgPool2d(2)]


def cnn(first, second):
    return nn.Sequential(
        *block(1, first), *block(first, second), nn.Flatten(), nn.Linear(second * 49, 10)
    )


def mlp(hidden):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def teacher():
    return nn.Sequential(
        *block(1, 16),
        *block(16, 32),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(32 * 49, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


# From the largest to the smallest.
STUDENTS = {
    "cnn16": lambda: cnn(8, 16),
    "cnn8": lambda: cnn(4, 8),
    "mlp64": lambda: mlp(64),
    "mlp16": lambda: mlp(16),
}


def train(model, images, labels, epochs, soft=None):
    """Trains on labels, and on the logits `soft` of a teacher if there are any."""
    batch, rate = 128, 3e-3
    steps = epochs * (len(images) // batch)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    model.train()
    for _ in range(epochs):
        order = torch.randperm(len(images))
        for start in range(0, len(images) - batch + 1, batch):
            chosen = order[start : start + batch]
            logits = model(images[chosen])
            loss = functional.cross_entropy(logits, labels[chosen])
            if soft is not None:
                distance = functional.kl_div(
                    functional.log_softmax(logits / TEMPERATURE, 1),
                    functional.log_softmax(soft[chosen] / TEMPERATURE, 1),
                    reduction="batchmean",
                    log_target=True,
                )
                loss = ALPHA * TEMPERATURE**2 * distance + (1 - ALPHA) * loss
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    model.eval()


@torch.no_grad()
def answers(model, images):
    return torch.cat([model(part) for part in images.split(1000)])


def accuracy(model, images, labels):
    """Per cent on all images, and on the first 1,000."""
    right = (answers(model, images).argmax(1) == labels).float()
    return 100 * right.mean().item(), 100 * right[:1000].mean().item()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--data", type=pathlib.Path, default="/usr/share/datasets/fashion-mnist")
    arguments.add_argument("--out", type=pathlib.Path, default=".")
    arguments.add_argument("--teacher-epochs", type=int, default=4)
    arguments.add_argument("--epochs", type=int, default=5)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()

    # On one thread the order of sums is the same on each run.
    torch.set_num_threads(1)
    images, labels = read(given.data, "train", "images"), read(given.data, "train", "labels")
    test = read(given.data, "t10k", "images"), read(given.data, "t10k", "labels")

    torch.manual_seed(given.seed)
    large = teacher()
    train(large, images, labels, given.teacher_epochs)
    soft = answers(large, images)
    print("| network | parameters | all 10,000 | first 1,000 | from labels alone |")
    print("|---|---|---|---|---|", flush=True)
    show("teacher", large, test, None)

    for name, build in STUDENTS.items():
        torch.manual_seed(given.seed)
        alone = build()
        train(alone, images, labels, given.epochs)
        torch.manual_seed(given.seed)
        student = build()
        train(student, images, labels, given.epochs, soft)
        file = given.out / f"fmnist_student_{name}.onnx"
        torch.onnx.export(
            student,
            torch.zeros(1, 1, 28, 28),
            file,
            dynamo=False,
            opset_version=13,
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
        )
        show(file.name, student, test, alone)


def show(name, model, test, alone):
    parameters = sum(values.numel() for values in model.parameters())
    every, first = accuracy(model, *test)
    without = f"{accuracy(alone, *test)[0]:.2f} %" if alone else "–"
    print(f"| `{name}` | {parameters:,} | {every:.2f} % | {first:.1f} % | {without} |", flush=True)


if __name__ == "__main__":
    main()
