# Every command a developer needs; `make help` lists them with their comments.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CODE := $(wildcard src tests bench docs)

# The first Python here that is new enough; `make PYTHON=/path/to/python3.12 up` names another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$name && break; done)

.DEFAULT_GOAL := help
.PHONY: help up demo test check bench docs lock clean

help: # list these targets
	@sed -n 's/^\([a-z]*\):[^#]*# \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

up: $(VENV)/.runs # install what is missing into .venv, then run `upwell serve`
	@$(BIN)/upwell serve

demo: $(VENV)/.runs # install what is missing, then show everything with an invented team, without an account
	@$(BIN)/upwell demo

test: $(VENV)/.tests # install what tests need, then run them all
	@if [ "$$UPWELL_TEST_NO_NODE" != 1 ]; then $(MAKE) --no-print-directory tests/real_clients/node_modules/.package-lock.json; fi
	@$(BIN)/pytest

check: $(VENV)/.tests # lint, formatting, types and layers, in seconds
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(CODE)
	@$(BIN)/lint-imports

bench: $(VENV)/.tests # measure this machine: throughput, latency and memory, beside two references
	@$(BIN)/python -m bench

docs: $(VENV)/.tests # write the generated parts of docs/ anew: settings, commands, errors
	@$(BIN)/python docs/generate.py

lock: $(VENV)/.tests # resolve every dependency anew and pin it, with hashes, in the two lock files
	@$(BIN)/python .ci/lock.py

clean: # remove .venv and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/real_clients/node_modules
	find src tests $(wildcard bench docs) -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.runs: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Upwell needs Python 3.11 or newer (tried: $(or $(PYTHON),all on the PATH)): install it, or name one with make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Installing into $(VENV), once ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.tests: $(VENV)/.runs requirements-dev.lock
	@echo "Installing what tests and checks need ..." >&2
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

tests/real_clients/node_modules/.package-lock.json: tests/real_clients/package-lock.json
	@command -v npm >/dev/null || { echo "The tests with real exporters need Node and npm on the PATH; UPWELL_TEST_NO_NODE=1 leaves them out" >&2; exit 1; }
	@cd tests/real_clients && npm ci --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@
