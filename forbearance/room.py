"""What forbearance announces to the rest of the product."""

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from billing.rooms import (
    Announcement,
    Daily,
    Demo,
    Export,
    HoldReason,
    InvoicePanel,
    MessageKind,
    Room,
    Stops,
)

AUDIT_LABELS = {
    "breathing_space_taken": gettext_noop("breathing space begun"),
    "forbearance_ended": gettext_noop("forbearance ended"),
}
LETTERS = frozenset((Stops.REMINDERS, Stops.PLANS))  # paying stays possible


class ForbearanceRoom(Room):
    """Who can't pay now gets time and help, and who must be spared is spared."""

    name = "forbearance"
    house_rules = {
        "BREATHING_SPACE_DAYS": 30,  # once in twelve months for whoever pays
        "FORBEARANCE_KEPT_YEARS": 2,  # after it ended: the least that the Bki asks of files about collection
    }

    def announce(self) -> Announcement:
        from forbearance import days, demo, export, notices, rests, retention
        from forbearance.models import Forbearance
        from forbearance.pages import urls

        running = Forbearance.objects.filter(
            patient=OuterRef("patient"), kind=Forbearance.Kind.BREATHING_SPACE, ended_at=None
        )
        return Announcement(
            patient_urls=urls.urlpatterns,
            # Before letters are planned: what ends today is told first.
            daily=[Daily(23, days.run_day)],
            retention=retention.run_day,
            export=Export(_("forbearance"), export.of_invoice, export.documents),
            messages={kind: MessageKind(needs) for kind, needs in notices.NEEDS.items()},
            audit_labels=AUDIT_LABELS,
            hold_reasons={
                "breathing_space": HoldReason(_("you took a breathing space"), stops=LETTERS, ended=rests.tell_end),
            },
            invoice_panel=InvoicePanel(
                {"breathing_space_until": Subquery(running.values("until")[:1])},
                below="forbearance/invoice_below.html",
                if_unable="cannot_pay_invoice",
            ),
            intake=rests.INTAKE,
            demo=Demo(demo.fields, demo.SHOWS, demo.seed),
        )
