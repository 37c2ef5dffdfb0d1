# make demo   the UI on the embedded simulated cluster
# make test   unit, contract (simulated server), UI and snapshot tests
# make check  format, lint, types, imports, fast tests (under two minutes)
# make e2e    the same contracts and whole journeys on a real control plane (built once, cached)
# make bench  benchmarks beside kubectl and kubectl argo rollouts, on the real control plane
PYTHON ?= python3
VENV ?= .venv
# what make e2e runs
E2E ?= tests/e2e
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# what make check runs: everything that starts no process and no screen
FAST := tests/audit tests/checks tests/cluster tests/config tests/domain tests/engines tests/packages tests/session \
	tests/test_house.py tests/test_registry.py tests/ui/test_fleet_view.py tests/ui/test_rollout_viewmodels.py

.PHONY: compiled demo test lint check format snapshots pictures e2e bench lab-down lock clean install

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# compiled once, the screen opens in half the time (where PYTHONDONTWRITEBYTECODE is set, nothing else would do it)
compiled: install
	@$(BIN)/python -m compileall -q mlcd_tui

demo: compiled
	@$(BIN)/mlcd-tui --demo

test: install
	$(BIN)/python -m pytest -n 2 tests --ignore tests/e2e --ignore tests/bench

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint
	$(BIN)/python -m pytest -q -n 2 $(FAST)

# after looking at the report of a failed snapshot and finding the new picture better
snapshots: install
	$(BIN)/python -m pytest -q -n 2 tests/snapshots --snapshot-update

pictures: install
	$(BIN)/python -m tests.snapshots.pictures

e2e: install
	tests/e2e/lab/run.sh $(BIN)/python -m pytest $(E2E) -rs

bench: compiled
	tests/e2e/lab/run.sh $(BIN)/python -m tests.bench

lab-down:
	tests/e2e/lab/down.sh

lock:
	$(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements.lock
	for server in mlflow openinference gateway; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header tests/e2e/$$server/requirements.in -o tests/e2e/$$server/requirements.lock || exit; done

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
