"""Ending what staff have open, at once and wherever it is."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

from billing import audit
from billing.models import Staff


def end(member: Staff | None, *, by: str, but: str | None = None) -> int:
    """End every session of this member of staff, or of all of them; those of patients go on, and so does the one
    whose key is `but`. How many ended."""
    ended = 0
    for session in Session.objects.exclude(session_key=but).iterator():
        holder = session.get_decoded().get(SESSION_KEY)
        if holder == str(member.pk) if member else holder:
            session.delete()
            ended += 1
    audit.record("staff_sessions_ended", by=by, staff=member.pk if member else "all", sessions=ended)
    return ended
