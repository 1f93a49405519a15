"""Hand in invoices and read what happened: python client.py ADDRESS invoices.json (the key is in ZORGREKENING_KEY)."""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import requests

root = sys.argv[1].rstrip("/") + "/api/v1"
session = requests.Session()
session.headers.update({"Authorization": f"Bearer {os.environ['ZORGREKENING_KEY']}", "Accept-Language": "nl"})


def hand_in(invoices: list[Any]) -> requests.Response:
    """Send the invoices. The same ones have the same Idempotency-Key: after no answer, simply send them again."""
    body = json.dumps({"invoices": invoices}).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": hashlib.sha256(body).hexdigest()}
    return session.post(f"{root}/invoices", data=body, headers=headers, timeout=30)


answer = hand_in(json.loads(Path(sys.argv[2]).read_text())["invoices"])
if answer.status_code != 201:
    problem = answer.json()
    sys.exit("\n".join(f"{part.get('pointer', '')} {part['detail']}" for part in problem.get("errors", [problem])))
for invoice in answer.json()["invoices"]:
    print(invoice["number"], invoice["payment_reference"], invoice["outstanding"], invoice["link"])
for event in session.get(f"{root}/events", timeout=30).json()["items"]:
    print(event["at"], event["type"], event["invoice"])
