# make demo: the whole tour, offline, on CPU.  make test: everything that CI runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# On two cores three at a time are fastest: some tests wait for servers and processes of theirs.
WORKERS ?= 3

.PHONY: demo test coverage lint docs hooks format install install-dev test-slow test-studio gpu-check faults clean

demo: install
	$(BIN)/comicdata demo --out out/demo

test: lint
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

# The same, a tenth slower, and what the tests do not reach.
coverage: install-dev
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --cov

test-slow: install-dev
	$(BIN)/pytest -m slow

# The studio in a real browser (Debian: apt-get install chromium), whatever is slow of it too.
test-studio: install-dev
	$(BIN)/pytest tests/cli/studio -m "slow or not slow"

# On one GPU, 8 minutes at most; TINY=1 tries the check itself on a CPU in seconds.
gpu-check: install-dev
	$(BIN)/python benchmarks/gpu_check.py out/gpu-check

# What kills, damage and hostile input come to: ten minutes on two cores.
faults: install-dev
	$(BIN)/python benchmarks/faults out/faults

# mypy does not follow the setuptools mapping, so it gets the tree as it is installed.
lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -rf build/typed && mkdir -p build/typed/comicdata
	ln -s $(CURDIR)/comicdata/* build/typed/comicdata/
	ln -s $(CURDIR)/models build/typed/comicdata/models
	ln -s $(CURDIR)/cli build/typed/comicdata/cli
	ln -s $(CURDIR)/manifests build/typed/comicdata/recipes
	cd build/typed && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml --cache-dir $(CURDIR)/.mypy_cache -p comicdata

# docs/commands.md from the help texts.
docs: install-dev
	$(BIN)/python docs/commands.py

# `make lint` before every commit.
hooks: install-dev
	$(BIN)/pre-commit install

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# A torch that is already in the environment (a CPU or another CUDA build) is left alone.
$(VENV)/constraints.txt: constraints.txt $(BIN)/python
	if $(BIN)/pip show -q torch 2>/dev/null; then grep -v '^torch==' constraints.txt > $@; else cp constraints.txt $@; fi

$(VENV)/installed: pyproject.toml $(VENV)/constraints.txt
	$(BIN)/pip install -q --disable-pip-version-check -c $(VENV)/constraints.txt -e .
	touch $@

$(VENV)/installed-dev: pyproject.toml $(VENV)/constraints.txt
	$(BIN)/pip install -q --disable-pip-version-check -c $(VENV)/constraints.txt -e '.[dev]'
	touch $@ $(VENV)/installed

clean:
	rm -rf build dist out .coverage .mypy_cache .ruff_cache .pytest_cache
