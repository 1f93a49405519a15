"""Making a complaint, in short pages: what it is about, what happened, proof, who you are, check and send.

What was filled in is a draft, sealed, which the browser alone can find again: it survives the end of a session.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods

from billing.errors import Refused
from billing.invoices.state import InvoiceView
from billing.money import ZERO
from complaints import deadlines, filing, freeze, handling
from complaints.file import proof as rules
from complaints.models import Complaint, ComplaintDraft, ComplaintFile
from complaints.pages import forms as asked
from guests import access, gate, kept, throttle, uploads
from guests.files import again, limits
from guests.files.forms import FilesForm
from guests.files.receiving import Upload
from guests.pages import session_ended, visible_invoice

FILED = "complaints_filed"  # in the session: the tokens of the files that this browser opened
_PER_BROWSER = throttle.Limit("complaint", 5, 24 * 3600)
_PER_NETWORK = throttle.Limit("complaint-network", 30, 24 * 3600)
_FILES = throttle.Limit("complaint-files", 60, 24 * 3600)  # posts with files, of a network
_FILES_OF_ANYBODY = throttle.Limit("complaint-files-open", 20, 24 * 3600)  # without an invoice nobody is known
_MANY = ("wishes", "needs")
_MOST_DRAFTS = 5
_DOUBLED_MINUTES = 5
METHODS = ["GET", "HEAD", "POST"]
_NEXT = {"subject": "story", "story": "proof", "proof": "who", "who": "check"}


def _cookie() -> str:
    return "__Host-complaint" if settings.HTTPS else "complaint"


def _invoice(request: HttpRequest, token: str | None) -> InvoiceView | None:
    """Return the invoice that this browser complains about, also when it was withdrawn; None without one."""
    return visible_invoice(request, token, withdrawn=True) if token else None


def _tokens(request: HttpRequest) -> list[str]:
    """Return the keys of what this browser began to write, one for each invoice: two tabs don't lose each other's."""
    return request.COOKIES.get(_cookie(), "").split(".")[-_MOST_DRAFTS:]


def _drafts(request: HttpRequest) -> QuerySet[ComplaintDraft]:
    since = timezone.now() - timedelta(hours=deadlines.DRAFT_HOURS)
    return ComplaintDraft.objects.filter(token__in=_tokens(request), written_at__gte=since)


def _sent(request: HttpRequest, token: str | None) -> Complaint | None:
    """Return what this browser sent a moment ago from these pages: a doubled click leads to it as well."""
    since = timezone.now() - timedelta(minutes=_DOUBLED_MINUTES)
    rows = Complaint.objects.filter(token__in=_tokens(request), received_at__gte=since)
    return rows.filter(invoice__token=token).first() if token else rows.filter(invoice=None).first()


def _draft(request: HttpRequest, invoice: InvoiceView | None) -> ComplaintDraft:
    """Return the draft of this browser about this invoice, or a new one that is not stored yet."""
    invoice_id = invoice.invoice_id if invoice else None
    return _drafts(request).filter(invoice=invoice_id).first() or ComplaintDraft(invoice_id=invoice_id)


def _store(request: HttpRequest, to: str | HttpResponse, draft: ComplaintDraft, fields: dict[str, Any]) -> HttpResponse:
    response = HttpResponseRedirect(to, status=303) if isinstance(to, str) else to
    draft.facts = draft.facts | fields
    draft.written_at = timezone.now()
    draft.save()
    others = [token for token in _tokens(request) if token and token != draft.token]
    _write_cookie(response, [*others, draft.token][-_MOST_DRAFTS:])
    return response


def _write_cookie(response: HttpResponse, tokens: Sequence[str]) -> None:
    response.set_cookie(
        _cookie(), ".".join(tokens), max_age=deadlines.DRAFT_HOURS * 3600, secure=settings.HTTPS, httponly=True,
        samesite=settings.SAME_SITE,
    )  # fmt: skip


def forget(request: HttpRequest, response: HttpResponse) -> None:
    """Erase what this browser was still writing, because somebody says that they are done."""
    if _cookie() in request.COOKIES:
        rules.drop(ComplaintDraft.objects.filter(token__in=_tokens(request)))
        response.delete_cookie(_cookie(), samesite=settings.SAME_SITE)


def _address(step: str, token: str | None) -> str:
    name = "complain" if step == "subject" else f"complain_{step}"
    return reverse(name, args=[token]) if token else reverse(f"{name}_without_invoice")


def _page(request: HttpRequest, token: str | None, step: str, form_class: type[forms.Form]) -> HttpResponse:
    """Ask what one page asks; once that is right, go on to the next."""
    view = _invoice(request, token)
    if token and view is None:
        return _too_late(request, token, form_class)
    draft = _draft(request, view)
    if step != "subject" and "subject" not in draft.facts:
        if request.method == "POST":  # the draft was erased after a day, or sent: what was typed begins a new one
            late = form_class(request.POST)
            late.is_valid()
            return _store(request, _address("subject", token), draft, late.cleaned_data)
        return HttpResponseRedirect(_address("subject", token), status=303)
    form = form_class(request.POST if request.method == "POST" else None, initial=draft.facts | _kept(request))
    if view and form.is_valid() and (_disputed(form.cleaned_data) or ZERO) > max(view.outstanding, ZERO):
        form.add_error("disputed", translation.gettext("This is more than what is left to pay on the invoice."))
    if request.method == "POST" and form.is_valid() and not _disputes_too_much(form, view):
        return _store(request, _address(_NEXT[step], token), draft, form.cleaned_data)
    status = 422 if form.errors else 200
    return render(request, f"complaints/{step}.html", _context(view, token, step, form), status=status)


def _disputes_too_much(form: forms.Form, view: InvoiceView | None) -> bool:
    """Tell whether a right form disputes more than is left to pay, and say so where it was typed."""
    disputed = _disputed(form.cleaned_data)
    if view is None or disputed is None or disputed <= view.outstanding:
        return False
    form.add_error("disputed", translation.gettext("This is more than what is left to pay on the invoice."))
    return True


def _too_late(request: HttpRequest, token: str, form_class: type[forms.Form]) -> HttpResponse:
    """Redirect from a page whose session ended. What was typed waits in the draft, however long it is."""
    response = session_ended(request)
    if request.method != "POST":
        return response
    form = form_class(request.POST)
    form.is_valid()  # what is right of it counts
    draft = _drafts(request).filter(invoice__token=token).first()
    return _store(request, response, draft, form.cleaned_data) if draft else response


def _kept(request: HttpRequest) -> dict[str, Any]:
    """Return what was typed before a switch of language, or before somebody asked to stay longer."""
    fields: dict[str, Any] = dict(kept.initial(request))
    return fields | {name: [fields[name]] for name in _MANY if isinstance(fields.get(name), str)}


def _context(view: InvoiceView | None, token: str | None, step: str, form: forms.Form | None) -> dict[str, Any]:
    steps = ("subject", *_NEXT.values())
    number = steps.index(step)
    return {
        "invoice": view,
        "form": form,
        "refusal": "",
        "number": number + 1,
        "count": len(steps),
        "here": _address(step, token),
        "back": _address(steps[number - 1], token) if number else "",
    }


@require_http_methods(METHODS)
def subject(request: HttpRequest, token: str | None = None) -> HttpResponse:
    return _page(request, token, "subject", asked.SubjectForm)


@require_http_methods(METHODS)
def story(request: HttpRequest, token: str | None = None) -> HttpResponse:
    return _page(request, token, "story", asked.StoryForm)


def may_send_files(request: HttpRequest, named: Mapping[str, Any]) -> bool:
    """Tell whether this browser has begun a complaint, to which it may add files."""
    if named.get("token") and not uploads.may_see_invoice(request, named):
        return False
    return _drafts(request).exists()


@uploads.takes_files(may_send_files)
@require_http_methods(METHODS)
def proof(request: HttpRequest, token: str | None = None) -> HttpResponse:
    """Show the files of the draft; POST adds some, which are checked at once, or goes on to the next page."""
    view = _invoice(request, token)
    if token and view is None:
        return session_ended(request)
    draft = _draft(request, view)
    if draft.pk is None or "story" not in draft.facts:
        return HttpResponseRedirect(_address("subject", token), status=303)
    form = FilesForm(request.POST, request.FILES) if request.method == "POST" else FilesForm()
    by_script = request.method == "POST" and again.by_script(request)
    form.fields["files"].required = "add" in request.POST and not request.POST.getlist(again.FIELD)
    if request.method == "POST" and form.is_valid():
        try:
            _add_files(request, draft, form.cleaned_data["files"], token)
        except Refused as refused:
            form.add_error("files", str(refused))
        else:
            step = "proof" if "add" in request.POST else _NEXT["proof"]
            return again.answer() if by_script else HttpResponseRedirect(_address(step, token), status=303)
    if by_script:
        return again.answer(" ".join(map(str, form.errors["files"])))
    context = _context(view, token, "proof", form) | {
        "files": list(draft.files.exclude(status=ComplaintFile.Status.WITHDRAWN)),
        "again": again.offered(request, draft.invoice, to=ComplaintFile),
        "next": _address(_NEXT["proof"], token),
    }
    return render(request, "complaints/proof.html", context, status=422 if form.errors else 200)


def _add_files(request: HttpRequest, draft: ComplaintDraft, files: Sequence[Any], token: str | None) -> None:
    uploads = [Upload(file.name, file) for file in files] + again.chosen(request, draft.invoice, to=ComplaintFile)
    if not uploads:
        return
    if throttle.take(_FILES if token else _FILES_OF_ANYBODY, access.client_network(request), now=timezone.now()):
        raise Refused(translation.gettext("Many files came from here today. Try again tomorrow, or call us."))
    # Without an invoice there is no code to ask for: this browser has what one sender may send.
    sender = limits.sender_of(request, token) if token else limits.Sender(browser=gate.holder_of(request))
    rows = rules.receive_for_draft(draft, uploads, sender=sender)
    again.remember(request, *(row.token for row in rows))


@require_http_methods(METHODS)
def take_back(request: HttpRequest, name: str, token: str | None = None) -> HttpResponse:
    """Take a file back before the complaint is sent."""
    view = _invoice(request, token)
    if token and view is None:
        return session_ended(request)
    draft = _draft(request, view)
    row = draft.files.filter(token=name).first() if draft.pk and request.method == "POST" else None
    if row is not None:
        with suppress(Refused):  # it is gone already, as was wished
            rules.take_back(row.pk)
    return HttpResponseRedirect(_address("proof", token), status=303)


@require_http_methods(METHODS)
def who(request: HttpRequest, token: str | None = None) -> HttpResponse:
    return _page(request, token, "who", asked.WhoForm)


@require_http_methods(METHODS)
def check(request: HttpRequest, token: str | None = None) -> HttpResponse:
    """Show everything once more; POST files the complaint."""
    view = _invoice(request, token)
    if token and view is None:
        return session_ended(request)
    draft = _draft(request, view)
    facts = draft.facts
    missing = next((step for step, name in (("subject", "subject"), ("story", "story"), ("who", "email"))
                    if name not in facts), "")  # fmt: skip
    if missing and request.method == "POST" and (sent := _sent(request, token)):
        return _filed(request, sent)
    if missing:
        return HttpResponseRedirect(_address(missing, token), status=303)
    refusal = ""
    if request.method == "POST":
        try:
            complaint = _file(request, view, draft)
        except Refused as refused:
            refusal = str(refused)
        else:
            return _filed(request, complaint)
    received = timezone.localdate()
    context = _context(view, token, "check", None) | {
        "facts": facts,
        "disputed": _disputed(facts) if view else None,
        "subject": Complaint.Subject(facts["subject"]).label,
        "wishes": [label for value, label in asked.WISHES if value in facts["wishes"]],
        "needs": [label for value, label in asked.NEEDS if value in facts["needs"]],
        "changes": {step: _address(step, token) for step in ("subject", "story", "proof", "who")},
        "files": list(draft.files.exclude(status__in=ComplaintFile.GONE)),
        "dates": deadlines.dates(deadlines.PROCEDURES[settings.COMPLAINTS_PROCEDURE], received),
        "refusal": refusal,
        "read_by_practice": bool(view) and facts["subject"] in handling.OF_PROVIDER,
        "may_rest": view is not None
        and bool(view.outstanding)
        and freeze.would_rest(view.invoice_id, facts["subject"]),
    }
    return render(request, "complaints/check.html", context, status=422 if refusal else 200)


def _disputed(facts: dict[str, Any]) -> Decimal | None:
    """Return the amount that is not agreed with, in euros; a draft keeps it as text."""
    return Decimal(facts["disputed"]) if facts.get("disputed") else None


def _file(request: HttpRequest, view: InvoiceView | None, draft: ComplaintDraft) -> Complaint:
    now, facts = timezone.now(), draft.facts
    wait = throttle.take(_PER_BROWSER, gate.holder_of(request), now=now)
    wait = wait or throttle.take(_PER_NETWORK, access.client_network(request), now=now)
    if wait:
        raise Refused(translation.gettext("You sent many complaints today. Call us, or try again tomorrow."))
    said = {name: facts[name] for name in filing.Said.__dataclass_fields__ if name in facts}
    said |= {name: tuple(said.get(name, ())) for name in _MANY}
    return filing.file(
        filing.Said(**said),
        subject=facts["subject"],
        invoice_id=view.invoice_id if view else None,
        language=translation.get_language() or settings.LANGUAGE_CODE,
        disputed=_disputed(facts) if view else None,
        draft=draft,
        now=now,
    )


def _filed(request: HttpRequest, complaint: Complaint) -> HttpResponse:
    request.session[FILED] = [*request.session.get(FILED, []), complaint.token][-20:]
    response = HttpResponseRedirect(reverse("complaint", args=[complaint.token]), status=303)
    if rest := [token for token in _tokens(request) if token and token != complaint.token]:
        _write_cookie(response, rest)
    else:
        response.delete_cookie(_cookie(), samesite=settings.SAME_SITE)
    return response
