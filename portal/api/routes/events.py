"""What happened since a program last asked."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop
from ninja import Query, Router

from portal.api import answers
from portal.api.auth import Key, key_of
from portal.api.listing import MAX_LIMIT, cursor_of, parameter_problem, place_of
from portal.api.problems import Problem
from portal.models import ApiEvent
from portal.models.keys import Scope
from portal.webhooks.events import told

router = Router(tags=["events"])


@router.get("/events", auth=Key(Scope.EVENTS), response=answers.Events, summary=gettext_noop("Read what happened"))
def list_events(
    request: HttpRequest,
    since: str = Query("", max_length=200, description="The `next` of the answer before; empty: from the beginning."),
    limit: int = Query(100, ge=1, le=MAX_LIMIT),
) -> dict[str, Any]:
    """Return what happened, the oldest first, and from where to go on.

    An event stands here some seconds after it happened, and its place never changes. `next` is there at the end too.
    """
    key = key_of(request)
    try:
        after = place_of(key, "events", since)[0]
    except Problem as problem:
        raise parameter_problem("since", problem.errors[0]["detail"]) from None
    rows = list(ApiEvent.objects.filter(provider=key.provider, pk__gt=after).select_related("invoice")[: limit + 1])
    page = rows[:limit]
    return {
        "items": [told(event) for event in page],
        "next": cursor_of(key, "events", [page[-1].pk if page else after]),
        "has_more": len(rows) > limit,
    }
