# One word each. `make sandbox` and `make test` are enough on a fresh machine with Python 3.11 or later and make.
# Of the Pythons that are there, the first that its makers let the compiler optimise by profile: distributions do, what
# pyenv builds is a third slower unless it was told to. PYTHON=… names another.
OPTIMISED := import sys, sysconfig; asked = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""); \
	sys.exit(not (sys.version_info >= (3, 11) and (asked or sys.base_prefix == "/usr")))
PYTHON ?= $(firstword $(foreach one,python3 /usr/bin/python3,$(shell $(one) -c '$(OPTIMISED)' 2>/dev/null && echo $(one))) python3)
VENV := .venv
BIN := $(VENV)/bin
# what it takes to run, and what it takes to change it
RUNS := $(VENV)/.runs
STAMP := $(VENV)/.installed
# the encoder of native/, where there is a compiler
DIRECT := $(VENV)/.direct
# where environments come without a pip of their own (Debian without python3-venv), another one's
PIP = pip=$$(test -x $(BIN)/pip && echo $(BIN)/python -m pip || echo python3 -m pip --python $(BIN)/python); \
	$$pip install --quiet --disable-pip-version-check --no-deps

SCENARIO ?= delivery
KILLS ?=
ENGINE ?=

.PHONY: setup sandbox test soak check wire docs fuzz bench words clean

setup: $(STAMP) $(DIRECT)

# every package is pinned with its hashes in requirements/
$(RUNS): requirements/custodian.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; name it with PYTHON=…" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip $(VENV)
	$(PIP) --require-hashes -r requirements/custodian.txt
	$(PIP) --no-build-isolation --editable .
	touch $(RUNS)

$(STAMP): $(RUNS) requirements/dev.txt
	$(PIP) --require-hashes -r requirements/dev.txt
	touch $(STAMP)

# nothing comes over the network for it; where there is no compiler, everything works without
$(DIRECT): $(RUNS) $(wildcard native/*) native/src/wattshare_direct/__init__.py
	@if ! command -v $${CC:-cc} >/dev/null; then \
	  echo "No C compiler (cc) here: feeds are packed without the direct encoder, which takes more of a core."; \
	elif $(PIP) --no-build-isolation --force-reinstall ./native; then touch $(DIRECT); \
	else echo "The direct encoder cannot be compiled here: feeds are packed without it."; fi

sandbox: $(RUNS) $(DIRECT)
	$(BIN)/wattshare sandbox $(ARGS)

test: $(STAMP) $(DIRECT)
	$(BIN)/pytest $(ARGS)

# the real commands, killed again and again, for about five minutes; KILLS=1000 for a night, ENGINE=postgresql,
# SCENARIO=import or SCENARIO=delta
soak: $(STAMP)
	$(BIN)/python -m tests.soak $(SCENARIO) $(if $(KILLS),--kills $(KILLS)) $(if $(ENGINE),--engine $(ENGINE)) $(ARGS)

# what must pass: lint, types, the floors of the house, one row of migrations, pages that mirror tables
check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.custodian.store.one_row
	$(BIN)/python -m docs.pages --check
	$(BIN)/python -m docs.catalogues --check

# the files in tests/wire, written anew: look at the difference before you commit it
wire: $(STAMP)
	WATTSHARE_WRITE_WIRE=1 $(BIN)/pytest tests $(ARGS)

# the reference pages that are printed from tables
docs: $(STAMP)
	$(BIN)/python -m docs.pages

# the compiled encoder against the templates, with the compiler's sanitizers: ARGS="--seconds 600" for longer
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz $(ARGS)

# every figure as a ratio to what the machine can do; what it measures on is kept in .bench
bench: $(STAMP) $(DIRECT)
	$(BIN)/python -m bench $(ARGS)

# the catalogues of the customer's pages, with the texts that are new and without those that are gone
words: $(STAMP)
	$(BIN)/python -m docs.catalogues

clean:
	rm -rf native/build $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
