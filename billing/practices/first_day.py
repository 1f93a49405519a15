"""The first day of a practice: what has to be there before its first letter, and what it may choose or skip.

Whether a step is done is read from what it is about, so no list can say otherwise than the product.
"""

from collections.abc import Iterator
from datetime import date

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, rooms
from billing.colleagues import of_practice
from billing.errors import Refused
from billing.models import (
    AgbChange,
    IbanChange,
    Invoice,
    PracticeChange,
    Provider,
    ReminderStep,
    Staff,
    StaffTask,
)
from billing.practices import history, readiness
from billing.rooms import FirstStep

SKIPPED = "skipped:"  # before the name of the step, in the history
_ANNOUNCED = ReminderStep.objects.filter(step=ReminderStep.Step.NOTICE, status=ReminderStep.Status.PLANNED)
_DETAILS = ("street", "house_number", "postcode", "city", "kvk_number", "phone", "email")


def steps(provider: Provider, staff: Staff) -> Iterator[FirstStep]:
    """Yield the steps that are billing's own, in the order of a first day."""
    settings_page = "admin:practice"
    yield FirstStep(
        "details", _("Address, KvK number and phone"), _("They stand on every letter. The law asks for them."),
        all(getattr(provider, name) for name in _DETAILS), settings_page, required=True,
    )  # fmt: skip
    yield _approval(provider)
    yield _account(provider)
    yield FirstStep(
        "creditor", _("To whom patients owe the money"), _creditor(provider), provider.approved_at is not None,
        waits=_operator(), required=True,
    )  # fmt: skip
    yield FirstStep(
        "logo", _("Logo"), _("Patients see it on the page of their invoice."), bool(provider.logo),
        page_if_there("admin:practice_logo"),
    )  # fmt: skip
    chose = PracticeChange.objects.filter(provider=provider, what__in=rooms.choices()).exists()
    yield FirstStep(
        "rules", _("Terms of payment and house rules"), _("Days to pay, instalments, who decides about how much."),
        chose, settings_page,
    )  # fmt: skip
    yield FirstStep(
        "colleagues", _("Colleagues"), _("Above some amounts a second person decides: then you need two approvers."),
        of_practice(provider).count() > 1, page_if_there("admin:colleagues"),
    )  # fmt: skip
    yield FirstStep(
        "first_batch", _("The first invoices"), _("Look first: nothing is sent when you only check a file."),
        Invoice.objects.filter(provider=provider).exists(), page_if_there("admin:hand_in"),
    )  # fmt: skip


def _approval(provider: Provider) -> FirstStep:
    waits = AgbChange.objects.filter(provider=provider, decided_at=None).exists()
    return FirstStep(
        "approval", _("The practice and its AGB code are checked"), _("Two people of Zorgrekening look at it."),
        provider.approved_at is not None and not waits, waits=_operator(), required=True,
    )  # fmt: skip


def _account(provider: Provider) -> FirstStep:
    asked = IbanChange.objects.filter(provider=provider, decided_at=None).exists()
    waits = _("a second person: somebody of Zorgrekening approves it") if asked else ""
    return FirstStep(
        "iban", _("Account number"), _("You are paid on it. Nobody can change it alone."),
        bool(provider.iban) and not asked, "admin:practice", waits, required=True,
    )  # fmt: skip


def _operator() -> str:
    name: str = settings.OPERATOR["name"]
    return name or "Zorgrekening"


def _creditor(provider: Provider) -> str:
    if provider.creditor == Provider.Creditor.OPERATOR:
        return _("You assigned your claims to us: patients owe us. That is agreed in your contract.")
    return _("Patients owe you, and we collect in your name. That is agreed in your contract.")


def page_if_there(name: str) -> str:
    """Return the name of a page of the desk, or nothing where this installation has none of that name."""
    try:
        reverse(name)
    except NoReverseMatch:
        return ""
    return name


def todo(provider: Provider, staff: Staff) -> list[tuple[FirstStep, bool]]:
    """Return all steps of all rooms, and of each whether it was skipped."""
    skipped = {
        what.removeprefix(SKIPPED)
        for what in PracticeChange.objects.filter(provider=provider, what__startswith=SKIPPED).values_list(
            "what", flat=True
        )
    }
    found = [(step, step.name in skipped and not step.done) for step in rooms.first_steps(provider, staff)]
    return sorted(found, key=lambda pair: not pair[0].required)


def skip(provider: Provider, name: str, *, staff: Staff) -> None:
    """Skip a step. Raises Refused for one that the law or the work needs."""
    step = next((step for step in rooms.first_steps(provider, staff) if step.name == name), None)
    if step is None or step.required:
        raise Refused(_("This step can't be skipped."))
    if not step.done:
        history.record(provider, f"{SKIPPED}{name}", was="", now="skipped", by=audit.name_of(staff))


def finish(provider: Provider, *, staff: Staff) -> None:
    """Close the list of the first day. Raises Refused while something that is required is missing."""
    missing = [str(words) for words in readiness.lacks(provider)]
    if not provider.kvk_number:
        missing.append(_("the KvK number"))
    if missing:
        raise Refused(_("Still missing: %(what)s.") % {"what": ", ".join(missing)})
    with transaction.atomic():
        if Provider.objects.filter(pk=provider.pk, set_up_at=None).update(set_up_at=timezone.now()):
            audit.record("practice_set_up", by=audit.name_of(staff), provider=provider.agb_code)


def announcements_held_back() -> int:
    """Return how many announcements wait for details of their practice, over all practices."""
    lacking = Provider.objects.filter(readiness.INCOMPLETE).values("pk")
    return _ANNOUNCED.filter(invoice__provider__in=lacking).count()


def watch(_today: date) -> None:
    """Tell operations of practices whose announcements wait for what is missing, and close that once it is there."""
    waiting = _ANNOUNCED.filter(invoice__provider=OuterRef("pk"))
    lacking = Provider.objects.filter(readiness.INCOMPLETE).filter(Exists(waiting))
    kind = StaffTask.Kind.PRACTICE_INCOMPLETE
    named = {practice.agb_code for practice in lacking}
    for agb_code in named:
        audit.open_alarm(kind, cause=agb_code, note=agb_code)
    over = [task for task in audit.open_alarms(kind, "") if task.note not in named]
    audit.close_superseded(over, by="system", reason=_("nothing is missing any more"))
