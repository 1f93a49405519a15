"""Bodies outside: where a complaint can go on, what it costs, and by when.

Only bodies of this list are ever named: look-alikes of them exist. A care provider's own body is its setting.
"""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from billing.rooms import Text
from complaints import deadlines
from complaints.models import Complaint

Subject = Complaint.Subject


@dataclass(frozen=True, slots=True)
class Body:
    """A body outside: its name, its address on the web, what it costs, and how many months there are for it.

    `months` None: there is no last day. `decides`: the invoice rests while the complaint is there.
    """

    label: Text  # for staff
    name: str
    url: str
    fee: Text
    months: int | None = None
    decides: bool = False


_NO_SOLUTION = _("It is free. It uses your story to watch over care, and does not solve your own case.")
BODIES = {
    "provider": Body(
        _("dispute body of the care provider"), "", "", _("The care provider tells you what it costs."), 12, True
    ),
    "insurer": Body(_("health insurer of the patient"), "uw zorgverzekeraar", "", _("It is free."), None, True),
    "skgz": Body("SKGZ", "SKGZ", "https://www.skgz.nl/", _("A decision costs € 37, mediation is free."), 12, True),
    "nza": Body("NZa", "Nederlandse Zorgautoriteit (NZa)", "https://www.nza.nl/", _NO_SOLUTION),
    "lmz": Body("LMZ", "Landelijk Meldpunt Zorg", "https://www.landelijkmeldpuntzorg.nl/", _NO_SOLUTION),
    "ap": Body("AP", "Autoriteit Persoonsgegevens", "https://www.autoriteitpersoonsgegevens.nl/", _("It is free.")),
    "court": Body(
        _("court"), "de rechter (kantonrechter)", "https://www.rechtspraak.nl/", _("You pay a court fee."), 60, True
    ),
}
_BY_SUBJECT = {
    Subject.CARE: "provider",
    Subject.PRICE: "provider",
    Subject.COULANCE: "provider",
    Subject.INSURER: "skgz",
    Subject.PRIVACY: "ap",
}


def after(complaint: Complaint, *, today: date) -> dict[str, str]:
    """Return which body comes next, as it is written into an answer of `today`: what is true on that day."""
    key = _BY_SUBJECT.get(Subject(complaint.subject), "court")
    return named(key, complaint.invoice, today=today) or named("court", complaint.invoice, today=today) or {}


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
    until = deadlines.months_after(today, body.months).isoformat() if body.months else ""
    return {"key": key, "name": name, "url": url, "fee": fee, "until": until}
