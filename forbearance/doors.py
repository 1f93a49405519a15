"""Who helps people with money, and to whom the ways to pay later, to rest or to get help are shown first.

After the second reminder, after two plans that were not kept, or with three open invoices. Nobody's income is asked.
"""

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, PaymentPlan, ReminderStep
from billing.text.bodies import Body

OPEN_INVOICES, BROKEN_PLANS = 3, 2

_second_reminder = ReminderStep.objects.filter(
    invoice=OuterRef("pk"), step=ReminderStep.Step.FINAL_NOTICE, status=ReminderStep.Status.TAKEN
)
_broken = PaymentPlan.objects.filter(invoice__patient=OuterRef("patient"), status=PaymentPlan.Status.BROKEN)
_open = Invoice.objects.filter(patient=OuterRef("patient"), settled_at=None, withdrawn_at=None)
# An annotation of an invoice.
IS_IN_TROUBLE = Exists(
    Invoice.objects.filter(pk=OuterRef("pk"), settled_at=None).filter(
        Q(Exists(_second_reminder)) | Q(Exists(_open[OPEN_INVOICES - 1 :])) | Q(Exists(_broken[BROKEN_PLANS - 1 :]))
    )
)


def help_first(invoice: Invoice) -> bool:
    """Tell whether whoever pays this invoice sees the help first."""
    return Invoice.objects.filter(IS_IN_TROUBLE, pk=invoice.pk).exists()


# Only those of this list are named, since look-alikes of them exist.
BODIES = (
    Body(
        "Geldfit",
        _("Geldfit listens, and tells you which help there is for you. You do not have to say your name."),
        "0800 8115",
        "https://geldfit.nl/",
    ),
    Body(
        _("Your municipality"),
        _("Each municipality helps with debts (“schuldhulpverlening”). The first talk is within four weeks."),
        "",
        "https://organisaties.overheid.nl/Gemeenten/",
    ),
)
