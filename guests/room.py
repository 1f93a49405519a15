"""What guests announce to the rest of the product: which browser may see which invoice."""

from django.urls import register_converter
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from billing.rooms import Announcement, Beat, Room

AUDIT_LABELS = {
    "code_sent": gettext_noop("code sent by SMS"),
    "code_right": gettext_noop("right code entered"),
    "code_wrong": gettext_noop("wrong code entered"),
}


class GuestsRoom(Room):
    """Access, throttles and the code by SMS."""

    name = "guests"

    def ready(self) -> None:
        from guests.converters import TokenConverter
        from guests.files import checks  # noqa: F401  registers the system checks

        super().ready()
        register_converter(TokenConverter, "token")

    def announce(self) -> Announcement:
        from guests import access, retention, sms_code, sms_limits
        from guests.files import again, storage

        return Announcement(
            beat={
                "watch-codes": Beat("guests.watch_codes", 600.0, expires=600),
                "end-codes": Beat("guests.end_codes", 60.0, expires=60),
            },
            retention=retention.run_day,
            kept={
                "RETAIN_CODE_DAYS": _("Codes by text message: %(count)s days."),
            },
            audit_labels=AUDIT_LABELS,
            access_labels={again.LISTED: _("the names of files that you sent before")},
            staff_tasks={
                storage.FILE_UNCHECKED: _("a file that a patient sent can't be checked: we try again"),
                sms_limits.CODE_LIMIT: _("many codes by SMS: somebody may be misusing them"),
                sms_code.CODES_UNUSED: _("few codes by SMS are used: they may not arrive, or somebody misuses them"),
                access.LOOKUP_BREAKER: _("many wrong payment references: somebody may be guessing"),
            },
        )
