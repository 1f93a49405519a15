"""A practice's own details: what is right of them, adding a practice, and changing one.

They stand on every invoice and letter, and the IBAN receives the payments. So adding and changing are two acts, every
change is on the audit trail, and another IBAN waits until a second person has approved it. So does what says to whom
patients owe and pay, once the practice is approved.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_valid_number, parse
from stdnum import iban as international_account
from stdnum.exceptions import ValidationError as WrongNumber

from billing import audit, rooms
from billing.colleagues import accounts
from billing.errors import Refused
from billing.models import DetailsChange, IbanChange, OutboxMessage, Provider, StaffTask
from billing.money import read_euros
from billing.outbox.queue import queue_message
from billing.practices import history
from billing.rights import by_two
from billing.submission.fields import PROVIDER, Field, Shape, read_object
from billing.submission.values import FieldError, read_dutch_postcode, read_email, text
from billing.templatetags.money import euro

CHANGED = "provider_changed"  # the message to a practice
BY_TWO = ("name", "kvk_number", "creditor", "transfers_to")
OLD_ADDRESS_COUNTS = timedelta(days=30)
_WEBSITE = re.compile(r"https://[a-z0-9.-]+(?:/[A-Za-z0-9._~/-]*)?")


def read_phone(value: Any) -> str:
    """Return a telephone number of any kind as E.164; one without a country code is Dutch."""
    try:
        number = parse(text(40)(value), "NL")
    except NumberParseException:
        number = None
    if number is None or number.extension or not is_valid_number(number):
        raise FieldError("phone-invalid", _('This is not a telephone number. Write it as "+31301234567".'))
    return format_number(number, PhoneNumberFormat.E164)


def read_iban(value: Any) -> str:
    """Return an IBAN without spaces."""
    try:
        return international_account.validate(text(42)(value))
    except WrongNumber:
        raise FieldError("iban-invalid", _("This is not a right IBAN.")) from None


def _postcode(value: Any) -> str:
    return read_dutch_postcode(text(10)(value))


def _limit(value: Any) -> Decimal:
    """Return the amount above which two people book a receipt, in euros, within the bounds of the house rule."""
    try:
        amount = read_euros(text(20)(value))
    except ValueError:
        raise FieldError("not-an-amount", _("Type an amount in euros, such as 25,00.")) from None
    rule = next(choice for choice in rooms.choices().values() if choice.column == "receipts_confirmed_above")
    if not rule.least <= amount <= rule.most:
        bounds = {"least": euro(Decimal(rule.least)), "most": euro(Decimal(rule.most))}
        raise FieldError("out-of-bounds", _("Choose from %(least)s to %(most)s, or leave it empty.") % bounds)
    return amount


def _yes_or_no(value: Any) -> bool:
    """Return what a form or a command says."""
    said = {True: True, False: False, "yes": True, "no": False}.get(value)
    if said is None:
        raise FieldError("not-yes-or-no", _('Write "yes" or "no".'))
    return said


DETAILS: Shape = {
    "name": Field(text(120), True),
    "email": Field(read_email, True),
    "phone": Field(read_phone, True),
    "website": Field(
        text(200, _WEBSITE.pattern, "website-invalid", lambda: _("Write the website as https://praktijk.example."))
    ),
    "street": Field(text(80), True),
    "house_number": Field(text(10), True),
    "postcode": Field(_postcode, True),
    "city": Field(text(60), True),
    "iban": Field(read_iban, True),
    "kvk_number": Field(text(8, r"[0-9]{8}", "kvk-invalid", lambda: _("A KvK number has eight digits."))),
    "phone_hours": Field(text(60)),
    "term_agreed_in": Field(text(120)),
    "neutral_name": Field(text(120)),
    "transfers_to": Field(
        text(8, "practice|operator", "transfers-to-invalid", lambda: _('Write "practice" or "operator".'))
    ),
    "receipts_confirmed_above": Field(_limit),
    "creditor": Field(text(8, "practice|operator", "creditor-invalid", lambda: _('Write "practice" or "operator".'))),
    "contact_text": Field(text(200)),
    "vat_on_costs": Field(_yes_or_no, default=False),
    "dispute_body": Field(text(120)),
    "dispute_body_url": Field(
        text(200, _WEBSITE.pattern, "website-invalid", lambda: _("Write the website as https://praktijk.example."))
    ),
    "dispute_body_fee": Field(text(60)),
}


def register(agb_code: str, details: Mapping[str, str]) -> Provider:
    """Add a practice and return it. Raises Refused for a wrong detail, and when there is one with this AGB code."""
    right = _read({"agb_code": agb_code, **details}, PROVIDER | DETAILS)
    provider, is_new = Provider.objects.get_or_create(agb_code=right.pop("agb_code"), defaults=right)
    if not is_new:
        raise Refused(_("There is a care provider with this AGB code already. To change it, use change_provider."))
    return provider


def change(agb_code: str, details: Mapping[str, str], *, by: str) -> tuple[list[str], IbanChange | None]:
    """Change some details of a practice; return the names of what changed, and the change of IBAN that waits now.

    What takes two persons waits, too: see `waits`. Raises Refused for a wrong detail, and for an AGB code that nobody
    has.
    """
    right = _read(details, {name: field for name, field in DETAILS.items() if name in details})
    with transaction.atomic():
        provider = Provider.objects.select_for_update(no_key=True).filter(agb_code=agb_code).first()
        if provider is None:
            raise Refused(_("We don't know a care provider with this AGB code."))
        changed = {name: value for name, value in right.items() if str(getattr(provider, name)) != str(value)}
        iban = changed.pop("iban", None)
        if "email" in changed:
            tell(provider, "email", event=f"{provider.pk}:{timezone.now().timestamp()}")
        two = {name: changed.pop(name) for name in BY_TWO if name in changed and _takes_two(provider, name)}
        if two:
            ask_details(provider, two, by=by)
        if changed:
            Provider.objects.filter(pk=provider.pk).update(**changed)
            for name, value in sorted(changed.items()):
                history.record(provider, name, was=getattr(provider, name), now=value, by=by)
            audit.record("provider_changed", by=by, provider=provider.agb_code, fields=sorted(changed))
        return sorted(changed), ask_iban(provider, iban, by=by) if iban else None


def _takes_two(provider: Provider, name: str) -> bool:
    """Tell whether one person may not change this: until the practice is approved, its approval is the second look."""
    return provider.approved_at is not None and bool(getattr(provider, name))


def waits(provider: Provider) -> DetailsChange | None:
    """Return the change of name, KvK number, creditor or account for transfers that waits for a second person."""
    return DetailsChange.objects.filter(provider=provider, decided_at=None).first()


def ask_details(provider: Provider, details: Mapping[str, str], *, by: str) -> DetailsChange:
    """Let a change of who is paid wait for a second person; one that waited before is superseded."""
    with transaction.atomic():
        supersede(DetailsChange, provider, StaffTask.Kind.DETAILS_WAIT, "details", by=by)
        asked = DetailsChange.objects.create(provider=provider, details=dict(details), asked_by=by)
        audit.record("details_change_asked", by=by, provider=provider.agb_code, fields=sorted(details))
        audit.open_task(StaffTask.Kind.DETAILS_WAIT, dedupe_key=f"details:{asked.pk}", note=provider.agb_code)
        tell(provider, "details_asked", details=asked.details, event=str(asked.pk))
    return asked


def decide_details(asked: DetailsChange, *, approved: bool, by: str) -> None:
    """Approve or refuse a change of who is paid. Raises Refused for whoever asked for it, Stale when it was decided."""
    by_two.refuse_own(asked, approved=approved, by=by, practice=asked.provider_id)
    with transaction.atomic():
        provider = Provider.objects.select_for_update(no_key=True).get(pk=asked.provider_id)
        by_two.settle(DetailsChange.objects.filter(pk=asked.pk, decided_at=None), approved=approved, by=by)
        if approved:
            Provider.objects.filter(pk=provider.pk).update(**asked.details)
            for name, value in sorted(asked.details.items()):
                history.record(provider, name, was=getattr(provider, name), now=value, by=by)
            tell(provider, "details_approved", details=asked.details, event=str(asked.pk))
        act = "details_change_approved" if approved else "details_change_refused"
        audit.record(act, by=by, provider=provider.agb_code, fields=sorted(asked.details))
        close_tasks(StaffTask.Kind.DETAILS_WAIT, [f"details:{asked.pk}"], by=by)


def ask_iban(provider: Provider, iban: str, *, by: str) -> IbanChange:
    """Let a change of IBAN wait for a second person; one that waited before is superseded."""
    with transaction.atomic():
        provider = Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
        supersede(IbanChange, provider, StaffTask.Kind.IBAN_WAITS, "iban", by=by)
        asked = IbanChange.objects.create(provider=provider, iban=iban, asked_by=by)
        endings = [provider.iban[-4:], iban[-4:]]
        audit.record("iban_change_asked", by=by, provider=provider.agb_code, endings=endings)
        audit.open_task(StaffTask.Kind.IBAN_WAITS, dedupe_key=f"iban:{asked.pk}", note=provider.agb_code)
        tell(provider, "iban_asked", iban=iban, event=str(asked.pk))
    return asked


def supersede(changes: type[Model], provider: Provider, kind: str, cause: str, *, by: str) -> None:
    """End what waits of one kind of change of a locked practice, with its tasks, because another one is asked for."""
    waiting = changes._default_manager.filter(provider=provider, decided_at=None)
    close_tasks(kind, [f"{cause}:{one.pk}" for one in waiting], by=by)
    by_two.supersede(waiting, by=by)


def close_tasks(kind: str, causes: Iterable[str], *, by: str) -> None:
    """Close the tasks about changes that somebody decided, or that another one superseded."""
    keys = [f"{kind}:{cause}" for cause in causes]
    tasks = StaffTask.objects.filter(kind=kind, closed_at=None, dedupe_key__in=keys).select_related("invoice")
    audit.close_superseded(tasks, by=by, reason=_("decided"))


def tell(
    provider: Provider, what: str, *, iban: str = "", details: Mapping[str, str] | None = None, event: str
) -> None:
    """Tell a practice and its approvers what changes: at its address, and at those that it had in the last weeks.

    Who means to steal a payout changes the address first.
    """
    since = timezone.now() - OLD_ADDRESS_COUNTS
    mark = f"{CHANGED}:email:{provider.pk}:"  # its AGB code may change as well
    before = OutboxMessage.objects.filter(kind=CHANGED, dedupe_key__startswith=mark, created_at__gte=since)
    approvers = accounts.approvers(provider).exclude(email="").values_list("email", flat=True)
    mailboxes = {provider.email, *approvers, *before.values_list("recipient", flat=True)}
    for number, address in enumerate(sorted(mailboxes)):
        queue_message(
            CHANGED, invoice=None, recipient=address, dedupe_key=f"{CHANGED}:{what}:{event}:{number}",
            context={"provider": provider, "what": what, "iban_end": iban[-4:], "details": details or {}},
        )  # fmt: skip


def decide_iban(asked: IbanChange, *, approved: bool, by: str) -> None:
    """Approve or refuse a change of IBAN. Raises Refused for whoever asked for it, Stale when it was decided before."""
    by_two.refuse_own(asked, approved=approved, by=by, practice=asked.provider_id)
    with transaction.atomic():
        provider = Provider.objects.select_for_update(no_key=True).get(pk=asked.provider_id)
        by_two.settle(IbanChange.objects.filter(pk=asked.pk, decided_at=None), approved=approved, by=by)
        if approved:
            Provider.objects.filter(pk=provider.pk).update(iban=asked.iban)
            ends = {"was": provider.iban[-4:], "now": asked.iban[-4:]}
            history.record(provider, "iban", **ends, by=by)
            tell(provider, "iban_approved", iban=asked.iban, event=str(asked.pk))
        act = "iban_change_approved" if approved else "iban_change_refused"
        endings = [provider.iban[-4:], asked.iban[-4:]]
        close_tasks(StaffTask.Kind.IBAN_WAITS, [f"iban:{asked.pk}"], by=by)
        audit.record(act, by=by, provider=provider.agb_code, endings=endings)


def read(details: Mapping[str, str], shape: Shape = DETAILS) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the details that were given as they are stored, and what is wrong of each, as sentences."""
    wrong: dict[str, str] = {}
    named = {name: field for name, field in shape.items() if name in details}
    right = read_object(dict(details), named, "", lambda path, _code, sentence: wrong.update({path: sentence}))
    return right, wrong


def _read(details: Mapping[str, str], shape: Shape) -> dict[str, Any]:
    """Return the details that were given. Raises Refused with every sentence."""
    right, wrong = read(dict.fromkeys((name for name in shape if shape[name].required), "") | dict(details), shape)
    if wrong:
        raise Refused(" ".join(f"{name}: {sentence}" for name, sentence in wrong.items()))
    return {name: value for name, value in right.items() if name in details}
