"""Where it is written down that something was let go of, and the access log's five years."""

from django.db import migrations, models
from django.db.models import Q

from billing.guards import removable_after


class Migration(migrations.Migration):
    dependencies = [("billing", "0011_code_and_file_items")]

    operations = [
        migrations.AddField(
            "invoice",
            "forgotten_at",
            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="personal data erased"),
        ),
        migrations.AddField(
            "outboxmessage", "erased_at", models.DateTimeField(blank=True, null=True, verbose_name="text erased")
        ),
        migrations.AddField("accesschain", "pruned_through", models.PositiveBigIntegerField(default=0)),
        migrations.AddField("accesschain", "pruned_digest", models.CharField(default="0" * 64, max_length=64)),
        migrations.AddIndex(
            "invoice",
            models.Index(
                fields=["settled_at"],
                name="invoice_to_forget",
                condition=Q(settled_at__isnull=False, forgotten_at=None),
            ),
        ),
        migrations.AddIndex(
            "outboxmessage",
            models.Index(fields=["sent_at"], name="outbox_to_erase", condition=Q(status="sent", erased_at=None)),
        ),
        migrations.AddIndex(
            "outboxmessage",
            models.Index(
                fields=["created_at"], name="outbox_canceled_to_erase", condition=Q(status="canceled", erased_at=None)
            ),
        ),
        removable_after("billing_accessevent", years=5, column="at"),
    ]
