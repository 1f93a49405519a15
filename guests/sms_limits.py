"""How often codes by SMS may be sent and guessed: the limits, and the sentence when one is reached.

Whoever came by the link in our mail or on paper is counted apart from those who only know the payment reference: no
stranger, at the same address or at a thousand others, can use up what the patient has. All codes of one invoice
together allow at most 100 guesses a day, 40 of strangers and 60 by the link; each is counted before it is looked at.
Limits count for one invoice from one network, for one invoice and one number from everywhere, and for all patients.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.invoices.addressee import addressee
from billing.models import Invoice
from guests import throttle
from guests.models import SmsDevice

CODE_LIMIT = "code_limit"  # a staff task
HOUR, DAY = 3600, 86_400


class TooOften(Refused):
    """No code may be sent now; one may be in `wait_seconds`."""

    def __init__(self, sentence: str, *, wait_seconds: int) -> None:
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class Bucket:
    """A limit with whom or what it counts; a shared one is used up by all who know the payment reference."""

    limit: throttle.Limit
    key: str
    is_shared: bool = False

    def take(self, *, now: datetime) -> bool:
        """Use up one try; return False when there is none."""
        return throttle.take(self.limit, self.key, now=now) == 0

    def wait(self, *, now: datetime) -> int:
        """Return the seconds until there is a try."""
        return throttle.wait(self.limit, self.key, now=now)


def refund(buckets: list[Bucket]) -> None:
    """Undo one `take` of each bucket."""
    for bucket in buckets:
        throttle.refund(bucket.limit, bucket.key)


class SendLimits:
    """All limits on sending codes for one invoice to one network."""

    def __init__(self, invoice: Invoice, network: str, *, by_link: bool) -> None:
        self._invoice, self._by_link = invoice, by_link
        self._buckets = _buckets(invoice, network, by_link=by_link)

    def take(self, *, now: datetime) -> list[Bucket]:
        """Use up one try of every limit, or of none; return what was used, the cooldown between two codes first.

        Raises TooOften. Staff get a task when a limit is reached that counts more than one browser or network.
        """
        if wait := pause_after_change(self._invoice, now=now):
            raise TooOften(_paused_sentence(wait, now=now), wait_seconds=wait)
        used: list[Bucket] = []
        for bucket in self._buckets:
            if bucket.take(now=now):
                used.append(bucket)
                continue
            self._open_task(bucket, now=now)
            refund(used)
            wait, longest = self._longest_wait(now=now)
            raise TooOften(self._sentence(longest, wait, now=now), wait_seconds=max(1, wait))
        throttle.delete_idle(now=now)
        return used

    def next_code(self, *, now: datetime) -> str:
        """Return when the next code can be sent, as a sentence; empty when that is now or within the cooldown."""
        if wait := pause_after_change(self._invoice, now=now):
            return _paused_sentence(wait, now=now)
        wait, _bucket = self._longest_wait(now=now)
        return _next_at(wait, now=now) if wait > settings.CODE_COOLDOWN_SECONDS else ""

    def _longest_wait(self, *, now: datetime) -> tuple[int, Bucket]:
        """Return the longest wait and its limit."""
        return max(((bucket.wait(now=now), bucket) for bucket in self._buckets), key=lambda found: found[0])

    def _open_task(self, bucket: Bucket, *, now: datetime) -> None:
        """Open a staff task, at most one an hour about the budget and one a day about an invoice."""
        if bucket.limit.name == "code-budget":
            audit.open_task(CODE_LIMIT, dedupe_key=f"{now:%Y-%m-%d %H}", note=bucket.limit.name)
        elif bucket.is_shared:
            key = f"{self._invoice.pk}:{now:%Y-%m-%d}"
            audit.open_task(CODE_LIMIT, dedupe_key=key, invoice=self._invoice, note=bucket.limit.name)

    def _sentence(self, bucket: Bucket, wait: int, *, now: datetime) -> str:
        """Return why no code is sent now, when one can be, and what to do meanwhile."""
        if bucket.limit.name == "code-pause":
            return cooldown_sentence(self._invoice, now=now)
        next_at = _next_at(wait, now=now)
        if bucket.limit.name == "code-budget":
            return " ".join((_("We can't send codes at this moment."), next_at))
        sentences = [_("Many codes were sent for this invoice."), next_at]
        if bucket.limit.seconds == DAY or bucket.is_shared:
            sentences += _other_ways(self._invoice, by_link=self._by_link)
        return " ".join(sentences)


def _other_ways(invoice: Invoice, *, by_link: bool) -> list[str]:
    """Return what to do when no code comes for hours."""
    by_phone = _(
        "Didn't you ask for those codes? Or do you need the invoice now?"
        " Call your care provider: they can send it to you."
    )
    if by_link:
        return [by_phone]
    if addressee(invoice).email:
        return [
            _(
                "Do you have an e-mail from us about this invoice? Open the invoice with the link in that e-mail."
                " Then you can ask for a code sooner."
            ),
            by_phone,
        ]
    return [
        _(
            "Do you have the invoice on paper? Open it with the square code (QR) on it."
            " Then you can ask for a code sooner."
        ),
        by_phone,
    ]


def take_guess(invoice: Invoice, *, by_link: bool, now: datetime) -> None:
    """Use up one of the guesses of a day for this invoice, before the guess is looked at. Raises TooOften."""
    tries = settings.CODE_GUESSES_BY_LINK_PER_DAY if by_link else settings.CODE_GUESSES_BY_STRANGERS_PER_DAY
    name = "code-guess-link" if by_link else "code-guess"
    wait = throttle.take(throttle.Limit(name, tries, DAY), str(invoice.pk), now=now)
    if wait:
        sentences = [_("Many wrong codes were entered for this invoice today."), _next_at(wait, now=now)]
        raise TooOften(" ".join(sentences + _other_ways(invoice, by_link=by_link)), wait_seconds=wait)


def pause_after_change(invoice: Invoice, *, now: datetime) -> int:
    """Return the seconds until codes are sent to the number of this patient: a changed number rests for a day.

    A wrong or false number would open the care of somebody else; in that day whoever had the old address can object.
    """
    changed = invoice.patient.mobile_changed_at
    if changed is None:
        return 0
    return max(0, int((changed + timedelta(hours=settings.CODE_PAUSE_HOURS) - now).total_seconds()))


def _paused_sentence(wait: int, *, now: datetime) -> str:
    changed = _("Your care provider gave us another mobile number. For your safety we wait a day before we use it.")
    return " ".join((changed, _next_at(wait, now=now)))


def in_cooldown(invoice: Invoice, *, now: datetime) -> TooOften:
    """Return the refusal for a browser that asked for a code less than CODE_COOLDOWN_SECONDS ago."""
    return TooOften(cooldown_sentence(invoice, now=now), wait_seconds=settings.CODE_COOLDOWN_SECONDS)


def cooldown_sentence(invoice: Invoice, *, now: datetime) -> str:
    """Return what to say within a minute after the last request; that a code was sent only when one was."""
    sent = SmsDevice.objects.filter(
        invoice=invoice,
        token__isnull=False,
        last_generated_timestamp__gt=now - timedelta(seconds=settings.CODE_COOLDOWN_SECONDS),
    )
    if sent.exists():
        return _("We sent a code just now. You can ask for a new one in a minute.")
    return _("You can ask for a code in a minute.")


def _buckets(invoice: Invoice, network: str, *, by_link: bool) -> list[Bucket]:
    prefix = "link:" if by_link else ""
    here = f"{prefix}{invoice.pk}:{network}"
    per_day = settings.CODE_SENDS_PER_DAY if by_link else settings.CODE_SENDS_BY_STRANGER_PER_DAY
    buckets = [
        Bucket(throttle.Limit("code-pause", 1, settings.CODE_COOLDOWN_SECONDS), here),
        Bucket(throttle.Limit("code-burst", settings.CODE_SENDS_AT_ONCE, settings.CODE_NEXT_SECONDS), here),
        Bucket(throttle.Limit("code-day", per_day, DAY), here),
        Bucket(throttle.Limit("code-address", settings.CODE_SENDS_PER_ADDRESS_PER_HOUR, HOUR), f"{prefix}{network}"),
    ]
    if by_link:
        buckets.append(Bucket(throttle.Limit("code-link", settings.CODE_SENDS_BY_LINK_PER_DAY, DAY), str(invoice.pk)))
    else:
        of_invoice = throttle.Limit("code-invoice", settings.CODE_SENDS_BY_STRANGERS_PER_DAY, DAY)
        of_number = throttle.Limit("code-number", 2 * settings.CODE_SENDS_BY_STRANGERS_PER_DAY, DAY)  # a family's
        buckets.append(Bucket(of_invoice, str(invoice.pk), is_shared=True))
        buckets.append(Bucket(of_number, str(invoice.patient.mobile), is_shared=True))
    return [*buckets, Bucket(throttle.Limit("code-budget", settings.SMS_DAILY_BUDGET, DAY), "")]


def _next_at(wait: int, *, now: datetime) -> str:
    moment = timezone.localtime(now + timedelta(seconds=wait + 59))
    when = {"day": date_format(moment, "j F"), "time": time_format(moment, "H:i")}
    if moment.date() == timezone.localtime(now).date():
        return _("You can ask for a new code at %(time)s.") % when
    return _("You can ask for a new code on %(day)s at %(time)s.") % when
