"""Makes the seeds of the corpus: small valid files of every kind.

    python3 fuzz/seeds.py SPIKEWATT     # the program, which writes results, counts and a store

Needs numpy, h5py and nir. The fuzzer adds what it finds; `cargo fuzz cmin` keeps the rest small.
"""

import gzip
import io
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

import h5py
import nir
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"


def put(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def copy(target, *files):
    for file in files:
        put(target, "seed-" + pathlib.Path(file).name, (ROOT / file).read_bytes())


def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def npz(packed=False, **arrays):
    out = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(out, **arrays)
    return out.getvalue()


def in_file(name, write):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / name
        write(path)
        return path.read_bytes()


def hdf5(packing, **arrays):
    def write(path):
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file.create_dataset(name, data=array, **packing)

    return in_file("x.h5", write)


def models():
    reference = "tests/reference/onnx/"
    copy("onnx", "networks/digits_mlp.onnx", *(
        reference + name for name in ("channels_last.onnx", "shuffled.onnx", "dense_blocks.onnx")))
    copy("nir", "tests/reference/nir/old.nir")
    ones = np.ones(3, dtype=np.float32)
    lif = nir.LIF(tau=ones, r=ones, v_leak=0 * ones, v_threshold=ones)
    weight = np.ones((3, 2), dtype=np.float32)
    small = nir.NIRGraph.from_list(nir.Linear(weight=weight), lif)
    conv = nir.NIRGraph.from_list(
        nir.Conv2d(input_shape=(4, 4), weight=np.ones((2, 1, 3, 3), dtype=np.float32), stride=1,
                   padding=1, dilation=1, groups=1, bias=np.zeros(2, dtype=np.float32)),
        nir.IF(r=np.ones((2, 4, 4), dtype=np.float32), v_threshold=np.ones((2, 4, 4), dtype=np.float32)),
    )
    poisoned = nir.NIRGraph.from_list(nir.Linear(weight=weight * np.nan), lif)
    for name, graph in (("small", small), ("conv", conv), ("nan", poisoned)):
        put("nir", f"seed-{name}.nir", in_file("x.nir", lambda path, g=graph: nir.write(path, g)))
    copy("nir_data", "tests/reference/nir/data.nir")


def data():
    x = np.arange(24, dtype=np.uint8).reshape(2, 3, 2, 2)
    y = np.array([0, 1])
    for kind in ("u1", "f4", "f8", "i8", "b1", "i2"):
        put("npy", f"seed-{kind}.npy", npy(x.astype(kind)))
    put("npy", "seed-fortran.npy", npy(np.asfortranarray(x.astype("f4"))))
    put("npz", "seed.npz", npz(x=x, y=y))
    put("npz", "seed-packed.npz", npz(True, x=x.astype("f4"), y=y))
    put("idx", "seed", b"\0\0\x08\x03" + struct.pack(">III", 2, 3, 4) + bytes(range(24)))
    put("idx", "seed-f4", b"\0\0\x0d\x02" + struct.pack(">II", 2, 2) + bytes(16))
    put("idx", "seed.gz", gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 4) + b"abcd", mtime=0))
    put("cifar", "seed.gz", gzip.compress(bytes(3073), mtime=0))
    put("cifar", "seed", bytes([3]) + bytes(3072))
    put("hdf5", "seed.h5", hdf5({}, x=x, y=y))
    put("hdf5", "seed-packed.h5", hdf5({"compression": "gzip", "shuffle": True}, x=x.astype("f4")))
    put("hdf5", "seed-offset.h5", hdf5({"scaleoffset": 0}, x=x.astype("i4")))
    put("events", "seed.bin", bytes([3, 1, 0x81, 2, 3, 33, 33, 0, 0, 9]))
    grid = (np.arange(30).reshape(2, 5, 3) % 2).astype(np.uint8)
    put("spikes", "seed.npy", b"\0" + npy(grid))
    put("spikes", "seed-hold.npy", b"\x04" + npy(grid[0].astype("f4")))
    put("spikes", "seed.npz", b"\0" + npz(x=grid, y=y))
    put("spikes", "seed-shd.h5", b"\x01" + (ROOT / "tests/reference/spikes/shd.h5").read_bytes())


def texts():
    copy("experiment", "examples/digits.toml", "examples/fashion_mnist.toml")
    copy("sweep", "examples/sweep.toml", "examples/students.toml")
    copy("hardware", *(f"data/hardware/{name}.toml" for name in (
        "loihi1", "a100-sxm-80", "defaults/roofline", "akida1000", "seneca", "yan-45nm")))
    copy("budget", "examples/budget.toml")
    copy("native", "examples/brunel2000.toml", "tests/reference/brunel2000_deterministic.toml")
    copy("shapes", "examples/shapes/gpt2_token.toml", "examples/shapes/vgg16.toml")
    copy("sanafe", "tests/reference/sanafe/chip.yaml")


def results(program):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def spikewatt(*arguments):
            subprocess.run([program, *map(str, arguments), "--quiet"], check=True, cwd=ROOT,
                           stdout=subprocess.DEVNULL)

        sweep = folder / "sweep.toml"
        sweep.write_text(f'''
experiment = "{ROOT}/examples/digits.toml"
[parameters]
"simulation.timesteps" = [1, 2]
"data.samples" = 5
"output.targets" = [["loihi1"]]
''')
        spikewatt("sweep", "run", sweep, "--out", folder / "sweep")
        spikewatt("run", "examples/digits.toml", "--samples", 5, "-T", 2, "--targets", "loihi1",
                  "--out", folder / "run")
        graph = folder / "small.nir"
        graph.write_bytes((CORPUS / "nir" / "seed-small.nir").read_bytes())
        np.save(folder / "x.npy", np.ones((4, 2), dtype=np.float32))
        spikewatt("simulate", graph, "--input", folder / "x.npy", "--dt", 0.5, "--record",
                  folder / "recording.npz")
        for target, file in (
            ("counts", "run/counts.h5"),
            ("results", "run/summary.json"),
            ("results", "run/manifest.json"),
            ("results", "sweep/results.json"),
            ("store", "sweep/shard-0-of-1.sqlite"),
            ("recording", "recording.npz"),
        ):
            put(target, "seed-" + pathlib.Path(file).name, (folder / file).read_bytes())


if __name__ == "__main__":
    shutil.rmtree(CORPUS, ignore_errors=True)
    models()
    data()
    texts()
    results(sys.argv[1])
