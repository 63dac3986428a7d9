# Everything a contributor types. `make help` lists it; each target installs what it needs on a fresh machine.
SHELL := /bin/bash
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/signalbox/target

.DEFAULT_GOAL := help
.PHONY: help demo test lint build compat chaos bench schema

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## run examples/prefect1 on Signalbox with the stock Prefect library (ONCE=1: end by itself)
	@scripts/demo.sh

test: ## everything: formatting, lints, unit and end-to-end tests, compatibility with the stock client
	@scripts/test.sh

lint: ## formatting and lints only
	@scripts/test.sh lint

compat: ## the tests with the stock Prefect client only
	@scripts/test.sh compat

chaos: ## faults against real servers, agents and flows, MINUTES=n on each set-up
	@scripts/chaos.sh $(or $(MINUTES),1)

build: ## the release binary
	@scripts/setup/tools.sh
	cargo build --locked --release --workspace --bin signalbox
	@echo "$(CARGO_TARGET_DIR)/release/signalbox"

bench: ## the load generator against a release build (see docs/performance.md)
	@scripts/setup/tools.sh
	cargo build --locked --release --package signalbox-cli --package signalbox-bench
	"$(CARGO_TARGET_DIR)/release/signalbox-bench" $(ARGS)

schema: ## export schema/schema.graphql from the code
	@scripts/setup/tools.sh
	cargo run --quiet --locked --package signalbox-api --bin export_schema > schema/schema.graphql.new
	mv schema/schema.graphql.new schema/schema.graphql
