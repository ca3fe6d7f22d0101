"""Runs the recipes of docs/guide/recipes.md as they stand there.

    run.py SPIKEWATT [FRAMEWORK ...]

A recipe is a block of Python that begins with `# recipe: NAME`, and the block of shell commands
behind it. It is given the trained network of networks.py, and has to end in an energy without a
warning that the network does not work. Prints what each one needed in lines and seconds.
"""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time
import warnings

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import networks  # noqa: E402

MOST_LINES = 10
DEAD = {"never-spikes", "always-spikes", "timestep-above-tau", "output-silent"}
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def recipes(text):
    """Name → (Python, commands) in the order of the page."""
    found, name = {}, None
    for kind, body in BLOCK.findall(text):
        mark = re.match(r"# recipe: (\w+)\n", body)
        if kind == "python" and mark:
            name = mark.group(1)
            found[name] = [body, None]
        elif kind == "sh" and name and found[name][1] is None:
            found[name][1] = body
    return found


def lines(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def presets(program):
    text = subprocess.run([program, "run", "--help"], capture_output=True, text=True).stdout
    return set(re.findall(r"^ +- ([\w-]+): ", text, re.MULTILINE))


def run(program, name, before, python, shell, folder):
    x, y = networks.data()
    net = getattr(networks, name)(*networks.weights(x, y))
    names = {"net": net, "x": x, "y": y}
    exec("import nir, numpy, torch\n" + before, names)
    exec("import os; os.chdir(%r)" % folder, names)
    exec(python, names)
    for command in lines(shell):
        words = shlex.split(command)
        assert words[0] == "spikewatt", command
        words = [program, *words[1:], "--targets", "loihi1,a100-sxm-80", "--format", "json"]
        words += ["--out", "out", "--force"]
        done = subprocess.run(words, capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        report = json.loads(done.stdout)
        codes = {warning["code"] for warning in report.get("warnings", [])}
        assert not codes & DEAD, f"{command}\n{done.stderr}"
        for target in report["targets"]:
            assert target["energy_j"]["nominal"] > 0, target["name"]
        yield report


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    text = (HERE.parent.parent / "docs/guide/recipes.md").read_text()
    found = recipes(text)
    before = found.pop("bare")[0]
    known = presets(program)
    asked = sys.argv[2:] or list(found)
    for name in asked:
        python, shell = found[name]
        length = len(lines(python)) + len(lines(shell))
        assert length <= MOST_LINES, f"{name}: {length} lines"
        preset = re.search(r"--preset ([\w-]+)", shell).group(1)
        if preset not in known:
            print(f"SKIPPED: {name}: this build has no preset {preset}", file=sys.stderr)
            continue
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            for report in run(program, name, before, python, shell, folder):
                accuracy = (report["accuracy"] or {}).get("snn")
                spikes = report["totals"]["spikes_per_inference"]
                took = time.monotonic() - started
                print(f"{name}: {length} lines, {took:.1f} s, {spikes:.1f} spikes, accuracy {accuracy}")


main()
