"""Files with invoices that a practice hands in."""

from billing.models import IntakeChoice, SubmittedFile
from billing.submission import uploads
from portal.intake import spreadsheets

OWN_PAGE = {
    "hand_in": {200, 303},
    "hand_in_choice": {303, 403, 405},  # for approvers, of their own practice
    "hand_in_file": {404},
    "hand_in_columns": {404},
    "hand_in_state": {404},
    "hand_in_answer": {404},
}


def filled(provider, mark, rows):
    """A file that was handed in."""
    content = b'{"format": "invoice-batch/1", "provider": {"agb_code": "%s"}, "invoices": []}' % (
        provider.agb_code.encode()
    )
    facts = {"name": mark, "language": "nl"}
    row = uploads.store(
        provider, content, kind=SubmittedFile.Kind.JSON, facts=facts, size=len(content), by=mark, needs_columns=False
    )
    counts = {"new": 1}
    uploads.checked(row, found={"outdated": [mark]}, counts=counts, may_go=True, good_ones=False)
    uploads.order(row, by=mark)
    uploads.finished(row, found={"outdated": [mark]}, counts=counts)
    table = f"nr;kolom\n{mark};1\n".encode()
    (content, asked), waits = spreadsheets.taken(provider, table)
    row_of_table = uploads.store(
        provider, content, kind=SubmittedFile.Kind.CSV, facts=facts | asked, size=len(table), by=mark,
        needs_columns=waits,
    )  # fmt: skip
    return {"submittedfile": row, "table": row_of_table}


def slots(rows):
    return {
        "<int:file_id>/kolommen/": f"{rows['table'].pk}/kolommen/",
        "aanleveren/<int:file_id>/": f"aanleveren/{rows['submittedfile'].pk}/",
        "<str:ending>": "csv",
    }


def body(rows):
    return {"good_ones": "yes", "sha256": rows["submittedfile"].sha256}


def state_of(provider):
    return {
        "submittedfile": list(SubmittedFile.objects.filter(provider=provider).order_by("pk").values()),
        "intakechoice": list(IntakeChoice.objects.filter(provider=provider).values()),
    }
