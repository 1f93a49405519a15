"""Who can't pay or must be spared, and claims at agencies."""

from django.utils import timezone

from debt_collection.models import HandOver
from forbearance import reports
from forbearance.models import CounsellorLetter, Forbearance
from tests.coulance.desk.desk_cases import as_checked
from tests.debt_collection.cases import of_marked

OWN_PAGE = {
    "forbearances": {200},
    "forbearance_report": {200, 422},  # what is posted here is no report
    "forbearance_needs": {200, 422},  # what is posted here names no patient of theirs
    "forbearance_printed": {404},
    "collection": {200},
    "agencies": {403},  # for operations alone
}
ROWS = {
    "forbearance_forbearance_ground",
    "forbearance_forbearance_letter",
    "billing_invoice_hand_over",
    "collection_handover_case",
}


def filled(provider, mark, rows):
    said = reports.Said(kind="debt_help", since=timezone.localdate(), why=rows["patient"].surname)
    case = of_marked(provider, mark)
    ground = reports.report(rows["patient"].pk, said, by="test")
    as_checked(CounsellorLetter(forbearance=ground), "png", f"{mark}.png", mark.encode())
    return {
        "forbearance": ground,
        "handover": case,
        "collection": case,  # as the matrix reads debt_collection_handover
    }


def slots(rows):
    return {"/brief/<int:file_id>/": f"/brief/{rows['forbearance'].letters.get().pk}/"}


def state_of(provider):
    return {
        "forbearance": list(Forbearance.objects.filter(patient__provider=provider).values()),
        "handover": list(HandOver.objects.filter(provider=provider).values()),
    }
