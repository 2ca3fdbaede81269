# The two commands to begin with: `make up` shows it running, `make test` proves that it works.
SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
WORKERS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.PHONY: help install up test test-fast crashtest mutation ddl stories packages lint format check-migrations pytest bench wheel lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

install: $(STAMP) ## make the environment in .venv

$(STAMP): pyproject.toml constraints.txt Makefile
	@if [ -n "$(PYTHON)" ] && ! "$(PYTHON)" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))'; then \
		echo 'PYTHON=$(PYTHON) does not run as this user, is older than 3.12 or lacks venv: looking for another' >&2; fi; \
	found=; for candidate in "$(PYTHON)" python3.13 python3.12 python3.14 python3 \
		"$$HOME"/.pyenv/versions/3.13*/bin/python3 "$$HOME"/.pyenv/versions/3.12*/bin/python3; do \
		if [ -n "$$candidate" ] && "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' \
			2>/dev/null; then found=$$candidate; break; fi; done; \
	if [ -z "$$found" ]; then \
		echo 'error: no Python 3.12 or newer (with venv) was found. Install one, for example with your system or pyenv,' >&2; \
		echo '       or name it: make install PYTHON=/path/to/python3.13' >&2; exit 1; fi; \
	echo "[1/2] Creating $(VENV) with $$($$found --version) ($$found) ..."; \
	"$$found" -m venv --clear $(VENV)
	@echo "[2/2] Installing the $$(grep -c == constraints.txt) packages of constraints.txt into $(VENV); this takes about a minute ..."
	@$(PY) -m pip install --constraint constraints.txt --editable '.[server,dev,test]'
	@touch $(STAMP)
	@echo "Installed."

up: install ## start PostgreSQL, migrate, load demo data, serve the admin
	@$(PY) manage.py up $(ARGS)

test: lint check-migrations pytest ## everything that must hold

test-fast: install ## the quick tests: those that make no database of their own
	$(PY) -m pytest -n $(WORKERS) --dist worksteal -m fast $(ARGS)

crashtest: install ## kill migrations at every statement, with all seeds; `make test` draws a sample
	TEPPAN_CRASHES=all $(PY) -m pytest -n $(WORKERS) --dist worksteal tests/concurrency tests/livemigrations/faithful $(ARGS)

mutation: install ## put small faults into the engine, which the tests must notice: ARGS="--sample 200"
	$(PY) -m tests.mutation $(ARGS)

ddl: install ## compare predicted locks and rewrites with what PostgreSQL does for 10,000 statements
	TEPPAN_DDL=all $(PY) -m pytest -n0 tests/livemigrations/statements/test_differential.py $(ARGS)

stories: install ## all schema stories on every version of PostgreSQL; `make test` draws a sample
	TEPPAN_STORIES=all $(PY) -m pytest -n $(WORKERS) --dist worksteal tests/livemigrations/schema/test_stories.py $(ARGS)

packages: install ## migrate third-party packages by plain Django and by the engine, and compare (docs/packages.md)
	$(PY) -m tests.packages $(ARGS)

lint: install ## style, types and the direction of imports
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

format: install ## put the code in shape
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

check-migrations: install
	$(PY) manage.py check
	$(PY) manage.py makemigrations --check --dry-run

pytest: install
	$(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

bench: install ## measure again what docs/benchmarks.md says
	$(PY) -m benchmarks $(ARGS)

lock: install ## renew constraints.txt from pyproject.toml
	$(PY) -m pip install --quiet 'pip-tools>=7.6'
	$(PY) -m piptools compile --quiet --upgrade --all-extras --allow-unsafe --strip-extras --no-annotate --no-header \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file constraints.txt pyproject.toml

wheel: install ## build the package for other projects in dist
	rm -rf build dist
	$(PY) -m pip wheel --quiet --no-deps --wheel-dir dist .

clean: ## stop the embedded PostgreSQL, remove its data, .venv and caches
	@if [ -x $(PY) ]; then $(PY) -m config.embedded remove; else python3 -m config.embedded remove; fi
	rm -rf $(VENV) .packages .static .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .mutation build dist teppan.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
