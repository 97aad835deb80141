# Two commands do everything: `make run` and `make test`. `make help` lists the parts.
#
# A fresh machine needs Rust 1.95, Python 3.11 or later, and a C compiler with binutils. The rest comes from the package
# registries into .venv/ and target/; nothing outside this folder is changed.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
WHEELS := target/wheels
WHEEL = $(WHEELS)/*_$(shell uname -m).whl
STATE ?= .run
PORT ?= 4444
CARGO ?= cargo
PIP := -m pip --disable-pip-version-check -q
# A test that hangs fails.
PATIENCE := --timeout=600
# The demo runs on the newest Python that the gateway supports; the tests run on each.
PYTHON ?= $(shell .ci/python newest)
RUST_SOURCES := $(shell git ls-files 'src' 'policies' 'ffi/python/src' 'Cargo.*' 'ffi/python/Cargo.toml' 2>/dev/null)
PYTHON_SOURCES := $(shell git ls-files 'ffi/python/jit_access' 'ffi/python/pyproject.toml' 2>/dev/null)

.PHONY: help run test fmt fmt-check lint semver test-features test-rust test-postgres test-instructions test-c test-python test-browser test-readme test-e2e
.PHONY: simulate record-week revocations slopes bench wheel clean mutants branches differential corpus

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 19

run: $(VENV)/gateway/.ready ## start the real gateway on loopback with just-in-time access in it (PORT=4444)
	@$(VENV)/gateway/bin/python examples/gateway/run.py --state $(STATE) --port $(PORT)

# The Pythons on which the gateway is tested.
OLDER := 3.11
NEWER := 3.12

PARTS := fmt-check lint semver test-rust test-postgres test-beside test-readme test-e2e
# Two lists of parts that run beside each other: one builds much, and the other uses one core at most.
BUILDING := test-c test-instructions test-features
PYTHONS := test-python test-browser

test: ## everything; at the end, what was skipped and how long each part took
	@mkdir -p target; set -o pipefail; $(MAKE) --no-print-directory -j1 $(PARTS:%=.part-%) 2>&1 | tee target/test.log
	@echo; grep '^PART ' target/test.log | sed 's/^PART /  /'
	@grep '^SKIPPED' target/test.log | sort -u | sed 's/^/  /' || echo "  nothing was skipped"
	@echo "make test: everything above passed"

# What a list prints is shown once the list has ended.
test-beside: $(VENV)/test/.ready
	@$(MAKE) --no-print-directory -j2 -Orecurse .list-BUILDING .list-PYTHONS

.list-%:
	@$(MAKE) --no-print-directory -j1 $($*:%=.part-%)

.part-%:
	@start=$$SECONDS; $(MAKE) --no-print-directory $* && echo "PART $*: $$((SECONDS - start)) s"

fmt: $(VENV)/test/.ready ## format the sources
	$(CARGO) fmt --all
	$(VENV)/test/bin/ruff format -q benches ffi examples tests .ci

fmt-check: $(VENV)/test/.ready
	$(CARGO) fmt --all -- --check
	$(VENV)/test/bin/ruff format -q --check benches ffi examples tests .ci

lint: $(VENV)/test/.ready ## clippy, rustdoc, ruff
	$(CARGO) clippy --release --locked $(CRATES) --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --locked -p jit-access -p jit-access-workspace-hack --all-features --no-deps
	$(VENV)/test/bin/ruff check -q benches ffi examples tests .ci

CRATES := -p jit-access -p jit-access-c -p jit-access-python -p jit-access-tower

# Features are checked as users have them: with what their own dependencies switch on, and nothing from tests. Each alone; with
# DEPTH=2 each pair too, which takes four times as long.
DEPTH ?= 1
test-features: $(VENV)/cargo/bin/cargo-hack ## whether every feature compiles alone (DEPTH=2: and every pair)
	@$(VENV)/cargo/bin/cargo-hack hack check --release --locked -p jit-access --lib --feature-powerset --depth $(DEPTH) \
	  --exclude-features default,test-util --log-group none 2>&1 | grep -v '^ *\(Checking\|Compiling\|Finished\|$$\)'

$(VENV)/cargo/bin/cargo-hack:
	$(CARGO) install -q --locked cargo-hack --version '^0.6' --root $(VENV)/cargo --target-dir target/tools

test-rust: $(VENV)/test/.ready ## the Rust tests, the examples, the code in the documentation, and the index under loom
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	  $(CARGO) nextest run --release --locked --no-fail-fast -p jit-access --all-features -E 'not binary(store_postgres)'; \
	else \
	  echo "NOTE: cargo-nextest is not here; running the same tests with cargo test"; \
	  $(CARGO) test --release --locked -p jit-access --all-features --lib --tests --examples; \
	fi
	$(CARGO) test --release --locked -p jit-access --all-features --doc
	$(CARGO) test --release --locked -p jit-access-loom

# cargo-mutants says which mutants there are. One build has all of them, each behind a switch, and a mutant runs only the tests
# that reach it: a quarter of an hour for the build, and one or two seconds for each mutant. FILES chooses; STEP=missed runs only
# those again that no test noticed. What no test can see is in tests/mutants/equivalent.txt.
FILES ?= src/workflow/**/*.rs src/index/**/*.rs
STEP ?= all

