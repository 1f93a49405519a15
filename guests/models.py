"""Throttles and codes by SMS."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from django_otp.models import CooldownMixin, SideChannelDevice, TimestampMixin
from django_otp.util import random_number_token

from billing.models import Invoice

CLOCK_SKEW = timedelta(seconds=5)  # between the clocks of two machines
_NO_CODE = "-" * 64  # as long as a hash, and none


class Throttle(models.Model):
    """Which tries somebody has used up: one row per key, locked while one is added (see throttle.py)."""

    # A keyed hash: the table does not reveal which addresses were here.
    key = models.CharField(max_length=64, primary_key=True)
    # The tries that may still count, as [moment in µs since 1970, how many], oldest first.
    used = models.JSONField(default=list)
    over_at_us = models.BigIntegerField()  # the moment from which none of them counts

    class Meta:
        verbose_name, verbose_name_plural = _("throttle"), _("throttles")
        indexes = [models.Index(fields=["over_at_us"], name="throttle_to_delete")]

    def __str__(self) -> str:
        return self.key[:8]


class GuestDevices(models.Manager["SmsDevice"]):
    """Devices without a user. django-otp asks every device model for those of a member of staff who signs in."""

    def devices_for_user(self, user: Any, confirmed: bool | None = None) -> models.QuerySet["SmsDevice"]:
        """Return none."""
        return self.none()


class SmsDevice(TimestampMixin, CooldownMixin, SideChannelDevice):
    """The code by SMS of one browser for one invoice and one purpose. Its holder is no user.

    django-otp's own throttling is left out on purpose: it doubles the waiting time without end, so that typing
    mistakes would lock a patient out for days. Here a code ends after a few wrong guesses, and sending is limited.
    Never pass this to django_otp.login, verify_token or match_token: those are for users.
    """

    # Both: when only one of them is removed every login of staff fails.
    user = None
    user_id = None
    name = None
    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="+", verbose_name=_("invoice"))
    holder = models.CharField(max_length=64, editable=False)  # a keyed hash of a secret in the browser's session
    purpose = models.CharField(max_length=16, editable=False)
    attempts_left = models.PositiveSmallIntegerField(default=0, editable=False)
    rests_on = models.CharField(max_length=32, editable=False, default="")  # the number that it was sent to, as a hash
    # A keyed hash of the code, never the code (the field of the library holds the code itself).
    token = models.CharField(max_length=64, blank=True, null=True, editable=False)  # noqa: DJ001  null: no code

    objects = GuestDevices()

    class Meta:
        verbose_name, verbose_name_plural = _("code by SMS"), _("codes by SMS")
        constraints = [
            models.UniqueConstraint(fields=["invoice", "holder", "purpose"], name="one_code_per_browser_and_invoice")
        ]
        indexes = [models.Index(fields=["valid_until"], name="sms_device_to_delete")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"

    def generate_is_allowed(self) -> tuple[bool, Any]:
        """Tell whether a code may be made now. A last one that lies ahead is of a clock that was set back since."""
        if self.last_generated_timestamp and self.last_generated_timestamp > timezone.now() + CLOCK_SKEW:
            return True, None
        return super().generate_is_allowed()

    def get_cooldown_duration(self) -> int:
        """Return the seconds between two codes."""
        return settings.CODE_COOLDOWN_SECONDS

    def cooldown_reset(self, commit: bool = True) -> None:
        """Do nothing: a right code must not allow the next SMS at once, which would allow SMS pumping."""

    @property
    def is_open(self) -> bool:
        """Tell whether a code was sent that is still valid: made not later than now, and not over."""
        begun, now = self.last_generated_timestamp, timezone.now()
        in_time = begun is not None and begun <= now + CLOCK_SKEW and now < self.valid_until
        return bool(self.token) and self.attempts_left > 0 and in_time

    @property
    def is_used_up(self) -> bool:
        """Tell whether the last code ended because it was guessed too often."""
        return self.attempts_left == 0 and self.last_generated_timestamp is not None

    def generate_challenge(self, rests_on: str = "") -> str:
        """Make a new code, which ends the one before it, and return it. Only its hash is stored.

        It ends with what it `rests_on`: the number that it is sent to.
        """
        code = random_number_token(settings.CODE_DIGITS)
        self.token = self._hash(code)
        self.valid_until = timezone.now() + timedelta(seconds=settings.CODE_VALID_SECONDS)
        self.attempts_left = settings.CODE_ATTEMPTS
        self.rests_on = rests_on
        self.cooldown_set(commit=False)
        self.save()
        return code

    def verify_token(self, token: str) -> bool:
        """Tell whether `token` is the code, at most CODE_ATTEMPTS times and right once. The row must be locked."""
        given = self._hash(token)
        # Before checking whether there is a valid code, so that the time taken does not reveal it.
        right = constant_time_compare(given, self.token or _NO_CODE)
        if not self.is_open:
            if self.token and self.pk:
                self.delete_code()  # what is over stays so, also when the clock goes back
            return False
        self.attempts_left -= 1
        self.save(update_fields=["attempts_left"])
        return right and super().verify_token(given)

    def delete_code(self) -> None:
        """End the code; the row remains for the cooldown."""
        self.token = None
        self.save(update_fields=["token"])

    def _hash(self, code: str) -> str:
        return salted_hmac("guests.sms_code", f"{self.pk}:{code}", algorithm="sha256").hexdigest()
