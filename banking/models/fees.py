"""The invoices by which the operator charges practices its fee."""

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from banking.models.payouts import Payout
from billing.money import EuroField


class FeeInvoice(models.Model):
    """What art. 35a Wet OB 1968 wants on an invoice, as it was on the day of issue: it never changes afterwards."""

    number = models.CharField(_("number"), max_length=12, unique=True)
    issued_on = models.DateField(_("date"))
    payout = models.OneToOneField(Payout, models.PROTECT, related_name="fee_invoice", verbose_name=_("payout"))
    from_on = models.DateField(_("for invoices from"))
    to_on = models.DateField(_("up to and including"))
    count = models.PositiveIntegerField(_("invoices with a fee"))
    price = EuroField(_("fee for each invoice"))
    net = EuroField(_("fee"))
    vat_percent = models.DecimalField(_("VAT in percent"), max_digits=5, decimal_places=2)
    vat = EuroField(_("VAT"))
    # name, address, kvk and vat_number of both: later changes are not of this invoice.
    supplier = models.JSONField(_("supplier"))
    customer = models.JSONField(_("customer"))

    class Meta:
        verbose_name, verbose_name_plural = _("fee invoice"), _("fee invoices")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.number

    @property
    def total(self) -> Decimal:
        """Return what the practice pays, in euros."""
        return self.net + self.vat

    @property
    def percent(self) -> Decimal:
        """Return the rate of VAT as people write it: 21 rather than 21.00."""
        whole = self.vat_percent.to_integral_value()
        return whole if whole == self.vat_percent else self.vat_percent


class FeeInvoiceSeries(models.Model):
    """The last number of a year: numbers follow each other without a gap."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("series of fee invoices"), _("series of fee invoices")

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"
