"""`manage.py check`: Django's checks, and whether FIELD_KEYS opens what the database holds."""

from typing import Any

from django.core.management.commands.check import Command as Check

from portal.serving.starting import refuse_wrong_keys


class Command(Check):
    def handle(self, *app_labels: Any, **options: Any) -> None:
        super().handle(*app_labels, **options)
        if not options["list_tags"]:
            refuse_wrong_keys()
