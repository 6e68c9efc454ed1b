# mailcutover: `make demo` shows the main job, `make test` proves it. Both set up all they need.

PYTHON ?= python3
VENV   ?= .venv
WORKERS ?= 3
BIN     = $(VENV)/bin
READY   = $(VENV)/.ready

.PHONY: demo test check servers bench bench-console bench-growth torture fidelity lock pictures clean

demo: $(READY)            ## the main job, embedded: no root, no server to install
	$(BIN)/python -m tests.demo

test: $(READY)            ## every test that can run here; what cannot says why
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: $(READY)           ## format, lint, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

servers:                  ## the real servers that the tests use (root, apt)
	tests/servers/install.sh

bench: $(READY)           ## figures, beside mbsync, doveadm and a raw loop; WORKS="imap-4k ews-0" for some of them
	$(BIN)/python -m tests.bench $(addprefix --only ,$(WORKS))
	$(if $(WORKS),,$(BIN)/python -m tests.bench.console)

bench-console: $(READY)   ## the console's figures, measured through a real terminal; PARTS="flood many" for some of them
	$(BIN)/python -m tests.bench.console $(addprefix --only ,$(PARTS))

bench-growth: $(READY)    ## N=500000 MAILBOXES=50000: cost by messages in a mailbox, and by mailboxes in a batch
	$(BIN)/python -m tests.bench.growth --messages $(or $(N),100000) --mailboxes $(or $(MAILBOXES),10000)

torture: $(READY)         ## SEED=7 KILLS=1000: runs killed at random, under load; 1 when a message is lost or there twice
	$(BIN)/python -m tests.crash.torture

fidelity: $(READY)        ## N=5000: real mail, and so much of our own making, to four servers, compared message by message
	$(BIN)/python -m pytest -q tests/system/test_generated.py --generated $(or $(N),5000) -o faulthandler_timeout=0

pictures: $(READY)        ## the pictures in the README
	$(BIN)/python -m tests.pictures

lock: $(READY)            ## newest allowed versions into requirements.txt, with hashes
	$(BIN)/python -m pip install --quiet uv
	env -u UV_INDEX_URL $(BIN)/uv pip compile pyproject.toml --group test --group static --universal \
	    --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --quiet --upgrade -o requirements.txt

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .demo build *.egg-info

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "mailcutover needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	    || { echo "python3-venv is missing: apt-get install python3-venv (Debian, Ubuntu)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@
