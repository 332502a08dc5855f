# Ketnoi: `make help` prints the lines marked with two hashes.
SHELL := /bin/bash
PYTHON ?= python3.11
BIN := .venv/bin
.DEFAULT_GOAL := help

.PHONY: help
help: ## print this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)$$/  make \1|\2/' | column -t -s '|'

# The environment is made again whenever a lock or a package's own metadata changes.
.venv/ready: requirements/bootstrap.lock requirements/dev.lock requirements/workspace.in $(wildcard packages/*/pyproject.toml)
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed (python3.11 was not found)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
	$(BIN)/uv pip sync --quiet --require-hashes requirements/dev.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation $$(sed 's/^-e /-e /' requirements/workspace.in)
	@touch $@

.PHONY: setup
setup: .venv/ready ## make the virtual environment and look for the system's packages
	@scripts/system-packages
