"""The lists of all tables as files."""

from django.contrib import admin

from billing.desk.base import OPERATIONS

OWN_PAGE = {
    f"{model._meta.app_label}_{model._meta.model_name}_sheet": {403} if table.readers == OPERATIONS else {200}
    for model, table in admin.site._registry.items()
}
# The tables whose rows have pages of their own.
_LISTED = {"complaints_complaint", "debt_collection_handover", "forbearance_forbearance", "banking_payout"}
OWN_PAGE |= {f"{table}_changelist": {200, 302} for table in _LISTED}
OWN_PAGE |= {"banking_bankline_changelist": {403}, "banking_bankline_change": {403}}
ROWS = {f"{table}_change" for table in _LISTED}


def slots(rows):
    return {"<slug:kind>": "csv"}
