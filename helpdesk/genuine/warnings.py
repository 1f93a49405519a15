"""The warning that operations switch on while false messages in our name go round."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from billing import audit
from helpdesk.models import FraudWarning


def active() -> FraudWarning | None:
    """Return the warning that everybody reads now; None without one. It ends by itself after its last day."""
    shown = FraudWarning.objects.filter(ended_at=None, until__gte=timezone.localdate())
    return shown.order_by("-begun_at", "-pk").first()


def text() -> str:
    """Return the warning in the reader's language; empty without one."""
    warning = active()
    if warning is None:
        return ""
    return warning.text_en if translation.get_language() == "en" else warning.text_nl


def begin(*, text_nl: str, text_en: str, by: str) -> FraudWarning:
    """Show this warning in the place of the one before, for FRAUD_WARNING_DAYS."""
    now = timezone.now()
    until = timezone.localdate(now) + timedelta(days=settings.FRAUD_WARNING_DAYS)
    with transaction.atomic():
        FraudWarning.objects.filter(ended_at=None).update(ended_at=now)
        warning = FraudWarning.objects.create(text_nl=text_nl, text_en=text_en, begun_at=now, begun_by=by, until=until)
        audit.record("fraud_warning_begun", by=by, invoice=None, on=str(until))
    return warning


def end(*, by: str) -> bool:
    """Show no warning any more; return False when there was none."""
    with transaction.atomic():
        ended = FraudWarning.objects.filter(ended_at=None).update(ended_at=timezone.now())
        if ended:
            audit.record("fraud_warning_ended", by=by, invoice=None)
    return bool(ended)
