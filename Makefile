# Two commands matter: `make demo` and `make test`. Both set up what is missing first.
.PHONY: demo welcome fresh setup test test-all check pins faults bench readability

# The sandbox is the demo's default: stand-in bank and mailbox, no keys needed.
demo: export SANDBOX ?= 1
demo: setup
	@setpriv --pdeathsig TERM -- .venv/bin/python manage.py demo  # it ends with make, even one that is killed

# What to try and how to sign in, once more.
welcome: export SANDBOX ?= 1
welcome:
	@.venv/bin/python manage.py demo --welcome

# Throw away what the demo wrote: the next `make demo` begins afresh.
fresh:
	@if [ -e var/serve.pid ] && kill -0 "$$(cat var/serve.pid)" 2>/dev/null; then echo "The demo is running: stop it first (Ctrl-C)."; exit 1; fi
	@if [ -e .env ]; then echo "There is a .env here: var/ may hold real data. Remove it by hand."; exit 1; fi
	@rm -rf var
	@echo "Nothing is left of the demo. make demo begins afresh."

setup:
	@bin/setup

test:
	@bin/setup --test
	@bin/test

# The long form: the whole suite on both databases, many more examples of each property, and the histories of `faults`.
test-all:
	@bin/setup --test
	@bin/test --long
	@$(MAKE) faults DATABASE=sqlite
	@$(MAKE) faults DATABASE=postgresql

check:
	@bin/setup --test
	@bin/check

# requirements*.in, resolved for every supported Python, with the hash of each file. What is pinned stays as it is;
# `make pins UPGRADE=--upgrade` takes the newest of all, `UPGRADE='--upgrade-package django'` of one.
pins: COMPILE = .venv/bin/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command 'make pins' $(UPGRADE)
pins:
	@bin/setup
	@$(COMPILE) requirements.in --output-file requirements.txt
	@$(COMPILE) requirements-dev.in --output-file requirements-dev.txt
	@echo uv | $(COMPILE) - --output-file requirements-uv.txt

# First the proof that lies are found. Then seeded histories through the real processes while parts are killed; the
# same SEEDS, and AT_ONCE of them, replay one.
faults: SEEDS ?= 1:50
faults: DATABASE ?= sqlite
faults: AT_ONCE ?= 10
faults:
	@bin/setup --test
	@.venv/bin/python -m pytest -q tests/faults --long $(if $(filter postgresql,$(DATABASE)),--servers)
	@.venv/bin/python -m tests.faults --seeds $(SEEDS) --database $(DATABASE) --at-once $(AT_ONCE)

# The product beside its limits, in one table and in bench.json, at up to 400,000 invoices (SQLite: 100,000). It took 16
# minutes on two cores; stderr says of each part what it took, and the table's foot of all.
# `make bench SIZE=--large` goes up to 2,000,000: about an hour.
bench:
	@bin/setup --test
	@.venv/bin/python -m tests.benchmarks $(SIZE)

# LiNT-II over every Dutch text of patients, into docs/reading-level.md. Needs Debian's frog, frogdata and uctodata.
readability:
	@bin/setup --test
	@.venv/bin/python -m tests.readability
