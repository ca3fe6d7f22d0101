#!/usr/bin/env bash
# Runs the recipes of docs/guide/recipes.md with the real frameworks, in a virtual environment that
# is removed afterwards.
#
#     tests/recipes/run.sh [SPIKEWATT]       the program; built in target/release unless given
#
# SPIKEWATT_RECIPES_PYTHON names a Python that has the packages already. Exit codes: 0 all recipes
# work, 77 skipped because the packages cannot be had, anything else a failure.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
program=$(realpath "${1:-$repository/target/release/spikewatt}")

skip() {
  echo "SKIPPED: recipes by framework: $*" >&2
  exit 77
}
[ -x "$program" ] || skip "$program is not built"
python=${SPIKEWATT_RECIPES_PYTHON:-}
if [ -z "$python" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  python3 -m venv "$work/venv" || skip "python3 -m venv is not available"
  "$work/venv/bin/pip" install --quiet -r "$repository/tests/recipes/requirements.txt" >"$work/log" 2>&1 ||
    skip "pip cannot install tests/recipes/requirements.txt: $(tail -n 1 "$work/log")"
  python=$work/venv/bin/python
fi
# Rockpool looks for packages of its hardware at each import.
export PIP_NO_INDEX=1
"$python" "$repository/tests/recipes/run.py" "$program"
