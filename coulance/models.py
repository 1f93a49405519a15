"""A case of coulance: the patient shows what the insurer reimbursed, the provider lowers the invoice to that."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice


class CoulanceCase(models.Model):
    """The offer on one invoice, from the day it is made to the decision."""

    class Status(models.TextChoices):
        OFFERED = "offered", _("offered")
        WAITING_FOR_SPECIFICATION = "waiting_for_specification", _("waiting for the insurer's specification")
        AT_PROVIDER = "at_provider", _("with the care provider")
        ADJUSTED = "adjusted", _("amount lowered")
        REJECTED = "rejected", _("rejected")
        EXPIRED = "expired", _("expired")
        WITHDRAWN = "withdrawn", _("withdrawn")

    TRANSITIONS = {
        Status.OFFERED: (Status.WAITING_FOR_SPECIFICATION, Status.EXPIRED, Status.WITHDRAWN),
        Status.WAITING_FOR_SPECIFICATION: (Status.AT_PROVIDER, Status.EXPIRED, Status.WITHDRAWN),
        Status.AT_PROVIDER: (Status.ADJUSTED, Status.REJECTED, Status.WITHDRAWN),
        # The insurer may correct itself: a second specification opens the case again.
        Status.ADJUSTED: (Status.AT_PROVIDER,),
        Status.REJECTED: (Status.AT_PROVIDER,),
        Status.EXPIRED: (),
        Status.WITHDRAWN: (),
    }

    invoice = models.OneToOneField(Invoice, models.PROTECT, related_name="coulance_case", verbose_name=_("invoice"))
    status = models.CharField(_("status"), max_length=26, choices=Status, default=Status.OFFERED)
    offered_at = models.DateTimeField(_("offered"), default=timezone.now)
    specification_due_on = models.DateField(_("specification expected before or on"))

    class Meta:
        verbose_name, verbose_name_plural = _("coulance case"), _("coulance cases")

    def __str__(self) -> str:
        return self.get_status_display()
