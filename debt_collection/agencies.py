"""Which agencies may get claims: registered (Wki), and looked up lately in the register by a person."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.rooms import Collector
from debt_collection import accounts
from debt_collection.models import Agency, HandOver

YEAR = timedelta(days=366)  # a registration is for one year


@dataclass(frozen=True, slots=True)
class Details:
    """What somebody read in the register and in the contract."""

    name: str
    registration_number: str
    registered_until: date
    dispute_body: str
    iban: str
    phone: str
    email: str
    dispute_body_url: str = ""
    is_active: bool = True


def save(key: str, details: Details, *, by: str, today: date) -> Agency:
    """Keep an agency as somebody checked it today; the checks stand in the audit trail, with what they changed.

    Its IBAN, the first one and every other, waits for a second person (`accounts`). Raises Refused for a registration
    that is over, or that ends later than one can.
    """
    if not today <= details.registered_until <= today + YEAR:
        raise Refused(_("A registration lasts at most a year, and this day must not have passed."))
    fields: dict[str, Any] = asdict(details)
    with transaction.atomic():
        known = Agency.objects.select_for_update(no_key=True).filter(key=key).first()
        changed = sorted(name for name in fields if known and str(getattr(known, name)) != str(fields[name]))
        iban = fields.pop("iban")
        fields |= {"checked_on": today, "checked_by": by}
        agency, _new = Agency.objects.update_or_create(key=key, defaults=fields)
        audit.record(
            "agency_checked", by=by, number=agency.registration_number, on=str(details.registered_until),
            fields=", ".join(changed),
        )  # fmt: skip
        accounts.ask(agency, iban, by=by)
    return agency


def is_lapsed(agency: Agency, *, today: date) -> bool:
    """Tell whether the registration is over as far as we know: whoever collects without one commits an offence."""
    return agency.registered_until < today


def why_not(agency: Agency, *, today: date) -> str:
    """Return why this agency may get no claims today, in words for staff; empty when it may.

    Costs of an agency that is not registered may be lost for good, also for the next one.
    """
    if not agency.is_active:
        return _("This agency gets no new claims.")
    if is_lapsed(agency, today=today):
        return _(
            "The registration of this agency ended on %(day)s. Look it up in the register, and enter what you read."
        ) % {"day": date_format(agency.registered_until, "DATE_FORMAT")}
    if not agency.iban:
        return _(
            "The IBAN of this agency waits for a second person, or was refused. It gets no claims until one counts."
        )
    if accounts.is_moving(agency):
        return _("This agency gets another IBAN. It gets no claims until that counts, or was refused.")
    if today - agency.checked_on > timedelta(days=settings.AGENCY_CHECK_DAYS):
        return _("Nobody has looked this agency up in the register since %(day)s. Do so first.") % {
            "day": date_format(agency.checked_on, "DATE_FORMAT")
        }
    return ""


def collectors() -> list[Collector]:
    """Return the agencies that have claims of ours, or may get them."""
    with_claims = HandOver.objects.filter(status__in=HandOver.LIVE).values("agency_id")
    live = Agency.objects.filter(Q(is_active=True) | Q(pk__in=with_claims)).order_by("pk")
    return [Collector(one.iban, str(one.phone), one.email, one.dispute_body_url) for one in live]
