# The commands of this project; `make help` lists them. Nothing is needed but make, sh and Python 3.11 or newer.

VENV := .venv
BIN := $(VENV)/bin
PEERS := .bench-venv
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PINNED := pyproject.toml constraints.txt
CODE := src tests bench scripts

.DEFAULT_GOAL := help
.PHONY: help install serve test lint types contracts format bench bench-policy clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

$(VENV)/made.stamp: scripts/venv
	@scripts/venv $(VENV)
	@touch $@

$(VENV)/serve.stamp: $(VENV)/made.stamp $(PINNED)
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/install.stamp: $(VENV)/made.stamp $(PINNED)
	$(PIP) install -c constraints.txt -e '.[test,lint]'
	@touch $@ $(VENV)/serve.stamp

install: $(VENV)/install.stamp ## Make .venv with the daypass command and everything that its tests need

serve: $(VENV)/serve.stamp ## Run the server; the first start makes .daypass
	@exec $(BIN)/daypass serve

test: install lint types contracts ## Check everything that takes minutes: lint, types, imports, tests
	$(BIN)/pytest -n 2 -m 'not slow'

lint: install ## Check style and format
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

types: install ## Check types
	$(BIN)/mypy

contracts: install ## Check that imports point one way
	$(BIN)/lint-imports --no-logo

format: install ## Bring the code into shape
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

$(PEERS)/bench.stamp: scripts/venv pyproject.toml
	@test -x $(PEERS)/bin/python || scripts/venv $(PEERS)
	$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet install '.[bench]'
	@touch $@

bench: install $(PEERS)/bench.stamp ## Measure the request path beside its peers; needs nginx and wrk
	$(BIN)/python bench/run.py

bench-policy: install $(PEERS)/bench.stamp ## Measure policy decisions beside Cedar and iam-simulate; needs node and npm
	$(BIN)/python bench/policy/run.py

clean: ## Remove what the commands above have made; data folders stay
	rm -rf $(VENV) $(PEERS) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .grimp_cache .hypothesis tests/oracle/node_modules
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
