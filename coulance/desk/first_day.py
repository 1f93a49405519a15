"""The step of a practice's first day that is coulance's."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from billing.rooms import FirstStep
from coulance.models import PracticeRules


def steps(provider: Any, staff: Any) -> Iterator[FirstStep]:
    """Yield whether the practice looked at its rules for coulance."""
    yield FirstStep(
        "coulance", _("Rules for coulance"),
        _("Whether you lower invoices that the insurer does not pay, how far, and who decides. Skip it if you don't."),
        PracticeRules.objects.filter(provider=provider).exists(), "admin:coulance_practicerules_changelist",
    )  # fmt: skip
