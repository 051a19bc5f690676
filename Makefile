# Everything runs in .venv, which each target makes or mends by itself. Needs: Python 3.11+ and make.
.DEFAULT_GOAL := help
.PHONY: help demo test test-slow search verify check format bench clean

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUN := $(VENV)/.run-ready
TOOLS := $(VENV)/.tools-ready
RUNWARE_0 := $(VENV)/interop/.runware-0-ready
SDK_JS := $(VENV)/interop/.sdk-js-ready

# Python keeps what it compiled, even where it is told not to: a suite starts a hundred Pythons.
export PYTHONDONTWRITEBYTECODE :=

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "understudy needs Python 3.11 or newer: set PYTHON=/path/to/python3"; exit 1; }
	@echo "making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(RUN): pyproject.toml | $(BIN)/python
	@echo "installing understudy"
	@$(PIP) install --editable .
	@touch $@

$(TOOLS): $(RUN)
	@echo "installing the test and check tools"
	@$(PIP) install "pip>=25.1"
	@$(PIP) install --group test --group check
	@touch $@

# Official SDKs that cannot live beside the others: this one has the import name of its successor.
$(RUNWARE_0): Makefile | $(BIN)/python
	@echo "installing the older Runware SDK"
	@rm -rf $(VENV)/interop/runware-0
	@$(PIP) install --target $(VENV)/interop/runware-0 runware==0.5.24
	@touch $@

$(SDK_JS): tests/interop/package.json | $(BIN)/python
	@mkdir -p $(VENV)/interop/node
	@if command -v npm >/dev/null; then \
		echo "installing Runware's JavaScript SDK and AsyncAPI's parser" && cp $< $(VENV)/interop/node/package.json && \
		npm install --prefix $(VENV)/interop/node --no-package-lock --no-audit --no-fund --loglevel=error \
			--omit=optional --ignore-scripts && touch $@ || \
		echo "npm could not install it: the tests of Runware's JavaScript SDK and AsyncAPI's parser will be skipped"; \
	else echo "no npm here: the tests of Runware's JavaScript SDK and AsyncAPI's parser will be skipped"; fi

demo: $(RUN) ## start the stand-in, send the providers' own example requests, watch the videos arrive
	@$(BIN)/understudy demo

test: $(TOOLS) $(RUNWARE_0) $(SDK_JS) ## the whole quick suite; COV=1 does it as CI does: more examples, always the same, and branch coverage
	@$(if $(COV),HYPOTHESIS_PROFILE=thorough) $(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow" -rs \
		$(if $(COV),--cov --cov-report=term)

test-slow: $(TOOLS) ## the long suites, which CI runs too
	@HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -n 2 --dist worksteal -m slow

search: $(TOOLS) ## look for what no suite has met yet: many more examples, others each time
	@HYPOTHESIS_PROFILE=search $(BIN)/python -m pytest -n 2 --dist worksteal -m hypothesis

verify: $(RUN) ## hold the stand-in to every contract, the long run: reports in verify-reports/, EXAMPLES=100 requests of a kind
	@$(BIN)/understudy verify --provider runware --provider gmi --provider segmind --provider heygen \
		--examples $(or $(EXAMPLES),100) $(if $(SECONDS_AT_MOST),--time $(SECONDS_AT_MOST)) \
		--report html=verify-reports/report.html --report markdown=verify-reports/report.md \
		--report junit=verify-reports/report.xml --report json=verify-reports/report.json

check: $(TOOLS) ## format, lint, types, import borders
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(TOOLS) ## rewrite the code as `make check` wants it
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(TOOLS) ## print what the stand-in costs, as ratios against a baseline of the same run
	@$(BIN)/python -m bench

clean: ## remove everything made here
	rm -rf $(VENV) demo-output verify-reports dist build .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
