# make demo: from nothing to a page that shows what the directions of a face GAN do.
# make test: the same set-up, then everything that CI runs.  make check: the same without set-up.
# make docs: the site, in build/site.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
OURS := --editable . $(foreach folder,$(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)),--editable $(folder))
SITE := NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
RECIPE := constraints.txt pyproject.toml $(wildcard plugins/*/pyproject.toml)

.PHONY: demo test check docs bench quality format clean

demo: .venv/.installed
	@$(BIN)/sefa discover digiface64 -o demo

test: .venv/.developing
	@$(MAKE) --no-print-directory check

check:
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	@$(SITE)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

docs: .venv/.developing
	@$(SITE)

# make bench PEERS="ada=PATH genforce=PATH rosinality=PATH": measure against checkouts of other programs.
bench: .venv/.developing
	$(BIN)/python -m benchmarks $(PEERS)

# make quality: every method on two models, into docs/comparison.md; digiface64 needs the predictor faces.
quality: .venv/.developing
	$(BIN)/python -m benchmarks.quality

format: .venv/.developing
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

.venv/.installed: $(RECIPE)
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("Python 3.10 or newer is needed: make PYTHON=python3.11 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python .ci/light_torch.py || (rm -f $@; exit 1)
	@echo "installing sefa-core and its families into .venv ..."
	@$(PIP) $(OURS)
	@touch $@

.venv/.developing: .venv/.installed
	@echo "installing the tools that tests need ..."
	@$(PIP) --requirement requirements-dev.txt
	@touch $@

clean:
	rm -rf .venv demo build dist
