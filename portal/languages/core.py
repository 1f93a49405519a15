"""The closed core: the pages that are there in every language that we offer, and where their texts are.

Ours stand here, those of a room in what it announces. A page whose address is not named is Dutch, and says so in the
reader's language.
"""

from functools import cache

from django.utils import translation

from billing import rooms
from portal.languages.weighty import WEIGHTY

PAGES = frozenset({
    "lookup", "link", "link_together", "invoice", "deferral", "plan", "steps", "pay",
    "payment_bank", "payment_return", "set_language", "finish",
})  # fmt: skip

# Of their templates. Another template that one of them includes is Dutch within the page.
TEMPLATES = frozenset({
    "base.html", "403_csrf.html", "404.html", "429.html",
    "components/contact.html", "components/error_summary.html", "components/refusal.html",
    "components/warning_of_fraud.html", "components/read_aloud.html",
    "django/forms/field.html", "messages/parts/explanation.html",
    *(f"pages/{name}.html" for name in (
        "lookup", "link", "link_over", "finished",
        "invoice", "invoice_open", "invoice_follows", "invoice_paid", "invoice_plan", "invoice_on_hold", "invoice_past",
        "invoice_credit", "invoice_credit_notes", "invoice_withdrawn", "refund_state",
        "sums", "timeline", "transfer", "pay_part", "pay_later", "ways_to_pay_later", "under_way", "not_possible",
        "questions", "provider_contact", "session_end", "back_to_invoice", "deferral", "plan", "steps",
        "bank", "payment_waiting", "payment_preparing", "payment_unpaid", "payment_paid",
    )),
})  # fmt: skip

# Of the rules and forms behind those pages.
SOURCES = frozenset({
    "billing/invoices/typed_references.py", "billing/office_hours/__init__.py", "billing/payments/amounts.py",
    "billing/payments/creation.py", "billing/plans/options.py", "billing/plans/undoing.py",
    "guests/kept.py", "guests/pages.py",
    "portal/jinja.py", "portal/languages/words.py",
    "portal/pages/arrangement.py", "portal/pages/arrangement_forms.py", "portal/pages/forms.py",
    "portal/pages/invoice.py", "portal/pages/payment.py", "portal/pages/steps.py",
})  # fmt: skip


@cache
def pages() -> frozenset[str]:
    """Return the names of all pages of the core."""
    return PAGES.union(*(core.pages for core in rooms.cores()))


@cache
def templates() -> frozenset[str]:
    """Return all templates of the core."""
    return TEMPLATES.union(*(core.templates for core in rooms.cores()))


@cache
def sources() -> frozenset[str]:
    """Return the other files of which every text is one of the core."""
    return SOURCES.union(*(core.sources for core in rooms.cores()))


@cache
def texts() -> frozenset[str]:
    """Return the English texts of the core that stand in files with others: what rooms say of an invoice, and holds."""
    holds = rooms.hold_reasons().values()
    said = [text for core in rooms.cores() for text in core.said()]
    said += [reason.label for reason in holds] + [reason.elsewhere.says for reason in holds if reason.elsewhere]
    with translation.override(None):
        return frozenset(map(str, said))


@cache
def weighty() -> frozenset[str]:
    """Return the English texts of the core that are about money, terms and rights."""
    return WEIGHTY.union(*(core.weighty for core in rooms.cores()))


def holds(location: str) -> bool:
    """Return whether a text that stands in the file `location`, from the root of the project, is one of the core."""
    return location in sources() or location.removeprefix("templates/") in templates()


def is_core(template: str) -> bool:
    """Return whether a template is one of the core."""
    return template in templates()
