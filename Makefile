# Two commands matter: `make demo` and `make test`. Both set up what is missing first.
.PHONY: demo setup test check faults bench

# The sandbox is the demo's default: stand-in bank and mailbox, no keys needed.
demo: export SANDBOX ?= 1
demo: setup
	@setpriv --pdeathsig TERM -- .venv/bin/python manage.py demo  # it ends with make, even one that is killed

setup:
	@bin/setup

test:
	@bin/setup --test
	@bin/test

check:
	@bin/setup --test
	@bin/check

# Seeded histories through the real processes while parts are killed; the same SEEDS, and AT_ONCE of them, replay one.
faults: SEEDS ?= 1:50
faults: DATABASE ?= sqlite
faults: AT_ONCE ?= 10
faults:
	@bin/setup --test
	@.venv/bin/python -m tests.faults --seeds $(SEEDS) --database $(DATABASE) --at-once $(AT_ONCE)

# The product beside its limits, in one table and in bench.json. About an hour, and only worth it on a quiet machine.
bench:
	@bin/setup --test
	@.venv/bin/python -m tests.benchmarks
