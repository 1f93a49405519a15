"""What stood at the bank, the mail server and in the portal's own tables when all was quiet, read past the product."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.parser import BytesHeaderParser
from typing import Any

from tests.faults import transfers
from tests.faults.histories import History
from tests.faults.moments import AMSTERDAM
from tests.faults.site import Site
from tests.faults.transfers import Transfers


@dataclass
class Mail:
    recipient: str
    message_id: str
    received_on: str


@dataclass
class World:
    """Everything that the judgement rests on, read once when all is quiet. Amounts are cents."""

    bank_payments: list[tuple[Any, ...]] = field(default_factory=list)  # reference, invoice number, cents, status
    bank_refunds: list[tuple[Any, ...]] = field(default_factory=list)  # reference, payment, cents, status
    bank_chargebacks: list[tuple[Any, ...]] = field(default_factory=list)  # reference, payment, cents, reversed
    ours: list[tuple[str, str, str]] = field(default_factory=list)  # refunds by our call: reference, token, number
    requests: list[tuple[Any, ...]] = field(default_factory=list)  # token, invoice number, cents, status, asked by
    approvals: list[tuple[Any, ...]] = field(default_factory=list)  # invoice number, cents, who agreed first, who then
    costs: list[tuple[Any, ...]] = field(default_factory=list)  # invoice number, cents, day, whether it is a mirror
    mails: list[Mail] = field(default_factory=list)
    invoices: list[str] = field(default_factory=list)
    entries: list[tuple[Any, ...]] = field(default_factory=list)  # invoice number, kind, external id, cents, mirror
    messages: list[tuple[Any, ...]] = field(default_factory=list)  # message id, kind, recipient, status, number, error
    files: list[tuple[Any, ...]] = field(default_factory=list)  # invoice number, checksum, status, bytes are there
    at_provider: list[str] = field(default_factory=list)  # invoice number, each time that a case got there
    asked: list[tuple[Any, ...]] = field(default_factory=list)  # what staff are asked to look at: invoice number, kind
    # What patients know, by the bank's reference: cents by invoice of a payment of several, and the part typed.
    shared: dict[str, dict[str, int]] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    resting: set[str] = field(default_factory=set)  # numbers of invoices that staff have to look at: plans stand still
    transfers: Transfers = field(default_factory=Transfers)
    by_order: set[str] = field(default_factory=set)  # refunds, by their token, that an order to our bank pays

    def shares(self) -> dict[str, dict[str, int]]:
        """What each payment at the bank is for: cents by invoice number."""
        return {ref: self.shared.get(ref, {number: cents}) for ref, number, cents, _status in self.bank_payments}


def read(site: Site, histories: Iterable[History]) -> World:
    numbers = dict(site.rows("SELECT id, number FROM billing_invoice"))
    world = _at_the_bank(site)
    world.invoices = list(numbers.values())
    world.entries = site.rows(
        "SELECT i.number, t.kind, t.external_id, SUM(p.amount), t.reverses_id IS NOT NULL FROM billing_posting p"
        " JOIN billing_ledgertransaction t ON t.id = p.transaction_id JOIN billing_invoice i ON i.id = p.invoice_id"
        " WHERE p.account IN ('principal', 'interest', 'costs', 'credit') AND t.kind <> 'allocation'"
        " GROUP BY i.number, t.id, t.kind, t.external_id, t.reverses_id"
    )
    world.messages = [
        (*row, numbers.get(invoice_id, ""), error)
        for *row, invoice_id, error in site.rows(
            "SELECT message_id, kind, recipient, status, invoice_id, error FROM billing_outboxmessage"
        )
    ]
    for history in histories:
        world.shared |= history.shared
        world.parts |= history.parts
    world.asked = [
        (numbers.get(invoice_id, ""), kind)
        for invoice_id, kind in site.rows("SELECT invoice_id, kind FROM billing_stafftask")
    ]
    world.files = [
        (*row, site.has_document(stored_name))
        for *row, stored_name in site.rows(
            "SELECT i.number, s.sha256, s.status, s.stored_name FROM coulance_specification s"
            " JOIN coulance_coulancecase c ON c.id = s.case_id JOIN billing_invoice i ON i.id = c.invoice_id"
        )
    ]
    arrivals = site.rows("SELECT invoice_id FROM billing_auditevent WHERE action = 'case_reached_provider'")
    world.at_provider = [numbers[invoice_id] for (invoice_id,) in arrivals]
    held = site.rows("SELECT invoice_id FROM billing_hold WHERE reason = 'staff' AND released_at IS NULL")
    world.resting = {numbers[invoice_id] for (invoice_id,) in held}
    _read_refunds_and_costs(site, world, numbers)
    world.transfers = transfers.read(site, world.entries)
    world.by_order = {
        token for (token,) in site.rows("SELECT token FROM billing_refundrequest WHERE order_event <> ''")
    }
    return world


def _read_refunds_and_costs(site: Site, world: World, numbers: dict[int, str]) -> None:
    """Read what was asked back, who approved it, and what was charged; `numbers` are those of the invoices, by key."""
    world.requests = [
        (token, numbers[invoice_id], *rest)
        for token, invoice_id, *rest in site.rows(
            "SELECT token, invoice_id, amount, status, asked_by FROM billing_refundrequest"
        )
    ]
    world.approvals = [
        (numbers[invoice_id], *rest)
        for invoice_id, *rest in site.rows(
            "SELECT invoice_id, amount, first_by, approved_by FROM billing_refundrequest WHERE approved_by <> ''"
        )
    ]
    world.costs = [
        (number, cents, str(moment)[:10], is_mirror)
        for number, cents, moment, is_mirror in site.rows(
            "SELECT i.number, SUM(p.amount), t.occurred_at, t.reverses_id IS NOT NULL FROM billing_posting p"
            " JOIN billing_ledgertransaction t ON t.id = p.transaction_id JOIN billing_invoice i ON i.id = p.invoice_id"
            " WHERE t.kind = 'costs' AND p.account IN ('principal', 'interest', 'costs', 'credit')"
            " GROUP BY i.number, t.id, t.occurred_at, t.reverses_id"
        )
    ]


def _at_the_bank(site: Site) -> World:
    """What stands at the bank and its mail server."""
    return World(
        bank_payments=[
            (reference, text.rpartition(" ")[2], *rest)  # practice and invoice number: only the number is kept
            for reference, text, *rest in site.bank_rows(
                "SELECT reference, description, amount_cents, status FROM sandbox_payment"
            )
        ],
        bank_refunds=site.bank_rows(
            "SELECT r.reference, p.reference, r.amount_cents, r.status FROM sandbox_refund r"
            " JOIN sandbox_payment p ON p.id = r.payment_id"
        ),
        bank_chargebacks=site.bank_rows(
            "SELECT c.reference, p.reference, c.amount_cents, c.reversed_at IS NOT NULL FROM sandbox_chargeback c"
            " JOIN sandbox_payment p ON p.id = c.payment_id"
        ),
        ours=[
            (reference, json.loads(metadata)["token"], text.rpartition(" ")[2])
            for reference, metadata, text in site.bank_rows(
                "SELECT reference, metadata, description FROM sandbox_refund"
            )
            if json.loads(metadata or "null")
        ],
        mails=list(_mails(site)),
    )


def _mails(site: Site) -> Iterator[Mail]:
    for recipient, raw, received_at in site.bank_rows(
        "SELECT \"to\", raw, received_at FROM sandbox_message WHERE kind = 'mail'"
    ):
        headers = BytesHeaderParser().parsebytes(raw)
        moment = datetime.fromisoformat(f"{received_at}+00:00").astimezone(AMSTERDAM)
        yield Mail(recipient, headers["Message-ID"].strip(), f"{moment:%Y-%m-%d}")
