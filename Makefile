# The two commands: `make rehearse` (a whole migration on this machine) and `make test` (every test).

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

READY := .venv/ready
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export MOLECULE_GLOB := molecule/*/molecule.yml
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

TYPED := rehearsal $(shell git ls-files 'plugins/*.py' | sed 's,^,ansible_collections/offramp/ecs/,')
TEMPLATES := roles/provision/files/*.cfn.yaml

.PHONY: help setup rehearse test test-contract test-dry test-leaks lint bench clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## Make .venv (everything below does it by itself)

$(READY): pyproject.toml uv.lock .ci/setup
	@.ci/setup

.PHONY: compiled
compiled: $(READY)  # where PYTHONDONTWRITEBYTECODE is set, every process would compile the checkout again
	@python -m compileall -q plugins rehearsal tests

rehearse: compiled ## Move a live app from Heroku to AWS, on this machine
	@python -m rehearsal.story

test: compiled ## Run every test
	@python -m pytest tests

test-contract: compiled ## Hold the stand-ins to clients that nobody here wrote (gets them first, 600 MB)
	@.ci/strangers
	@python -m pytest tests/contract

# Each in a world of its own, from the state in which a user would run it. CHAOS says how, BUDGET how long for each.
CHAOS ?= --kill
BUDGET ?= 3600
ON_AWS := ansible-playbook migrate.yml -i inventories/rehearsal -e shift_to=5
CHAOS_RUN = python -m rehearsal chaos $(CHAOS) --budget $(BUDGET) --home .rehearsal/$@

test-chaos: ## Kill each playbook at every write, and compare the ends (or CHAOS="--fault 500")
	@$(MAKE) --keep-going chaos-migrate chaos-copy chaos-release chaos-shift chaos-rollback

.PHONY: test-chaos chaos-migrate chaos-copy chaos-release chaos-shift chaos-rollback
chaos-migrate: compiled
	@$(CHAOS_RUN) -- ansible-playbook migrate.yml -i inventories/rehearsal

chaos-copy: compiled
	@$(CHAOS_RUN) --given "$(ON_AWS)" -- ansible-playbook playbooks/copy.yml -i inventories/rehearsal \
		-e copy_releases=true -e '{"copy_constants": {"STEP": "two"}}'

chaos-release: compiled
	@$(CHAOS_RUN) --given "$(ON_AWS)" -- ansible-playbook playbooks/release.yml -i inventories/rehearsal -e release_image=v41

chaos-shift: compiled
	@$(CHAOS_RUN) --each-write --given "$(ON_AWS)" -- ansible-playbook playbooks/shift.yml -i inventories/rehearsal

chaos-rollback: compiled
	@$(CHAOS_RUN) --given "$(ON_AWS)" -- ansible-playbook playbooks/rollback.yml -i inventories/rehearsal

test-leaks: compiled ## Look for canary values in all that runs print, keep and show, failures included
	@python -m tests.leaks

test-dry: compiled ## Prove that dry runs write nothing and list what real runs do, from 15 states of the world
	@python -m tests.dry $(DRY)

lint: $(READY) ## Run every static check
	ruff check .
	ruff format --check .
	mypy $(TYPED)
	yamllint --strict .
	ansible-lint --offline
	cfn-lint $(TEMPLATES)

# BENCH="--only copy" measures one part again.
BENCH ?=
bench: compiled ## Measure our runs, beside stock modules too, and write docs/benchmarks.md
	@python -m tests.bench $(BENCH)

clean: ## Remove what make made
	rm -rf .venv .cache .rehearsal .mypy_cache .pytest_cache .ruff_cache .hypothesis .ansible
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
