# Every target makes the environment first; a second run installs nothing.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo compiled test test-java test-kafka test-faults flink test-flink lock-flink bench bench-full soak soak-codegen soak-faults soak-kills soak-members lint coverage format lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The lock holds every package with its hashes, so that pip resolves nothing (it would take the newest of a package that
# another one asks for with an extra). The project itself goes in editable, built by the locked backend.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Python 3.11 to 3.13 is needed; $(PYTHON) is %d.%d. Say which one: make PYTHON=python3.12 …" % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

demo: $(INSTALLED) ## the whole pipeline on this machine: 20,000 events, three consumers, a reconciliation table
	$(BIN)/pipeline demo

compiled: $(INSTALLED) ## the optional compiled transcoder (a C compiler): as fast as reading JSON alone
	$(BIN)/python -m codegen.native --build

TESTS ?= not java and not kafka
test: $(INSTALLED) ## the tests (no Java, no Docker)
	$(BIN)/python -m pytest -n 2 -m "$(TESTS)"

test-java: $(INSTALLED) ## the verdict and the bytes against Apache Avro for Java (a JDK from 17 on, and Maven)
	$(BIN)/python -m pytest -m java

test-kafka: $(INSTALLED) ## everything on Apache Kafka and Apicurio Registry (a JDK from 17 on, and Maven)
	$(BIN)/python -m pytest -m "kafka and not faults and not flink"

test-faults: $(INSTALLED) ## the short drills with a ledger: brokers, API, consumers and registry that fail (a JDK and Maven)
	$(BIN)/python -m pytest -m faults

# An environment of its own: what PyFlink asks for does not go together with ours, and nobody else needs 0.8 GB of it.
FLINK_PYTHON ?= python3.11
FLINK := .venv-flink
FLINK_LOCKS := tools/flink/locks
flink: $(FLINK)/.installed ## PyFlink 2.3 in .venv-flink, for those who need a cluster (Python 3.11; 0.8 GB)
$(FLINK)/.installed: $(FLINK_LOCKS)/build.lock $(FLINK_LOCKS)/flink.lock
	@$(FLINK_PYTHON) -c 'import sys; sys.exit(0 if sys.version_info[:2] == (3, 11) else "PyFlink is installed for Python 3.11: make FLINK_PYTHON=python3.11 flink")'
	$(FLINK_PYTHON) -m venv $(FLINK)
	$(FLINK)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(FLINK_LOCKS)/build.lock
	$(FLINK)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-build-isolation -r $(FLINK_LOCKS)/flink.lock
	@touch $@

test-flink: $(INSTALLED) $(FLINK)/.installed ## the counts on a Flink cluster whose TaskManager is killed (Python 3.11, a JDK and Maven)
	$(BIN)/python -m pytest -m flink tests/flink

lock-flink: $(INSTALLED) ## renew the locks of .venv-flink
	for name in build flink; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock-flink" $(FLINK_LOCKS)/$$name.in -o $(FLINK_LOCKS)/$$name.lock; done

ROUNDS ?= 40
soak-members: $(INSTALLED) ## members that come, leave and die, by both group protocols (ROUNDS=40; a JDK and Maven)
	for protocol in classic consumer; do for guarantee in exactly-once at-least-once; do \
		$(BIN)/python -m tests.faults.members --rounds $(ROUNDS) --protocol $$protocol --guarantee $$guarantee || exit 1; done; done

lint: $(INSTALLED) ## ruff, mypy --strict, import rules, drift of generated code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m codegen --check

bench: $(INSTALLED) ## every figure beside its floor, in minutes; on Apache Kafka where Java and Maven are
	$(BIN)/python -m tools.bench

bench-full: $(INSTALLED) ## the same at length, about 20 minutes on a quiet machine; writes docs/benchmarks.md
	$(BIN)/python -m tools.bench --full --docs docs

soak: soak-codegen soak-faults soak-kills soak-members test-flink ## long drills, by hand: all of the next four, and test-flink

SEED ?= 1
soak-codegen: $(INSTALLED) ## 40,000 schemas through codegen (SEED=1)
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -n 2 --hypothesis-seed=$(SEED) tests/codegen/test_generated_models.py

MINUTES ?= 30
soak-faults: $(INSTALLED) ## all drills in rotation under load, with one ledger (MINUTES=30; a JDK and Maven)
	$(BIN)/python -m tests.faults.soak --minutes $(MINUTES)

KILLS ?= 200
soak-kills: $(INSTALLED) ## consumers under exactly-once, killed in the middle of it (KILLS=200; a JDK and Maven)
	$(BIN)/python -m tests.faults.exactly_once --kills $(KILLS)

coverage: $(INSTALLED) ## the tests, with the lines and branches that they miss
	$(BIN)/python -m pytest -n 2 -m "not java and not kafka" --cov --cov-report=term

format: $(INSTALLED) ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(INSTALLED) ## renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url \
		--all-extras --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean: ## remove the environment and caches
	rm -rf codegen/native/*.so $(VENV) $(FLINK) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis tests/java/build
