"""What the front door itself has to remember."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Throttle(models.Model):
    """How far somebody has used up their tries: one row per key, moved by one statement (see access.py)."""

    # A keyed hash: the table tells nobody which addresses were here.
    key = models.CharField(max_length=64, primary_key=True)
    # The moment (µs since 1970) at which nothing of the tries would be used any more.
    free_at_us = models.BigIntegerField()

    class Meta:
        verbose_name, verbose_name_plural = _("throttle"), _("throttles")
        indexes = [models.Index(fields=["free_at_us"], name="throttle_to_forget")]

    def __str__(self) -> str:
        return self.key[:8]
