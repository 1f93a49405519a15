"""Complaints in readable form, and the files with them (AVG art. 15 and 20): of an invoice, or of a contact.

A complaint without an invoice belongs to whoever made it, and is found by the contact that they gave, or its number.
"""

import re
from collections.abc import Iterator

from django.utils import timezone

from billing.models import Invoice
from billing.privacy.export import Facts, facts_below
from billing.rooms import Contact, Held
from complaints.file import mandates, proof
from complaints.models import Answer, Complaint, ComplaintFile, ComplaintMessage, ComplaintPoint
from complaints.number import read_number
from guests.files import storage

SEALED = {
    "Complaint": {"sealed_facts": "facts"},
    "ComplaintMessage": {"sealed_text": "text"},
    "ComplaintPoint": {"sealed_facts": "facts"},
    "Answer": {"sealed_facts": "facts"},
    "ComplaintFile": {"sealed_name": "name"},
    "Mandate": {"sealed_facts": "facts"},
    "Lesson": {"sealed_facts": "facts"},
}


PHONE_DIGITS = 9  # of a Dutch number, without its zero or 31


def of_invoice(invoice: Invoice) -> Facts | None:
    """Return the complaints about this invoice by their numbers, with all that was said and done; None without one."""
    files = Complaint.objects.filter(invoice=invoice).order_by("pk")
    return {complaint.number: _facts(complaint) for complaint in files} or None


def by_contact(contact: Contact) -> Iterator[Held]:
    """Yield the complaints without an invoice of whoever proved that a contact is theirs.

    Whoever speaks for somebody else, and may not read what we write, gets their own words. Medical data: the caller
    has written the access log.
    """
    rows = Complaint.objects.filter(invoice=None).exclude(sealed_facts=b"").order_by("pk")
    for complaint in rows.iterator():
        if _is_of(complaint, contact):
            told = mandates.may_receive(complaint, today=timezone.localdate())
            yield Held(complaint.number, _facts(complaint, told=told), _documents(complaint, told=told))


def _is_of(complaint: Complaint, contact: Contact) -> bool:
    """Tell whether a complaint was made by whoever has this contact, and, with a surname, by this person of several."""
    said = complaint.facts
    text = contact.text.strip().casefold()
    digits = _digits(text)
    same_phone = len(digits) == PHONE_DIGITS and digits == _digits(said.get("phone", ""))
    number = read_number(text)
    if number is not None:
        return complaint.number == number
    if not text or (text != said.get("email", "").casefold() and not same_phone):
        return False
    if not contact.surname:
        return True
    born, known = _numbers(said.get("date_of_birth", "")), _numbers(contact.born)
    other_day = bool(born and known) and born != known
    named = f" {contact.surname.casefold()}" in f" {said.get('name', '').casefold()}"
    return named and not other_day and not said.get("for_somebody")


def _numbers(day: str) -> list[int]:
    """Return the numbers of a date of birth, in whatever order it was written."""
    return sorted(map(int, re.findall(r"\d+", day)))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)[-PHONE_DIGITS:] if "@" not in text else ""


def _facts(complaint: Complaint, *, told: bool = True) -> Facts:
    """Return a file in words; not `told`: without what we wrote. What is only proposed is no answer yet."""
    facts = facts_below(complaint, sealed=SEALED)
    hidden = [Answer] if told else [Answer, ComplaintMessage, ComplaintPoint]
    for model in hidden:
        facts.pop(str(model._meta.verbose_name_plural), None)
    given = complaint.answers.exclude(given_at=None).order_by("pk") if told else Answer.objects.none()
    if given:
        title = str(Answer._meta.verbose_name_plural)
        facts[title] = [facts_below(row, sealed=SEALED, exclude=(Complaint,)) for row in given]
    return facts


def documents(invoice: Invoice) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each checked file. Medical data: the caller has written the access log."""
    for complaint in Complaint.objects.filter(invoice=invoice).order_by("pk"):
        yield from _documents(complaint)


def _documents(complaint: Complaint, *, told: bool = True) -> Iterator[tuple[str, bytes]]:
    rows = complaint.files.filter(status=ComplaintFile.Status.CLEAN).exclude(stored_name="")
    for row in rows if told else rows.filter(by__in=proof.OF_PATIENT):
        yield row.served_name, storage.get(row)
