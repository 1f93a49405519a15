"""The public page of what complaints taught us in the last twelve months, when there are enough of them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.law.calendar import anniversary
from complaints.file import lessons
from complaints.models import Complaint


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show the figures of all complaints together, or that there are too few to say anything about."""
    today = timezone.localdate()
    found = lessons.figures(Complaint.objects.all(), anniversary(today, -1), today)
    enough = found.received >= lessons.LEAST
    context = {
        "figures": found if enough else None,
        # Each figure on its own people: what is said of a few could be about somebody.
        "enough_answers": found.answered >= lessons.LEAST,
        "enough_returned": found.returned_from >= lessons.LEAST,
        "causes": [(cause, count) for cause, count in found.causes if enough and count >= lessons.LEAST],
        "least": lessons.LEAST,
        "form": None,
        "refusal": "",
    }
    return render(request, "complaints/figures.html", context)
