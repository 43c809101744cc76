# ThreePercent: everything a person does here, one word each. `make help` lists them.
# Needs only make and Python 3.11 or newer; the rest goes into .venv, by the hashes in requirements*.txt.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

HOST ?= 127.0.0.1
PORT ?= 8000
JOBS ?= 2
DEMO_ROWS ?= 7500
TESTS ?= tests
PYTHON ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DEMO := var/demo.db
DEMO_LIVE := var/demo.live
TYPED := app tests $(patsubst %/,%,$(sort $(dir $(wildcard benchmarks/*.py examples/*/*.py scripts/*.py)))) $(wildcard migrations/*.py)
UV := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(UPGRADE)

.PHONY: help
help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# ---------------------------------------------------------------- the environment

$(BIN)/python:
	@found=; \
	for candidate in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
		if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "ThreePercent needs Python 3.11 or newer and found none. Install one (python.org, or your system's" >&2; \
		echo "package python3.11), or say where it is: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$found ($$($$found -c 'import platform; print(platform.python_version())'))"; \
	if ! $$found -m venv $(VENV); then \
		rm -rf $(VENV); \
		echo "That Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; \
	fi

$(VENV)/.runtime: requirements.txt requirements-build.txt | $(BIN)/python
	@echo "Installing what the application needs (locked, with hashes)"
	@$(PIP) install --quiet --require-hashes -r requirements.txt
	@$(PIP) install --quiet --require-hashes -r requirements-build.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing what tests and checks need (locked, with hashes)"
	@$(PIP) install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

.PHONY: install
install: $(VENV)/.development ## make the environment with all tools, and nothing else

# ---------------------------------------------------------------- running

.PHONY: run
run: $(VENV)/.runtime demo-live ## serve demonstration data on http://127.0.0.1:8000 (PORT=8001 for another port)
	@THREEPERCENT_DATABASE_URL=sqlite:///$(DEMO) $(BIN)/threepercent serve --host $(HOST) --port $(PORT)

$(DEMO): | $(VENV)/.runtime
	@mkdir -p $(@D)
	@rm -f $@.new* $(DEMO_LIVE)
	@echo "Making demonstration data: an invented survey with $(DEMO_ROWS) rows"
	@$(BIN)/threepercent demo-data --layout workbook --rows $(DEMO_ROWS) --out $(@D)/demo.xlsx --force
	@THREEPERCENT_DATABASE_URL=sqlite:///$@.new $(BIN)/threepercent import $(@D)/demo.xlsx
	@rm -f $@.new.lock $@.new-shm $@-wal $@-shm
	@if [ -f $@.new-wal ]; then mv $@.new-wal $@-wal; fi # what is not in the file itself yet
	@mv $@.new $@

# Tariffs and rates grow old within days: once a day they are made anew, and replace those of the day before.
.PHONY: demo-live
demo-live: $(VENV)/.runtime $(DEMO) ## give the demonstration data today's tariffs and rates
	@today=$$(date -u +%Y-%m-%d); \
	if [ "$$(cat $(DEMO_LIVE) 2>/dev/null)" != "$$today" ]; then \
		echo "Making demonstration data: invented rates and tariffs of $$today" && \
		$(BIN)/threepercent demo-data --layout rates --on $$today --out var/demo.rates.csv --force && \
		$(BIN)/threepercent demo-data --layout quotes --on $$today --out var/demo.tariffs.json --force && \
		THREEPERCENT_DATABASE_URL=sqlite:///$(DEMO) $(BIN)/threepercent import var/demo.rates.csv && \
		THREEPERCENT_DATABASE_URL=sqlite:///$(DEMO) $(BIN)/threepercent import var/demo.tariffs.json && \
		echo $$today > $(DEMO_LIVE); \
	fi

# ---------------------------------------------------------------- checking

.PHONY: test
test: $(VENV)/.development ## run every test, on two cores (TESTS=tests/domain for a part)
	@$(BIN)/pytest -n $(JOBS) $(TESTS)

.PHONY: check
check: format lint types imports test contract docs migrations ## everything that CI runs

.PHONY: format
format: $(VENV)/.development ## is the code formatted?
	@$(BIN)/ruff format --check .

.PHONY: lint
lint: $(VENV)/.development ## ruff, all rules
	@$(BIN)/ruff check .

.PHONY: types
types: $(VENV)/.development ## mypy, strict, tests included
	@$(BIN)/mypy $(TYPED)

.PHONY: imports
imports: $(VENV)/.development ## do imports point the way ARCHITECTURE.md draws them?
	@$(BIN)/lint-imports --no-logo

.PHONY: contract
contract: $(VENV)/.development ## is openapi/v1.json what the code serves?
	@$(BIN)/threepercent openapi --check openapi/v1.json

.PHONY: docs
docs: $(VENV)/.development ## is everything documented, and true?
	@$(BIN)/pytest -q tests/test_docs.py

.PHONY: migrations
migrations: $(VENV)/.development ## do the migrations lead to the tables that the code declares?
	@mkdir -p var
	@rm -f var/migrations.db*
	@THREEPERCENT_DATABASE_URL=sqlite:///var/migrations.db $(BIN)/threepercent db upgrade
	@THREEPERCENT_DATABASE_URL=sqlite:///var/migrations.db $(BIN)/alembic check
	@rm -f var/migrations.db*

.PHONY: fix
fix: $(VENV)/.development ## format, and repair what ruff can repair
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# ---------------------------------------------------------------- longer work

.PHONY: bench
bench: $(VENV)/.development ## the benchmarks: prints their tables and writes benchmarks/RESULTS.md
	@$(BIN)/python -m benchmarks

.PHONY: fuzz
fuzz: $(VENV)/.development ## schemathesis and the properties of prices, 10,000 cases of each and more
	@THREEPERCENT_FUZZ=1 $(BIN)/pytest tests/api -k schemathesis
	@$(BIN)/pytest tests/domain -n $(JOBS) --hypothesis-profile=thorough -k "one_tariff or components or money"

.PHONY: crash
crash: $(VENV)/.development ## kill the server and PostgreSQL 1,200 times while partners push: is anything lost or twice?
	@$(BIN)/python -m tests.crash $(CRASH)

.PHONY: clocks
clocks: $(VENV)/.development ## step a clock 10,000 times through live answers: does each say when it changes?
	@THREEPERCENT_TEST_STEPS=10000 $(BIN)/pytest -n $(JOBS) tests/test_compare_live.py tests/api/test_live.py -k "stepped or tag"

.PHONY: model
model: $(VENV)/.development ## 5,000 worlds of 50 acts on each database: does the product say what a plain model says?
	@THREEPERCENT_TEST_MODEL_RUNS=5000 THREEPERCENT_TEST_MODEL_STEPS=50 \
	  $(BIN)/pytest tests/model -n $(JOBS) -rP --hypothesis-seed=4

.PHONY: mutation
mutation: $(VENV)/.development ## change the arithmetic on purpose: do the tests notice?
	@$(BIN)/mutmut run --max-children $(JOBS)
	@$(BIN)/mutmut results

.PHONY: coverage
coverage: $(VENV)/.development ## which lines no test runs
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -q $(TESTS)
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage report

# ---------------------------------------------------------------- generated files

.PHONY: openapi
openapi: $(VENV)/.development ## write openapi/v1.json anew, and what is made from it
	@$(BIN)/python -m scripts.build_examples
	@$(BIN)/threepercent openapi > openapi/v1.json.new
	@$(BIN)/python -m app.api.compatibility openapi/v1.json openapi/v1.json.new
	@mv openapi/v1.json.new openapi/v1.json
	@$(BIN)/python -m scripts.build_client

.PHONY: migration
migration: $(VENV)/.development ## draft a migration: make migration NAME="add a table"
	@if [ -z "$(NAME)" ]; then echo 'Say what it does: make migration NAME="add a table"' >&2; exit 2; fi
	@mkdir -p var
	@rm -f var/migrations.db*
	@THREEPERCENT_DATABASE_URL=sqlite:///var/migrations.db $(BIN)/threepercent db upgrade
	@THREEPERCENT_DATABASE_URL=sqlite:///var/migrations.db $(BIN)/alembic revision --autogenerate -m "$(NAME)"
	@rm -f var/migrations.db*

.PHONY: lock
lock: $(BIN)/python ## lock the dependencies anew from pyproject.toml (UPGRADE=--upgrade for newer ones)
	@$(PIP) install --quiet 'uv>=0.13,<1'
	$(UV) --extra postgresql --extra redis pyproject.toml -o requirements.txt
	$(UV) --extra postgresql --extra redis --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	$(UV) --group pyproject.toml:build -c requirements-dev.txt -o requirements-build.txt

.PHONY: clean
clean: ## remove what was made here, the demonstration data included; your own database stays
	rm -rf $(VENV) build dist mutants *.egg-info .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	rm -rf .import_linter_cache .schemathesis var/demo.* var/migrations.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
