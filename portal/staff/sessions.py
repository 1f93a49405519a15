"""Ending the sessions of staff, on all their devices at once."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

from billing import audit
from billing.models import Staff


def end(member: Staff | None, *, by: str, exclude: str | None = None) -> int:
    """End all sessions of this member of staff, or of all staff; return how many.

    Sessions of patients continue, and so does the session with the key `exclude`.
    """
    ended = 0
    for session in Session.objects.exclude(session_key=exclude).iterator():
        holder = session.get_decoded().get(SESSION_KEY)
        if holder == str(member.pk) if member else holder:
            session.delete()
            ended += 1
    audit.record("staff_sessions_ended", by=by, staff=member.pk if member else "all", sessions=ended)
    return ended
