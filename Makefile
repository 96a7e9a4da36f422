# Every command of the house; `make` or `make help` lists them.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
# Whatever the machine says: unless compiled modules are kept, each process compiles them anew.
PYTHONDONTWRITEBYTECODE :=
PROMPT ?= A lighthouse in a storm at dusk
override PROMPT := $(value PROMPT)# as it is written: a dollar in it is no variable of make's
.DEFAULT_GOAL := help
.PHONY: help run demo test check fix setup lock bench campaigns-short chaos crash-points ledger simulate planted mutants rolling fuzz contract load properties clean
export

help: ## Show this list
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F':.*?## ' '{printf "  make %-16s %s\n", $$1, $$2}'

run: $(VENV)/.run ## Run the whole product here; Ctrl-C ends it (PORT=8000 VAR=var)
	@exec $(PY) -m kling_saas.run

demo: $(VENV)/.run ## Make one film through the REST API (PROMPT="…")
	@$(PY) -m kling_saas.run.demo "$$PROMPT"

test: $(VENV)/.dev ## Run the whole test suite against four running products
	@$(PY) -m pytest -n 4 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev ## Lint, types and import contracts
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports

fix: $(VENV)/.dev ## Let ruff mend what it can
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

campaigns-short: $(VENV)/.dev ## Every campaign in its short form (about 8 minutes)
	@$(PY) -m tests.campaigns short

crash-points: $(VENV)/.dev ## Strike every named point of a film's way (ONLY=case replays one)
	@$(PY) -m tests.campaigns crashpoints

ledger: $(VENV)/.dev ## Hold the ledger against its plain model, step by step (N=100000 SEED=1)
	@$(PY) -m tests.campaigns ledger

simulate: $(VENV)/.dev ## Play seeded worlds in virtual time (N=20000 SEED=1)
	@$(PY) -m tests.campaigns simulate

chaos: $(VENV)/.dev ## Kill processes at random while films are made (N=500 SEED=1)
	@$(PY) -m tests.campaigns chaos

rolling: $(VENV)/.dev ## Change the worker while films are made and calls are held (N=100)
	@$(PY) -m tests.campaigns rolling

planted: $(VENV)/.dev ## Plant classic bugs and see that the simulation tells (N=200)
	@$(PY) -m tests.campaigns planted

mutants: $(VENV)/.dev ## Change money's rules a little: do tests notice? (TARGET=billing/caps.py N=20 SEED=1; all: hours)
	@$(PY) -m tests.mutants $(TARGET)

fuzz: $(VENV)/.dev ## Send arbitrary bodies to every door (N=2000 SEED=1)
	@$(PY) -m tests.campaigns fuzz

contract: $(VENV)/.dev ## Hold every address to its OpenAPI document, by Schemathesis (N=1000 SEED=1 ONLY=kling)
	@$(PY) -m tests.campaigns contract

load: $(VENV)/.dev ## Order steadily over HTTP: nobody is refused, nothing is lost (N=60 seconds)
	@$(PY) -m tests.campaigns load

properties: $(VENV)/.dev ## Draw many examples of every property that the suite tests (N=1000)
	@EXAMPLES=$(or $(N),1000) $(PY) -m pytest -n 4 -m hypothesis --timeout 0

bench: $(VENV)/.dev ## Run one benchmark (NAME=accept|reads|waits|ready|in_flight|ledger)
	@$(PY) -m bench.$(NAME)

setup: $(VENV)/.run $(VENV)/.dev ## Make the virtual environment with the locked packages

lock: $(VENV)/.dev ## Lock the packages of requirements*.in again
	$(VENV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q -U requirements.in -o requirements.txt
	$(VENV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q -U requirements-dev.in -o requirements-dev.txt

clean: ## Remove the data folder and caches (not .venv)
	rm -rf var .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path "./$(VENV)/*" -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@[ -w . ] || { echo "This folder cannot be written: clone into one that you own"; exit 1; }
	@[ ! -e $(VENV) ] && [ ! -L $(VENV) ] || { echo "$(VENV) is here, and its Python cannot be run: remove it and try again"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: $$($(PYTHON) --version) found. Choose one with PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "python3 cannot make virtual environments: apt install python3-venv"; exit 1; }

$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	@echo "Installing the locked packages …"
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing the locked packages and tools …"
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-dev.txt
	@touch $@ $(VENV)/.run
