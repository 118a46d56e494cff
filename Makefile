# Two commands are enough: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install demo serve test lint format bench translations lock clean

help: ## Show what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: .venv/installed ## Make the environment from the lock file

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --editable .
	@touch $@

demo: install ## Invent a sample city and serve its site on http://127.0.0.1:8000
	$(BIN)/charity demo

serve: install ## Serve the site of CHARITY_HOME (default ./var)
	$(BIN)/charity serve

test: lint ## Run everything that CI runs
	$(BIN)/pytest --numprocesses 2

lint: install ## Check style, types, import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy

format: install ## Put the code into its standard form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: install ## Measure speeds beside floors (ONLY=name runs one, SCALE=0.01 a quick trial)
	$(BIN)/python -m tests.benchmarks $(ONLY)

translations: install ## Collect new messages into the Chinese catalogue
	$(BIN)/pybabel -q extract --mapping-file pyproject.toml --no-location --sort-output \
		--omit-header -k Message -k Refused -k WrongUse -k WrongField -k VerificationError -k ProofError \
		-k NoteError -k CanonicalError -k RotationError -k WitnessRequestError -k Busy \
		-k KeyUsed -k KnownId -k LogDamaged -k Conflict -k TooManyEntries -k say --output-file /tmp/charity-city.pot .
	$(BIN)/pybabel -q update --input-file /tmp/charity-city.pot --locale zh_Hans \
		--output-dir public_site/translations --no-fuzzy-matching --ignore-obsolete --width 100

lock: ## Choose the newest versions that fit, and write them down (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --upgrade --quiet \
		--output-file requirements.lock

clean: ## Remove the environment and caches; data folders stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
