"""Members of staff at the door: with a code app, signed in, and as a browser would."""

from binascii import unhexlify
from typing import Any

from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from billing.models import Staff
from portal.staff import otp
from tests import factories

LOGIN, INDEX, ENROL = "/beheer/login/", "/beheer/", "/beheer/code-app/"


def code_of(key: str, *, steps: int = 0) -> str:
    """The six digits that an app with `key` shows now, or `steps` half minutes later."""
    totp = TOTP(unhexlify(key))
    totp.time = totp.time + 30 * steps
    return f"{totp.token():06d}"


def enrolled(**fields: Any) -> tuple[Staff, str]:
    """A member of staff with a code app, and its key."""
    member = factories.staff(**fields)
    return member, otp.enrol_for_demo(member)


def sign_in(client: Client, member: Staff, code: str, password: str = factories.PASSWORD) -> Any:
    return client.post(LOGIN, {"username": member.username, "password": password, "code": code, "next": INDEX})


def signed_in(member: Staff) -> Client:
    """A client that is verified by the member's code app, without spending a code."""
    key = otp.enrol_for_demo(member)
    client = Client()
    client.force_login(member)
    session = client.session
    session["otp_device_id"] = TOTPDevice.objects.get(key=key, user=member).persistent_id
    session.save()
    return client
