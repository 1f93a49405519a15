"""The second factor of staff: a code app (TOTP), and recovery codes for the day the phone is lost."""

from __future__ import annotations

from base64 import b32encode
from binascii import unhexlify
from os import urandom

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from billing import audit
from billing.errors import Refused
from billing.models import Staff

RECOVERY_CODES = 10
_RECOVERY_BYTES = 6  # 48 bits, shown as two times five characters
_DEVICE_NAME = "code app"


def has_device(member: Staff) -> bool:
    """Whether this person has a code app, so that a password alone opens nothing any more."""
    return TOTPDevice.objects.filter(user=member, confirmed=True).exists()


def new_key() -> str:
    """A secret for a code app: 160 random bits, as hex."""
    return random_hex(20)


def secret_text(key: str) -> str:
    """The secret as a person types it into an app: base32 in groups of four."""
    text = b32encode(unhexlify(key)).decode()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def app_address(member: Staff, key: str) -> str:
    """The otpauth:// address that a QR code carries to the app."""
    return TOTPDevice(user=member, key=key, name=_DEVICE_NAME).config_url


def enrol(member: Staff, *, key: str, code: str) -> tuple[Device, list[str]]:
    """Bind the code app that holds `key`, proven by one `code` of it; the device and ten recovery codes.

    Raises Refused when the code is wrong, or when this person got a code app in the meantime: whoever knows
    only the password must not be able to add a second one.
    """
    with transaction.atomic():
        locked = Staff.objects.select_for_update().get(pk=member.pk)
        if has_device(locked):
            raise Refused(_("You already have a code app. Sign in with its code."))
        device = TOTPDevice(user=locked, key=key, name=_DEVICE_NAME, confirmed=True)
        device.save()
        if not device.verify_token(_tidy(code)):
            raise Refused(_("This code is not right. Wait for the next code in your app and try again."))
        codes = _replace_recovery_codes(locked)
        audit.record("staff_enrolled", by=audit.name_of(locked))
    return device, codes


def verify(member: Staff, code: str) -> Device | None:
    """The device that `code` proves: six digits of the app, or a recovery code (used up by it); else None.

    The row is locked, so of many attempts at once one is judged at a time, and the device's own throttle counts
    each. A throttled device accepts nothing, not even the right code.
    """
    code = _tidy(code)
    by_app = len(code) == 6 and code.isascii() and code.isdigit()
    kind: type[TOTPDevice] | type[StaticDevice] = TOTPDevice if by_app else StaticDevice
    with transaction.atomic():
        device = kind.objects.select_for_update().filter(user=member, confirmed=True).first()
        if device is None:
            return None
        return device if device.verify_token(code if by_app else _sealed(member, code)) else None


def new_recovery_codes(member: Staff) -> list[str]:
    """Ten new recovery codes; the old ones stop working. They can be shown only now: we keep no copy."""
    with transaction.atomic():
        codes = _replace_recovery_codes(Staff.objects.select_for_update().get(pk=member.pk))
        audit.record("staff_recovery_codes_made", by=audit.name_of(member))
    return codes


def has_recovery_codes(member: Staff) -> bool:
    """Whether codes were ever made, used up or not: an app that a command set up comes without."""
    return StaticDevice.objects.filter(user=member, confirmed=True).exists()


def recovery_codes_left(member: Staff) -> int:
    return StaticToken.objects.filter(device__user=member, device__confirmed=True).count()


def reset(member: Staff, *, by: str) -> int:
    """Forget the code app and the recovery codes; the person sets up a new one after signing in with the password.

    Running sessions lose their rights at once, because they name a device that is gone. Returns the number of apps.
    """
    with transaction.atomic():
        apps = TOTPDevice.objects.filter(user=member).delete()[1].get("otp_totp.TOTPDevice", 0)
        StaticDevice.objects.filter(user=member).delete()
        audit.record("staff_second_factor_reset", by=by, staff=member.pk)
    return apps


def enrol_for_demo(member: Staff) -> str:
    """A confirmed code app without a person at the screen; its key (hex), the same one on every call."""
    device = TOTPDevice.objects.filter(user=member, confirmed=True).first()
    if device is None:
        device = TOTPDevice.objects.create(user=member, key=new_key(), name=_DEVICE_NAME, confirmed=True)
        audit.record("staff_enrolled", by="command")
    return device.key


def record_sign_in(member: Staff) -> None:
    audit.record("staff_signed_in", by=audit.name_of(member), enrolled=bool(getattr(member, "otp_device", None)))


def record_failed_sign_in(username: str) -> None:
    """Only for names that exist: what else is typed into that field may be anything, a password included."""
    member = Staff.objects.filter(username=username).only("pk").first()
    if member:
        audit.record("staff_sign_in_failed", by="anonymous", staff=member.pk)


def _tidy(code: str) -> str:
    return code.replace(" ", "").replace("-", "").upper()


def _sealed(member: Staff, code: str) -> str:
    """What is stored of a recovery code: 80 bits of a keyed hash, so that a copy of the table opens nothing."""
    digest = salted_hmac("staff-recovery-code", f"{member.pk}:{code}", algorithm="sha256").digest()
    return b32encode(digest)[:16].decode()


def _replace_recovery_codes(member: Staff) -> list[str]:
    device, _made = StaticDevice.objects.get_or_create(user=member, defaults={"name": "recovery", "confirmed": True})
    device.token_set.all().delete()
    codes = [b32encode(urandom(_RECOVERY_BYTES)).decode()[:10] for _number in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=_sealed(member, code)) for code in codes])
    return [f"{code[:5]}-{code[5:]}" for code in codes]
