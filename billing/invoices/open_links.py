"""Links that open an invoice: made when a mail leaves or paper is printed, and ended with what they rest on.

A link in a mail rests on the mail address that it was sent to, the one on paper on the postal address. When that is
corrected, or the patient erased, the old link opens nothing any more. In the outbox a link is a placeholder: the row
says which invoice and until when, and whoever reads the row or a backup of it can't be the patient with it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from django.db.models import Case, CharField, F, Q, When
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.crypto import salted_hmac

from billing import links
from billing.invoices.debtors import patients_of_debtor
from billing.models import Invoice, Letter

_ADDRESS = ("street", "house_number", "postcode", "city", "country")
_PLACEHOLDER = re.compile(r"open-link:(\d+):(\d{4}-\d\d-\d\d)_*")
_WIDTH = 100  # about that of a link, so that lines of text are broken as they will be
_IN_TEXT = re.compile(r"https?://[^\s\"'<>()]*/openen/[A-Za-z0-9_-]+/?(?:samen/)?")
BLANK = "…"
_MAX_TOGETHER = 9  # beside the one that the link is for


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link opened: the token of the invoice, and what the access rests on (see `rests`)."""

    token: str
    rests_on: str


# --- what access rests on -----------------------------------------------------------------------


def rests(token: str) -> frozenset[str]:
    """Return what access to the invoice of `token` may rest on now: its patient's mail, paper and mobile number.

    Each is a keyed hash, so that a session holds no address. Nothing when the invoice is erased.
    """
    row = _row(token)
    return _grounds(row) if row else frozenset()


def _row(token: str) -> dict[str, Any] | None:
    """Return the contact data of the patient of this invoice, and through which day its links have ended."""
    rows = Invoice.objects.filter(token=token, erased_at=None)
    columns: dict[str, Any] = {name: F(f"patient__{name}") for name in _ADDRESS}
    # To whom we write: see addressee.py. A payer without an address gets no mail, and neither does the patient.
    columns["email"] = Case(
        When(own_payer__isnull=False, then=F("own_payer__email")),
        When(patient__payer__isnull=False, then=F("patient__payer__email")),
        default=F("patient__email"),
    )
    # The cast reads the number as text: parsing it costs more than the rest of the row.
    values: Any = rows.values("links_ended_on", "withdrawn_at", mobile=Cast("patient__mobile", CharField()), **columns)
    return dict(row) if (row := values.first()) else None


def _grounds(row: Mapping[str, Any]) -> frozenset[str]:
    found = {_paper(row), _mobile(row["mobile"], row["withdrawn_at"])}
    return frozenset(found | {on_mail(row["email"])} if row["email"] else found)


def on_mail(email: str) -> str:
    """Return what access by a link in a mail to `email` rests on."""
    return _hash("mail", email)


def on_mobile(invoice: Invoice) -> str:
    """Return what a code by SMS for this invoice rests on: the number, and whether the invoice was withdrawn."""
    return _mobile(str(invoice.patient.mobile), invoice.withdrawn_at)


def _mobile(number: str, withdrawn_at: datetime | None) -> str:
    return _hash("mobile", number if withdrawn_at is None else f"{number} withdrawn")


def _paper(contact: Mapping[str, str]) -> str:
    return _hash("paper", "\n".join(contact[name] for name in _ADDRESS))


def _hash(kind: str, value: str) -> str:
    return salted_hmac("billing.open_links", f"{kind}:{value}", algorithm="sha256").hexdigest()[:32]


# --- making and reading links -------------------------------------------------------------------


def in_mail(token: str, *, email: str, until: date) -> str:
    """Return the address that opens the invoice of `token` through `until`, for a mail to `email`."""
    return _address(links.sign(token, until=until, rests_on=on_mail(email)))


