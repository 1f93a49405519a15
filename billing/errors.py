"""What a rule says when it refuses. A view shows the sentence; nothing was changed."""


class Refused(Exception):
    """A command that may not happen now. `str()` is a translated sentence for the person who asked."""


class Stale(Refused):
    """The row changed since the person opened the page."""


class GatewayUnknown(Exception):
    """An outside call whose outcome is unknown: it may have happened. Repeat with the same key."""


class GatewayRefused(Exception):
    """The outside party said no: it did not happen. `alarm` means our own set-up is wrong."""

    def __init__(self, detail: str, *, alarm: bool = False) -> None:
        super().__init__(detail)
        self.alarm = alarm
