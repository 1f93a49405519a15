"""The code by SMS: who may ask for one, how it is sent, and whether one is right.

The number comes from the provider's data alone. A code belongs to one browser, one invoice and one purpose, and is
stored as a keyed hash. How often codes may be sent: see sms_limits.py.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from billing import audit
from billing.channels import sms
from billing.errors import GatewayRefused, GatewayUnknown, Refused
from billing.invoices import open_links
from billing.links import site_host
from billing.models import AuditEvent, Invoice, StaffTask
from guests.models import SmsDevice
from guests.sms_limits import HOUR, Bucket, SendLimits, in_cooldown, refund, take_guess
from guests.sms_limits import TooOften as TooOften  # part of what send_code promises

log = logging.getLogger(__name__)

CODES_UNUSED = "codes_unused"  # a staff task
GROUNDS = "sms-code"
DOCUMENTS = "documents"  # the purpose: reading the full invoice and what belongs to it
WATCH_FROM, WATCH_PERCENT = 20, 30  # codes in an hour; when patients ask for them, more than 30% are used
_RETAINED_FOR = timedelta(days=1)


def can_receive(invoice: Invoice) -> bool:
    """Tell whether the provider gave us a mobile number to which we may send."""
    return sms.can_reach(invoice.patient.mobile)


def last_digits(invoice: Invoice) -> str:
    """Return as much of the number as a page may show."""
    return str(invoice.patient.mobile)[-2:]


def open_code(invoice: Invoice, *, holder: str, purpose: str = DOCUMENTS) -> SmsDevice | None:
    """Return the code that was sent to this browser and is still valid, if there is one."""
    device = SmsDevice.objects.filter(invoice=invoice, holder=holder, purpose=purpose).first()
    return device if device and device.is_open and device.rests_on == open_links.on_mobile(invoice) else None


def is_used_up(invoice: Invoice, *, holder: str, purpose: str = DOCUMENTS) -> bool:
    """Tell whether the last code of this browser ended because it was guessed too often."""
    device = SmsDevice.objects.filter(invoice=invoice, holder=holder, purpose=purpose).first()
    return device is not None and device.is_used_up


# --- sending ------------------------------------------------------------------------------------


def send_code(
    invoice: Invoice, *, holder: str, network: str, now: datetime, by_link: bool = False, purpose: str = DOCUMENTS
) -> bool:
    """Send a new code, which ends the one before it; return False when it is unknown whether the SMS left.

    `holder` identifies the browser and `network` where it is; `by_link` says that it came by the link in our mail,
    which no stranger has. Raises TooOften, or Refused when there is no number or the SMS was certainly not sent; in
    that case no try is used up.
    """
    if not can_receive(invoice):
        raise Refused(_("We have no mobile number to which we may send a code."))
    used = SendLimits(invoice, network, by_link=by_link).take(now=now)
    try:
        device, code = _new_code(invoice, holder, purpose)
    except TooOften:
        refund(used)
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
    """Return the SMS: the code, the site, until when; nothing about care, no name, no link."""
    text = _(
        "%(code)s is your code for %(site)s. Valid until %(time)s. Never tell it to anybody, not to us either."
    ) % {
        "code": code,
        "site": "Zorgrekening",
        "time": time_format(timezone.localtime(device.valid_until), "H:i"),
    }
    # With this last line a phone offers the code on our own site and on no look-alike (origin-bound one-time codes).
    with_origin = f"{text}\n\n@{site_host()} #{code}"
    return with_origin if len(with_origin) <= sms.MAX_CHARACTERS else text


def next_code(invoice: Invoice, *, network: str, by_link: bool, now: datetime) -> str:
    """Return when the next code can be sent, as a sentence; empty when that is now or in a minute."""
    return SendLimits(invoice, network, by_link=by_link).next_code(now=now)


def _new_code(invoice: Invoice, holder: str, purpose: str) -> tuple[SmsDevice, str]:
    SmsDevice.objects.filter(valid_until__lt=timezone.now() - _RETAINED_FOR).delete()
    end_codes(now=timezone.now())
    with transaction.atomic():
        row: dict[str, Any] = {"invoice": invoice, "holder": holder, "purpose": purpose}
        device = SmsDevice.objects.select_for_update().get_or_create(**row)[0]
        if not device.generate_is_allowed()[0]:
            raise in_cooldown(invoice, now=timezone.now())
        return device, device.generate_challenge(rests_on=open_links.on_mobile(invoice))


def _not_sent(device: SmsDevice, used: list[Bucket], refusal: GatewayRefused, *, now: datetime) -> None:
    """End the code that was not sent and refund the tries, except the cooldown, which spares the SMS provider."""
    with transaction.atomic():
        SmsDevice.objects.select_for_update().get(pk=device.pk).delete_code()
    refund(used[1:])
    if refusal.alarm:
        audit.open_task(StaffTask.Kind.GATEWAY_ALARM, dedupe_key=f"sms:{now.date()}", note=f"sms: {refusal}")


# --- checking -----------------------------------------------------------------------------------


def verify_code(
    invoice: Invoice, *, holder: str, code: str, now: datetime | None = None, by_link: bool = False,
    purpose: str = DOCUMENTS,
) -> bool:  # fmt: skip
    """Tell whether `code` is the one sent for this browser, invoice and purpose; it is right only once.

    Wrong, too late, used, of another invoice, never sent, sent to a number that was corrected since: all get the same
    answer. The row is locked, so that parallel guesses can't share a try. Raises TooOften, without looking at the code,
    when the guesses of a day for this invoice are used up.
    """
    with transaction.atomic():
        row = SmsDevice.objects.select_for_update().filter(invoice=invoice, holder=holder, purpose=purpose)
        device = row.first() or SmsDevice(invoice=invoice)  # an unsaved one does the same work and is never right
        about = Invoice.objects.select_related("patient").get(pk=invoice.pk)
        if device.token and (about.erased_at or device.rests_on != open_links.on_mobile(about)):
            device.delete_code()
        tried = device.is_open
        if tried:
            take_guess(invoice, by_link=by_link, now=now or timezone.now())
        right = device.verify_token(code)
        if tried:
            audit.record("code_right" if right else "code_wrong", by="patient", invoice=invoice)
    return right


def end_codes(*, now: datetime) -> int:
    """End the codes whose time is over, for good, also if the clock goes back; return how many there were."""
    return SmsDevice.objects.filter(valid_until__lte=now, token__isnull=False).update(token=None)


# --- watching -----------------------------------------------------------------------------------


def watch(*, now: datetime) -> None:
    """Open a staff task, once a day, when few of the codes sent in the last hour were typed in.

    Then the messages don't arrive, or somebody asks for them only to cause costs (SMS pumping).
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
    """Return how many codes were sent in the last hour, and how many of them were typed in."""
    events = AuditEvent.objects.filter(at__gt=now - timedelta(seconds=HOUR), at__lte=now)
    counts = dict(events.filter(action__in=("code_sent", "code_right")).values_list("action").annotate(Count("pk")))
    return counts.get("code_sent", 0), counts.get("code_right", 0)


def few_are_used(sent: int, right: int) -> bool:
    """Tell whether so few of the codes of an hour were used that somebody should look into it."""
    return sent >= WATCH_FROM and right * 100 < sent * WATCH_PERCENT


def hash_holder(secret: str) -> str:
    """Return the keyed hash by which a browser's secret is stored beside its code."""
    return salted_hmac("portal.sms_holder", secret, algorithm="sha256").hexdigest()