mutants: $(VENV)/cargo/bin/cargo-mutants ## which mutants of the rules and of the index no test notices (FILES=<globs>, STEP=missed)
	@mkdir -p target/mutants
	PATH=$(abspath $(VENV))/cargo/bin:$$PATH $(CARGO) mutants --list --json -p jit-access $(foreach one,$(FILES),-f '$(one)') > target/mutants/list.json
	$(CARGO) run -q --release --locked --manifest-path tests/mutants/Cargo.toml --target-dir target/tools -- \
	  target/mutants/list.json target/mutants $(STEP)

$(VENV)/cargo/bin/cargo-mutants:
	$(CARGO) install -q --locked cargo-mutants --root $(VENV)/cargo --target-dir target/tools

# Branches need a flag that the stable compiler has only with RUSTC_BOOTSTRAP. What reads the counts is rustup's component
# llvm-tools, or else the newest LLVM here that can (Debian's package llvm-19). LEAST is what fails, and MISSING=1 lists each
# branch that no test takes. It takes a third of an hour on two free cores, half of it building. The tests of the store in
# PostgreSQL count too, because the clock and the listener of the service are tested there; where no server is installed they
# say SKIPPED, and a branch or two are missing.
LEAST ?= 93
COUNTED := src/workflow src/index src/service
COUNTING := $(filter-out examples generated tidy,$(patsubst tests/%.rs,%,$(patsubst tests/%/main.rs,%,$(wildcard tests/*.rs tests/*/main.rs))))

branches: $(VENV)/cargo/bin/cargo-llvm-cov ## which branches of the rules, the index and the service no Rust test takes; fails under LEAST=93 per cent
	@mkdir -p target
	@if ! [ -e "$$(rustc --print target-libdir)/../bin/llvm-cov" ]; then for version in 19 20 21 22 23; do \
	  if command -v llvm-cov-$$version >/dev/null; then \
	    export LLVM_COV=$$(command -v llvm-cov-$$version) LLVM_PROFDATA=$$(command -v llvm-profdata-$$version); \
	  fi; \
	done; fi; \
	RUSTC_BOOTSTRAP=1 PATH=$(abspath $(VENV))/cargo/bin:$$PATH $(CARGO) llvm-cov --branch --locked --profile branches -p jit-access --all-features \
	  --no-cfg-coverage --no-fail-fast --lib $(addprefix --test ,$(COUNTING)) --json --skip-functions --output-path target/branches.json
	@$(PYTHON) .ci/branches.py $(if $(MISSING),--missing) target/branches.json $(LEAST) $(COUNTED)

$(VENV)/cargo/bin/cargo-llvm-cov:
	$(CARGO) install -q --locked cargo-llvm-cov --root $(VENV)/cargo --target-dir target/tools

