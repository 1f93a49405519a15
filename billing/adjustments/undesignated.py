"""Receipts whose payer did not say what they are for: divided over what is open, as the law says (6:43 lid 2 BW)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from billing.adjustments.allocation import ByLaw, by_law, open_to_same
from billing.errors import FormUsed, Refused
from billing.ledger import lock_invoices
from billing.models import Invoice, Receipt
from billing.payments import receipts
from billing.payments.receipts import Received
from billing.rights import by_two


def division(invoice: Invoice, amount: Decimal, *, received_on: date) -> ByLaw:
    """Return how `amount` euros that came on this day are divided over what the payer of `invoice` has open."""
    return by_law(open_to_same(invoice), amount, on=received_on)


def amounts_of(divided: ByLaw) -> dict[int, Decimal]:
    """Return what each invoice gets of a division, in euros, by its key."""
    return {share.invoice.pk: -share.amount for share in divided.shares}


def report(invoice: Invoice, received: Received, *, seen: Mapping[int, Decimal], today: date) -> list[Receipt]:
    """Report money that the practice received for a payer who named no invoice: one receipt for each that it pays.

    `seen`: the division that the person agreed to, by the key of each invoice. The limit above which a second person
    confirms counts for all of it. Raises Refused as `receipts.report`, and when the division is another one now.
    """
    with transaction.atomic():
        by_two.lock_practices([invoice.pk])
        invoices = lock_invoices(row.pk for row in open_to_same(invoice))
        known = list(Receipt.objects.filter(key__startswith=f"{received.key}:").order_by("pk"))
        if known:
            if {row.invoice_id: row.amount for row in known} != dict(seen):
                raise FormUsed
            return known
        divided = by_law(invoices, received.amount, on=received.received_on)
        if divided.surplus:
            raise Refused(_("More than all that is owed can't be booked here. Pay the rest back to who paid it."))
        if amounts_of(divided) != dict(seen):
            raise Refused(_("What is open has changed. Look at the new division, and book it again."))
        return [
            receipts.report(
                share.invoice,
                replace(received, amount=-share.amount, key=f"{received.key}:{number}"),
                today=today,
                rule=share.rule,
                whole=received.amount,
            )
            for number, share in enumerate(divided.shares, start=1)
        ]
