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

.PHONY: help setup rehearse test test-contract test-dry test-leaks test-live lint bench clean

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

# Each in a world of its own, from the state in which a user would run it. CHAOS says how, BUDGET how many seconds for
# each mode. What was found before in other modes stays, so that the page can be filled piece by piece.
CHAOS ?= --modes all
BUDGET ?= 3600
PLAYBOOKS := migrate copy release shift rollback
FEW_STEPS := -i inventories/rehearsal -e @tests/chaos/few_steps.yml
ON_AWS := ansible-playbook migrate.yml $(FEW_STEPS) -e shift_to=5
CHAOS_RUN = python -m rehearsal chaos $(CHAOS) --budget $(BUDGET) --home .rehearsal/$@

test-chaos: ## Disturb each playbook in every way, compare the ends, and write docs/chaos.md (or CHAOS="--fault 500")
	@found=0; $(MAKE) --keep-going $(PLAYBOOKS:%=chaos-%) || found=$$?; $(MAKE) chaos-table; exit $$found

.PHONY: test-chaos chaos-table $(PLAYBOOKS:%=chaos-%)
chaos-migrate: compiled
	@$(CHAOS_RUN) -- ansible-playbook migrate.yml $(FEW_STEPS)

chaos-copy: compiled
	@$(CHAOS_RUN) --given "$(ON_AWS)" -- ansible-playbook playbooks/copy.yml -i inventories/rehearsal \
		-e copy_releases=true -e '{"copy_constants": {"STEP": "two"}}'

chaos-release: compiled
	@$(CHAOS_RUN) --given "$(ON_AWS)" -- ansible-playbook playbooks/release.yml -i inventories/rehearsal -e release_image=v41

chaos-shift: compiled
	@$(CHAOS_RUN) --each-write --given "$(ON_AWS)" -- ansible-playbook playbooks/shift.yml -i inventories/rehearsal

chaos-rollback: compiled
	@$(CHAOS_RUN) --given "$(ON_AWS)" -- ansible-playbook playbooks/rollback.yml -i inventories/rehearsal

chaos-table: $(READY)
	@python -m rehearsal chaos-table --causes tests/chaos/causes.yml $(PLAYBOOKS:%=.rehearsal/chaos-%) > docs/chaos.md

test-leaks: compiled ## Look for canary values in all that runs print, keep and show, failures included
	@python -m tests.leaks

test-dry: compiled ## Prove that dry runs write nothing and list what real runs do, and write docs/dry.md
	@python -m tests.dry $(DRY)

test-live: compiled ## Play every live case of releases and shifts, and write docs/cases.md (CASES="release/good" plays some)
	@python -m tests.live $(CASES)

lint: $(READY) ## Run every static check
	ruff check .
	ruff format --check .
	mypy $(TYPED)
	yamllint --strict .
	ansible-lint --offline
	cfn-lint --include-checks I --include-experimental -- $(TEMPLATES)

# BENCH="--only copy" measures one part again.
BENCH ?=
bench: compiled ## Measure our runs, beside stock modules too, and write docs/benchmarks.md
	@python -m tests.bench $(BENCH)

clean: ## Remove what make made
	rm -rf .venv .cache .rehearsal .mypy_cache .pytest_cache .ruff_cache .hypothesis .ansible
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
