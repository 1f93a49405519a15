"""What Mollie says that it paid out to our bank."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from banking.models.statements import BankLine
from billing.money import ZERO, EuroField


class Settlement(models.Model):
    """One payment of Mollie to our bank, and the line of a statement that shows it."""

    reference = models.CharField(max_length=70, unique=True)  # stl_…
    number = models.CharField(_("number"), max_length=30)  # on the statement
    amount = EuroField(_("amount"))
    costs = EuroField(_("costs of Mollie"))  # with VAT
    vat = EuroField(_("VAT"))
    settled_on = models.DateField(_("paid out on"))
    # The payment to our bank came back to Mollie: its amount is in a later one, and no statement will show this one.
    failed = models.BooleanField(_("failed"), default=False)
    line = models.OneToOneField(
        BankLine,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="settlement",
        verbose_name=_("line of a statement"),
    )

    class Meta:
        verbose_name, verbose_name_plural = _("settlement of Mollie"), _("settlements of Mollie")
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=ZERO), name="settlement_amount_positive")]

    def __str__(self) -> str:
        return self.number
