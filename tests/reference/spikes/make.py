"""Writes shd.h5: three samples in the layout of the Spiking Heidelberg Digits, with h5py.

Needs h5py and numpy.
"""

import pathlib

import h5py
import numpy as np

SAMPLES = [
    ([0.0, 0.0005, 0.00225, 0.25], [3, 3, 0, 2]),
    ([], []),
    ([0.0015], [1]),
]

with h5py.File(pathlib.Path(__file__).parent / "shd.h5", "w") as file:
    spikes = file.create_group("spikes")
    times = spikes.create_dataset("times", (len(SAMPLES),), h5py.vlen_dtype(np.float16))
    units = spikes.create_dataset("units", (len(SAMPLES),), h5py.vlen_dtype(np.uint16))
    for index, (time, unit) in enumerate(SAMPLES):
        times[index] = np.array(time, np.float16)
        units[index] = np.array(unit, np.uint16)
    file.create_dataset("labels", data=np.array([7, 1, 2], np.uint16))
