#!/usr/bin/env bash
# Runs a sweep as an array job on a Slurm of this machine alone: its own munged, slurmctld and
# slurmd, without systemd, in a folder that is removed afterwards. The emitted script is submitted
# as it is; the merged tables must be the bytes of an undisturbed run.
#
#     tests/slurm/array.sh [SPIKEWATT]       the program; built in target/release unless given
#
# Needs root, and slurmctld, slurmd and munged (Debian: slurm-wlm munge). Exit codes: 0 the same
# bytes, 77 skipped because something is missing, anything else a failure.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
program=$(realpath "${1:-$repository/target/release/spikewatt}")
shards=4

skip() {
  echo "SKIPPED: $*" >&2
  exit 77
}
[ "$(id -u)" = 0 ] || skip "slurmd is started as root"
for daemon in munged slurmctld slurmd sbatch; do
  command -v "$daemon" >/dev/null || skip "$daemon is not installed (Debian: slurm-wlm munge)"
done
id munge >/dev/null 2>&1 || skip "there is no user munge"
[ -x "$program" ] || skip "$program is not built"

work=$(mktemp -d)
chmod 755 "$work"
started=()
finish() {
  code=$?
  if [ "$code" != 0 ]; then
    tail -n 20 "$work"/*.log >&2 || true
  fi
  for pid in "${started[@]}"; do
    kill "$pid" 2>/dev/null || true
  done
  for pid in "${started[@]}"; do
    for _ in $(seq 50); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
  done
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT

# A key, a socket and two ports of its own: nothing of another Slurm is touched.
mkdir -p "$work/munge" "$work/state" "$work/spool"
dd if=/dev/urandom of="$work/munge/key" bs=1024 count=1 status=none
chown -R munge "$work/munge"
chmod 400 "$work/munge/key"
chmod 755 "$work/munge"
setpriv --reuid munge --regid munge --clear-groups munged --foreground \
  --key-file "$work/munge/key" --socket "$work/munge/socket" --pid-file "$work/munge/pid" \
  --log-file "$work/munge/munged.log" --seed-file "$work/munge/seed" >"$work/daemons.log" 2>&1 &
started+=($!)

node=$(hostname -s)
port=$((20000 + $$ % 20000))
cat >"$work/slurm.conf" <<CONF
ClusterName=spikewatt
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
cp "$work/slurm.conf" "$work/state/"
export SLURM_CONF="$work/slurm.conf"
for _ in $(seq 100); do
  [ -S "$work/munge/socket" ] && break
  sleep 0.1
done
slurmctld -D >>"$work/daemons.log" 2>&1 &
started+=($!)
slurmd -D -N "$node" >>"$work/daemons.log" 2>&1 &
started+=($!)
for _ in $(seq 200); do
  [ "$(sinfo --noheader --format %t 2>/dev/null)" = idle ] && break
  sleep 0.2
done
sinfo

cat >"$work/digits.toml" <<SWEEP
[experiment]
model = "$repository/networks/digits_mlp.onnx"
data = { path = "$repository/data/digits-test360-images-idx3-ubyte.gz", samples = 60, preprocessing = { scale = 0.0625 } }
calibration = { path = "$repository/data/digits-train1k-images-idx3-ubyte.gz", samples = 100 }
[parameters]
"simulation.timesteps" = [1, 2, 4, 8]
"simulation.encoding" = ["constant", "bernoulli"]
"conversion.initial_potential" = [0.0, 0.5]
SWEEP
cd "$work"
"$program" sweep run digits.toml --out expected --quiet
"$program" sweep emit slurm digits.toml --out sharded --shards "$shards" --threads 1 \
  --time 00:05:00 >job.sh
cat job.sh
sbatch --wait job.sh
"$program" sweep status digits.toml --out sharded
"$program" sweep merge digits.toml --out sharded --quiet
cut -d , -f 3,4 sharded/provenance.csv | sort | uniq -c
for table in results.json points.csv candidates.csv; do
  cmp "expected/$table" "sharded/$table"
done
jobs=$(cut -d , -f 3 sharded/provenance.csv | tail -n +2 | sort -u | grep -c .)
[ "$jobs" = "$shards" ] || {
  echo "the points come from $jobs tasks, not $shards" >&2
  exit 1
}
echo "an array of $shards tasks gave the bytes of one run"
