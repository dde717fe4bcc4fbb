# make demo   the embedded region, from simulated SAFE products to a released inventory and a report
# make check  before a commit, two minutes: lint, format, types, the tests that start no workflow
# make test   all tests; test-full adds the long ones, coverage measures the lines that they run
# make test-slurm  the workflow through a real Slurm, which it installs (apt) and starts: needs root.
#             FULL=1 takes the whole demo
# make docs   the pages of docs/ as a site, in site/
# make resume after an interruption: the same run goes on where it stopped
# make lock   constraints.txt, versions and hashes, from pyproject.toml
# make conda-pins  pin files beside envs/*.yaml: needs conda and a channel
# Everything lives in .venv; demo and resume install the core alone, without what only tests and
# docs need. CORES=4 limits the run, ARGS are further arguments of the command.

PYTHON ?= python3
CORES ?= $(shell nproc)
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# Every file of a package must have one of the hashes of constraints.txt.
INSTALL := $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --constraints constraints.txt
# What a run needs, and on top of it what tests, docs and optional programs need.
CORE := $(VENV)/core
DEV := $(VENV)/dev

.PHONY: demo resume check test test-full coverage test-slurm lint types format docs lock conda-pins clean-demo help

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

$(UV):
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip uv==0.13.8

$(CORE): pyproject.toml constraints.txt | $(UV)
	$(INSTALL) --editable .
	touch $@

$(DEV): $(CORE)
	$(INSTALL) --editable ".[dev]"
	touch $@

demo: $(CORE)
	$(BIN)/sarslide demo --cores $(CORES) $(ARGS)

resume: $(CORE)
	$(BIN)/sarslide resume --cores $(CORES) $(ARGS)

check: lint types
	$(BIN)/python -m pytest -q -n $(CORES) --dist loadfile -m "not full and not slow"

test: $(DEV)
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile -m "not full" --durations 40

test-full: $(DEV)
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile

# Apart: measuring doubles the CPU time.
coverage: $(DEV)
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile -m "not full" --cov --cov-report=term:skip-covered

test-slurm: $(DEV)
	$(INSTALL) "snakemake-executor-plugin-slurm>=2.8,<3"
	$(BIN)/python -m tests.slurm.run $(if $(FULL),--full) $(ARGS)

lint: $(DEV)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/snakefmt --check Snakefile rules && $(BIN)/snakemake --lint

types: $(DEV)
	$(BIN)/mypy

format: $(DEV)
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format . ; $(BIN)/snakefmt Snakefile rules

docs: $(DEV)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Versions stay as they are where pyproject.toml allows them: ARGS=--upgrade takes the newest.
lock: | $(UV)
	$(UV) pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes \
	  --no-annotate --no-header --no-emit-index-url --output-file constraints.txt $(ARGS) pyproject.toml

# Needs conda and a channel. Snakemake takes a pin file before the environment file beside it.
conda-pins: | $(UV)
	$(UV) tool run snakedeploy==0.17.1 pin-conda-envs --conda-frontend conda envs/*.yaml

clean-demo:
	rm -rf resources/demo/slc resources/demo/truth resources/demo/dem_m.tif results/demo logs/demo
