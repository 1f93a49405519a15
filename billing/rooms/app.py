"""What a room is to Django: an app that announces itself, and brings its house rules."""

from collections.abc import Mapping
from typing import Any

from django.apps import AppConfig
from django.conf import settings

from billing.rooms.announced import Announcement


class Room(AppConfig):
    """The AppConfig of a room. `announce` runs once, after all apps are loaded, so it may import the room's rules."""

    # The room's business settings with their defaults. What a practice may choose itself is in a table of the room.
    house_rules: Mapping[str, Any] = {}

    def announce(self) -> Announcement:
        """Return what the rest of the product has to know about the room."""
        return Announcement()

    def ready(self) -> None:
        """Add the house rules to the settings, unless the settings module overrides them."""
        for name, default in self.house_rules.items():
            if not hasattr(settings, name):
                setattr(settings, name, default)
