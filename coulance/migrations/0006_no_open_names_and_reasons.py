from django.db import migrations

from billing.guards import append_only, writable_again


class Migration(migrations.Migration):
    dependencies = [("coulance", "0005_seal_names_and_reasons")]

    operations = [
        writable_again("coulance_decision"),
        migrations.RemoveField("specification", "name"),
        migrations.RemoveField("proposal", "reason"),
        migrations.RemoveField("decision", "reason"),
        append_only("coulance_decision"),
    ]
