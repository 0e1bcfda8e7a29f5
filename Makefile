# SOaR2 from a clean clone: `make demo` shows it, `make test` tests it. See README.md.

SOAR2_HOME ?= $(CURDIR)/.soar2
SETTINGS = DJANGO_SETTINGS_MODULE=soar2.config.settings
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup demo test check faults bench lock

help:
	@echo "make demo    set up, start everything with synthetic patients, print one address"
	@echo "make test    set up and run the tests; choose some with ARGS='tests/spec -k sins'"
	@echo "make check   lint, types, import contract, migrations"
	@echo "make faults  kill, cut and fill everything while 10,000 messages come in (about twenty minutes)"
	@echo "make bench   measure on this machine; asserts nothing"
	@echo "make setup   only set up; .venv/bin/soar2 is the command afterwards"
	@echo "make lock    write requirements/*.txt anew; LOCK=--upgrade takes newer versions"

setup: .venv/.soar2-setup
	@:

.venv/.soar2-setup: requirements/dev.txt pyproject.toml .python-version
	@scripts/setup.sh

# exec, so that Ctrl-C reaches soar2 and no shell in between.
demo: setup
	@SOAR2_HOME="$(SOAR2_HOME)" exec .venv/bin/soar2 demo $(ARGS)

test: setup
	@.venv/bin/python -m pytest -n 2 --dist loadfile $(ARGS)

# makemigrations would like to look at a database's history and warns when there is none; it is not needed here.
check: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(SETTINGS) .venv/bin/python -m django check
	$(SETTINGS) .venv/bin/python -W ignore::RuntimeWarning -m django makemigrations --check --dry-run

bench: setup
	@.venv/bin/python bench/run.py $(ARGS)

# Another seed or size: make faults ARGS='--seed 7 --messages 2000 --faults 200'
faults: setup
	@.venv/bin/python tests/faults/long_run.py --messages 10000 --faults 1000 $(ARGS)

lock:
	@scripts/lock.sh $(LOCK)
