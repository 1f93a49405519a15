"""The people of one practice: who they are, what they ask of each other, and who comes and goes."""

from django.db.models import Q, QuerySet

from billing.models import Provider, Staff


def of_practice(provider: Provider | int) -> QuerySet[Staff]:
    """Return who works for a practice now, by name: those who begin there, and those who came later."""
    later = Q(memberships__provider=provider, memberships__blocked_at=None)
    return Staff.objects.filter(Q(provider=provider) | later, is_active=True).distinct().order_by("username")
