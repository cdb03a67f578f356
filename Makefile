# Needs python3 (with venv) and make; everything else is fetched, pinned by hash, into .tools and .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON3 ?= python3
UV := .tools/uv/bin/uv
PYTHON := .venv/bin/python
READY := .tools/dev.ready .tools/sam.ready .tools/ministack.ready .tools/console.ready

export SAM_CLI_TELEMETRY := 0
export PATH := $(CURDIR)/.tools/sam/bin:$(PATH)
export PYTHONPATH := $(CURDIR)
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

.PHONY: help
help:
	@echo "make demo | test | fuzz | chaos | up | down | check | docs | audit | bench | soak | invoke E=events/<function>.<case>.json | deploy STAGE=<stage> | lock"

# ---------------------------------------------------------------- tools
.tools/uv.ready: requirements/uv.txt
	@mkdir -p .tools
	@echo "setup: uv"
	@$(PYTHON3) -m venv .tools/uv
	@.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

# $(1): the folder of the environment, $(2): its requirements file
define environment
	@echo "setup: $(1)"
	@$(UV) venv --quiet --allow-existing --python "$$(cat .python-version)" $(1) \
	  || { echo "setup: no Python $$(cat .python-version) here and none could be fetched: install it and try again" >&2; exit 1; }
	@$(UV) pip sync --quiet --require-hashes --python $(1)/bin/python $(2)
	@touch $@
endef

.tools/dev.ready: requirements/dev.txt .python-version .tools/uv.ready
	$(call environment,.venv,requirements/dev.txt)

.tools/sam.ready: requirements/sam.txt .python-version .tools/uv.ready
	$(call environment,.tools/sam,requirements/sam.txt)

.tools/audit.ready: requirements/audit.txt .python-version .tools/uv.ready
	$(call environment,.tools/audit,requirements/audit.txt)

.tools/checkov.ready: requirements/checkov.txt .python-version .tools/uv.ready
	$(call environment,.tools/checkov,requirements/checkov.txt)

# The runbooks' commands are tried with it.
.tools/aws.ready: requirements/aws.txt .python-version .tools/uv.ready
	$(call environment,.tools/aws,requirements/aws.txt)

.tools/fuzz.ready: requirements/fuzz.txt .python-version .tools/uv.ready
	$(call environment,.tools/fuzz,requirements/fuzz.txt)

.tools/docs.ready: requirements/docs.txt .python-version .tools/uv.ready
	$(call environment,.tools/docs,requirements/docs.txt)

.tools/ministack.ready: requirements/ministack.txt .python-version .tools/uv.ready
	$(call environment,.tools/ministack,requirements/ministack.txt)

# The SDKs that the tests send with; Node comes with the environment, the browser SDK needs Debian's Chromium.
.tools/sdk.ready: requirements/sdk.txt .python-version .tools/uv.ready
	$(call environment,.tools/sdk,requirements/sdk.txt)

# The command line as it is installed, in an environment of its own: what it needs is what its own pins name.
.tools/cli.ready: cli/requirements.txt cli/pyproject.toml $(shell find cli/bridge_cli -name '*.py') .tools/uv.ready
	$(call environment,.tools/cli,cli/requirements.txt)
	@$(UV) pip install --quiet --no-deps --reinstall-package signal-bridge-cli --python .tools/cli/bin/python ./cli
	@touch $@

.tools/npm.ready: tests/sdk/package.json tests/sdk/package-lock.json .tools/sdk.ready
	@echo "setup: tests/sdk/node_modules"
	@cd tests/sdk && PATH="$(CURDIR)/.tools/sdk/bin:$$PATH" npm ci --silent
	@touch $@

# What the console's pages load beside our own files, copied to where the layer is built from.
VENDOR := layers/console/console/static/vendor
.tools/console.ready: layers/console/package.json layers/console/package-lock.json .tools/sdk.ready
	@echo "setup: $(VENDOR)"
	@mkdir -p .tools/console $(VENDOR)
	@cp layers/console/package.json layers/console/package-lock.json .tools/console/
	@cd .tools/console && PATH="$(CURDIR)/.tools/sdk/bin:$$PATH" npm ci --silent
	@cp .tools/console/node_modules/htmx.org/dist/htmx.min.js .tools/console/node_modules/uplot/dist/uPlot.iife.min.js \
	  .tools/console/node_modules/uplot/dist/uPlot.min.css $(VENDOR)/
	@touch $@

# ---------------------------------------------------------------- the local stack
.PHONY: up down
up: $(READY)
	@$(PYTHON) -m local.up

down:
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m local.down; fi

# ---------------------------------------------------------------- use
.PHONY: demo invoke bench
demo: up
	@$(PYTHON) -m local.demo

invoke: up
	@test -n "$(E)" || { echo "usage: make invoke E=events/<function>.<case>.json" >&2; exit 2; }
	@$(PYTHON) -m local.invoke $(E)

bench: up
	@for script in $(filter-out benchmarks/soak.py,$(wildcard benchmarks/[a-z]*.py)); do $(PYTHON) -m benchmarks.$$(basename $$script .py); done

# Half an hour: not a part of bench.
MINUTES ?= 30

.PHONY: soak
soak: up
	@$(PYTHON) -m benchmarks.soak --minutes $(MINUTES)

# ---------------------------------------------------------------- checks
CODE := layers/mapping layers/bridge layers/console local functions api cli

.PHONY: check lint docs docs-serve audit openapi format test browser pictures unit fuzz faults artifact stack commands sdk
check: lint audit

