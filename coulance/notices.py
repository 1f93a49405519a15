"""Mails about a case. They say that something happened and where to look, never what was sent."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing import ledger, links
from billing.adjustments import reductions
from billing.invoices.history import moment
from billing.models import Invoice
from billing.money import ZERO
from billing.outbox.facts import open_link_context
from billing.outbox.queue import queue_message
from billing.plans import agreements
from billing.rooms import Told
from coulance.models import CoulanceCase, Decision


def amounts(invoice: Invoice) -> dict[str, Any]:
    """Return the amounts in a mail about a decision, in euros, and the due date of what is outstanding."""
    share, reduction = reductions.patient_share(invoice), reductions.reduced(invoice)
    balance = ledger.balance(invoice.pk)
    return {
        "before": share,
        "reduction": reduction,
        "total": share - reduction,
        "outstanding": max(balance, ZERO),
        "credit": max(-balance, ZERO),
        "due_on": invoice.due_on,
        "charges_off": ZERO,
        **agreements.due_facts(invoice, today=timezone.localdate()),
    }


def queue_mail(kind: str, case: CoulanceCase, *, event: str, **facts: Any) -> None:
    """Queue the mail `kind` in the caller's transaction, once for each `event` of this case.

    In its context `decided_before` tells whether an earlier decision stands when nothing more comes in, `asked_more`
    whether the provider asked for more information: then the first specification is no longer what is awaited.
    """
    invoice = case.invoice
    queue_message(
        kind,
        invoice=invoice,
        context={
            **open_link_context(invoice, until=max(case.specification_due_on, timezone.localdate())),
            "outstanding": ledger.outstanding(invoice.pk),
            "specification_due_on": case.specification_due_on,
            "decided_before": case.standing is not None,
            "asked_more": case.decisions.filter(kind=Decision.Kind.ASK_MORE).exists(),
            **agreements.due_facts(invoice, today=timezone.localdate()),
            **facts,
        },
        dedupe_key=f"{kind}:{case.pk}:{event}",
    )


def queue_provider_mail(case: CoulanceCase, *, today: date, waiting: int) -> None:
    """Queue the mail about how many cases wait too long: one a day for each provider, without any patient's name."""
    provider = case.invoice.provider
    queue_message(
        "coulance_waits",
        invoice=case.invoice,
        recipient=provider.email,
        context={"provider": provider, "waiting": waiting, "desk": links.absolute(reverse("admin:index"))},
        dedupe_key=f"coulance_waits:{provider.pk}:{today}",
    )


_OFFERED = _("Your care provider offers to look at the amount (coulance)")
_WITH_PROVIDER = _("What you sent is with your care provider (coulance)")
_ENDED = {
    CoulanceCase.Status.ADJUSTED: _("Your care provider lowered the amount (coulance)"),
    CoulanceCase.Status.REJECTED: _("Your care provider did not lower the amount (coulance)"),
    CoulanceCase.Status.EXPIRED: _("Coulance ended: we got no specification"),
    CoulanceCase.Status.WITHDRAWN: _("You chose to pay the full amount, without coulance"),
}
TOLD = (_OFFERED, _WITH_PROVIDER, *_ENDED.values())


def told_to_patient(facts: Mapping[str, Any]) -> Iterator[Told]:
    """Yield what the timeline on the patient's page says of the case, from the facts of the panel."""
    if facts["case_id"] is None:
        return
    yield Told(moment(facts["case_offered_at"]), _OFFERED)
    if facts["case_provider_since"]:
        yield Told(moment(facts["case_provider_since"]), _WITH_PROVIDER)
    if facts["case_closed_at"] and facts["case_status"] in _ENDED:
        yield Told(moment(facts["case_closed_at"]), _ENDED[CoulanceCase.Status(facts["case_status"])])
