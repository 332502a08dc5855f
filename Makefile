# Ketnoi: `make help` prints the lines marked with two hashes.
SHELL := /bin/bash
PYTHON ?= python3.11
BIN := .venv/bin
.DEFAULT_GOAL := help
# What was compiled once is kept: the demo and the tests begin many processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The environment is made again whenever a lock or a package's own metadata changes.
.venv/ready: requirements/bootstrap.lock requirements/dev.lock requirements/workspace.in $(wildcard packages/*/pyproject.toml)
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed (python3.11 was not found)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Please run: sudo apt-get install python3.11-venv"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
	$(BIN)/uv pip sync --quiet --require-hashes requirements/dev.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation $$(cat requirements/workspace.in)
	@touch $@

.PHONY: demo
demo: .venv/ready ## bring up the whole world and tell the story (ONCE=1: tell it and end; PEOPLE=100000)
	@scripts/system-packages demo
	@$(BIN)/ketnoi-testbed demo $(if $(ONCE),--once) $(if $(PEOPLE),--people $(PEOPLE))

.PHONY: test
test: .venv/ready ## run every test (JUNIT=FILE: also write one JUnit report; ARGS: what to hand to pytest)
	@scripts/system-packages test
	$(BIN)/python -m pytest -n 2 --dist loadfile $(if $(JUNIT),--junitxml=$(JUNIT)) $(ARGS)

.PHONY: check
check: .venv/ready ## formatting, lint, types, floors, and full branch coverage of protocol and trust
	@scripts/system-packages test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy packages/protocol/src packages/trust/src
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q rules
	$(BIN)/python -m pytest -q -n 2 packages/protocol packages/trust --cov=ketnoi_protocol --cov=ketnoi_trust \
		--cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

.PHONY: bench
bench: .venv/ready ## measure side by side (OUT=FILE: also write one JSON object; SECONDS_EACH=30)
	@scripts/system-packages demo
	$(BIN)/python -m bench $(if $(OUT),--out $(OUT)) $(if $(SECONDS_EACH),--seconds $(SECONDS_EACH))

.PHONY: lock
lock: .venv/ready ## resolve requirements/*.lock anew
	scripts/lock

.PHONY: clean
clean: ## remove the virtual environment and caches
	rm -rf .venv .state .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
