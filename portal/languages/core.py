"""The closed core: the pages that are there in every language that we offer, and where their texts are.

A page whose address is not named here is Dutch, and says so in the reader's language.
"""

PAGES = frozenset({
    "lookup", "link", "link_together", "invoice", "deferral", "plan", "steps", "pay",
    "payment_bank", "payment_return", "set_language", "finish",
})  # fmt: skip

# Of their templates. Another template that one of them includes is Dutch within the page.
TEMPLATES = frozenset({
    "base.html", "components/contact.html", "components/error_summary.html", "components/refusal.html",
    "components/warning_of_fraud.html",
    "django/forms/field.html", "messages/parts/explanation.html",
    *(f"pages/{name}.html" for name in (
        "lookup", "link", "link_over", "finished",
        "invoice", "invoice_open", "invoice_follows", "invoice_paid", "invoice_plan", "invoice_on_hold",
        "sums", "timeline", "transfer", "pay_part", "pay_later", "ways_to_pay_later", "under_way", "not_possible",
        "questions", "provider_contact", "session_end", "back_to_invoice", "deferral", "plan", "steps",
        "bank", "payment_waiting", "payment_preparing", "payment_unpaid", "payment_paid",
    )),
})  # fmt: skip

# Of the rules and forms behind those pages; what a room says of an invoice is not in it, and stands there in Dutch.
SOURCES = frozenset({
    "billing/invoices/typed_references.py", "billing/office_hours/__init__.py", "guests/pages.py",
    "portal/jinja.py", "portal/languages/words.py",
    "portal/pages/arrangement.py", "portal/pages/arrangement_forms.py", "portal/pages/forms.py",
    "portal/pages/invoice.py", "portal/pages/payment.py", "portal/pages/steps.py",
})  # fmt: skip


def holds(location: str) -> bool:
    """Return whether a text that stands in the file `location`, from the root of the project, is one of the core."""
    return location in SOURCES or location.removeprefix("templates/") in TEMPLATES


def is_core(template: str) -> bool:
    """Return whether a template is one of the core."""
    return template in TEMPLATES
