# Everything one does with this checkout. `make help` lists it.

SHELL := /bin/bash
.DEFAULT_GOAL := help

export ROOT ?= .
export PORT ?= 7788
# The first Python on the PATH that is new enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SOURCES := daemon tests bench

# Set-up is done once: each stamp is newer than what it was made from.
SERVES := $(VENV)/.serves
DEVELOPS := $(VENV)/.develops

.PHONY: help
help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name what; do printf '  %-12s %s\n' "$$name" "$$what"; done

.PHONY: run
run: $(SERVES)  ## Serve ROOT (this directory unless given) on PORT (7788), and say how to fetch from it
	@$(BIN)/filed serve --banner --root "$$ROOT" --listen.tcp "[::]:$$PORT" \
		--listen.udp "[::]:$$PORT" --metrics.listen "127.0.0.1:$$((PORT + 1))"

.PHONY: check
check: $(DEVELOPS)  ## Lint, types, direction of imports, freshness of generated files
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m filed.settings.generate --check
	$(BIN)/python -m filed.metrics.generate --check

.PHONY: test
test: $(DEVELOPS)  ## The tests, but for those that have a target of their own
	$(BIN)/pytest -m 'not tree and not wheel' $(TESTS)

.PHONY: test-tree
test-tree: $(DEVELOPS)  ## Serve a whole real tree and compare every file: minutes
	$(BIN)/pytest -m tree

.PHONY: test-wheel
test-wheel: $(DEVELOPS)  ## Build the wheel, install it for each Python there is, serve with it
	$(BIN)/pytest -m wheel

.PHONY: bench
bench: $(DEVELOPS)  ## Measure against nginx (needs nginx and wrk; best as root)
	$(BIN)/python -m bench $(BENCH)

.PHONY: build
build: $(DEVELOPS)  ## Make the wheel and the source archive in dist/
	rm -rf dist
	$(BIN)/python -m build --outdir dist .

.PHONY: generate
generate: $(DEVELOPS)  ## Write config/filed.toml and the tables in docs/ anew from the sources
	$(BIN)/python -m filed.settings.generate
	$(BIN)/python -m filed.metrics.generate

.PHONY: format
format: $(DEVELOPS)  ## Put the sources into the one format
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

.PHONY: clean
clean:  ## Remove all that these targets have made
	rm -rf $(VENV) dist build bench/results .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'filed needs Python 3.11 or later; none was found.' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(SERVES): pyproject.toml | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(DEVELOPS): pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[dev]'
	@touch $@ $(SERVES)
