# Everything runs in .venv, which make builds by itself and rebuilds when a manifest changes.
# Needs python3 >= 3.11, make and git. Another Python: make PYTHON=python3.12 test

PYTHON ?= python3
PYTEST_ARGS ?=
DEMO_ARGS ?=
BENCH_DATA ?= data
BENCH_ARGS ?=
LAB_ARGS ?=

# LightGBM's wheel uses the system's OpenMP runtime, which a minimal Debian does not have.
DEBIAN_PACKAGES := libgomp1
# Ubuntu has Chromium as a snap only; there the tests' browser is the one that playwright brings.
CHROMIUM := $(if $(shell grep -s '^ID=ubuntu' /etc/os-release),,chromium)
DEBIAN_TEST_PACKAGES := postgresql $(CHROMIUM)

BIN := .venv/bin
MANIFESTS := Makefile pyproject.toml constraints.txt $(wildcard server_extension/jupyter-config/*/*.json)
PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
VENV := .venv/.python-$(PYTHON_VERSION)

# uv reads neither pip's certificates nor pip's index: let it trust what the system trusts, and
# hand it the index pip was told to use.
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),true,false)
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python \
	--constraints constraints.txt --build-constraints constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo lab test lint format lock clean bench-api bench-quality

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

demo: .venv/.installed ## train a first model: CSV to registered model in about a minute
	$(BIN)/python -m automl_magics.demo $(DEMO_ARGS)

lab: .venv/.installed ## open JupyterLab with the project installed
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS)

test: lint ## run every check and every test
	$(BIN)/python -m pytest -p tests.no_skips -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

bench-api: .venv/.installed ## the REST API beside a bare Jupyter handler: BENCH_ARGS="--jobs 100 10000"
	$(BIN)/python benchmarks/api.py $(BENCH_ARGS)

bench-quality: .venv/.installed ## run the engine beside other systems: BENCH_DATA=folder BENCH_ARGS="--systems ..."
	$(BIN)/python benchmarks/quality.py $(BENCH_DATA) $(BENCH_ARGS)

lint: .venv/.installed-test ## ruff, mypy and the other hooks of .pre-commit-config.yaml
	$(BIN)/pre-commit run --all-files --show-diff-on-failure --color never

format: .venv/.installed-test ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/.installed-test ## resolve constraints.txt anew (Python 3.11, good for later ones)
	$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --no-header --no-annotate \
		--extra test --group build --output-file constraints.txt pyproject.toml

clean: ## remove .venv, caches and built files
	rm -rf .venv .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "automl-magics needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { $(call need,python$(PYTHON_VERSION)-venv $(DEBIAN_PACKAGES)); }
	rm -f .venv/.python-* .venv/.installed*
	$(PYTHON) -m venv $(if $(wildcard .venv/bin/python$(PYTHON_VERSION)),,--clear) .venv
	@touch $@

.venv/.installed: $(VENV) $(MANIFESTS)
	@$(call need,$(DEBIAN_PACKAGES))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(INSTALL) --editable .
	@touch $@

.venv/.installed-test: .venv/.installed
	@$(call need,$(DEBIAN_TEST_PACKAGES))
	$(INSTALL) --editable '.[test]'
	$(if $(CHROMIUM),,$(BIN)/playwright install --with-deps chromium)
	@touch $@

# $(call need,packages): install the Debian packages that are missing, or say which they are when
# this is not root's shell. Says nothing on a system without apt.
define need
missing=; for package in $(1); do \
	  dpkg-query --show --showformat '$${db:Status-Abbrev}' $$package 2>/dev/null | grep -q '^ii' \
	    || missing="$$missing $$package"; \
	done; \
	if [ -z "$$missing" ] || ! command -v apt-get >/dev/null; then :; \
	elif [ "$$(id -u)" -eq 0 ]; then \
	  echo "apt-get install$$missing"; \
	  export DEBIAN_FRONTEND=noninteractive; apt-get update -qq \
	    && apt-get install -qq --no-install-recommends $$missing >/dev/null; \
	else \
	  echo "Missing Debian packages. Install them first: sudo apt-get install$$missing" >&2; exit 1; \
	fi
endef