# CASES and SEED choose; each seed is another million.
CASES ?= 1000000
SEED ?= 7
differential: ## whether authorize answers what Cedar does over the whole set, in CASES=1000000 random cases
	AUTHORIZE_CASES=$(CASES) AUTHORIZE_SEED=$(SEED) $(CARGO) test -q --release --locked -p jit-access --all-features --test authorize \
	  scoped_policies -- --nocapture

# A copy of https://github.com/cedar-policy/cedar-integration-tests with corpus-tests.tar.gz unpacked in it.
corpus: ## Cedar's own tests and its corpus, with and without live grants of others (CORPUS=<folder>)
	CEDAR_CORPUS=$(abspath $(CORPUS)) $(CARGO) test -q --release --locked -p jit-access --all-features --test cedar_corpus -- --nocapture

# All tests of the store share one server, so they are one process.
test-postgres: ## the store in PostgreSQL, on a real server that the tests start (POSTGRES_BIN=<folder of its programs>)
	$(CARGO) test -q --release --locked -p jit-access --all-features --test store_postgres -- --nocapture

SEEDS ?= 1000
STEPS ?= 1000
simulate: ## replicas of the engine with clocks and a network that fail, by seeds (SEEDS=1000 STEPS=1000 SEED=1)
	SIMULATION_SEEDS=$(SEEDS) SIMULATION_STEPS=$(STEPS) SIMULATION_SEED=$(or $(SEED),1) \
	  $(CARGO) test --release --locked -p jit-access --all-features --test simulation -- --nocapture

record-week: ## every filter and every pair of filters over the whole recorded week, beside a scan: some minutes
	AUDIT_WEEK=1 $(CARGO) test -q --release --locked -p jit-access --all-features --test audit whole_week -- --nocapture

# Beside a machine that does something else it shows that machine.
revocations: $(VENV)/gateway-$(NEWER)/.ready ## how soon 2,000 revocations bite on other replicas, one of them the gateway, and docs/revocations.svg
	$(VENV)/gateway-$(NEWER)/bin/python $(PIP) install -r tests/e2e/requirements.txt
	REVOCATIONS=$(or $(REVOCATIONS),2000) REVOCATIONS_PLOT=$(abspath docs/revocations.svg) \
	  $(VENV)/gateway-$(NEWER)/bin/python -m pytest -q -s tests/e2e/test_replicas.py

slopes: ## how much one PostgreSQL server takes of commands, uses, processes, lists and grants: the figures of docs/scale.md
	$(CARGO) run -q --release --locked -p jit-access-benches --features stores --bin stores slopes

test-instructions: ## how many instructions a check takes, against a hash map and, from C, against Rust
	@if command -v valgrind >/dev/null; then \
	  $(CARGO) build -q --release --locked -p jit-access-c && \
	  $(CARGO) build -q --release --locked -p jit-access-benches --features faces --bin count --bin instructions && \
	  built=$${CARGO_TARGET_DIR:-target}/release && JIT_LIBRARY=$$built/libjit_access.so $$built/instructions; \
	else echo "SKIPPED: counting instructions, because valgrind is not here"; fi

test-c: $(VENV)/test/.ready ## the C library: gcc and clang, the scenarios, sanitizers, Valgrind, a few fuzzed inputs
	$(MAKE) --no-print-directory -C ffi/c test PYTHON=$(abspath $(VENV)/test/bin/python)

# A released version has a section in CHANGELOG.md. Its tag must be here: it is what the next release is compared with.
semver: ## whether the version number allows what changed since the last release, or since BASELINE=<commit>
	@released=$$(sed -nE 's/^## v?([0-9]+\.[0-9]+\.[0-9]+).*/\1/p' CHANGELOG.md | head -n1); \
	baseline=$${BASELINE:-$${released:+v$$released}}; \
	if [ -z "$$baseline" ]; then \
	  echo "SKIPPED: semver, because no version is released yet (BASELINE=<commit> compares with a commit)"; \
	elif ! git rev-parse -q --verify "$$baseline^{commit}" >/dev/null; then \
	  echo "semver: $$baseline is not here; tag the release that CHANGELOG.md names, or fetch the tags" >&2; exit 1; \
	elif ! $(CARGO) semver-checks --version >/dev/null 2>&1; then \
	  echo "SKIPPED: semver, because cargo-semver-checks is not here"; \
	else $(CARGO) semver-checks -p jit-access --all-features --baseline-rev "$$baseline"; fi

