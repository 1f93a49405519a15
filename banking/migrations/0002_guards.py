"""Triggers that keep an issued invoice about fees as it was: what is wrong on it is put right by another one."""

from django.db import migrations

from billing.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("banking", "0001_initial"), ("billing", "0002_guards")]
    operations = [append_only("banking_feeinvoice")]
