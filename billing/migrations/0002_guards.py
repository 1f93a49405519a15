"""Triggers that keep the books and the logs as they were written, and the first link of the access log."""

from django.db import migrations

from billing.guards import append_only, removable_after


def begin_chain(apps, schema_editor):
    apps.get_model("billing", "AccessChain").objects.create(pk=1)


SEARCHED = ("billing_patient", "billing_payer", "billing_invoice")


def index_search(apps, schema_editor):
    """Let PostgreSQL find any part of what a row is found by; SQLite, for small practices, reads all rows."""
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for table in SEARCHED:
        schema_editor.execute(f"CREATE INDEX {table}_search ON {table} USING gin (search_text gin_trgm_ops)")


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [
        append_only("billing_ledgertransaction", "billing_posting", "billing_auditevent", "billing_accessevent"),
        append_only("billing_practicechange"),
        removable_after("billing_accessevent", years=5, column="at"),
        migrations.RunPython(begin_chain, migrations.RunPython.noop),
        migrations.RunPython(index_search, migrations.RunPython.noop),
    ]
