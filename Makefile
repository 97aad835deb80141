# Two commands do everything: `make run` and `make test`. `make help` lists the parts.
#
# A fresh machine needs Rust, Python 3.11 or newer, and a C compiler; the rest comes from the package registries into
# .venv/ and target/, and nothing outside this folder is touched.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
WHEELS := target/wheels
STATE ?= .run
PORT ?= 4444
CARGO ?= cargo
PIP := -m pip --disable-pip-version-check -q
# A test that hangs is a failure, not a wait.
PATIENCE := --timeout=600
# The gateway runs on the newest of these that is here; the tests run it on each.
PYTHON ?= $(shell .ci/python newest)
RUST_SOURCES := $(shell git ls-files 'src' 'policies' 'ffi/python/src' 'Cargo.*' 'ffi/python/Cargo.toml' 2>/dev/null)
PYTHON_SOURCES := $(shell git ls-files 'ffi/python/jit_access' 'ffi/python/pyproject.toml' 2>/dev/null)

.PHONY: help run test fmt fmt-check lint semver test-rust test-instructions test-c test-python test-e2e bench wheel clean

help: ## what can be done here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: $(VENV)/gateway/.ready ## start the real gateway on loopback with just-in-time access inside it (PORT=4444)
	@$(VENV)/gateway/bin/python examples/gateway/run.py --state $(STATE) --port $(PORT)

test: fmt-check lint semver test-rust test-instructions test-c test-python test-e2e ## everything, ending in the one line that counts
	@echo "make test: everything above passed"

fmt: $(VENV)/test/.ready ## bring the sources into their form
	$(CARGO) fmt --all
	$(VENV)/test/bin/ruff format -q ffi examples tests

fmt-check: $(VENV)/test/.ready
	$(CARGO) fmt --all -- --check
	$(VENV)/test/bin/ruff format -q --check ffi examples tests

lint: $(VENV)/test/.ready
	$(CARGO) clippy --release --locked $(CRATES) --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --locked -p jit-access --all-features --no-deps
	$(VENV)/test/bin/ruff check -q ffi examples tests

CRATES := -p jit-access -p jit-access-c -p jit-access-python -p jit-access-tower

test-rust: ## the Rust tests, the examples and the documentation's code
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	  $(CARGO) nextest run --release --locked -p jit-access --all-features; \
	else \
	  echo "NOTE: cargo-nextest is not here; running the same tests with cargo test"; \
	  $(CARGO) test --release --locked -p jit-access --all-features --lib --tests --examples; \
	fi
	$(CARGO) test --release --locked -p jit-access --all-features --doc
	$(CARGO) test --release --locked -p jit-access-loom

test-instructions: ## that a check takes no more instructions than it may, beside one look into a hash map and, from C, beside Rust
	@if command -v valgrind >/dev/null; then \
	  $(CARGO) build -q --release --locked -p jit-access-c && \
	  $(CARGO) build -q --release --locked -p jit-access-benches --features faces --bin count --bin instructions && \
	  built=$${CARGO_TARGET_DIR:-target}/release && JIT_LIBRARY=$$built/libjit_access.so $$built/instructions; \
	else echo "SKIPPED: counting instructions, because valgrind is not here"; fi

test-c: $(VENV)/test/.ready ## the C library: gcc and clang, the scenarios, sanitizers, Valgrind, a few fuzzed inputs
	$(MAKE) --no-print-directory -C ffi/c test PYTHON=$(abspath $(VENV)/test/bin/python)

# Callers rely on what is released: a version with a section in CHANGELOG.md. Its tag must be there, so that a release
# without a baseline for the next one cannot be made unnoticed.
semver: ## that the version's number allows what changed since the last release, or since BASELINE=<commit>
	@released=$$(sed -nE 's/^## v?([0-9]+\.[0-9]+\.[0-9]+).*/\1/p' CHANGELOG.md | head -n1); \
	baseline=$${BASELINE:-$${released:+v$$released}}; \
	if [ -z "$$baseline" ]; then \
	  echo "SKIPPED: semver, because no version is released yet, so there is nothing to compare with but BASELINE=<commit>"; \
	elif ! git rev-parse -q --verify "$$baseline^{commit}" >/dev/null; then \
	  echo "semver: there is no $$baseline here: tag the release that CHANGELOG.md tells of, or fetch the tags" >&2; exit 1; \
	elif ! $(CARGO) semver-checks --version >/dev/null 2>&1; then \
	  echo "SKIPPED: semver, because cargo-semver-checks is not here"; \
	else $(CARGO) semver-checks -p jit-access --all-features --baseline-rev "$$baseline"; fi

