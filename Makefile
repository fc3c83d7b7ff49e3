# Every command a developer needs; `make help` lists them with their comments.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CODE := $(wildcard src tests bench docs)
SCRIPT := src/upwell/console/static/built/console.js

# The first Python here that is new enough; `make PYTHON=/path/to/python3.12 up` names another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$name && break; done)

.DEFAULT_GOAL := help
.PHONY: help up demo deploy assets test check bench docs lock clean screenshots chromium

help: # list these targets
	@sed -n 's/^\([a-z]*\):[^#]*# \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

up: $(VENV)/.runs # install what is missing into .venv, then run `upwell serve`
	@$(MAKE) --no-print-directory assets || echo "The console's script was not built: pages show tables and no charts" >&2
	@$(BIN)/upwell serve

demo: $(VENV)/.runs # install what is missing, then show everything with an invented team, without an account
	@$(MAKE) --no-print-directory assets || echo "The console's script was not built: pages show tables and no charts" >&2
	@$(BIN)/upwell demo

assets: $(SCRIPT) # bundle the script of the console's pages, from npm packages

deploy: $(VENV)/.runs # install what is missing, then run `upwell deploy` (make deploy REGION=us-west-2)
	@$(BIN)/upwell deploy $(if $(REGION),--region $(REGION))

test: $(VENV)/.tests $(SCRIPT) # install what tests need, then run them all
	@if [ "$$UPWELL_TEST_NO_BROWSER" != 1 ]; then $(MAKE) --no-print-directory chromium; fi
	@if [ "$$UPWELL_TEST_NO_NODE" != 1 ]; then $(MAKE) --no-print-directory tests/real_clients/node_modules/.package-lock.json; fi
	@if [ "$$UPWELL_TEST_NO_CHECKOV" != 1 ]; then $(MAKE) --no-print-directory $(VENV)/checkov/.there; fi
	@$(BIN)/pytest

screenshots: $(VENV)/.tests $(SCRIPT) chromium # take a picture of each page of the console, light and dark, into screenshots/
	@$(BIN)/python -m tests.browser.screenshots screenshots

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
	rm -rf web/node_modules $(dir $(SCRIPT)) screenshots
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

# It pins a hundred packages, several below what Upwell needs: so an environment of its own.
$(VENV)/checkov/.there: tests/checkov.lock | $(VENV)/.runs
	@echo "Installing checkov, which looks at the CloudFormation template, into $(VENV)/checkov ..." >&2
	@$(PYTHON) -m venv $(VENV)/checkov
	@$(VENV)/checkov/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r tests/checkov.lock
	@touch $@

# Node from this machine where there is one, else from a wheel.
$(SCRIPT): web/package-lock.json web/build.mjs $(wildcard web/src/*.js) | $(VENV)/.runs
	@command -v npm >/dev/null || test -x $(VENV)/node/bin/npm || { \
		echo "Installing Node into $(VENV)/node ..." >&2; $(PYTHON) -m venv $(VENV)/node && \
		$(VENV)/node/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r web/node.lock; }
	@echo "Building the console's script ..." >&2
	@cd web && PATH="$$PATH:$(CURDIR)/$(VENV)/node/bin" && npm ci --no-audit --no-fund --no-update-notifier --loglevel=error && npm run --silent build

chromium:
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		echo "Installing Chromium for the tests of the console ..." >&2 && \
		apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
		{ echo "The console's tests need chromium on the PATH: install it, or leave them out with UPWELL_TEST_NO_BROWSER=1" >&2; exit 1; }
