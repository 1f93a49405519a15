"""The assistant's page, with an invoice in view and without. What is asked is posted, and stands in no address."""

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing import office_hours
from billing.invoices.state import InvoiceView
from billing.rooms import Answer, Text
from guests import access, throttle
from guests.pages import session_ended, visible_invoice
from helpdesk.assistant import asking, faq, unanswered
from helpdesk.assistant.asking import Reply
from helpdesk.assistant.faq import Entry

_ASKED = throttle.Limit("assistant", 60, 3600)  # questions of a network
_KEPT = throttle.Limit("assistant-kept", 20, 24 * 3600)  # unanswered ones of a network that are kept
_LOOKED_AT = 2000  # characters, in which words of despair are looked for
OFTEN = ("pay-later", "cannot-pay", "phishing", "full-invoice", "code-not-arrived", "complain")
OFTEN_OF_INVOICE = ("how-much", "until-when", "payment-arrived", "what-next", "pay-later", "why-on-hold")

# What a language of the core has, which knows no answers: without an invoice, and of one.
IN_YOUR_LANGUAGE = ("lookup", "genuine", "genuine_paid", "complain_without_invoice")
IN_YOUR_LANGUAGE_OF_INVOICE = ("invoice", "deferral", "plan", "steps", "complain", "genuine")
IN_A_LIST = {"genuine_paid": _("Did you pay a swindler?")}  # where no answer before it says what it is about
TOO_MANY = _("Many questions came from here in the last hour. Call us, or try again later.")

LABELS: dict[str, Text] = {
    "lookup": _("Look up my invoice"),
    "contact": _("How to reach us"),
    "pay_together": _("Pay several invoices at once"),
    "terms": _("Terms"),
    "privacy": _("Privacy"),
    "accessibility": _("Accessibility"),
    "cannot_pay": _("I can't pay now"),
    "help_with_debts": _("Who helps with debts"),
    "complain_without_invoice": _("Make a complaint"),
    "complaint_signal": _("Tell us something without a name"),
    "genuine": _("Is this message really from us?"),
    "genuine_paid": _("See what you can do now"),
    "finish": _("Close my invoice"),
    "api_page": _("For the software of practices"),
    "invoice": _("To your invoice"),
    "deferral": _("Pay on a later day"),
    "plan": _("Pay in instalments"),
    "credit": _("Your credit"),
    "statement": _("Statement of account"),
    "steps": _("What happens when, and what does it cost?"),
    "proof": _("Proof of payment"),
    "code": _("Get the full invoice (PDF)"),
    "access_list": _("Who looked at your invoice"),
    "complain": _("This is not right"),
    "complaints_of_invoice": _("See how your complaint stands"),
    "cannot_pay_invoice": _("I can't pay this now"),
    "counsellor_letter": _("Send the letter of my counsellor"),
    "needs": _("What helps you"),
    "at_agency": _("See how you pay, and what you can ask"),
}