def on_paper(invoice: Invoice, *, until: date) -> str:
    """Return the address that opens `invoice` through `until`, for what is printed."""
    contact = {name: getattr(invoice.patient, name) for name in _ADDRESS}
    return _address(links.sign(invoice.token, until=until, rests_on=_paper(contact)))


def _address(link: str) -> str:
    return links.absolute(reverse("link", args=[link]))


def read(link: str, *, today: date) -> Opened | None:
    """Return what `link` opens; None when it is not ours, has ended, or what it rested on was corrected.

    A link that is looked at after its last day is marked as ended, so that it stays so if the clock goes back.
    """
    parsed = links.parse(link)
    if parsed is None:
        return None
    token, until = parsed
    row = _row(token)
    grounds = _grounds(row) if row else ()
    rests_on = next((ground for ground in grounds if links.is_signed(link, rests_on=ground)), None)
    if row is None or rests_on is None or (row["links_ended_on"] and until <= row["links_ended_on"]):
        return None
    if until < today:
        Invoice.objects.filter(Q(links_ended_on=None) | Q(links_ended_on__lt=until), token=token).update(
            links_ended_on=until
        )
        return None
    return Opened(token, rests_on)


def in_same_letters(token: str, *, rests_on: str) -> list[str]:
    """Return the other invoices of the letters that this invoice was in, by their tokens, the oldest first.

    Whoever read such a letter had a link to each of them. Only those that the mailbox may still open (`rests_on`), and
    no more than a browser keeps.
    """
    letters = Letter.objects.filter(steps__invoice__token=token, sent_on__isnull=False)
    others = Invoice.objects.filter(reminder_steps__letter__in=letters, erased_at=None, withdrawn_at=None)
    found = others.exclude(token=token).order_by("pk").distinct().values_list("token", flat=True)[:_MAX_TOGETHER]
    return [other for other in found if rests_on in rests(other)]


# --- links in messages --------------------------------------------------------------------------


def placeholder(invoice: Invoice, *, until: date) -> str:
    """Return what stands in a queued message for the link that opens `invoice` through `until`."""
    return f"open-link:{invoice.pk}:{until.isoformat()}".ljust(_WIDTH, "_")


def filled_in(*texts: str, email: str, about: int | None, token: str = "") -> list[str]:
    """Return the texts of a mail to `email` about the invoice with the key `about`, each with its links.

    `token`: that of this invoice, where the caller has read it. Raises ValueError for an invoice of somebody for whom
    another person pays: a letter may be about several patients.
    """

    @cache  # each link stands there several times
    def link(pk: str, until: str) -> str:
        of = token if token and int(pk) == about else _token_of(int(pk), about)
        return in_mail(of, email=email, until=date.fromisoformat(until))

    return [_PLACEHOLDER.sub(lambda found: link(found[1], found[2]), text) for text in texts]


def tokens_of(invoice_ids: Iterable[int]) -> dict[int, str]:
    """Return the tokens of these invoices by key."""
    return dict(Invoice.objects.filter(pk__in=list(invoice_ids)).values_list("pk", "token"))


def _token_of(pk: int, about: int | None) -> str:
    invoice = Invoice.objects.filter(pk=pk).only("token", "patient_id").first()
    if invoice is None or not _is_of_debtor(invoice, about):
        raise ValueError("a link to an invoice of another patient")
    return invoice.token


def _is_of_debtor(invoice: Invoice, about: int | None) -> bool:
    """Tell whether who pays the invoice with the key `about` pays this one too."""
    if about is None:
        return False
    if invoice.pk == about:
        return True
    other = Invoice.objects.select_related("patient").filter(pk=about).first()
    return other is not None and (
        invoice.patient_id == other.patient_id or invoice.patient_id in patients_of_debtor(other.patient)
    )


def blanked(text: str) -> str:
    """Return `text` for people who are not the patient: without anything that opens an invoice."""
    return _IN_TEXT.sub(BLANK, _PLACEHOLDER.sub(BLANK, text))
