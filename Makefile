# make demo   the embedded region, from simulated SAFE products to a released inventory and a report
# make check  before a commit, two minutes: lint, format, types, the tests that start no workflow
# make test   all tests with their coverage; test-full adds the long ones
# make test-slurm  the workflow through a real Slurm, which it installs (apt) and starts: needs root.
#             FULL=1 takes the whole demo
# make docs   the pages of docs/ as a site, in site/
# make resume after an interruption: the same run goes on where it stopped
# Everything lives in .venv. CORES=4 limits the run, ARGS gives resume the arguments of the run.

PYTHON ?= python3
CORES ?= $(shell nproc)
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES)
LOCKED := flock --nonblock --conflict-exit-code 75 .sarslide.lock

.PHONY: demo resume check test test-full test-slurm lint types format docs clean-demo help

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip uv==0.13.8
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraints constraints.txt --editable ".[dev]"
	touch $@

demo: $(STAMP)
	$(LOCKED) $(SNAKEMAKE) --config region=demo

# Snakemake's own lock is taken away only when no live `make demo` or `make resume` holds ours (exit
# code 75: one does). Do not resume beside a snakemake that you started by hand.
resume: $(STAMP)
	$(LOCKED) sh -c "$(SNAKEMAKE) --unlock $(ARGS) && $(SNAKEMAKE) --rerun-incomplete $(ARGS)"

check: lint types
	$(BIN)/python -m pytest -q -n $(CORES) --dist loadfile -m "not full and not slow"

test: $(STAMP)
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile -m "not full" --cov --cov-report=term:skip-covered

test-full: $(STAMP)
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile --cov --cov-report=term:skip-covered

test-slurm: $(STAMP)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraints constraints.txt "snakemake-executor-plugin-slurm>=2.8,<3"
	$(BIN)/python -m tests.slurm.run $(if $(FULL),--full) $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/snakefmt --check Snakefile rules && $(BIN)/snakemake --lint

types: $(STAMP)
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format . ; $(BIN)/snakefmt Snakefile rules

docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean-demo:
	rm -rf resources/demo/slc resources/demo/truth resources/demo/dem_m.tif results/demo logs/demo
