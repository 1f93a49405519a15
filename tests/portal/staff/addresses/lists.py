"""The lists of all tables as files."""

from django.contrib import admin

from billing.desk.base import OPERATIONS

OWN_PAGE = {
    f"{model._meta.app_label}_{model._meta.model_name}_file": {403} if table.readers == OPERATIONS else {200}
    for model, table in admin.site._registry.items()
}


def slots(rows):
    return {"<slug:kind>": "csv"}
