from django.db import migrations

from billing.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("coulance", "0002_cases_files_decisions")]

    operations = [append_only("coulance_decision")]
