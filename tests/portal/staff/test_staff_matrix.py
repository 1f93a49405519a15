"""Every address under /beheer/, taken from the URLconf, asked by every role for the rows of another provider.

A new address is in none of the kinds below and fails the first test: whoever adds it says in `addresses` who may see
it.
"""

import re
import uuid
from decimal import Decimal

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from banking.models import LineMatch, PayoutTerms
from billing import audit, ledger
from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import NewCreditNote
from billing.invoices import holds
from billing.links import new_token
from billing.models import (
    AuditEvent,
    BirthDateChange,
    Hold,
    IbanChange,
    Invoice,
    LedgerTransaction,
    OutboxMessage,
    Patient,
    Payment,
    Posting,
    Provider,
    Staff,
    StaffTask,
)
from coulance.models import CoulanceCase, PracticeRules
from tests import factories
from tests.portal.staff import addresses as areas
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db

CANARY = "KANARIEPIET"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
IN_SHORT = ("GET", "POST", "DELETE")  # the others are for the long form
ROLES = ("anonymous", "password only", "clerk", "approver")
MODELS = {
    model._meta.model_name: model
    for model in (
        Provider,
        Patient,
        Invoice,
        Payment,
        Posting,
        OutboxMessage,
        StaffTask,
        AuditEvent,
        Staff,
        IbanChange,
        BirthDateChange,
        CoulanceCase,
        PracticeRules,
        PayoutTerms,
        LineMatch,
    )
}
APP_OF = {name: model._meta.app_label for name, model in MODELS.items()}
DECIDED_HERE = ("coulancecase",)  # tables whose page takes a decision of the provider's own staff
FOR_OPERATIONS = ("staff", "ibanchange", "payoutterms")
WRITTEN_HERE = ("practicerules",)  # tables that approvers change for their own practice

PUBLIC = {"login", "logout", "enrol"} | areas.PUBLIC
LISTS = {f"{APP_OF[name]}_{name}_changelist" for name in MODELS}
ROWS = {f"{APP_OF[name]}_{name}_change" for name in MODELS} | areas.ROWS
ADDING = {"billing_staff_add", "banking_payoutterms_add"}
OWN_ADDING = {"coulance_practicerules_add"}  # for approvers, and of their own practice alone
KINDS = (PUBLIC, set(areas.OWN_PAGE), LISTS, ROWS, ADDING, OWN_ADDING)


def addresses(patterns=None, prefix="") -> list[tuple[str, str]]:
    """(name, route) of everything under beheer/, in the order of the URLconf."""
    found = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += addresses(pattern.url_patterns, route) if route.startswith("beheer/") else []
        elif isinstance(pattern, URLPattern) and route.startswith("beheer/"):
            found.append((pattern.name or "catch all", route))
    return found


ADDRESSES = addresses()


def test_every_address_is_in_one_kind():
    for name, route in ADDRESSES:
        assert sum(name in kind for kind in KINDS) == 1, f"{route} ({name}): say in `addresses` who may see it"
    assert {name for name, _route in ADDRESSES} == set().union(*KINDS), "a kind names an address that is gone"


