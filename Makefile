# Every target stands on .venv, a Python environment with hash-pinned packages; only `setup` asks
# for Pulumi, so that the others work without it.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
MIN_PYTHON := 3.11

.PHONY: setup servers demo test lint bench clean requirements generated dashboards

setup: $(VENV)/.ready
	@$(PY) -m stacks.prepare

$(VENV)/.ready: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < tuple(map(int, "$(MIN_PYTHON)".split("."))))' \
	  || { echo "setup: $(PYTHON) is older than $(MIN_PYTHON) or missing: install Python $(MIN_PYTHON) or later, or set PYTHON=" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "setup: $(PYTHON) cannot make a virtual environment: install its venv package (Debian: python3-venv)" >&2; exit 2; }
	@echo "setup: installing Python packages (about a minute)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# Finds or builds the Temporal server, its tools and Prometheus (about 9 minutes the first time).
servers: $(VENV)/.ready
	@$(PY) -m tools build

demo: $(VENV)/.ready
	@$(PY) -m lab demo

# Without Go the tests that need a real server are skipped with the reason; with CI=true they fail.
test: $(VENV)/.ready
	@$(PY) -m tools build || test -z "$$CI"
	@$(PY) -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.ready
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy

bench: $(VENV)/.ready
	@$(PY) -m tests.bench

# Writes again what comes from the services and the stacks' settings: .env.example, the README's
# table, docs/stacks.md.
generated: $(VENV)/.ready
	@$(PY) -m stacks.generated

# Writes Grafana's dashboards as JSON into grafana/json, to be imported elsewhere.
dashboards: setup
	@$(PY) -m grafana

# Pins again after a change in pyproject.toml.
requirements: $(VENV)/.ready
	@compile() { \
	  $(VENV)/bin/uv pip compile --quiet --universal --python-version $(MIN_PYTHON) --generate-hashes \
	    --no-emit-index-url --no-header --no-annotate "$$@" || exit 2; \
	}; \
	compile pyproject.toml --group dev -o requirements/dev.txt; \
	for group in copilot lab; do \
	  compile --group $$group -c requirements/dev.txt -o requirements/$$group.txt; \
	done

clean:
	@test ! -d .lab || $(PY) -m lab down --delete
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
