"""The second factor of staff: a code app (TOTP), and recovery codes for when the phone is lost."""

from __future__ import annotations

from base64 import b32encode
from binascii import unhexlify
from datetime import datetime
from os import urandom

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from billing import audit
from billing.colleagues import second_persons
from billing.errors import Refused
from billing.models import Staff
from portal.staff.sign_in import limits as sign_in_limits

RECOVERY_CODES = 10
_RECOVERY_BYTES = 6  # 48 bits, shown as two times five characters
_DEVICE_NAME = "code app"


def has_device(member: Staff) -> bool:
    """Tell whether this person has a code app, so that the password alone no longer gives access."""
    return TOTPDevice.objects.filter(user=member, confirmed=True).exists()


def who_has_a_device(keys: list[int]) -> set[int]:
    """Return which of these members of staff, by key, have a code app."""
    return set(TOTPDevice.objects.filter(user__in=keys, confirmed=True).values_list("user_id", flat=True))


def new_key() -> str:
    """Return a new secret for a code app: 160 random bits, as hex."""
    return random_hex(20)


def secret_text(key: str) -> str:
    """Return the secret as a person types it into an app: base32 in groups of four."""
    text = b32encode(unhexlify(key)).decode()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def app_address(member: Staff, key: str) -> str:
    """Return the otpauth:// address for the QR code."""
    return TOTPDevice(user=member, key=key, name=_DEVICE_NAME).config_url


def enrol(member: Staff, *, key: str, code: str) -> tuple[Device, list[str]]:
    """Register the code app with `key`, proven by one `code` of it; return the device and ten recovery codes.

    Raises Refused when the code is wrong, or when this person has got a code app meanwhile: somebody who knows only
    the password must not be able to add a second one.
    """
    with transaction.atomic():
        locked = Staff.objects.select_for_update().get(pk=member.pk)
        if has_device(locked):
            raise Refused(_("You already have a code app. Sign in with its code."))
        device = TOTPDevice(user=locked, key=key, name=_DEVICE_NAME, confirmed=True)
        device.save()
        if not device.verify_token(_normalized(code)):
            raise Refused(_("This code is not right. Wait for the next code in your app and try again."))
        codes = _replace_recovery_codes(locked)
        audit.record("staff_enrolled", by=audit.name_of(locked))
        if locked.provider:
            second_persons.look(locked.provider)
    return device, codes


def is_of_app(code: str) -> bool:
    """Tell whether this is what an app shows: six digits, which can be guessed; a recovery code can't."""
    code = _normalized(code)
    return len(code) == 6 and code.isascii() and code.isdigit()


def verify(member: Staff, code: str, *, limits: sign_in_limits.Uses, now: datetime) -> Device | None:
    """Return the device that `code` belongs to: six digits of the app, or a recovery code (then used up); else None.

    A code of the app uses up one try of each of `limits` before it is looked at; without one, not even the right code
    is accepted. The row is locked, so that of parallel uses of one code one is accepted.
    """
    by_app = is_of_app(code)
    if by_app and not sign_in_limits.take_code(limits, now=now):
        return None
    device = _device_of(member, _normalized(code), by_app=by_app)
    if by_app and device:
        sign_in_limits.refund(limits)
    return device


def _device_of(member: Staff, code: str, *, by_app: bool) -> Device | None:
    kind: type[TOTPDevice] | type[StaticDevice] = TOTPDevice if by_app else StaticDevice
    with transaction.atomic():
        device = kind.objects.select_for_update().filter(user=member, confirmed=True).first()
        if device is None:
            return None
        return device if device.verify_token(code if by_app else _hash(member, code)) else None


def new_recovery_codes(member: Staff) -> list[str]:
    """Return ten new recovery codes; the old ones stop working. Only hashes are stored, so they are shown only once."""
    with transaction.atomic():
        codes = _replace_recovery_codes(Staff.objects.select_for_update().get(pk=member.pk))
        audit.record("staff_recovery_codes_made", by=audit.name_of(member))
    return codes


def has_recovery_codes(member: Staff) -> bool:
    """Tell whether codes were ever made, used up or not: an app set up by a command comes without."""
    return StaticDevice.objects.filter(user=member, confirmed=True).exists()


def recovery_codes_left(member: Staff) -> int:
    """Return how many recovery codes were not used yet."""
    return StaticToken.objects.filter(device__user=member, device__confirmed=True).count()


def reset(member: Staff, *, by: str) -> int:
    """Delete the code app and the recovery codes; the person sets up a new one after signing in with the password.

    Running sessions lose their rights at once, because their device is gone. Returns the number of apps deleted.
    """
    with transaction.atomic():
        apps = TOTPDevice.objects.filter(user=member).delete()[1].get("otp_totp.TOTPDevice", 0)
        StaticDevice.objects.filter(user=member).delete()
        audit.record("staff_second_factor_reset", by=by, staff=member.pk)
    return apps


def enrol_for_demo(member: Staff) -> str:
    """Set up a code app without a person at the screen; return its key (hex), the same on every call."""
    device = TOTPDevice.objects.filter(user=member, confirmed=True).first()
    if device is None:
        device = TOTPDevice.objects.create(user=member, key=new_key(), name=_DEVICE_NAME, confirmed=True)
        audit.record("staff_enrolled", by="command")
    return device.key


def record_sign_in(member: Staff) -> None:
    """Record a sign-in in the audit trail."""
    audit.record("staff_signed_in", by=audit.name_of(member), enrolled=bool(getattr(member, "otp_device", None)))


def record_failed_sign_in(username: str) -> None:
    """Record a failed sign-in for an existing user name; anything else typed there could be a password."""
    member = Staff.objects.filter(username=username).only("pk").first()
    if member:
        audit.record("staff_sign_in_failed", by="anonymous", staff=member.pk)


def _normalized(code: str) -> str:
    return code.replace(" ", "").replace("-", "").upper()


def _hash(member: Staff, code: str) -> str:
    """Return what is stored of a recovery code: 80 bits of a keyed hash, so that a copy of the table is useless."""
    digest = salted_hmac("staff-recovery-code", f"{member.pk}:{code}", algorithm="sha256").digest()
    return b32encode(digest)[:16].decode()


def _replace_recovery_codes(member: Staff) -> list[str]:
    device, _made = StaticDevice.objects.get_or_create(user=member, defaults={"name": "recovery", "confirmed": True})
    device.token_set.all().delete()
    codes = [b32encode(urandom(_RECOVERY_BYTES)).decode()[:10] for _number in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=_hash(member, code)) for code in codes])
    return [f"{code[:5]}-{code[5:]}" for code in codes]
