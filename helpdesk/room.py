"""What the helpdesk announces to the rest of the product."""

from billing.rooms import Announcement, Room


class HelpdeskRoom(Room):
    """Who has a question finds the answer or a person, and learns whether a message is ours."""

    name = "helpdesk"

    def ready(self) -> None:
        """Add the checks on what the operator set."""
        from helpdesk.contact import checks  # noqa: F401

        super().ready()

    def announce(self) -> Announcement:
        from helpdesk.pages import urls

        return Announcement(patient_urls=urls.urlpatterns)
