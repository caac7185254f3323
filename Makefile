# Dialogo. Needs Python 3.11 or newer and make; no root, no Docker.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes

.DEFAULT_GOAL := help
.PHONY: help run test check bench slice

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' Makefile | expand -t 10

run: export HUB_DEMO ?= 1
run: .venv/installed ## install what is missing, start everything, end with the address (HUB_DEMO=0: without the demo company)
	@$(BIN)/python -m hub up

test: .venv/installed-dev ## every test; what could not run here is named at the end, and fails where CI=true
	@command -v chromium chromium-browser google-chrome >/dev/null || $(BIN)/python -m playwright install chromium || true
	@$(BIN)/python -m pytest -p tests.gate -n logical --maxprocesses 8 --dist worksteal $(TESTS)

check: .venv/installed-dev ## format, lint, types, floors, house rules, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -p no:xdist tests/test_floors.py tests/test_house.py tests/test_docs.py

bench: .venv/installed-dev ## the measurements of docs/scaling.md (BENCH=full: the large size)
	@$(BIN)/python -m bench

slice: ## the files of one subject: make slice NAME=assignment
	@test -n "$(NAME)" || { echo "make slice NAME=assignment: say which word" >&2; exit 2; }
	@find config hub workers tests bench docs -type f -ipath '*$(NAME)*' -not -path '*/__pycache__/*' | sort
	@grep -rliw --include='*.py' --include='*.html' --include='*.js' --include='*.sql' --include='*.po' \
		-e '$(NAME)' config hub workers tests | sort | sed 's/^/  mentions it: /'

.venv/installed: requirements.lock | .venv/bin/python
	@echo "  Installing requirements.lock (the first time this takes a minute)"
	@$(PIP) -r requirements.lock
	@printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -m hub "$$@"\n' > $(BIN)/hub && chmod +x $(BIN)/hub
	@pwd > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/dialogo.pth"
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	@echo "  Installing requirements-dev.lock"
	@$(PIP) -r requirements-dev.lock
	@touch $@

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Dialogo needs Python 3.11 or newer: install it, or run make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python cannot make a virtual environment: on Debian and Ubuntu install python3-venv" >&2; exit 2; }
