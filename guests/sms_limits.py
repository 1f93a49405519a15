"""How often codes by SMS may be sent: the limits, the reserve, and the sentence when a limit is reached.

Limits count what was sent: for one invoice from one network (so that a stranger elsewhere can't use up the patient's
codes), for one invoice and one number from everywhere, and for all patients together. When the codes from everywhere
are used up, a network that did not ask today has one in reserve. Whoever came by the link in our mail is counted
separately from those who only know the payment reference: no stranger, at the same address or at a thousand others,
can use up what the patient has.
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
        self._reserve = _reserve(invoice, network)

    def take(self, *, now: datetime) -> list[Bucket]:
        """Use up one try of every limit, or of none; return what was used, the cooldown between two codes first.

        Raises TooOften. Staff get a task when a limit is reached that counts more than one browser or network.
        """
        if wait := pause_after_change(self._invoice, now=now):
            raise TooOften(_paused_sentence(wait, now=now), wait_seconds=wait)
        used: list[Bucket] = []
        reserve: list[Bucket] = []
        for bucket in self._buckets:
            if bucket.take(now=now):
                used.append(bucket)
                continue
            self._open_task(bucket, now=now)
            if bucket.is_shared:
                reserve = reserve or _take_all(self._reserve, now=now)
                if reserve:
                    continue
            refund(used + reserve)
            wait, longest = self._longest_wait(now=now)
            can_link = bool(addressee(self._invoice).email) and not self._by_link
            raise TooOften(_sentence(longest, wait, can_link=can_link, now=now), wait_seconds=max(1, wait))
        if not self._by_link and not reserve:  # a network that asked today has no reserve any more
            reserve = _take_all(self._reserve[:1], now=now)
        throttle.delete_idle(now=now)
        return used + reserve

    def next_code(self, *, now: datetime) -> str:
        """Return when the next code can be sent, as a sentence; empty when that is now or within the cooldown."""
        if wait := pause_after_change(self._invoice, now=now):
            return _paused_sentence(wait, now=now)
        wait, _bucket = self._longest_wait(now=now)
        return _next_at(wait, now=now) if wait > settings.CODE_COOLDOWN_SECONDS else ""

    def _longest_wait(self, *, now: datetime) -> tuple[int, Bucket]:
        """Return the longest wait and its limit; shared limits do not count while there is a reserve."""
        has_reserve = not any(bucket.wait(now=now) for bucket in self._reserve)
        counted = [bucket for bucket in self._buckets if not (has_reserve and bucket.is_shared)]
        return max(((bucket.wait(now=now), bucket) for bucket in counted), key=lambda found: found[0])

    def _open_task(self, bucket: Bucket, *, now: datetime) -> None:
        """Open a staff task, at most one an hour about the budget and one a day about an invoice."""
        if bucket.limit.name == "code-budget":
            audit.open_task(CODE_LIMIT, dedupe_key=f"{now:%Y-%m-%d %H}", note=bucket.limit.name)
        elif bucket.is_shared:
            key = f"{self._invoice.pk}:{now:%Y-%m-%d}"
            audit.open_task(CODE_LIMIT, dedupe_key=key, invoice=self._invoice, note=bucket.limit.name)


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


def in_cooldown(*, now: datetime) -> TooOften:
    """Return the refusal for a browser that got a code less than CODE_COOLDOWN_SECONDS ago."""
    wait = settings.CODE_COOLDOWN_SECONDS
    return TooOften(_sentence(_cooldown(""), wait, can_link=False, now=now), wait_seconds=wait)


def _cooldown(key: str) -> Bucket:
    return Bucket(throttle.Limit("code-pause", 1, settings.CODE_COOLDOWN_SECONDS), key)


def _buckets(invoice: Invoice, network: str, *, by_link: bool) -> list[Bucket]:
    prefix = "link:" if by_link else ""
    here = f"{prefix}{invoice.pk}:{network}"
    at_once = settings.CODE_SENDS_AT_ONCE
    per_address = settings.CODE_SENDS_PER_ADDRESS_PER_HOUR
    buckets = [
        _cooldown(here),
        Bucket(throttle.Limit("code-burst", at_once, at_once * settings.CODE_NEXT_SECONDS), here),
        Bucket(throttle.Limit("code-day", settings.CODE_SENDS_PER_DAY, DAY), here),
        Bucket(throttle.Limit("code-address", per_address, HOUR), f"{prefix}{network}"),
    ]
    if by_link:
        buckets.append(Bucket(throttle.Limit("code-link", settings.CODE_SENDS_BY_LINK_PER_DAY, DAY), str(invoice.pk)))
    else:
        shared = settings.CODE_SENDS_FROM_ALL_AT_ONCE
        for name, key in (("code-invoice", invoice.pk), ("code-number", invoice.patient.mobile)):
            limit = throttle.Limit(name, shared, shared * settings.CODE_NEXT_SECONDS)
            buckets.append(Bucket(limit, str(key), is_shared=True))
    return [*buckets, Bucket(throttle.Limit("code-budget", settings.SMS_DAILY_BUDGET, DAY), "")]


def _reserve(invoice: Invoice, network: str) -> list[Bucket]:
    """Return the limits on the reserve: one code for a network that did not ask for this invoice today.

    Without it four addresses that take every refill lock out a patient who has no mail of ours. The reserve itself is
    limited too: fresh addresses are cheap, and each code is an SMS to the patient and five more guesses.
    """
    all_day = throttle.Limit("code-reserves", settings.CODE_SENDS_BY_RESERVE_PER_DAY, DAY)
    return [
        Bucket(throttle.Limit("code-reserve", 1, DAY), f"{invoice.pk}:{network}"),
        Bucket(all_day, str(invoice.patient.mobile)),
    ]


def _take_all(buckets: list[Bucket], *, now: datetime) -> list[Bucket]:
    """Use up one try of each bucket and return them; take none and return an empty list when one has none."""
    for index, bucket in enumerate(buckets):
        if not bucket.take(now=now):
            refund(buckets[:index])
            return []
    return buckets


def _sentence(bucket: Bucket, wait: int, *, can_link: bool, now: datetime) -> str:
    """Return why no code is sent now, when one can be, and what to do meanwhile."""
    if wait <= settings.CODE_COOLDOWN_SECONDS:
        return _("We sent a code just now. You can ask for a new one in a minute.")
    next_at = _next_at(wait, now=now)
    if bucket.limit.name == "code-budget":
        return " ".join((_("We can't send codes at this moment."), next_at))
    sentences = [_("Many codes were sent for this invoice."), next_at]
    is_long = bucket.limit.seconds == DAY or bucket.is_shared
    if is_long and can_link:
        sentences.append(
            _(
                "Do you have an e-mail from us about this invoice? Open the invoice with the link in that e-mail."
                " Then you can ask for a code sooner."
            )
        )
    if is_long:
        sentences.append(
            _(
                "Didn't you ask for those codes? Or do you need the invoice now?"
                " Call your care provider: they can send it to you."
            )
        )
    return " ".join(sentences)


def _next_at(wait: int, *, now: datetime) -> str:
    moment = timezone.localtime(now + timedelta(seconds=wait + 59))
    when = {"day": date_format(moment, "j F"), "time": time_format(moment, "H:i")}
    if moment.date() == timezone.localtime(now).date():
        return _("You can ask for a new code at %(time)s.") % when
    return _("You can ask for a new code on %(day)s at %(time)s.") % when
