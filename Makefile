# Needs python3 (with venv) and make; everything else is fetched, pinned by hash, into .tools and .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON3 ?= python3
UV := .tools/uv/bin/uv
PYTHON := .venv/bin/python
READY := .tools/dev.ready .tools/sam.ready .tools/ministack.ready

export SAM_CLI_TELEMETRY := 0
export PATH := $(CURDIR)/.tools/sam/bin:$(PATH)
export PYTHONPATH := $(CURDIR)
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

.PHONY: help
help:
	@echo "make demo | test | up | down | check | bench | invoke E=events/<function>.<case>.json | deploy STAGE=<stage> | lock"

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

.tools/ministack.ready: requirements/ministack.txt .python-version .tools/uv.ready
	$(call environment,.tools/ministack,requirements/ministack.txt)

# ---------------------------------------------------------------- the local stack
.PHONY: up down
up: $(READY)
	@$(PYTHON) -m local.up

down:
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m local.down; fi