test-python: $(VENV)/test/.ready $(VENV)/test/.wheel ## the Python tests, types and stubs, against the installed wheel
	cd ffi/python && ../../$(VENV)/test/bin/mypy
	$(VENV)/test/bin/python -m pytest -q -ra $(PATIENCE) ffi/python/tests --ignore-glob='*/test_gateway_*'
	@echo "the plugin's own tests need the gateway and run with the end-to-end tests"

# The browser is the system's. Where this may install it and it is not there, it does; else the tests are skipped loudly.
test-browser: $(VENV)/test/.ready $(VENV)/test/.wheel ## the pages in a real browser
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -qqy chromium >/dev/null; } || \
	  echo "SKIPPED: the pages in a browser, because there is no Chromium here and it cannot be installed"
	$(VENV)/test/bin/python -m pytest -q -ra $(PATIENCE) tests/browser

# Each door of the page in an empty folder, as a new user follows it.
test-readme: $(VENV)/test/.ready $(WHEELS)/.built ## README.md, followed to the letter in empty folders
	$(MAKE) --no-print-directory -C ffi/c library
	$(VENV)/test/bin/python -m pytest -q -ra $(PATIENCE) tests/readme

# Each group has a gateway of its own, and three of the four lists below run beside each other, because most of their time is
# waiting. CHAOS_SECONDS is how long everything breaks: five minutes are 300, an hour is 3600; with 0 that test is skipped.
# E2E=all has all lists run on the older gateway too, a quarter of an hour more.
EVERYWHERE := tests/e2e/test_gateway.py tests/e2e/test_guardrails.py tests/e2e/test_mcp.py tests/e2e/test_authzen.py tests/e2e/test_pages.py "ffi/python/tests/test_gateway_*.py"
FIRST := tests/e2e/test_gateway.py tests/e2e/test_guardrails.py "ffi/python/tests/test_gateway_*.py"
NEWEST := tests/e2e/test_run.py tests/e2e/test_replicas.py tests/e2e/test_readme_operator.py "tests/e2e/test_cli.py tests/e2e/test_cli_every.py" tests/e2e/test_notifications.py
ENDS := "tests/e2e/test_ends.py tests/e2e/test_gateway_alone.py tests/e2e/test_chaos.py"
E2E ?= newest
export CHAOS_SECONDS ?= 0

test-e2e: $(WHEELS)/.built ## the real gateway from an empty directory, on each Python here that it supports
	@for python in $(OLDER) $(NEWER); do $(MAKE) --no-print-directory .gateway-$$python; done
	@$(MAKE) --no-print-directory $(VENV)/unified_pdp || echo "SKIPPED: the unified decision point, because the gateway's sources cannot be had"
	@[ $(E2E) = all ] || echo 'SKIPPED: all but $(FIRST) on Python $(OLDER), because E2E is not all'
	@[ $(CHAOS_SECONDS) != 0 ] || echo "SKIPPED: the chaos test and what the gateway does alone, because CHAOS_SECONDS is 0"
	@$(MAKE) --no-print-directory -j3 $(foreach list,ENDS EVERYWHERE NEWEST,.e2e-$(NEWER)-$(list)) \
	  $(if $(filter all,$(E2E)),$(foreach list,ENDS EVERYWHERE NEWEST,.e2e-$(OLDER)-$(list)),.e2e-$(OLDER)-FIRST)

.gateway-%:
	@if python=$$(.ci/python $*); then \
	  $(MAKE) --no-print-directory $(VENV)/gateway-$*/.ready GATEWAY_PYTHON=$$python && \
	  $(VENV)/gateway-$*/bin/python $(PIP) install -r tests/e2e/requirements.txt; \
	else echo "SKIPPED: end to end on Python $*, because there is no such interpreter here"; fi

