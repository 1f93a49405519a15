"""One partial index for each thing the sweep asks: what waits, and what a dead worker left."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_append_only")]
    operations = [
        migrations.RemoveIndex(model_name="outboxmessage", name="outbox_unfinished"),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(fields=["next_try_at"], name="outbox_queued", condition=models.Q(status="queued")),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(fields=["claimed_at"], name="outbox_sending", condition=models.Q(status="sending")),
        ),
    ]
