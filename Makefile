# feedmill: `make demo` shows a planet, `make test` proves it, `make check` is what CI asks.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
SHARED ?= ../shared

.PHONY: help demo test cover check types imports links format bench docs wheel clean

help:             ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

demo: $(READY)    ## sample blogs on loopback, synced, published and served (DEMO_ARGS=--once: leave after publishing)
	$(BIN)/feedmill demo $(DEMO_ARGS)

test: $(READY)    ## everything, in random order (TEST_ARGS="-k store": some of it)
	$(BIN)/python -m pytest -n auto --dist worksteal $(TEST_ARGS)

cover: $(READY)   ## the same, slower, with the lines that no test runs
	$(BIN)/python -m pytest -n auto --cov --cov-report=term:skip-covered $(TEST_ARGS)

check: $(READY) types imports  ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: links      ## mypy --strict
	MYPYPATH=build/types $(BIN)/mypy --strict -p feedmill

imports: links    ## the rooms import only downwards
	PYTHONPATH=build/types $(BIN)/lint-imports

# The folders are installed as feedmill.*; mypy and import-linter see that layout as a folder of links.
links: $(READY)
	@rm -rf build/types && mkdir -p build/types/feedmill
	@ln -s $(addprefix ../../../,feeds ingest publish config $(wildcard app/*.py) app/py.typed) build/types/feedmill/

format: $(READY)  ## put the code in order
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: $(READY)   ## feedmill against its peers (BENCH_ARGS="--feeds 1000 --repeat 1 naive feedmill")
	@test -x $(SHARED)/bench/run.sh || { echo "bench: $(SHARED)/bench/run.sh is not at hand (SHARED=DIR names it)"; exit 1; }
	PATH="$(CURDIR)/$(BIN):$$PATH" $(SHARED)/bench/run.sh $(or $(BENCH_ARGS),--feeds 200 naive feedmill)

docs: $(READY)    ## the documentation says what the program does
	$(BIN)/python -m pytest tests/docs -q

wheel: $(READY)   ## dist/feedmill-*.whl
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:            ## forget what was built (the environment stays)
	rm -rf build dist feedmill-demo .coverage* .pytest_cache .mypy_cache .ruff_cache

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "feedmill needs Python 3.11 or newer; PYTHON=python3.12 names one"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  $(PYTHON) -m virtualenv --quiet $(VENV) 2>/dev/null || { echo "no virtual environments here: apt-get install python3-venv"; exit 1; }; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@$(BIN)/python -m compileall -q app config feeds ingest publish  # as pip does with what it copies: short commands start faster
	@touch $@