test-python: $(VENV)/test/.ready $(VENV)/test/.wheel ## the Python tests, types and stubs, against the wheel as users install it
	cd ffi/python && ../../$(VENV)/test/bin/mypy
	$(VENV)/test/bin/python -m pytest -q -ra $(PATIENCE) ffi/python/tests --ignore-glob='*/test_gateway_*'
	@echo "the plugin's own tests need the gateway and run with the end-to-end tests"

test-e2e: wheel ## the real gateway from an empty directory, on every Python here that it supports
	@for version in 3.11 3.12; do \
	  if python=$$(.ci/python $$version); then \
	    $(MAKE) --no-print-directory $(VENV)/gateway-$$version/.ready GATEWAY_PYTHON=$$python; \
	    $(VENV)/gateway-$$version/bin/python $(PIP) install -r tests/e2e/requirements.txt; \
	    echo "== end to end on Python $$version"; \
	    $(VENV)/gateway-$$version/bin/python -m pytest -q -ra $(PATIENCE) tests/e2e ffi/python/tests/test_gateway_*.py; \
	  else \
	    echo "SKIPPED: end to end on Python $$version, because there is no such interpreter here"; \
	  fi; \
	done

bench: $(VENV)/bench/.ready $(VENV)/gateway/.ready $(VENV)/bench/unified_pdp ## how fast it is, beside a hash map and other engines: one table and docs/latency.svg (QUICK=1, STRICT=1)
	VENV=$(VENV) UNIFIED_PDP=$(abspath $(VENV)/bench/unified_pdp) $(PYTHON) benches/run.py

$(VENV)/bench/.ready: benches/python/requirements.txt $(WHEELS)/.built
	$(PYTHON) -m venv $(VENV)/bench
	$(VENV)/bench/bin/python $(PIP) install -r $<
	$(VENV)/bench/bin/python $(PIP) install --force-reinstall --no-deps $(WHEELS)/*.whl
	@touch $@

# The gateway's wheel leaves its decision point out; its source package has it.
$(VENV)/bench/unified_pdp: examples/gateway/requirements.txt | $(VENV)/bench/.ready
	rm -rf $@ $@.part; mkdir -p $@.part
	$(VENV)/bench/bin/python $(PIP) download --no-deps --no-binary mcp-contextforge-gateway -d $@.part -r $<
	tar -xzf $@.part/*.tar.gz -C $@.part --strip-components=1 --wildcards '*/plugins/unified_pdp/*'
	touch $@.part/plugins/__init__.py
	mv $@.part $@

wheel: $(WHEELS)/.built ## the Python wheel, for every Python from 3.11 on

$(VENV)/tools/.ready: .ci/requirements-tools.txt
	$(PYTHON) -m venv $(VENV)/tools
	$(VENV)/tools/bin/python $(PIP) install -r $<
	@touch $@

$(VENV)/test/.ready: ffi/python/requirements-test.txt
	$(PYTHON) -m venv $(VENV)/test
	$(VENV)/test/bin/python $(PIP) install -r $<
	@touch $@

$(WHEELS)/.built: $(VENV)/tools/.ready $(RUST_SOURCES) $(PYTHON_SOURCES)
	rm -rf $(WHEELS)
	$(VENV)/tools/bin/maturin build -q --release --locked -m ffi/python/Cargo.toml -o $(WHEELS)
	@touch $@

# What is installed is the wheel, never the source folder: a file missing from the wheel fails here and not at a user's.
$(VENV)/%/.wheel: $(WHEELS)/.built
	$(VENV)/$*/bin/python $(PIP) install --force-reinstall --no-deps $(WHEELS)/*.whl
	@touch $@

GATEWAY_PYTHON ?= $(PYTHON)

$(VENV)/gateway/.ready $(VENV)/gateway-3.11/.ready $(VENV)/gateway-3.12/.ready: $(VENV)/%/.ready: $(VENV)/%/.gateway $(WHEELS)/.built
	$(VENV)/$*/bin/python $(PIP) install --force-reinstall --no-deps $(WHEELS)/*.whl
	@touch $@

$(VENV)/gateway/.gateway $(VENV)/gateway-3.11/.gateway $(VENV)/gateway-3.12/.gateway: $(VENV)/%/.gateway: examples/gateway/requirements.txt
	@echo "installing the gateway into $(VENV)/$*; this takes a minute or two"
	$(GATEWAY_PYTHON) -m venv $(VENV)/$*
	$(VENV)/$*/bin/python $(PIP) install -r $<
	@touch $@

clean: ## what was built and installed here; the demo's state in .run/ stays
	rm -rf target $(VENV)
