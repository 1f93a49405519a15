"""Whether somebody looked at each answer of the FAQ in time."""

from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.utils import timezone

from helpdesk.assistant import faq


@register(Tags.compatibility, deploy=True)
def check_reviews(**kwargs: Any) -> list[CheckMessage]:
    """Warn of entries past their day of review, with who answers for them."""
    late = [f"{entry.id} ({entry.owner})" for entry in faq.overdue(timezone.localdate())]
    sentence = f"{len(late)} answers of the FAQ are past their day of review: {', '.join(late)}."
    return [Warning(sentence, hint="Look at them and set a new review_by.", id="helpdesk.W010")] if late else []
