"""The validation of requests by the payment API: errors are 422 with the field that is wrong."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from sandbox.errors import ApiError

MINIMUM_CENTS, MAXIMUM_CENTS = 1, 50_000_00  # of iDEAL
METADATA_BYTES = 1024
DESCRIPTION_LENGTH = 255
METHODS = frozenset({"ideal", "wero", "bancontact", "creditcard", "banktransfer", "paypal"})
# fmt: off
LOCALES = frozenset({
    "en_US", "en_GB", "nl_NL", "nl_BE", "de_DE", "de_AT", "de_CH", "fr_FR", "fr_BE", "es_ES", "ca_ES", "pt_PT",
    "it_IT", "nb_NO", "sv_SE", "fi_FI", "da_DK", "is_IS", "hu_HU", "pl_PL", "lv_LV", "lt_LT", "cs_CZ", "sk_SK",
    "sl_SI", "ro_RO", "bg_BG", "et_EE",
})
# fmt: on


def payment_fields(body: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a new payment. Raises ApiError 422 for the first field that is wrong."""
    method = _method(body.get("method"))
    return {
        "amount_cents": amount_cents(body.get("amount")),
        "description": _text(body, "description")[:DESCRIPTION_LENGTH],  # cut off, not refused, as Mollie does
        "redirect_url": _url(body, "redirectUrl", required=True),
        "cancel_url": _url(body, "cancelUrl"),
        "webhook_url": _url(body, "webhookUrl"),
        "method": method,
        "locale": _locale(body.get("locale")),
        "metadata": metadata(body.get("metadata")),
    }


def amount_cents(amount: object) -> int:
    """Return the cents of `{"currency": "EUR", "value": "12.50"}`. Raises ApiError 422."""
    if not isinstance(amount, dict) or "value" not in amount or "currency" not in amount:
        raise ApiError(422, "The amount is required and must hold a currency and a value", "amount")
    if amount["currency"] != "EUR":
        raise ApiError(422, "Only EUR is supported for this payment method", "amount")
    value = amount["value"]
    if not isinstance(value, str):
        raise ApiError(422, "The amount's value is not a string; non-string values are not accepted", "amount")
    if not re.fullmatch(r"\d{1,9}\.\d\d", value, re.ASCII):
        raise ApiError(422, "The amount's value must have exactly 2 decimals after a dot", "amount")
    cents = int(value.replace(".", ""))
    if cents < MINIMUM_CENTS:
        raise ApiError(422, "The amount is lower than the minimum of 0.01", "amount")
    if cents > MAXIMUM_CENTS:
        raise ApiError(422, "The amount is higher than the maximum of 50000.00", "amount")
    return cents


def metadata(value: object) -> object:
    """Return the metadata. Raises ApiError 422 above METADATA_BYTES."""
    if len(json.dumps(value, ensure_ascii=False).encode()) > METADATA_BYTES:
        raise ApiError(422, "The metadata is larger than 1 kB", "metadata")
    return value


def _text(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value.strip():
        raise ApiError(422, f"The {field} is required", field)
    if "\x00" in value:
        raise ApiError(422, f"The {field} holds a character that is not allowed", field)
    return value


def _url(body: dict[str, Any], field: str, *, required: bool = False) -> str:
    """Return a URL. Unlike the real API this one accepts webhooks on this machine, because that is where it runs."""
    value = body.get(field)
    if value in (None, "") and not required:
        return ""
    address = _text(body, field)
    try:
        parts = urlsplit(address)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and address.isprintable()
    except ValueError:
        valid = False
    if not valid or " " in address:
        raise ApiError(422, f"The {field} is not a valid URL", field)
    return address


def _method(value: object) -> str:
    """Return the method, the first one of a list (there is no screen to choose one), or empty when none was given."""
    wanted = [value] if isinstance(value, str) else (value or [])
    if not isinstance(wanted, list) or not all(isinstance(item, str) and item in METHODS for item in wanted):
        raise ApiError(422, "The payment method is invalid", "method")
    return "ideal" if "ideal" in wanted else (wanted[0] if wanted else "")


def _locale(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or value not in LOCALES:
        raise ApiError(422, "The locale is invalid; it looks like nl_NL", "locale")
    return value