def filled(provider: Provider, mark: str) -> dict[str, object]:
    """A row of every table for `provider`, each with `mark` somewhere in it."""
    who = factories.patient(provider=provider, number=f"P-{mark}", surname=mark, email=f"{mark}@post.example")
    invoice = factories.invoice(patient=who, number=mark, amount="100.00")
    payment = Payment.objects.create(
        invoice=invoice, amount=Decimal("100.00"), status=Payment.Status.OPEN, mollie_id=f"tr_{mark}",
        token=new_token(), webhook_token=new_token(),
        idempotency_key=str(uuid.uuid4()), request_body="{}", quarantined_at=timezone.now(),
    )  # fmt: skip
    booked = {"external_id": mark, "occurred_at": timezone.now(), "by": mark}
    entry = ledger.post(invoice, LedgerTransaction.Kind.PAYMENT, Decimal("-10.00"), **booked)
    message = OutboxMessage.objects.create(
        kind="receipt", invoice=invoice, language="nl", recipient=f"{mark}@post.example",
        subject=mark,
        text=mark,
        html=mark,
        dedupe_key=mark,
        status=OutboxMessage.Status.FAILED,
        error=mark,
    )  # fmt: skip
    holds.place_hold(invoice, Hold.STAFF, by=mark, written=mark)
    given = {"issued_on": timezone.localdate(), "reason": mark, "amount": Decimal("5.00")}
    credit_notes.take(invoice, NewCreditNote(number=mark, **given), by=mark)
    audit.open_task(StaffTask.Kind.SURPLUS, dedupe_key=mark, invoice=invoice, payment=payment, note=mark)
    rows = {
        "provider": provider,
        "birthdatechange": BirthDateChange.objects.create(patient=who, asked_by=mark),
        "ibanchange": IbanChange.objects.create(provider=provider, iban="NL91ABNA0417164300", asked_by=mark),
        "patient": who,
        "invoice": invoice,
        "payment": payment,
        "posting": entry.postings.exclude(provider=None).first(),
        "outboxmessage": message,
        "stafftask": StaffTask.objects.get(note=mark),
        "auditevent": AuditEvent.objects.filter(invoice=invoice).first(),
        "staff": factories.staff(provider=provider, username=mark),
    }
    return rows | areas.told("filled", provider, mark, rows)


GONE = {"new_password", "invitation", "billing_file", "catch all"}  # nobody can guess such a link, or its key


def test_each_address_is_asked_for_a_row_that_is_there():
    """Or "not found" would say nothing: each page with a key in its address opens to somebody for the own row.

    405: of what operations alone may post (a payment file).
    """
    filled(factories.provider(), "ANDERS")  # so that a key of 1 that somebody left in an address is of others
    own = filled(factories.provider(), "EIGEN")
    clients = [client_of(role, own) for role in ("approver", "operations")]
    for name, route in ADDRESSES:
        path = address(name, route, own)
        if path == f"/{route}" or name in GONE:
            assert not {"<", "("} & set(path) or name in GONE, f"{path}: say in `slots` what stands there"
            continue
        opens = (client.get(path).status_code in (200, 302, 303, 405) for client in clients)
        assert any(opens), f"{path} ({name}) opens to nobody: no row is there"


