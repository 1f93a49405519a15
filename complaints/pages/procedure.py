"""The complaints procedure at /klachtenregeling/: its terms are those by which the room works."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from complaints import deadlines
from complaints.file.bodies import BODIES


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Say how a complaint goes, within which terms, and where else to go."""
    own = settings.COMPLAINTS_OWN_BODY
    terms = deadlines.PROCEDURES[settings.COMPLAINTS_PROCEDURE]
    facts = {
        "terms": terms,
        "second_days": terms.second_line_days or terms.answer_days,
        "second_most": terms.second_line_legal_days or terms.legal_days,
        "rest_days": deadlines.FREEZE_AFTER_ANSWER_DAYS,
        "again_days": deadlines.ESCALATION_DAYS,
        "own_body": BODIES[own] if own else None,
        "kept_years": settings.COMPLAINTS_KEPT_YEARS,
    }
    return render(request, "complaints/procedure.html", facts)
