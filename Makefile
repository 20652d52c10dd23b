# Everything runs in .venv, made with plain python3 and the hashes in the lock files.
# ARGS reaches the command behind a target: make test ARGS="tests/workflows -x"

SHELL := /bin/sh
ARGS :=
# Two test processes; SPREAD= runs all in one. In the order of their names, as the quickest files come last.
SPREAD := -n 2 --dist loadfile --no-loadscope-reorder
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test check bench bench-pages prove mutants pictures translations lock sbom wheel clean runtime dev

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: runtime ## Start Distributor with demo data on http://127.0.0.1:8000 (Ctrl-C stops everything)
	@exec $(BIN)/distributor run --demo $(ARGS)

test: dev ## Install what the tests need, Chromium included, and run them all
	@CHROMIUM=$$(tools/ensure-chromium) && export CHROMIUM && exec $(BIN)/python -m pytest $(SPREAD) $(ARGS)

check: dev ## Style, types and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: dev ## Measure the hot paths against plain SQL
	@exec $(BIN)/python -m benchmarks $(ARGS)

bench-pages: dev ## Measure the report page in Chromium, with 500 and 5,000 lines
	@CHROMIUM=$$(tools/ensure-chromium --whole) && export CHROMIUM && exec $(BIN)/python -m benchmarks.browser $(ARGS)

prove: dev ## Attack the service at length, write docs/security/proof.md (half an hour)
	@exec $(BIN)/python -m tests.proof $(ARGS)

mutants: dev ## Break the rules and the permissions one place at a time: the tests must notice
	@exec $(BIN)/python -m tests.proof --only mutants $(ARGS)

pictures: dev ## Take the guide's pictures anew, from the service itself
	@CHROMIUM=$$(tools/ensure-chromium) && export CHROMIUM && exec $(BIN)/python -m pytest tests/journeys/test_guide.py --pictures $(ARGS)

translations: dev ## Collect the texts to translate and compile the languages
	@$(BIN)/python -m tools.translations

lock: dev ## Resolve the dependencies again and write the lock files
	@PATH="$$PWD/$(BIN):$$PATH" tools/lock $(ARGS)

sbom: dev ## Write the bill of materials and the list of licences
	@$(BIN)/python -m tools.sbom

wheel: dev ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

clean: ## Remove the environment and what builds and tools left; keeps var/ (database and secrets)
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

runtime:
	@tools/install requirements.lock

dev:
	@tools/install requirements-dev.lock
