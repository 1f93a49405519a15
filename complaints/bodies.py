"""Where somebody can go who does not agree with our answer: the body, what it costs, and by when.

Only bodies of this list are ever named: look-alikes of them exist. A care provider's own body is its setting.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from billing.rooms import Text
from complaints.models import Complaint

Subject = Complaint.Subject


@dataclass(frozen=True, slots=True)
class Body:
    """A body outside: its name, its address on the web, and in words what it costs and until when."""

    name: str
    url: str
    fee: Text
    term: Text


BODIES = {
    "provider": Body(
        "",  # the body of the care provider, by its own setting
        "",
        _("The care provider tells you what it costs."),
        _("Do that within a year."),
    ),
    "skgz": Body(
        "SKGZ", "https://www.skgz.nl/", _("A decision costs € 37, mediation is free."), _("Do that within a year.")
    ),
    "ap": Body(
        "Autoriteit Persoonsgegevens",
        "https://www.autoriteitpersoonsgegevens.nl/",
        _("It is free."),
        _("You can do that at any time."),
    ),
    "court": Body(
        "de rechter (kantonrechter)",
        "https://www.rechtspraak.nl/",
        _("You pay a court fee."),
        _("Do that within five years."),
    ),
}
_BY_SUBJECT = {
    Subject.CARE: "provider",
    Subject.PRICE: "provider",
    Subject.COULANCE: "provider",
    Subject.INSURER: "skgz",
    Subject.PRIVACY: "ap",
}


def after(complaint: Complaint) -> dict[str, str]:
    """Return which body comes next, as it is written into the answer: what is true on the day of the answer."""
    key = _BY_SUBJECT.get(Subject(complaint.subject), "court")
    body = BODIES[key]
    name, url, fee = body.name, body.url, str(body.fee)
    provider = complaint.invoice.provider if complaint.invoice else None
    if key == "provider":
        if provider is None or not provider.dispute_body:
            return after_court()
        name, url, fee = provider.dispute_body, provider.dispute_body_url, provider.dispute_body_fee or fee
    return {"key": key, "name": name, "url": url, "fee": fee, "term": str(body.term)}


def after_court() -> dict[str, str]:
    """Return the court, which always comes next."""
    body = BODIES["court"]
    return {"key": "court", "name": body.name, "url": body.url, "fee": str(body.fee), "term": str(body.term)}
