from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("coulance", "0006_no_open_names_and_reasons")]

    operations = [
        migrations.AlterField(
            "specification",
            "status",
            models.CharField(
                choices=[
                    ("received", "received, will be checked"),
                    ("checking", "being checked"),
                    ("clean", "checked and sent to the care provider"),
                    ("refused", "refused"),
                    ("quarantined", "waits for the virus scanner"),
                    ("withdrawn", "taken back"),
                    ("erased", "was with the care provider, and is erased now"),
                ],
                default="received",
                max_length=12,
                verbose_name="status",
            ),
        ),
    ]
