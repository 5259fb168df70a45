# make book   executes the chapters that changed and builds the website
# make test   checks everything; all that continuous integration runs
# make help   lists the rest

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PAGES := _build/html/index.html
# Made when the pages are complete.
BUILT := _build/html/.built

# Nothing of a reader's own set-up may change a result.
export JUPYTER_PREFER_ENV_PATH := 1
export IPYTHONDIR := $(CURDIR)/_build/ipython
export KERAS_HOME := $(CURDIR)/_build/keras
export KERAS_BACKEND := tensorflow
export PYTHONNOUSERSITE := 1
unexport PYTHONPATH

SOURCES := _config.yml _toc.yml requirements.txt \
	$(shell find book aecourse exercises benchmarks playground tools -type f \
		-not -path '*/__pycache__/*')
ALONE := $(BIN)/python -m tools.alone
# --all, or a page that quotes another page's number would keep the old one.
BUILD := $(ALONE) $(BIN)/jupyter-book build . -W -n --keep-going --all
# With the environment's programs: $(call NBVAL,$(BIN)) book
NBVAL = AECOURSE_PROGRESS=line $(1)/pytest --nbval-lax \
	--nbval-current-env --nbval-cell-timeout 600 \
	--nbval-kernel-startup-timeout 600 -n 2 --dist loadfile
# A browser that hangs is a failed test, not an endless one.
HANGING := -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true

.PHONY: book test serve exercises notebooks outputs studies prove bench \
	playground lighthouse lint lock audit newest oldest backends jax torch colab \
	clean help
.DELETE_ON_ERROR:

book: $(BUILT)
	@echo "The book is ready: $(CURDIR)/$(PAGES)"

$(BUILT): $(INSTALLED) $(SOURCES)
	$(ALONE) $(BIN)/python -m tools.execution
	$(BUILD)
	@touch $@

test: $(INSTALLED) lint
	$(BIN)/pytest tests --ignore tests/site -n 2 --dist loadgroup
	$(call NBVAL,$(BIN)) book
	$(BUILD)
	@touch $(BUILT)
	$(BIN)/pytest tests/site -n 2 $(HANGING)

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

serve: book  ## show the book at http://localhost:8000
	$(BIN)/python -m http.server 8000 --directory _build/html

exercises: $(INSTALLED)  ## write the exercises' notebooks from exercises/src
	$(BIN)/python -m exercises.grader.build

notebooks: $(INSTALLED)  ## execute all, store the checked outputs
	$(call NBVAL,$(BIN)) book --store-outputs

outputs: $(INSTALLED)  ## write the executed chapters that ship (NAME="01_theory …")
	$(BIN)/python -m tools.outputs $(NAME)

studies: $(INSTALLED)  ## run the studies that are not fresh (NAME=…, SCHEDULER=…; hours)
	$(BIN)/python -m tools.studies $(NAME) $(SCHEDULER:%=--scheduler %)

prove: $(INSTALLED)  ## prove all exercises anew (goes on: python -m exercises.prove)
	$(BIN)/python -m exercises.prove --all

bench: $(INSTALLED)  ## time the chapters' models beside their peers' (hours)
	$(BIN)/python -m benchmarks.peers
	$(BIN)/python -m benchmarks.waits

playground: $(INSTALLED)  ## train the playground's models, write its weights
	$(BIN)/python -m playground.train

lighthouse: book  ## score pages (SCORE="intro …"); needs chromium and npm
	mkdir -p _build/npm && cp -r benchmarks/npm/. _build/npm
	cd _build/npm && PUPPETEER_SKIP_DOWNLOAD=1 npm ci --no-audit --no-fund
	$(BIN)/python -m benchmarks.lighthouse $(SCORE)

lock: $(INSTALLED)  ## write requirements.txt anew after a change of pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal \
		--fork-strategy fewest $(LOCK) \
		--python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --quiet --output-file requirements.txt

audit: $(INSTALLED)  ## look up known vulnerabilities of what is locked
	$(BIN)/uvx pip-audit --requirement requirements.txt --no-deps \
		--disable-pip --strict

newest:  ## lock the newest version of each package, then test with them
	$(MAKE) lock LOCK=--upgrade
	$(MAKE) test

