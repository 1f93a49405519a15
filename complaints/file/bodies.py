"""Bodies outside: where a complaint can go on, what it costs, and by when.

Only bodies of this list are ever named: look-alikes of them exist. A care provider's own body is its setting.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from billing.rooms import Text
from complaints import deadlines
from complaints.models import Complaint

Subject = Complaint.Subject


@dataclass(frozen=True, slots=True)
class Body:
    """A body outside: its name, its address on the web, what it costs, and how many months there are for it.

    `months` None: there is no last day. `decides`: the invoice rests while the complaint is there. `silent_days`: how
    long we may be silent before it takes a complaint without an answer, and `silent_months` until when after that.
    `misled_days`: what it adds for whoever was not told of it. `after_talk_days`: to go on after its mediation.
    """

    label: Text  # for staff
    name: str
    url: str
    fee: Text
    months: int | None = None
    decides: bool = False
    silent_days: int | None = None
    silent_months: int | None = None
    misled_days: int = 0
    after_talk_days: int | None = None


_NO_SOLUTION = _("It is free. It uses your story to watch over care, and does not solve your own case.")
BODIES = {
    "provider": Body(
        _("dispute body of the care provider"), "", "", _("The care provider tells you what it costs."), 12, True
    ),
    "insurer": Body(_("health insurer of the patient"), "uw zorgverzekeraar", "", _("It is free."), None, True),
    "skgz": Body(
        "SKGZ",
        "SKGZ",
        "https://www.skgz.nl/",
        _("A decision costs € 37, mediation is free."),
        12,
        True,
        silent_days=42,
        silent_months=13,
        misled_days=90,
        after_talk_days=90,
    ),
    # Since 1 April 2024 for complaints about how a collection agency behaves, not about whether something is owed.
    "kifid": Body(
        "Kifid", "Kifid", "https://www.kifid.nl/", _("It is free."), 3, True, silent_days=56, silent_months=12
    ),
    "incasso": Body(
        "IncassoKlacht",
        "IncassoKlacht",
        "https://www.incassoklacht.nl/",
        _("It costs € 49. You get that back when you are right."),
        None,
        True,
    ),
    "nza": Body("NZa", "Nederlandse Zorgautoriteit (NZa)", "https://www.nza.nl/", _NO_SOLUTION),
    "lmz": Body("LMZ", "Landelijk Meldpunt Zorg", "https://www.landelijkmeldpuntzorg.nl/", _NO_SOLUTION),
    "ap": Body("AP", "Autoriteit Persoonsgegevens", "https://www.autoriteitpersoonsgegevens.nl/", _("It is free.")),
    "court": Body(
        _("court"),
        "de rechter (kantonrechter)",
        "https://www.rechtspraak.nl/",
        _("You pay a court fee. The website says how much."),
        None,
        True,
    ),
}
# Where staff look up whether a court appointed somebody to speak for a patient.
REGISTER = "https://ccbr.rechtspraak.nl/"
# How a collector behaved: these have a body of their own once the operator is registered (Wki) and joined one.
_OURS = (Subject.LETTERS, Subject.SERVICE)
_BY_SUBJECT = {
    Subject.CARE: "provider",
    Subject.PRICE: "provider",
    Subject.COULANCE: "provider",
    Subject.INSURER: "skgz",
    Subject.PRIVACY: "ap",
}


def after(complaint: Complaint, *, today: date) -> dict[str, str]:
    """Return which body comes next, as it is written into an answer of `today`: what is true on that day."""
    key = _next(complaint)
    return named(key, complaint.invoice, today=today) or named("court", complaint.invoice, today=today) or {}


def _next(complaint: Complaint) -> str:
    own: str = settings.COMPLAINTS_OWN_BODY
    return own if own and complaint.subject in _OURS else _BY_SUBJECT.get(Subject(complaint.subject), "court")


def named(key: str, invoice: Invoice | None, *, today: date) -> dict[str, str] | None:
    """Return a body by its key with name, address, fee and last day (ISO, or empty); None for a provider without one.

    Raises KeyError for a body that is not on the list.
    """
    body = BODIES[key]
    name, url, fee = body.name, body.url, str(body.fee)
    if key == "provider":
        provider = invoice.provider if invoice else None
        if provider is None or not provider.dispute_body:
            return None
        name, url, fee = provider.dispute_body, provider.dispute_body_url, provider.dispute_body_fee or fee
    last = last_day(key, today)
    return {"key": key, "name": name, "url": url, "fee": fee, "until": last.isoformat() if last else ""}


def in_words(known: dict[str, str], *, until: date | None) -> str:
    """Return a body as it is told to a patient: name, fee, last day and address."""
    parts = [_gettext("Your complaint can be dealt with by %(name)s.") % {"name": known["name"]}, known["fee"]]
    if until:
        day = date_format(until, "DATE_FORMAT")
        parts.append(_gettext("The last day for it is %(day)s.") % {"day": day})
    parts.append(known["url"])
    return " ".join(part for part in parts if part)


def last_day(key: str, answered: date, *, misled: bool = False) -> date | None:
    """Return the last day for a body after an answer of `answered`; None when there is none.

    `misled`: the answer did not name it. Raises KeyError for a body that is not on the list.
    """
    body = BODIES[key]
    if body.months is None:
        return None
    return deadlines.months_after(answered, body.months) + timedelta(days=body.misled_days if misled else 0)


def after_silence(key: str, received: date) -> tuple[date, date] | None:
    """Return from when until when a body takes a complaint of `received` without an answer; None when it never does."""
    body = BODIES[key]
    if body.silent_days is None or body.silent_months is None:
        return None
    return received + timedelta(days=body.silent_days), deadlines.months_after(received, body.silent_months)


def need_not_wait(complaint: Complaint, *, today: date) -> tuple[dict[str, str], date] | None:
    """Return the body that takes an open complaint without an answer of ours, and its last day; None without one."""
    key = _next(complaint)
    term = after_silence(key, deadlines.received_on(complaint.received_at))
    if term is None or not term[0] <= today <= term[1]:
        return None
    found = named(key, complaint.invoice, today=today)
    return (found, term[1]) if found else None


def after_talk(key: str, ended: date) -> date | None:
    """Return the last day for a decision of a body whose mediation ended on `ended`; None when it mediates not."""
    days = BODIES[key].after_talk_days
    return ended + timedelta(days=days) if days is not None else None
