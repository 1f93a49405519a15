"""SMS: the only module that connects to the provider of text messages.

The provider is Spryng: Dutch, data stays in the Netherlands, in use with Dutch municipal health services, and its
whole API is one POST with a Bearer key. Another provider is another `_body` and `SMS_API_URL`.

A call is made once. Repeating one whose outcome is unknown could send a second SMS, and the patient can ask for a
new code at any time; so nothing here retries, follows a redirect or obeys a proxy of the machine.
"""

import json
import logging
import re
from typing import Any

import phonenumbers
import requests
from django.conf import settings

from billing.channels import http
from billing.channels.breaker import Breaker, NotAsked
from billing.errors import GatewayRefused, GatewayUnknown

log = logging.getLogger(__name__)

_breaker = Breaker()
CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 2, 5, 8.0
MAX_CHARACTERS = 160  # one SMS, in the alphabet of GSM
SENDER = re.compile(r"[A-Za-z0-9]{3,11}")
_MAX_BYTES = 65_536
_ALARMING = (400, 401, 402, 403, 404, 405)  # our key, credit or address is wrong: a person must look
_MOBILE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


# 06 1 to 06 5 and 06 8: what persons carry. 097 belongs to machines, 066 to pagers, 085 and 09 to services.
_DUTCH_PERSONAL = re.compile(r"6[1-58][0-9]{7}", re.ASCII)


def is_personal_mobile(number: phonenumbers.PhoneNumber) -> bool:
    """Tell whether a person carries this number: a valid mobile, and in the Netherlands one of 06."""
    if not phonenumbers.is_valid_number(number) or number.extension or phonenumbers.number_type(number) not in _MOBILE:
        return False
    return number.country_code != 31 or bool(_DUTCH_PERSONAL.fullmatch(str(number.national_number)))


def can_reach(number: Any) -> bool:
    """Tell whether `number` (a phone number, text or None) is a mobile of a country in settings.SMS_COUNTRIES."""
    try:
        parsed = phonenumbers.parse(str(number or ""), None)
    except phonenumbers.NumberParseException:
        return False
    return is_personal_mobile(parsed) and phonenumbers.region_code_for_number(parsed) in settings.SMS_COUNTRIES


def send_sms(*, to: Any, text: str, reference: str) -> str:
    """Send `text` to the number `to`; return the provider's id of the message.

    `reference` is ours, for the provider's reports, and reveals nothing about a person. Raises GatewayRefused (it was
    not sent) or GatewayUnknown (it may have been sent). Neither quotes the number or the text.
    """
    if not can_reach(to):
        raise GatewayRefused("the number is not on the list of countries and kinds")
    if len(text) > MAX_CHARACTERS:
        raise GatewayRefused("the text is longer than one message")
    number = phonenumbers.format_number(phonenumbers.parse(str(to), None), phonenumbers.PhoneNumberFormat.E164)
    try:
        with _breaker.call():
            return _call(_body(number, text, reference))
    except NotAsked:
        raise GatewayRefused("not asked: the provider is slow") from None


def _body(number: str, text: str, reference: str) -> dict[str, Any]:
    return {
        "originator": settings.SMS_SENDER,
        "recipients": [number.removeprefix("+")],
        "body": text,
        "encoding": "plain",
        "route": "business",
        "reference": reference,
    }


def _call(body: dict[str, Any]) -> str:
    headers = {"Authorization": f"Bearer {settings.SMS_API_KEY}", "Accept": "application/json"}
    try:
        with (
            http.session(TOTAL_SECONDS) as session,
            session.post(
                settings.SMS_API_URL,
                json=body,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            status, content = answer.status_code, next(answer.iter_content(_MAX_BYTES + 1), b"")
    except (requests.exceptions.ConnectTimeout, requests.exceptions.InvalidURL, requests.exceptions.MissingSchema):
        raise GatewayRefused("no connection") from None
    except requests.exceptions.SSLError:
        raise GatewayRefused("no trusted connection", alarm=True) from None
    except requests.RequestException as error:
        if _never_connected(error):
            raise GatewayRefused("no connection") from None
        # Without the error text: it may quote the address or what was sent.
        raise GatewayUnknown(type(error).__name__) from None
    if len(content) > _MAX_BYTES:
        raise GatewayUnknown("a very long answer")
    return _message_id(status, content)


def _never_connected(error: requests.RequestException) -> bool:
    """Tell whether no connection was made, so that nothing can have been sent."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


def _message_id(status: int, content: bytes) -> str:
    """Return the id in the provider's answer. Raises GatewayRefused or GatewayUnknown for any other answer."""
    if status in (200, 201):
        try:
            message_id = json.loads(content)["id"]
        except (ValueError, TypeError, KeyError):
            raise GatewayUnknown("an answer without an id") from None
        return str(message_id)[:70]
    log.warning("the SMS provider answered %s", status)
    if 400 <= status < 500 and status not in (408, 409):
        raise GatewayRefused(f"status {status}", alarm=status in _ALARMING)
    raise GatewayUnknown(f"status {status}")
