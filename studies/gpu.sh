#!/bin/sh
# What needs a GPU, in parts of less than ten minutes: checks of CUDA, benchmark, weights.
#   python -m studies.gpu.prepare --out CARRIED ...     here, with all of sarslide
#   studies/gpu.sh --carried CARRIED --out RECORDS      there: torch, NumPy, SciPy, h5py, safetensors
# --help has the rest. A part whose record is there is not run again.
root=$(cd "$(dirname "$0")/.." && pwd) || exit
PYTHONPATH="$root/src:$root" exec "${PYTHON:-python3}" -m studies.gpu.run "$@"
