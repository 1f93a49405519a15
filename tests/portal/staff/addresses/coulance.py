"""The desk where the provider decides about coulance."""

from decimal import Decimal

from coulance.models import NoteTemplate
from tests.coulance.desk.desk_cases import at_desk, picture_of, rules

ROWS = {
    "billing_invoice_coulance",
    "coulance_coulancecase_paper",
    "coulance_coulancecase_document",
    "coulance_coulancecase_page",
    "coulance_notetemplate_change",
    "coulance_notetemplate_history",
    "coulance_practicerules_history",
}
OWN_PAGE = {
    "coulance_notetemplate_changelist": {200},
    "coulance_notetemplate_add": {200, 403},  # for approvers, and of their own practice alone
}


def filled(provider, mark, rows):
    case = at_desk(provider, number=f"{mark}-C", patient=rows["patient"])
    picture_of(case, f"{mark}.png")
    return {
        "coulancecase": case,
        "notetemplate": NoteTemplate.objects.create(provider=provider, name=mark, text=mark),
        "practicerules": rules(case, help_text=mark, second_person_above=Decimal("100.00")),
    }


def slots(rows):
    return {
        "/document/<int:file_id>/": f"/document/{rows['coulancecase'].specifications.get().pk}/",
        "<int:number>": "1",
    }


def body(rows):
    return {"version": "0", "rule": "manual", "specification_days": "14", "help_text": "CHANGED", "text": "CHANGED"}


def state_of(provider):
    return {"notetemplate": list(NoteTemplate.objects.filter(provider=provider).values())}
