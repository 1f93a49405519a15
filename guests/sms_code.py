"""The code by SMS: who may ask for one and how often, and whether one is right.

The number comes from the provider's data alone. A code belongs to one browser, one invoice and one purpose, and is
kept as a keyed hash. Limits count what was sent: for one invoice from one address (so that a stranger elsewhere
can't use up the patient's codes), for one invoice and one number from everywhere, and for all patients together.
When the codes from everywhere are used up, a network that did not ask today has one in reserve. Those who came by
the link in our mail are counted apart, so that strangers can't lock them out.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _

from billing import audit
from billing.channels import sms
from billing.errors import GatewayRefused, GatewayUnknown, Refused
from billing.links import site_host
from billing.models import AuditEvent, Invoice, StaffTask
from guests import throttle
from guests.models import SmsDevice

log = logging.getLogger(__name__)

CODE_LIMIT, CODES_UNUSED = "code_limit", "codes_unused"  # tasks for staff
GROUNDS = "sms-code"
DOCUMENTS = "documents"  # the purpose: reading the full invoice and what belongs to it
HOUR, DAY = 3600, 86_400
WATCH_FROM, WATCH_PERCENT = 20, 30  # codes in an hour; fewer of them used than this is not what patients do
_KEPT_FOR = timedelta(days=1)
_SHARED = ("code-invoice", "code-number")  # what all who know the reference use up together
_Used = list[tuple[throttle.Limit, str]]


class TooOften(Refused):
    """No code may be sent now. `wait_seconds` until the next one."""

    def __init__(self, sentence: str, *, wait_seconds: int) -> None:
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


def can_receive(invoice: Invoice) -> bool:
    """Whether the provider gave us a mobile number to which we may send."""
    return sms.can_reach(invoice.patient.mobile)


def last_digits(invoice: Invoice) -> str:
    """As much of the number as a page may show."""
    return str(invoice.patient.mobile)[-2:]


def open_code(invoice: Invoice, *, holder: str, purpose: str = DOCUMENTS) -> SmsDevice | None:
    """The code under way for this browser, if one is that could still be right."""
    device = SmsDevice.objects.filter(invoice=invoice, holder=holder, purpose=purpose).first()
    return device if device and device.is_open else None


# --- sending ------------------------------------------------------------------------------------


def send_code(
    invoice: Invoice, *, holder: str, network: str, now: datetime, by_link: bool = False, purpose: str = DOCUMENTS
) -> bool:
    """Send a new code, which ends the one before it. False when nobody knows whether the SMS left.

    `holder` tells one browser from another, `network` where it is; `by_link` says that it came by the link in
    our mail, which no stranger has. Raises TooOften, or Refused when there is no
    number or the SMS was certainly not sent; then the patient loses no try.
    """
    if not can_receive(invoice):
        raise Refused(_("We have no mobile number to which we may send a code."))
    used = _use_up(invoice, network, by_link=by_link, now=now)
    try:
        device, code = _new_code(invoice, holder, purpose)
    except TooOften:
        _refund(used)
        raise
    audit.record("code_sent", by="patient", invoice=invoice)
    try:
        sms.send_sms(to=invoice.patient.mobile, text=_text(device, code), reference=f"code-{device.pk}")
    except GatewayUnknown:
        log.warning("unknown whether an SMS was sent")
        return False
    except GatewayRefused as refusal:
        _not_sent(device, used, refusal, now=now)
        raise Refused(_("The SMS could not be sent. Try again in a minute.")) from None
    return True


def _text(device: SmsDevice, code: str) -> str:
    """The SMS: the code, whose it is, until when; nothing of the care, no name, no link."""
    text = _(
        "%(code)s is your code for %(site)s. Valid until %(time)s. Never tell it to anybody, not to us either."
    ) % {
        "code": code,
        "site": "Zorgrekening",
        "time": time_format(timezone.localtime(device.valid_until), "H:i"),
    }
    # This last line lets a phone offer the code on our own site and on no look-alike.
    bound = f"{text}\n\n@{site_host()} #{code}"
    return bound if len(bound) <= sms.MAX_CHARACTERS else text


def _pause() -> throttle.Limit:
    return throttle.Limit("code-pause", 1, settings.CODE_COOLDOWN_SECONDS)


def _limits(invoice: Invoice, network: str, *, by_link: bool) -> _Used:
    """Every limit on a code, with who or what it counts; the pause between two codes first.

    Whoever came by the link in our mail is counted apart from those who know the reference alone: no stranger,
    at the same address or at a thousand others, can use up what the patient has.
    """
    here = f"{invoice.pk}:{network}"
    counted = f"link:{here}" if by_link else here
    burst = settings.CODE_SENDS_AT_ONCE
    limits = [
        (_pause(), counted),
        (throttle.Limit("code-burst", burst, burst * settings.CODE_NEXT_SECONDS), counted),
        (throttle.Limit("code-day", settings.CODE_SENDS_PER_DAY, DAY), counted),
        (
            throttle.Limit("code-address", settings.CODE_SENDS_PER_ADDRESS_PER_HOUR, HOUR),
            f"link:{network}" if by_link else network,
        ),
    ]
    if by_link:
        limits.append((throttle.Limit("code-link", settings.CODE_SENDS_BY_LINK_PER_DAY, DAY), str(invoice.pk)))
    else:
        shared = settings.CODE_SENDS_FROM_ALL_AT_ONCE
        for name, who in zip(_SHARED, (invoice.pk, invoice.patient.mobile), strict=True):
            limits.append((throttle.Limit(name, shared, shared * settings.CODE_NEXT_SECONDS), str(who)))
    return [*limits, (throttle.Limit("code-budget", settings.SMS_DAILY_BUDGET, DAY), "")]


def _reserve(invoice: Invoice, network: str) -> _Used:
    """One code while the shared limits are used up, for a network that did not ask for this invoice today.

    Without it four addresses that take every refill shut out a patient who has no mail of ours. The reserve has an
    end of its own: fresh addresses are cheap, and each code is an SMS to the patient and five more guesses.
    """
    all_day = throttle.Limit("code-reserves", settings.CODE_SENDS_BY_RESERVE_PER_DAY, DAY)
    return [
        (throttle.Limit("code-reserve", 1, DAY), f"{invoice.pk}:{network}"),
        (all_day, str(invoice.patient.mobile)),
    ]


def next_code(invoice: Invoice, *, network: str, by_link: bool, now: datetime) -> str:
    """When the next code can be asked for, as a sentence; empty when that is now or in a minute."""
    wait, _limit = _longest_wait(invoice, network, by_link=by_link, now=now)
    return _again(wait, now=now) if wait > settings.CODE_COOLDOWN_SECONDS else ""


def _longest_wait(invoice: Invoice, network: str, *, by_link: bool, now: datetime) -> tuple[int, throttle.Limit]:
    """The limit that keeps one waiting longest, and how long; what the reserve passes by does not count."""
    by_reserve = not any(throttle.wait(limit, who, now=now) for limit, who in _reserve(invoice, network))
    waits = [
        (throttle.wait(limit, who, now=now), limit)
        for limit, who in _limits(invoice, network, by_link=by_link)
        if not (by_reserve and limit.name in _SHARED)
    ]
    return max(waits, key=lambda found: found[0])


def _use_up(invoice: Invoice, network: str, *, by_link: bool, now: datetime) -> _Used:
    """Take one try of every limit, or of none. Raises TooOften, and tells staff when a wide limit is reached."""
    used: _Used = []
    reserve: _Used = []
    for limit, who in _limits(invoice, network, by_link=by_link):
        if not throttle.take(limit, who, now=now):
            used.append((limit, who))
            continue
        _tell_staff(limit, invoice, now=now)
        if limit.name in _SHARED:
            reserve = reserve or _take_all(_reserve(invoice, network), now=now)
            if reserve:
                continue
        _refund(used + reserve)
        wait, longest = _longest_wait(invoice, network, by_link=by_link, now=now)
        can_link = bool(invoice.patient.email) and not by_link
        raise TooOften(_sentence(longest, wait, can_link=can_link, now=now), wait_seconds=max(1, wait))
    if not by_link and not reserve:  # who asked today has no reserve any more
        reserve = _take_all(_reserve(invoice, network)[:1], now=now)
    throttle.delete_idle(now=now)
    return used + reserve


def _take_all(limits: _Used, *, now: datetime) -> _Used:
    """Take one try of each; none, and an empty list, when one of them has none."""
    for index, (limit, who) in enumerate(limits):
        if throttle.take(limit, who, now=now):
            _refund(limits[:index])
            return []
    return limits


def _tell_staff(limit: throttle.Limit, invoice: Invoice, *, now: datetime) -> None:
    """Staff hear of a wide limit once: of the budget each hour, of an invoice each day."""
    if limit.name == "code-budget":
        audit.open_task(CODE_LIMIT, dedupe_key=f"{now:%Y-%m-%d %H}", note=limit.name)
    elif limit.name in _SHARED:
        key = f"{invoice.pk}:{now:%Y-%m-%d}"
        audit.open_task(CODE_LIMIT, dedupe_key=key, invoice=invoice, note=limit.name)


def _refund(used: _Used) -> None:
    for limit, who in used:
        throttle.refund(limit, who)


def _sentence(limit: throttle.Limit, wait: int, *, can_link: bool, now: datetime) -> str:
    """Why no code is sent now, when one can be, and what to do meanwhile."""
    if wait <= settings.CODE_COOLDOWN_SECONDS:
        return _("We sent a code just now. You can ask for a new one in a minute.")
    again = _again(wait, now=now)
    if limit.name == "code-budget":
        return " ".join((_("We can't send codes at this moment."), again))
    sentences = [_("Many codes were sent for this invoice."), again]
    is_long = limit.seconds == DAY or limit.name in _SHARED
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


def _again(wait: int, *, now: datetime) -> str:
    again = timezone.localtime(now + timedelta(seconds=wait + 59))
    when = {"day": date_format(again, "j F"), "time": time_format(again, "H:i")}
    if again.date() == timezone.localtime(now).date():
        return _("You can ask for a new code at %(time)s.") % when
    return _("You can ask for a new code on %(day)s at %(time)s.") % when


def _new_code(invoice: Invoice, holder: str, purpose: str) -> tuple[SmsDevice, str]:
    SmsDevice.objects.filter(valid_until__lt=timezone.now() - _KEPT_FOR).delete()
    with transaction.atomic():
        row: dict[str, Any] = {"invoice": invoice, "holder": holder, "purpose": purpose}
        device = SmsDevice.objects.select_for_update().get_or_create(**row)[0]
        if not device.generate_is_allowed()[0]:
            wait = settings.CODE_COOLDOWN_SECONDS
            raise TooOften(_sentence(_pause(), wait, can_link=False, now=timezone.now()), wait_seconds=wait)
        return device, device.generate_challenge()


def _not_sent(device: SmsDevice, used: _Used, refusal: GatewayRefused, *, now: datetime) -> None:
    """Nothing left: end the code and give the tries back, but for the pause (the provider is not to be stormed)."""
    with transaction.atomic():
        SmsDevice.objects.select_for_update().get(pk=device.pk).forget_code()
    _refund(used[1:])
    if refusal.alarm:
        audit.open_task(StaffTask.Kind.GATEWAY_ALARM, dedupe_key=f"sms:{now.date()}", note=f"sms: {refusal}")


# --- checking -----------------------------------------------------------------------------------


def verify_code(invoice: Invoice, *, holder: str, code: str, purpose: str = DOCUMENTS) -> bool:
    """Whether `code` is the one sent for this browser, invoice and purpose. Right once.

    Wrong, too late, used, of another invoice, never sent: one answer for all. The row is locked, so that
    parallel guesses can't share a try.
    """
    with transaction.atomic():
        row = SmsDevice.objects.select_for_update().filter(invoice=invoice, holder=holder, purpose=purpose)
        device = row.first() or SmsDevice(invoice=invoice)  # an unsaved one does the same work and says no
        tried = device.is_open
        right = device.verify_token(code)
        if tried:
            audit.record("code_right" if right else "code_wrong", by="patient", invoice=invoice)
    return right


# --- watching -----------------------------------------------------------------------------------


def watch(*, now: datetime) -> None:
    """Tell staff, once a day, when few of the codes sent in the last hour were typed in.

    Then the messages don't arrive, or somebody has them sent for nothing (SMS pumping).
    """
    sent, right = of_the_hour(now)
    if not few_are_used(sent, right):
        return
    today = f"{timezone.localdate(now)}"
    if StaffTask.objects.filter(dedupe_key=f"{CODES_UNUSED}:{today}").exists():
        return
    note = f"{sent} sent, {right} used in an hour"
    log.warning("few codes by SMS are used: %s", note)
    audit.open_task(CODES_UNUSED, dedupe_key=today, note=note)


def of_the_hour(now: datetime) -> tuple[int, int]:
    """How many codes were sent in the last hour, and how many were typed in right."""
    events = AuditEvent.objects.filter(at__gt=now - timedelta(seconds=HOUR), at__lte=now)
    counts = dict(events.filter(action__in=("code_sent", "code_right")).values_list("action").annotate(Count("pk")))
    return counts.get("code_sent", 0), counts.get("code_right", 0)


def few_are_used(sent: int, right: int) -> bool:
    """Whether so few of the codes of an hour were used that somebody should look."""
    return sent >= WATCH_FROM and right * 100 < sent * WATCH_PERCENT


def hash_holder(secret: str) -> str:
    """How a browser's secret is kept beside its code."""
    return salted_hmac("portal.sms_holder", secret, algorithm="sha256").hexdigest()
