"""The errors of rules and channels. After one of them nothing was changed; a view shows its sentence."""

from django.utils.translation import gettext as _


class Refused(Exception):
    """A command that is not allowed now. `str()` is a translated sentence for the person who asked."""


class Stale(Refused):
    """A command on a row that changed since the person opened the page."""


class FormUsed(Refused):
    """A form that was sent before, for something else: its key makes a doubled click do nothing."""

    def __init__(self) -> None:
        super().__init__(_("This form was used before. Open the page anew, and look at what is booked already."))


class GatewayUnknown(Exception):
    """An external call whose outcome is unknown: it may have happened. Repeat it with the same key."""


class GatewayUnreadable(GatewayUnknown):
    """The gateway answered about one row with something that we can't read. Other rows may be fine."""


class GatewayRefused(Exception):
    """An external call that was refused: it did not happen. `alarm` means that our own configuration is wrong."""

    def __init__(self, detail: str, *, alarm: bool = False) -> None:
        super().__init__(detail)
        self.alarm = alarm