lint: $(READY) .tools/docs.ready
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --quiet --check . || { .venv/bin/ruff format --check . | head -20; echo "make format mends it" >&2; exit 1; }
	@$(PYTHON) -m mypy --no-error-summary $(CODE)
	@PYTHONPATH=layers/mapping:layers/bridge:layers/console:. $(PYTHON) -m api.generate --check
	@mkdir -p .local/logs
	@PYTHONPATH=layers/mapping:layers/bridge:layers/console:cli:. .venv/bin/lint-imports --no-logo > .local/logs/imports.log 2>&1 \
	  || { cat .local/logs/imports.log; exit 1; }
	@.venv/bin/cfn-lint template.yaml
	@AWS_DEFAULT_REGION=us-east-1 .tools/sam/bin/sam validate --lint > /dev/null
	@$(PYTHON) -m local.site
	@echo "lint: ruff, mypy, import contracts, the template and the docs are clean"

# The pages of docs/ as a site in .local/site; nothing of it is fetched from anywhere, then or later.
docs: $(READY) .tools/docs.ready
	@$(PYTHON) -m local.site
	@echo "docs: .local/site/index.html"

DOCS_PORT ?= 8088
docs-serve: .tools/docs.ready
	@NO_MKDOCS_2_WARNING=1 .tools/docs/bin/mkdocs serve --strict --dev-addr 127.0.0.1:$(DOCS_PORT)

# The template and the pins, read for known faults; the parts list goes to .local/sbom.json.
audit: $(READY) .tools/audit.ready .tools/checkov.ready
	@$(PYTHON) -m local.audit

openapi: $(READY)
	@PYTHONPATH=layers/mapping:layers/bridge:layers/console:. $(PYTHON) -m api.generate

format: $(READY)
	@.venv/bin/ruff check --quiet --fix-only .
	@.venv/bin/ruff format --quiet .

test: unit faults commands artifact stack sdk browser

# What pytest makes of 120 test modules is kept, wherever else bytecode is not to be written.
unit faults: export PYTHONPYCACHEPREFIX := $(CURDIR)/.local/pycache
unit faults: export PYTHONDONTWRITEBYTECODE :=

unit: $(READY)
	@$(PYTHON) -m pytest -q -n auto --dist loadfile tests/unit

# Requests and exports nobody would send, guided by the code they reach: so many seconds a target.
SECONDS ?= 600
fuzz: export PYTHONPATH := layers/mapping:layers/bridge:$(CURDIR)
fuzz: .tools/fuzz.ready
	@for target in collect export; do .tools/fuzz/bin/python -m tests.fuzz $$target $(SECONDS); done

# Ten thousands of events and updates through vendors that fail at random.
faults: $(READY)
	@$(PYTHON) -m pytest -q -n auto --dist loadfile tests/faults

artifact: up
	@$(PYTHON) -m pytest -q -n auto tests/artifact

# What the docs tell a reader to type, on a stack as new as the reader's: one that runs is put away.
commands: .tools/cli.ready .tools/aws.ready
	@$(MAKE) down
	@$(MAKE) up
	@$(PYTHON) -m pytest -q tests/stack/test_docs.py

stack: up .tools/cli.ready .tools/aws.ready
	@$(PYTHON) -m pytest -q --ignore tests/stack/test_docs.py tests/stack tests/api

sdk: up .tools/npm.ready
	@$(PYTHON) -m pytest -q tests/sdk

# The console in a real browser; `pictures` takes anew, on an empty stack, what the docs show of it.
browser: up .tools/npm.ready
	@$(PYTHON) -m pytest -q tests/console

# The whole stack under load while everything that can fail does; ten minutes at the most. SEED=n: the same dice again.
SECONDS_OF_CHAOS ?= 590
SEED ?=
.PHONY: chaos
chaos: up
	@$(PYTHON) -m local.chaos --seconds $(SECONDS_OF_CHAOS) $(if $(SEED),--seed $(SEED) --tell)

pictures:
	@$(MAKE) down
	@$(MAKE) up
	@PYTHONPATH=layers/mapping:layers/bridge:layers/console:. $(PYTHON) -m tests.console.pictures

# ---------------------------------------------------------------- a real account
STAGE ?= dev
# Such as Canary10Percent5Minutes; empty: everything at once, without aliases.
CANARY ?=

.PHONY: deploy lock
deploy: $(READY)
	@.tools/sam/bin/sam build --cached --parallel --build-dir .aws-sam/release --config-env $(STAGE)
	@.tools/ministack/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
	  -s .aws-sam/release .aws-sam/release
	@if [ -n "$(CANARY)" ]; then $(PYTHON) -m local.canary .aws-sam/release $(CANARY); fi
# By its whole path: beside a template that is named, sam looks for its settings in that template's folder.
	@.tools/sam/bin/sam deploy --template-file .aws-sam/release/template.yaml \
	  --config-file $(CURDIR)/samconfig.toml --config-env $(STAGE)

# ---------------------------------------------------------------- pins
COMPILE := $(UV) pip compile --quiet --generate-hashes --universal --python-version 3.13 \
  --no-header --no-emit-index-url --no-emit-find-links

lock: .tools/uv.ready
	@for file in layers/dependencies/requirements layers/console/requirements functions/audience_plan/requirements functions/authorizer/requirements \
	  requirements/uv requirements/sam requirements/ministack requirements/dev requirements/sdk \
	  requirements/aws requirements/audit requirements/checkov requirements/docs requirements/fuzz; do \
	    echo "lock: $$file.txt"; $(COMPILE) $(UPGRADE) -o $$file.txt $$file.in; done
	@echo "lock: cli/requirements.txt"; $(COMPILE) $(UPGRADE) -o cli/requirements.txt cli/pyproject.toml
