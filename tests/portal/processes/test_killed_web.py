"""The web server killed while people are at the bank: what was paid is booked within a minute after the restart."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings

from tests.faults import practice
from tests.faults.parts import ROOT, wait_until
from tests.faults.patient import Bill, Patient
from tests.faults.site import Outage, Site, ground

DATABASE = "postgresql" if settings.DATABASES["default"]["ENGINE"].endswith("postgresql") else "sqlite"
PAYERS, BOOKED_WITHIN = 16, 60
AGB_CODE = "12345678"
PRACTICE = f"""
from billing.models import Provider
Provider.objects.create(agb_code="{AGB_CODE}", name="Praktijk", iban="NL91ABNA0417164300", email="p@praktijk.example")
"""
pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.long,
    pytest.mark.slow_because("a whole product starts, and a webhook that met nobody comes again after a minute"),
]


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("TASK_LOGS", "1")  # by which the site sees that its workers work
    with tempfile.TemporaryDirectory(prefix="zorgrekening-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        with ground(folder, DATABASE) as (template, servers):
            place = folder / "site"
            place.mkdir(mode=0o711)
            with Site(place, template=template, servers=servers, worker_app="portal.celery") as running:
                yield running


def manage(site, *words, given=None):
    command = [sys.executable, "manage.py", *words]
    done = subprocess.run(command, cwd=ROOT, env=site.environment, input=given, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def bills(site):
    """One invoice for each payer, handed in as a practice would."""
    manage(site, "shell", "-v", "0", "--no-imports", given=PRACTICE)
    made = [Bill(number=f"2026-{n:05d}", cents=1000 + n, email=f"p{n}@post.example") for n in range(PAYERS)]
    issued = date.fromisoformat(manage(site, "shell", "-v", "0", "--no-imports", given=TODAY).strip())
    content = [practice.invoice(b.number, cents=b.cents, email=b.email, issued_on=issued, coulance=False) for b in made]
    file = site.folder / "batch.json"
    file.write_text(json.dumps(practice.batch(AGB_CODE, content)))
    manage(site, "import_invoices", str(file))
    rows = dict(site.rows("SELECT number, payment_reference FROM billing_invoice"))
    tokens = dict(site.rows("SELECT number, token FROM billing_invoice"))
    for bill in made:
        bill.reference, bill.token = rows[bill.number], tokens[bill.number]
    return made


TODAY = "from django.utils import timezone; print(timezone.localdate())"


def pay(site, bill, number, killed):
    """Go to the bank; pay there a moment before or after the kill, and never come back: only the webhook tells."""
    patient = Patient(site, random.Random(number))
    checkout = ""
    while not checkout:  # as people do on a busy machine: once more
        try:
            checkout = patient.start_payment(bill)
        except Outage:
            time.sleep(0.5)
    killed.wait(180)
    time.sleep(number * 0.25)  # over four seconds: some while nobody is there to be told
    patient.choose(checkout, "pay_and_close", comes_back=False)


def paid_at_bank(site):
    return {row[0] for row in site.bank_rows("SELECT reference FROM sandbox_payment WHERE status = 'paid'")}


def booked(site):
    query = "SELECT external_id FROM billing_ledgertransaction WHERE kind = 'payment'"
    return [row[0] for row in site.rows(query)]


def missed_webhooks(site):
    """Calls that met no web server at first."""
    return site.bank_rows("SELECT count(*) FROM sandbox_webhookcall WHERE tries > 1 OR last_outcome LIKE '%Error%'")[0][
        0
    ]


@pytest.mark.parametrize("what", ["master", "worker"])
def test_what_the_bank_took_is_booked_within_a_minute(site, what):
    killed = threading.Event()
    web = site.keeper.parts["web"]
    payers = [
        threading.Thread(target=pay, args=(site, bill, number, killed)) for number, bill in enumerate(bills(site))
    ]
    for payer in payers:
        payer.start()
    wait_until(
        lambda: len(site.bank_rows("SELECT 1 FROM sandbox_payment")) == PAYERS, seconds=120, what="all at the bank"
    )
    os.kill(web.process.pid if what == "master" else web.children()[0], signal.SIGKILL)
    killed.set()
    time.sleep(0.5)
    wait_until(site.web_is_ready, seconds=30, what="the web server is back")
    back = time.monotonic()
    for payer in payers:
        payer.join()
    assert len(paid_at_bank(site)) == PAYERS
    wait_until(lambda: len(booked(site)) >= PAYERS, seconds=BOOKED_WITHIN, what="all booked")
    took = time.monotonic() - back
    sys.stdout.write(f"{DATABASE}, {what} killed: {PAYERS} booked {took:.1f} s after it was back, ")
    sys.stdout.write(f"{missed_webhooks(site)} webhooks met nobody\n")
    assert took <= BOOKED_WITHIN
    assert len(booked(site)) == len(set(booked(site))) == PAYERS
    assert what == "worker" or missed_webhooks(site)
    manage(site, "verify_ledger")
