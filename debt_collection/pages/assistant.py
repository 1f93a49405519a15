"""What the assistant answers about a collection agency: that one has the invoice, and which."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from billing.invoices.state import InvoiceView
from billing.rooms import Answer


def agency(view: InvoiceView, today: date) -> Answer:
    """Answer which agency collects the invoice; that none does, when none does."""
    name = view.facts["agency_name"] or ""
    facts = {"agency": name, "outstanding": view.outstanding, "rests": bool(view.reasons_to_rest)}
    actions = [("at_agency", _("See how you pay, and what you can ask"))] if name else []
    return Answer("debt_collection/answers/agency", facts, _("your invoice"), actions)


ANSWERS = {"agency-why": agency, "agency-pay": agency, "agency-plan": agency}
