# Sets itself up in .venv. GNU make 3.81 or newer, Linux and macOS.
#
#   make demo     smallest backend only, first recipe on data that ships with scikit-learn
#   make test     all three backends: linters, then the tests once per backend
#   make docs     smallest backend and Sphinx: the documentation in build/docs
#   make notebooks   all of them executed, for reading, in build/notebooks
#
# Another Python: make test PYTHON=python3.12

PYTHON ?= python3
KERAS_BACKEND ?= jax
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

RECORDED := tests/bench/recorded.json
# Engine modules named after a backend need it: doctests stay out of them.
DOCTESTS := zoo --doctest-modules $(patsubst %,--ignore=%,$(foreach backend,tensorflow jax torch,\
	zoo/engine/$(backend)))
PYTEST := $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup

# A leg of the tests under a backend: its slowest tests are printed, its minutes kept in build/.
define leg
	@mkdir -p build && sed -i.old '/^$(1):/d' build/durations.txt 2>/dev/null || touch build/durations.txt
	start=$$(date +%s); KERAS_BACKEND=$(1) $(PYTEST) --durations=12 tests $(2) \
		&& echo "$(1): $$(( ($$(date +%s) - start + 30) / 60 )) min" >> build/durations.txt
endef

.PHONY: help demo test bench notebooks lint docs docs-notebooks environment clean

help:
	@echo 'make demo          install the smallest backend (JAX), run the first recipe'
	@echo 'make test          install all three backends, lint, test on each'
	@echo 'make bench         fail where a backend became slower: two minutes, a quiet machine'
	@echo 'make notebooks     execute all notebooks into build/notebooks (KERAS_BACKEND=jax)'
	@echo 'make lint          ruff, the import contracts, mypy'
	@echo 'make docs          build the documentation into build/docs; no warning passes'
	@echo 'make docs-notebooks   the same, with every notebook run'
	@echo 'make environment   install what make test needs, run nothing'
	@echo 'make clean         remove caches, builds and the demo run; .venv stays'

demo: $(VENV)/.demo
	KERAS_BACKEND=jax $(BIN)/zoo run hybrid-svdd-images --dataset digits --out runs/demo --overwrite
	@echo
	@echo 'Look at runs/demo/report.html (figures and numbers) and runs/demo/metrics.json'

# Two workers share the cores: threads that wait shall sleep.
test: export OMP_WAIT_POLICY ?= PASSIVE
test: lint
	$(call leg,jax,$(DOCTESTS))
	$(call leg,tensorflow,-m 'not slow and not once')
	$(call leg,torch,-m 'not slow and not once')
	@cat build/durations.txt

# What fell short is measured again: a neighbour on the machine shall not fail it, slower code twice.
bench: environment
	$(BIN)/zoo bench --quick --against $(RECORDED) || $(BIN)/zoo bench --quick --against $(RECORDED)

notebooks: environment
	KERAS_BACKEND=$(KERAS_BACKEND) $(BIN)/python notebooks/build.py run

lint: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

docs: $(VENV)/.docs
	KERAS_BACKEND=jax $(BIN)/python -m sphinx -q -W --keep-going -n -b html docs build/docs
	@echo 'Look at build/docs/index.html'

docs-notebooks: export ZOO_DOCS_EXECUTE = 1
docs-notebooks: docs

environment: $(VENV)/.dev

# The stamps say what .venv holds; newer pins or requirements install again.
$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing keras-anomaly-zoo with JAX into $(VENV) ...'
	$(INSTALL) -e '.[jax]'
	@touch $@

$(VENV)/.docs: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing keras-anomaly-zoo with JAX and Sphinx into $(VENV) ...'
	$(INSTALL) -e '.[jax,docs]'
	@touch $(VENV)/.demo $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing keras-anomaly-zoo with TensorFlow, JAX, PyTorch into $(VENV) ...'
	$(INSTALL) -e '.[all,dev]'
	@touch $(VENV)/.demo $@

$(BIN)/python:
	@command -v '$(PYTHON)' >/dev/null || { \
		echo "No '$(PYTHON)' here; name a Python of 3.11 or newer: make ... PYTHON=/path/to/python3" >&2; \
		exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is `$(PYTHON) --version 2>&1`, but 3.11 or newer is needed: make ... PYTHON=python3.11" >&2; \
		exit 1; }
	@'$(PYTHON)' -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

clean:
	rm -rf docs/api docs/notebooks docs/pictures docs/recipes
	rm -rf build dist runs/demo .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find zoo recipes tests -name __pycache__ -type d -prune -exec rm -rf {} +
