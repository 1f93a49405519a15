"""The database itself refuses to change or remove what was booked or recorded."""

from django.db import migrations

from billing.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [append_only("billing_ledgerentry", "billing_auditevent")]
