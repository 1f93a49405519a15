"""The description: right OpenAPI 3.1, as the code is, on a page for people; and the examples of clients."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator

from billing.models import Invoice
from portal.api import described
from portal.api.problems import CODES
from portal.webhooks import events
from tests import factories
from tests.portal.api.program import Program
from tests.portal.intake.batches import AGB_CODE, invoice

pytestmark = pytest.mark.django_db
EXAMPLES = Path(settings.ROOT) / "docs" / "examples"


def test_it_is_openapi():
    served = Client().get("/api/v1/openapi.json").json()
    OpenAPIV31SpecValidator(served).validate()
    assert served["openapi"] == "3.1.0"
    assert served["paths"] == described.description()["paths"]
    assert "number" in served["components"]["schemas"]["batch_invoice"]["properties"]


def test_every_operation_says_how_it_is_refused_and_who_may_ask():
    for path, operations in described.description()["paths"].items():
        for method, operation in operations.items():
            assert {"401", "403", "404", "429", "500"} <= operation["responses"].keys(), path
            assert operation["security"] == [{"Key": []}]
            names = {parameter["name"] for parameter in operation["parameters"]}
            assert ("Idempotency-Key" in names) == (method == "post")
            assert operation["summary"]
            assert operation["description"]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_page_says_all_of_it_and_asks_nobody_else(language):
    answer = Client().get("/api/", headers={"Accept-Language": language})
    page = answer.content.decode()
    assert answer.status_code == 200
    for path in described.description()["paths"]:
        assert path in page
    for name in (*CODES, *events.KINDS, "TakenInvoice", "batch_line"):
        assert name in page
    assert "<script" not in page.replace('<script src="/static/', "")
    assert "https://" not in page.replace("https://ADDRESS", "").replace("https://</", "")


@pytest.mark.django_db(transaction=True)
def test_the_examples_work(live_server, tmp_path, settings):
    settings.PUBLIC_URL = live_server.url
    events.collect()
    program = Program(factories.provider(agb_code=AGB_CODE))
    file = tmp_path / "invoices.json"
    file.write_text(json.dumps({"invoices": [invoice(1)]}))
    environment = {"ZORGREKENING_KEY": program.text, "PATH": "/usr/bin:/bin"}

    def run(*command):
        done = subprocess.run(
            [*command, live_server.url, file], env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    assert run(sys.executable, EXAMPLES / "client.py")[::2] == (0, "")
    row = Invoice.objects.get()
    events.collect()
    code, out, err = run(sys.executable, EXAMPLES / "client.py")
    assert (code, err) == (0, "")
    assert row.payment_reference in out
    assert "invoice.received 2026-00001" in out
    code, out, err = run("/bin/sh", EXAMPLES / "client.sh")
    assert (code, err) == (0, "")
    assert json.loads(out.splitlines()[1])["items"][0]["number"] == "2026-00001"
    file.write_text(json.dumps({"invoices": [invoice(2, issued_on="2030-01-01")]}))
    code, _out, err = run(sys.executable, EXAMPLES / "client.py")
    assert code == 1
    assert err.startswith("/invoices/0/issued_on ")


def test_the_example_in_python_is_short():
    assert len((EXAMPLES / "client.py").read_text().splitlines()) <= 35
