"""The desk where the provider decides about coulance."""

from decimal import Decimal

from tests.coulance.desk.desk_cases import at_desk, picture_of, rules

ROWS = {"coulance_coulancecase_document", "coulance_practicerules_history"}


def filled(provider, mark, rows):
    case = at_desk(provider, number=f"{mark}-C", patient=rows["patient"])
    picture_of(case, f"{mark}.png")
    return {
        "coulancecase": case,
        "practicerules": rules(case, help_text=mark, second_person_above=Decimal("100.00")),
    }


def slots(rows):
    return {"<int:file_id>": str(rows["coulancecase"].specifications.get().pk)}


def body(rows):
    return {"version": "0", "rule": "manual", "specification_days": "14", "help_text": "CHANGED"}
