import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("coulance", "0003_append_only")]

    operations = [
        migrations.AddField("specification", "sealed_name", models.BinaryField(default=b"")),
        migrations.AddField("proposal", "sealed_reason", models.BinaryField(default=b""), preserve_default=False),
        migrations.AddField(
            "casemessage",
            "decision",
            models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="message",
                to="coulance.decision",
                verbose_name="decision",
            ),
        ),
    ]
