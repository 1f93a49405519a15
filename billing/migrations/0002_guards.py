"""Triggers that keep the books and the logs as they were written, and the first link of the access log."""

from django.db import migrations

from billing.guards import append_only, removable_after


def begin_chain(apps, schema_editor):
    apps.get_model("billing", "AccessChain").objects.create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [
        append_only("billing_ledgertransaction", "billing_posting", "billing_auditevent", "billing_accessevent"),
        removable_after("billing_accessevent", years=5, column="at"),
        migrations.RunPython(begin_chain, migrations.RunPython.noop),
    ]
