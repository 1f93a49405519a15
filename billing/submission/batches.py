"""The row of a file that is being written: how far it got, so that an interrupted import is seen and continued."""

from django.db.models import F
from django.utils import timezone

from billing.models import Provider, SubmittedBatch


def was_interrupted(provider: Provider, digest: str) -> bool:
    """Tell whether an import of the file with this SHA-256 began and did not end."""
    return SubmittedBatch.objects.filter(provider=provider, digest=digest, finished_at=None).exists()


def begin(provider: Provider, digest: str, *, invoices: int, by: str) -> SubmittedBatch:
    """Return the row of the file with this SHA-256, from the start; one that was interrupted is begun again.

    The invoices that it wrote are found known then, so that only the rest is written.
    """
    row = SubmittedBatch.objects.get_or_create(
        provider=provider, digest=digest, defaults={"invoices": invoices, "by": by}
    )[0]
    SubmittedBatch.objects.filter(pk=row.pk).update(done=0, finished_at=None, by=by)
    return row


def advance(row: SubmittedBatch, invoices: int) -> None:
    """Count the invoices of a chunk, in its transaction."""
    SubmittedBatch.objects.filter(pk=row.pk).update(done=F("done") + invoices)


def finish(row: SubmittedBatch) -> None:
    """Record that all of the file is written."""
    SubmittedBatch.objects.filter(pk=row.pk).update(finished_at=timezone.now())
