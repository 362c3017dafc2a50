# `make demo` and `make test` do everything on a machine with Python 3.10 or later, git and make; the rest is for developers.
PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= all
ARGS ?=
BIN := $(VENV)/bin

.PHONY: demo test lint bench simulate differential endure endure-stale servers wheel-test clean FORCE
.DEFAULT_GOAL := test

# Only a demo on a real server needs one.
demo: $(VENV)/ready
	@$(if $(filter --real,$(ARGS)),REDIS_SERVER="$$(tests/support/machine redis)") $(BIN)/python -m redis_streams demo $(ARGS)

test: $(VENV)/ready
	REDIS_SERVER="$$(tests/support/machine redis)" BROWSER_BINARY="$$(tests/support/machine browser)" $(BIN)/pytest $(ARGS)

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p redis_streams -p redis_streams_pytest
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/pytest -q tests/unit/test_imports.py tests/unit/test_exports.py

bench: $(VENV)/ready
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[bench]'
	@REDIS_SERVER="$$(tests/support/machine redis)" $(BIN)/python benchmarks/run.py $(ARGS)

simulate: $(VENV)/ready
	@$(BIN)/redis-streams simulate $(ARGS)

differential: $(VENV)/ready
	@$(BIN)/python tests/differential/run.py $(ARGS)

endure: $(VENV)/ready
	@REDIS_SERVER="$$(tests/support/machine redis)" $(BIN)/python tests/endurance/run.py $(ARGS)

endure-stale: $(VENV)/ready
	@REDIS_SERVER="$$(tests/support/machine redis)" $(BIN)/python tests/endurance/stale.py $(ARGS)

servers: $(VENV)/ready
	@$(BIN)/python tests/support/get_servers.py

wheel-test: $(VENV)/ready
	@REDIS_SERVER="$$(tests/support/machine redis)" $(BIN)/python tests/support/check_wheel.py

clean:
	rm -rf .venv .venv-* .servers build dist out *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The editable install links file by file: a new dependency or a new file needs a new one.
$(VENV)/ready: pyproject.toml $(VENV)/files
	@echo "installing the project and its extra '$(EXTRAS)' into $(VENV)"
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[$(EXTRAS)]'
	@touch $@

# A name of its own: CI runs several makes at a time.
$(VENV)/files: FORCE | $(BIN)/python
	@new=$@.$$$$; \
	    find __init__.py __main__.py py.typed wire actors runtime simulations pytest_plugin -type f ! -name '*.pyc' | sort >$$new; \
	    if cmp -s $@ $$new; then rm $$new; else mv $$new $@; fi

$(BIN)/python:
	@tests/support/machine venv $(PYTHON) $(VENV)
