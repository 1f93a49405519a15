from typing import Any

from django.db import migrations

from billing.encryption import seal
from billing.links import new_token


def seal_what_is_there(apps: Any, _schema_editor: Any) -> None:
    """Names of files and reasons of proposals are sealed; a decision gets its reason from its message."""
    for row in apps.get_model("coulance", "Specification").objects.iterator():
        bound_to = f"coulance.specification:{row.case_id}:{row.token}:name"
        row.sealed_name = seal(row.name.encode(), bound_to=bound_to)
        row.save(update_fields=["sealed_name"])
    for row in apps.get_model("coulance", "Proposal").objects.iterator():
        row.sealed_reason = seal(row.reason.encode(), bound_to=f"coulance.proposal:{row.case_id}:reason")
        row.save(update_fields=["sealed_reason"])
    messages = apps.get_model("coulance", "CaseMessage").objects
    for row in apps.get_model("coulance", "Decision").objects.select_related("decided_by").iterator():
        own = {"case_id": row.case_id, "author": "provider", "at": row.at}
        told = messages.filter(decision=None, **own).order_by("pk").first()
        if told is not None:
            told.decision = row
            told.save(update_fields=["decision"])
            continue
        token = new_token()
        sealed = seal(row.reason.encode(), bound_to=f"coulance.message:{row.case_id}:{token}")
        by = f"staff:{row.decided_by.username}"[:60]
        messages.create(token=token, sealed_text=sealed, decision=row, by=by, **own)


class Migration(migrations.Migration):
    dependencies = [("coulance", "0004_sealed_columns")]

    operations = [migrations.RunPython(seal_what_is_there)]
