"""The files that a person may see: those of their own practice."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from billing.models import Provider, SubmittedFile
from billing.tenancy import visible_to


def practice_of(request: HttpRequest) -> Provider:
    """Return the practice for which this person works; the page opened to nobody without one."""
    member: Any = request.user
    provider: Provider = member.provider
    return provider


def files_of(request: HttpRequest) -> QuerySet[SubmittedFile]:
    """Return the files that this person may see, the newest first."""
    return visible_to(request.user, SubmittedFile.objects.order_by("-pk"), provider_path="provider")


def file_of(request: HttpRequest, file_id: int) -> SubmittedFile:
    """Return one file. Raises Http404 for that of another practice as for none."""
    row: SubmittedFile = get_object_or_404(files_of(request).select_related("provider"), pk=file_id)
    return row
