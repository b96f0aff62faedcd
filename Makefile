# Every target uses .venv, a Python environment with hash-pinned packages. Only `setup` needs Pulumi.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
MIN_PYTHON := 3.11
# Compiled once here, and not by every process where PYTHONDONTWRITEBYTECODE is set.
INSTALL = $(VENV)/bin/uv pip install --quiet --compile-bytecode --python $(PY) --require-hashes
# uv does not read pip's configuration.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

.PHONY: setup servers demo demo-full test lint bench clean requirements generated dashboards

setup: $(VENV)/.ready
	@$(PY) -m stacks.setup

$(VENV)/.uv-ready: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < tuple(map(int, "$(MIN_PYTHON)".split("."))))' \
	  || { echo "setup: $(PYTHON) is older than $(MIN_PYTHON) or missing: install Python $(MIN_PYTHON) or later, or set PYTHON=" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "setup: $(PYTHON) cannot create a virtual environment: install its venv package (Debian: python3-venv)" >&2; exit 2; }
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# The lab alone: without Pulumi and the test tools.
$(VENV)/.lab-ready: requirements/lab.txt $(VENV)/.uv-ready
	@echo "setup: installing the Python packages of the lab"
	@$(INSTALL) -r $<
	@touch $@

$(VENV)/.ready: requirements/dev.txt $(VENV)/.uv-ready
	@echo "setup: installing Python packages (about half a minute)"
	@$(INSTALL) -r $<
	@touch $(VENV)/.lab-ready $@

# Finds or builds the Temporal server, its tools and Prometheus (about 9 minutes the first time).
servers: $(VENV)/.lab-ready
	@$(PY) -m tools build

demo: $(VENV)/.lab-ready
	@$(PY) -m lab demo

# With a process for each service, which are built first, so that each can fail.
demo-full: $(VENV)/.lab-ready
	@$(PY) -m lab demo --full

# Without Go the tests that need a real server are skipped with the reason; with CI=true they fail.
# With PYTEST_ARGS, one pytest with these arguments instead of all layers.
test: $(VENV)/.ready
	@$(if $(PYTEST_ARGS),$(PY) -m tools build || test -z "$$CI",)
	@$(PY) -m $(if $(PYTEST_ARGS),pytest $(PYTEST_ARGS),tests)

lint: $(VENV)/.ready
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy

bench: $(VENV)/.ready
	@$(PY) -m tests.bench

# Writes .env.example, docs/stacks.md, docs/signals.md and docs/settings.md from what they describe.
generated: $(VENV)/.ready
	@$(PY) -m stacks.generated
	@$(PY) -m copilot.signals.reference
	@$(PY) -c 'from copilot import settings; print(settings.as_markdown(), end="")' > docs/settings.md

# Writes Grafana's dashboards as JSON into grafana/json, to be imported elsewhere, such as with
# DASHBOARD_ARGS="--cluster-file prod.yaml --uid prometheus=UID".
dashboards: setup
	@$(PY) -m grafana $(DASHBOARD_ARGS)

# Pins again after a change in pyproject.toml.
requirements: $(VENV)/.ready
	@compile() { \
	  $(VENV)/bin/uv pip compile --quiet --universal --python-version $(MIN_PYTHON) --generate-hashes \
	    --no-emit-index-url --no-header --no-annotate "$$@" || exit 2; \
	}; \
	compile pyproject.toml --group dev -o requirements/dev.txt; \
	for group in copilot lab uv; do \
	  compile --group $$group -c requirements/dev.txt -o requirements/$$group.txt; \
	done

clean:
	@test ! -d .lab || $(PY) -m lab down --delete
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
