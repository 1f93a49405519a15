"""`manage.py rotate_field_keys`: seal everything again with the first key of FIELD_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.encryption import current_key_id
from billing.errors import Refused
from billing.privacy import key_lock
from billing.privacy.rotation import rotate, rotate_files, sealed_models


class Command(BaseCommand):
    help = "Seal every encrypted column again with the newest key; after that the older keys can be removed."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with key_lock.exclusive():
                self._rotate()
        except Refused as error:
            raise CommandError(f"{error} Nothing was changed.") from error

    def _rotate(self) -> None:
        for model in sealed_models():
            self.stdout.write(f"{model._meta.label}: {rotate(model)} values sealed again")
        for label, count in rotate_files().items():
            self.stdout.write(f"{label}: {count} files sealed again")
        self.stdout.write(f"Everything is sealed with key {current_key_id()}.")
