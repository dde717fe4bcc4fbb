#!/usr/bin/env bash
# A pin file (make conda-pins) holds no packages of pip: those of geo.yaml.
set -euo pipefail
python -m pip install --quiet --no-deps "whirlwind-insar==0.10.0" "snaphu==0.4.1"
