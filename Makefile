# Two commands matter: `make demo` and `make test`. Both set up what is missing first.
.PHONY: demo setup test check

# The sandbox is the demo's default: stand-in bank and mailbox, no keys needed.
demo: export SANDBOX ?= 1
demo: setup
	@.venv/bin/python manage.py demo

setup:
	@bin/setup

test:
	@bin/setup --test
	@bin/test

check:
	@bin/setup --test
	@bin/check