@pytest.fixture
def world(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    own = filled(factories.provider(name="Eigen praktijk"), "EIGEN")
    foreign = filled(factories.provider(name=f"Praktijk {CANARY}"), CANARY)
    return own, foreign


def client_of(role: str, own: dict) -> Client:
    client = Client()
    if role == "password only":
        client.force_login(factories.staff(provider=own["provider"]))
    elif role in Staff.Role.values:
        member = {"provider": own["provider"]} if role != "operations" else {}
        client = signed_in(factories.staff(role=role, **member))
    return client


def address(name: str, route: str, rows: dict) -> str:
    """The path of `route` for the row of its table among `rows`."""
    table = "staff" if name == "auth_user_password_change" else name.split("_")[1] if name.count("_") >= 2 else ""
    for slot, there in areas.told("slots", rows).items():  # first: they may say the whole of a row below another
        route = route.replace(slot, there)
    if table in rows:
        for slot in ("<path:object_id>", "<int:object_id>", "<id>"):
            route = route.replace(slot, str(rows[table].pk))
    route = re.sub(r"\^\(\?P<app_label>.*\)/\$", "billing/", route.replace("(?P<url>.*)$", "r/1/1/"))
    return f"/{route}"


def body(rows: dict, name: str) -> dict:
    """What an attacker would post: every action and every key, all of them of the other provider."""
    table = name.split("_")[1] if name.count("_") >= 2 else "invoice"
    actions = admin.site.get_model_admin(MODELS[table]).actions if table in MODELS else ()
    return {
        "action": next(iter(actions), "delete_selected"),
        "_selected_action": rows[table].pk if table in rows else 1,
        "select_across": "1",
        "from_page": rows[table].pk if table in rows else 1,
        "index": "0",
        "sought": CANARY,
        "provider": rows["provider"].pk,
        "patient": rows["patient"].pk,
        "number": "CHANGED",
        "surname": "CHANGED",
        "username": "changed",
        "role": "operations",
        "is_active": "",
        "password1": factories.PASSWORD,
        "password2": factories.PASSWORD,
        "code": "000000",
        "act": "refuse",
        "reason": "CHANGED",
        **areas.told("body", rows),
    }


def state_of(provider: Provider) -> dict[str, list]:
    """Every column of every row of one provider."""
    paths = {"provider": "pk", "patient": "provider", "invoice": "provider", "staff": "provider"}
    paths |= {"practicerules": "provider", "ibanchange": "provider", "birthdatechange": "patient__provider"}
    paths |= {"payoutterms": "provider"}
    ours = {
        name: list(model.objects.filter(**{paths.get(name, "invoice__provider"): provider.pk}).order_by("pk").values())
        for name, model in MODELS.items()
    }
    return ours | areas.told("state_of", provider)


def right_answers(name: str, role: str) -> set[int]:
    if name in PUBLIC:
        return {200, 302, 405, 410, 429}
    if role in ("anonymous", "password only"):
        return {302}
    if name in areas.OWN_PAGE:
        return areas.OWN_PAGE[name]
    if name in ROWS:
        return {404}
    if name in ADDING or any(f"_{table}_" in name for table in FOR_OPERATIONS):
        return {403}
    if name in OWN_ADDING:
        return {200} if role == "approver" else {403}
    return {200, 302}  # a list, or back to it after an action on none of one's own rows


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "method", [name if name in IN_SHORT else pytest.param(name, marks=pytest.mark.long) for name in METHODS]
)
def test_nothing_of_another_provider_is_seen_or_changed(role, method, world):
    own, foreign = world
    before = state_of(foreign["provider"])
    client = client_of(role, own)
    for name, route in ADDRESSES:
        if name in PUBLIC or client.session.get("_auth_user_id") is None:
            client = client_of(role, own)  # signing in or out ends the session of before
        path = address(name, route, foreign)
        response = client.generic(method, path) if method != "POST" else client.post(path, body(foreign, name))
        seen = response.getvalue().decode() + str(response.headers)
        where = f"{role}: {method} {path} → {response.status_code}"
        # A method that a page does not have is refused as such: 405.
        right = right_answers(name, role) | ({405} if method not in ("GET", "HEAD") else set())
        assert response.status_code in right, where
        typed_by_oneself = seen.count(f'value="{CANARY}"') if name == "find" else 0
        assert seen.count(CANARY) == typed_by_oneself, where
        if response.status_code == 302 and name not in PUBLIC and role in ("anonymous", "password only"):
            assert response.headers["Location"].startswith("/beheer/login/"), where
    assert state_of(foreign["provider"]) == before


@pytest.mark.parametrize("role", ["clerk", "approver"])
@pytest.mark.parametrize(
    "table", [name for name in MODELS if name not in (*FOR_OPERATIONS, *DECIDED_HERE, *WRITTEN_HERE)]
)
def test_own_rows_are_seen_but_not_written(role, table, world):
    own, _foreign = world
    client = client_of(role, own)
    app = APP_OF[table]
    assert client.get(f"/beheer/{app}/{table}/").status_code == 200
    path = f"/beheer/{app}/{table}/{own[table].pk}/change/"
    page = client.get(path)
    assert page.status_code == 200
    before = state_of(own["provider"])
    assert client.post(path, body(own, f"{app}_{table}_change")).status_code == 403
    for act in ("add/", f"{own[table].pk}/delete/", f"{own[table].pk}/history/"):
        assert client.get(f"/beheer/{app}/{table}/{act}").status_code == 404
    assert state_of(own["provider"]) == before


@pytest.mark.parametrize("table", MODELS)
def test_operations_see_every_provider(table, world):
    _own, foreign = world
    client = client_of("operations", _own)
    assert client.get(f"/beheer/{APP_OF[table]}/{table}/{foreign[table].pk}/change/").status_code == 200
    if table != "auditevent":
        assert CANARY in client.get(f"/beheer/{APP_OF[table]}/{table}/").content.decode()


@pytest.mark.parametrize(("role", "left"), [("clerk", 1), ("approver", 0)])
def test_a_clerk_looks_and_an_approver_acts(role, left, world):
    own, _foreign = world
    client = client_of(role, own)
    client.post("/beheer/billing/stafftask/", body(own, "billing_stafftask_changelist") | {"select_across": "0"})
    assert StaffTask.objects.filter(pk=own["stafftask"].pk, closed_at=None).count() == left