# .e2e-<Python>-<list>: what it prints begins with that name.
.e2e-%:
	@set -- $(subst -, ,$*); .ci/python $$1 >/dev/null || exit 0; { \
	  for part in $($(lastword $(subst -, ,$*))); do \
	    UNIFIED_PDP=$(wildcard $(abspath $(VENV))/unified_pdp) \
	      $(VENV)/gateway-$$1/bin/python -m pytest -q -ra $(PATIENCE) --durations=3 $$part || exit 1; \
	  done; \
	} 2>&1 | sed -u '/^SKIPPED/!s/^/$*: /'

bench: $(VENV)/bench/.ready $(VENV)/gateway/.ready $(VENV)/unified_pdp ## speed, beside a hash map and other engines: a table and docs/latency.svg (QUICK=1, STRICT=1)
	VENV=$(VENV) UNIFIED_PDP=$(abspath $(VENV)/unified_pdp) $(PYTHON) benches/run.py

$(VENV)/bench/.ready: benches/python/requirements.txt $(WHEELS)/.built
	$(PYTHON) -m venv $(VENV)/bench
	$(VENV)/bench/bin/python $(PIP) install -r $<
	$(VENV)/bench/bin/python $(PIP) install --force-reinstall --no-deps $(WHEEL)
	@touch $@

# The gateway's source package has its decision point; its wheel does not.
$(VENV)/unified_pdp: examples/gateway/requirements.txt | $(VENV)/tools/.ready
	rm -rf $@ $@.part; mkdir -p $@.part
	$(VENV)/tools/bin/python $(PIP) download --no-deps --no-binary mcp-contextforge-gateway -d $@.part -r $<
	tar -xzf $@.part/*.tar.gz -C $@.part --strip-components=1 --wildcards '*/plugins/unified_pdp/*'
	touch $@.part/plugins/__init__.py
	mv $@.part $@

wheel: $(WHEELS)/.built ## the Python wheels, for every Python from 3.11 on: for this machine and, where Rust can build it, for aarch64
	$(VENV)/tools/bin/python .ci/wheel.py $(WHEELS) aarch64

$(VENV)/tools/.ready: .ci/requirements-tools.txt
	$(PYTHON) -m venv $(VENV)/tools
	$(VENV)/tools/bin/python $(PIP) install -r $<
	@touch $@

$(VENV)/test/.ready: ffi/python/requirements-test.txt
	$(PYTHON) -m venv $(VENV)/test
	$(VENV)/test/bin/python $(PIP) install -r $<
	@touch $@

$(WHEELS)/.built: $(VENV)/tools/.ready .ci/wheel.py $(RUST_SOURCES) $(PYTHON_SOURCES)
	rm -rf $(WHEELS)
	$(VENV)/tools/bin/python .ci/wheel.py $(WHEELS)
	@touch $@

# The wheel is installed, never the source folder, so a file that is missing in the wheel makes a test fail.
$(VENV)/%/.wheel: $(WHEELS)/.built
	$(VENV)/$*/bin/python $(PIP) install --force-reinstall --no-deps $(WHEEL)
	@touch $@

GATEWAY_PYTHON ?= $(PYTHON)

$(VENV)/gateway/.ready $(VENV)/gateway-3.11/.ready $(VENV)/gateway-3.12/.ready: $(VENV)/%/.ready: $(VENV)/%/.gateway $(WHEELS)/.built
	$(VENV)/$*/bin/python $(PIP) install --force-reinstall --no-deps $(WHEEL)
	@touch $@

$(VENV)/gateway/.gateway $(VENV)/gateway-3.11/.gateway $(VENV)/gateway-3.12/.gateway: $(VENV)/%/.gateway: examples/gateway/requirements.txt
	@echo "installing the gateway into $(VENV)/$*; this takes a minute or two"
	$(GATEWAY_PYTHON) -m venv $(VENV)/$*
	$(VENV)/$*/bin/python $(PIP) install -r $<
	@touch $@

clean: ## remove what was built and installed; the demo's state in .run/ stays
	rm -rf target $(VENV)
