# kartify: `make` lists what there is.
PYTHON ?= python3
BIN := .venv/bin
PLUGINS := $(sort $(wildcard plugins/gateways/*/pyproject.toml plugins/oms/*/pyproject.toml))
EDITABLE := -e . $(foreach p,$(PLUGINS),-e $(patsubst %/pyproject.toml,./%,$(p)))
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install run test check lint types bench certify screenshots docs translations requirements clean

help: ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | awk -F'|' '{printf "make %-14s %s\n", $$1, $$2}'

install: $(STAMP) ## build .venv with everything in it

$(STAMP): pyproject.toml requirements.txt $(PLUGINS)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(EDITABLE)
	@touch $(STAMP)

run: install ## bring up the whole stack with a demo store
	$(BIN)/kartify up --demo

test: install ## the everyday tests
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

check: install lint types test ## lint, types and tests

lint: install ## style and house rules
	$(BIN)/ruff check .

types: install ## static types
	$(BIN)/mypy kartify $(sort $(dir $(wildcard plugins/*/*/kartify_*/__init__.py)))

certify: install ## run the conformance kit for each of our plugins and keep its verdict
	for place in $(sort $(wildcard plugins/*/*/tests/test_kit.py)); do \
		$(BIN)/kartify plugins certify $$(basename $$(dirname $$(dirname $$place))) || exit 1; done

bench: install ## how fast a signed webhook is settled, beside pgbench in the same run
	$(BIN)/python -m kartify.bench

screenshots: install ## pictures of the running admin for the docs
	$(BIN)/python tests/screenshots.py

docs: install ## write the generated parts of the docs
	$(BIN)/python -m kartify.docs

translations: install ## gather the texts, bring the catalogues up to date, compile them
	$(BIN)/python -m kartify.translations

requirements: ## compile the pinned versions
	$(BIN)/uv pip compile --quiet --universal --no-header --no-annotate --group dev pyproject.toml -o requirements.txt

clean: ## remove what was built
	rm -rf .venv .kartify build dist
