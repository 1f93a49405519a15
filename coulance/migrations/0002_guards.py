"""Triggers that keep decisions as they were taken."""

from django.db import migrations

from billing.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("coulance", "0001_initial")]
    operations = [append_only("coulance_decision")]
