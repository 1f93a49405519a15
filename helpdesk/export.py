"""What was written or asked about an invoice, and call-backs without one, in readable form (AVG art. 15 and 20)."""

from collections.abc import Iterator

from phonenumber_field.phonenumber import to_python

from billing.models import Invoice
from billing.privacy.export import Facts, facts_below
from billing.rooms import Contact, Held
from helpdesk import messages
from helpdesk.models import Callback

SEALED = {"InvoiceMessage": {"sealed_text": "text"}, "Callback": {"sealed_facts": "facts"}}


def of_invoice(invoice: Invoice) -> Facts | None:
    """Return each message by its moment, and each call-back; None without any.

    Medical data: the caller has written the access log.
    """
    rows = messages.of_invoice(invoice)
    facts = {f"{row.at.isoformat()} {row.pk}": facts_below(row, sealed=SEALED) for row in rows}
    asked = Callback.objects.filter(invoice=invoice).select_related("slot")
    return facts | {_name(row): _facts(row) for row in asked} or None


def by_contact(contact: Contact) -> Iterator[Held]:
    """Yield the call-backs without an invoice of this number; with a surname, not those of another name."""
    number, surname = str(to_python(contact.text.strip()) or ""), contact.surname.casefold()
    if not number:
        return
    for row in Callback.objects.filter(invoice=None).select_related("slot").order_by("pk").iterator():
        said = row.facts
        if said["phone"] == number and surname in (said["name"].casefold() or surname):
            yield Held(_name(row), _facts(row))


def _name(row: Callback) -> str:
    return f"call-back {row.slot.begins.isoformat()} {row.pk}"


def _facts(row: Callback) -> Facts:
    return facts_below(row, sealed=SEALED) | {"slot": row.slot.begins.isoformat()}


def documents(invoice: Invoice) -> Iterator[tuple[str, bytes]]:
    """Yield nothing: messages and call-backs have no files."""
    yield from ()