# Environments beside .venv, with other versions. Each target makes its own,
# of the first Python in PYTHONS that there is, and installs into it.
HERE = $(CURDIR)/_build/environments/$@
CREATE = @for version in $(PYTHONS); do \
	  $(BIN)/uv venv --quiet --seed --clear --no-python-downloads \
	    --python $$version $(HERE) 2>/dev/null && \
	  { echo "$@: Python $$version"; exit 0; }; \
	done; \
	echo "$@ needs one of Python $(PYTHONS)" >&2; exit 1
INSTALL = $(BIN)/uv pip install --quiet --python $(HERE)
# What is installed by now, so that nothing that follows replaces it.
FREEZE = $(BIN)/uv pip freeze --python $(HERE) | grep -v ^aecourse
# The tests of the package, and what they and nbval need besides it.
TEST_PACKAGE = $(HERE)/bin/pytest tests/package --confcutdir tests -n 2
TESTING := hypothesis pandas pytest pytest-xdist
EXECUTING := ipykernel nbclient nbval rich scikit-image

oldest: PYTHONS := 3.11
oldest: $(INSTALLED)  ## test the package with the oldest versions it admits
	$(CREATE)
	$(INSTALL) --resolution lowest-direct '.[tensorflow]'
	$(FREEZE) >$(HERE)/oldest
	$(INSTALL) --constraint $(HERE)/oldest $(TESTING)
	$(TEST_PACKAGE)

backends: jax torch  ## test the package on Keras' other backends

# The chapters that import no TensorFlow. Numbers of the tests have 64 bits.
jax: PYTHONS := 3.13 3.12 3.11
jax: export KERAS_BACKEND := jax
jax: $(INSTALLED)
	$(CREATE)
	$(INSTALL) . jax $(TESTING) $(EXECUTING)
	JAX_ENABLE_X64=1 $(TEST_PACKAGE)
	$(call NBVAL,$(HERE)/bin) book/03_basic.ipynb book/05_sparse.ipynb book/09_vae.ipynb

torch: PYTHONS := 3.13 3.12 3.11
torch: export KERAS_BACKEND := torch
torch: $(INSTALLED)
	$(CREATE)
	$(INSTALL) --torch-backend cpu . torch $(TESTING)
	$(TEST_PACKAGE)

colab: PYTHONS := 3.13 3.12 3.11
colab: $(INSTALLED)  ## execute all with the versions of Google Colab
	$(CREATE)
	$(INSTALL) tensorflow==2.20.0 keras==3.13.2 numpy==2.1.3
	$(FREEZE) >$(HERE)/colab
	$(HERE)/bin/python -m pip install --quiet .
	@! $(FREEZE) | grep -vxFf - $(HERE)/colab || \
	  { echo "pip replaced these packages of Colab" >&2; exit 1; }
	$(INSTALL) --constraint $(HERE)/colab $(TESTING) $(EXECUTING)
	$(call NBVAL,$(HERE)/bin) book
	$(HERE)/bin/pytest tests/exercises/test_learner.py

clean:  ## remove what was built, outputs included; keep the environment
	rm -rf _build

help:
	@head -3 Makefile; grep -E '^[a-z]+:.*##' Makefile | \
		sed 's/:.*##/\t/; s/^/# make /'

# The first Python that can serve makes the environment.
SUITABLE := import sys, ensurepip, venv; \
	sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

$(INSTALLED): requirements.txt pyproject.toml
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	  $$python -c "$(SUITABLE)" 2>/dev/null && found=$$python && break; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "aecourse needs Python 3.11, 3.12 or 3.13 with its venv module," \
	    "but 'python3' is $$(python3 --version 2>&1)." \
	    "Install it (Debian: apt install python3 python3-venv)" \
	    "or name one: make PYTHON=/path/to/python book" >&2; \
	  exit 1; \
	fi; \
	$(BIN)/python -m pip --version >/dev/null 2>&1 \
	  || $$found -m venv --clear $(VENV)
	$(BIN)/python -m pip install -r requirements.txt
	$(BIN)/python -m pip install --no-deps --no-build-isolation -e .
	@touch $@
