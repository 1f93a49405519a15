"""Who a practice is: its AGB code. One person enters it, another one looks whether it is right (four eyes)."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.models import AgbChange, Provider, StaffTask
from billing.practices import history, providers
from billing.rights import by_two
from billing.submission.fields import PROVIDER


def add(agb_code: str, details: Mapping[str, str], *, by: str) -> Provider:
    """Add a practice that one person entered: until a second one approves AGB code and IBAN, no letter leaves.

    Raises Refused as `providers.register` does.
    """
    if not details.get("kvk_number"):  # art. 27 Handelsregisterwet 2007: it belongs on every letter
        raise Refused(_("The KvK number is missing."))
    with transaction.atomic():
        provider = providers.register(agb_code, details)
        iban = provider.iban
        Provider.objects.filter(pk=provider.pk).update(approved_at=None, iban="")
        provider.approved_at, provider.iban = None, ""
        audit.record("practice_added", by=by, provider=provider.agb_code)
        ask_agb(provider, provider.agb_code, by=by)
        providers.ask_iban(provider, iban, by=by)
    return provider


def ask_agb(provider: Provider, agb_code: str, *, by: str) -> AgbChange:
    """Let another AGB code, or the first one, wait for a second person; one that waited before is superseded.

    Raises Refused for a code that is none, or that another practice has.
    """
    right, wrong = providers.read({"agb_code": agb_code}, PROVIDER)
    if wrong:
        raise Refused(wrong["agb_code"])
    _refuse_taken(provider, right["agb_code"])
    with transaction.atomic():
        locked = Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
        if locked.agb_code == right["agb_code"] and locked.approved_at:
            raise Refused(_("Nothing to change: that is what we have already."))
        providers.supersede(AgbChange, locked, StaffTask.Kind.AGB_WAITS, "agb", by=by)
        asked = AgbChange.objects.create(provider=locked, agb_code=right["agb_code"], asked_by=by)
        audit.record("agb_change_asked", by=by, provider=locked.agb_code, agb_code=asked.agb_code)
        audit.open_task(StaffTask.Kind.AGB_WAITS, dedupe_key=f"agb:{asked.pk}", note=asked.agb_code)
        if locked.approved_at:
            providers.tell(locked, "details_asked", details={"agb_code": asked.agb_code}, event=f"agb:{asked.pk}")
    return asked


def decide_agb(asked: AgbChange, *, approved: bool, by: str) -> None:
    """Approve or refuse an AGB code. Raises Refused for whoever asked for it, Stale when it was decided before."""
    by_two.refuse_own(asked, approved=approved, by=by, practice=asked.provider_id)
    with transaction.atomic():
        provider = Provider.objects.select_for_update(no_key=True).get(pk=asked.provider_id)
        by_two.settle(AgbChange.objects.filter(pk=asked.pk, decided_at=None), approved=approved, by=by)
        if approved:
            _refuse_taken(provider, asked.agb_code)
            changes: dict[str, Any] = {"agb_code": asked.agb_code}
            if provider.approved_at is None:
                changes["approved_at"] = timezone.now()
            Provider.objects.filter(pk=provider.pk).update(**changes)
            was = provider.agb_code if provider.approved_at else ""
            history.record(provider, "agb_code", was=was, now=asked.agb_code, by=by)
            if provider.approved_at:
                told = {"agb_code": asked.agb_code}
                providers.tell(provider, "details_approved", details=told, event=f"agb:{asked.pk}")
        act = "agb_change_approved" if approved else "agb_change_refused"
        audit.record(act, by=by, provider=provider.agb_code, agb_code=asked.agb_code)
        providers.close_tasks(StaffTask.Kind.AGB_WAITS, [f"agb:{asked.pk}"], by=by)


def _refuse_taken(provider: Provider, agb_code: str) -> None:
    if Provider.objects.filter(agb_code=agb_code).exclude(pk=provider.pk).exists():
        raise Refused(_("Another practice has this AGB code."))