class QuestionForm(forms.Form):
    """What somebody asks."""

    question = forms.CharField(
        label=_("Your question"),
        max_length=unanswered.LONGEST,
        help_text=_("In a few words. Write no name, no code and nothing about your health here."),
        error_messages={"required": _("Write your question first.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "enterkeyhint": "send", "dir": "auto"}),
    )


@dataclass(frozen=True, slots=True)
class Link:
    """A page where something is done."""

    address: str
    label: Text


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def general(request: HttpRequest) -> HttpResponse:
    """Answer from the FAQ, for whoever has no invoice open."""
    return _page(request, None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def of_invoice(request: HttpRequest, token: str) -> HttpResponse:
    """Answer from the state of this invoice, and from the FAQ."""
    view = visible_invoice(request, token, withdrawn=True)
    return _page(request, view) if view else session_ended(request)


def _page(request: HttpRequest, view: InvoiceView | None) -> HttpResponse:
    form = QuestionForm(request.POST if "question" in request.POST else None)
    reply, refusal = None, ""
    if request.method == "POST":
        # Who is in despair reads where help is, however much was asked from here, and however long it is.
        reply = asking.beyond_us(request.POST.get("question", "")[:_LOOKED_AT])
        if not reply and throttle.take(_ASKED, access.client_network(request), now=timezone.now()):
            refusal = str(TOO_MANY)
        elif not reply and "entry" in request.POST:
            with translation.override(_language()):
                reply = asking.chosen(request.POST["entry"], view, timezone.localdate())
        elif not reply and form.is_valid():
            reply = _asked(request, form.cleaned_data["question"], view)
    often = OFTEN_OF_INVOICE if view else OFTEN
    context = {
        "form": form,
        "invoice": view,
        "count": len(faq.entries()),
        "refusal": refusal,
        "reply": reply,
        "title": _title(reply.entry) if reply and reply.entry else "",
        "answer": _written(reply, view) if reply else None,
        "links": _links(reply, view) if reply else [],
        "now": timezone.now(),
        "titles": [(entry.id, _title(entry)) for entry in _to_choose(reply, often)],
        "spoken": office_hours.languages_in_words(),
        "speaks_yours": translation.get_language() in settings.OFFICE_LANGUAGES,
        "in_your_language": [
            Link(_address(page, token), IN_A_LIST.get(page, LABELS[page])) for page, token in _of_the_core(view)
        ],
        "here": reverse("assistant_of_invoice", args=[view.token]) if view else reverse("assistant"),
    }
    status = 429 if refusal else 422 if form.errors else 200
    return render(request, "helpdesk/assistant.html", context, status=status)


def _of_the_core(view: InvoiceView | None) -> list[tuple[str, list[str]]]:
    """Return the pages that are there in every language, each with what its address takes."""
    if view is None:
        return [(page, []) for page in IN_YOUR_LANGUAGE]
    return [(page, [] if page == "genuine" else [view.token]) for page in IN_YOUR_LANGUAGE_OF_INVOICE]


def _asked(request: HttpRequest, question: str, view: InvoiceView | None) -> Reply:
    language, now = _language(), timezone.now()
    with translation.override(language):
        reply = asking.reply_to(question, language, view, timezone.localdate())
    if not reply.is_answered and not throttle.take(_KEPT, access.client_network(request), now=now):
        unanswered.keep(question, language)
    return reply


def _language() -> str:
    """Return the language of the answers: the page is Dutch in a language that has only the core."""
    language = translation.get_language()
    return language if language in faq.LANGUAGES else faq.LANGUAGES[0]


def _title(entry: Entry) -> str:
    return entry.wordings[_language()].asked[0]


def _to_choose(reply: Reply | None, often: Sequence[str]) -> list[Entry]:
    """Return the titles under a reply: what may have been meant; what is asked often where nothing was asked."""
    if reply is None:
        return [faq.entries()[name] for name in often]
    return list(reply.choices)


def _written(reply: Reply, view: InvoiceView | None) -> str:
    """Return the answer as HTML: from the state of the invoice, or as a person wrote it."""
    if reply.answer:
        return rendered(reply.answer, _language())
    if reply.entry:
        return format_html("<p>{}</p>", faq.written(reply.entry, _language()))
    return ""


def rendered(answer: Answer, language: str) -> str:
    """Return an answer from facts in a language."""
    with translation.override(language):
        text = render_to_string(f"{answer.template}.{language}.html", dict(answer.facts))
    return mark_safe(text)  # noqa: S308  a template of ours, which escaped what it was given


def _links(reply: Reply, view: InvoiceView | None) -> list[Link]:
    """Return where what is answered can be done; a page of a room that is not installed is left out."""
    of_this = [view.token] if view else []
    if reply.answer:
        pages = [(page, label, of_this) for page, label in reply.answer.actions]
    elif reply.entry and view and reply.entry.page_of_invoice:
        pages = [(reply.entry.page_of_invoice, LABELS[reply.entry.page_of_invoice], of_this)]
    elif reply.entry and reply.entry.page:
        pages = [(reply.entry.page, LABELS[reply.entry.page], [])]
    else:
        pages = []
    return [Link(address, label) for page, label, token in pages if (address := _address(page, token))]


def _address(page: str, token: Sequence[str]) -> str:
    try:
        return reverse(page, args=token)
    except NoReverseMatch:
        return ""
