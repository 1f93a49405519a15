"""The daily figures behind the charts of the staff site."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DayFigure(models.Model):
    """One figure of one day over all providers: cents where it is money, else a count."""

    class Name(models.TextChoices):
        MONEY_IN = "money_in", _("money in")
        NOT_DUE = "not_due", _("not due yet")
        DUE_30 = "due_30", _("1 to 30 days late")
        DUE_90 = "due_90", _("31 to 90 days late")
        DUE_OLDER = "due_older", _("more than 90 days late")
        SENT = "sent", _("messages sent")
        STUCK = "stuck", _("messages failed or in doubt")

    day = models.DateField(_("day"))
    name = models.CharField(_("figure"), max_length=10, choices=Name)
    value = models.BigIntegerField(_("value"))

    class Meta:
        verbose_name, verbose_name_plural = _("figure of a day"), _("figures of days")
        constraints = [models.UniqueConstraint(fields=["day", "name"], name="one_figure_per_day_and_name")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class DayClock(models.Model):
    """When the day's work ran last: one row, locked while the clock is compared with it."""

    last_run_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("clock of the day's work"), _("clocks of the day's work")

    def __str__(self) -> str:
        return f"{self.last_run_at:%Y-%m-%d %H:%M}"
