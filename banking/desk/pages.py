"""The pages of staff at /beheer/bank/: the lines that wait for a person, and one of them beside its proposals."""

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from banking import details
from banking.desk import waiting, words
from banking.desk.line_form import BY_HAND, LineForm, shown
from banking.matching import by_law, deciding, lines
from banking.matching.decide import Proposal
from banking.models import BankLine, LineDecision
from billing.errors import Refused
from billing.links import new_token
from billing.models import AccessEvent
from billing.privacy import access_log

Kind, Status = LineDecision.Kind, LineDecision.Status
DATA = "bank line"  # in the access log


def show(request: HttpRequest) -> HttpResponse:
    """Show the lines that wait for a person, the oldest first."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    today = timezone.localdate()
    only = request.GET.get("alleen", "")
    context = {
        **admin.site.each_context(request),
        "title": _("Bank"),
        "panel": waiting.overview(request.user.pk, today=today),
        "rows": waiting.rows(today=today, only=only),
        "only": only,
    }
    return render(request, "admin/banking/bank.html", context)


def line(request: HttpRequest, line_id: int) -> HttpResponse:
    """Show one line beside its proposals; POST performs one of the acts on it."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    row = BankLine.objects.select_related("statement", "account").filter(pk=line_id).first()
    if row is None:
        raise Http404
    if request.method != "POST":
        return _show_line(request, row, LineForm(initial={"key": new_token()}))
    form = LineForm(request.POST)
    if not form.is_valid():
        return _show_line(request, row, form, status=422)
    try:
        said = _act(request, row, form)
    except Refused as refusal:
        return _show_line(request, row, form, status=422, refusal=str(refusal))
    messages.success(request, said)
    following = waiting.next_after(row)
    address = reverse("admin:bank_line", args=[following]) if following else reverse("admin:bank")
    return HttpResponseRedirect(address, status=303)


def _show_line(request: HttpRequest, row: BankLine, form: LineForm, *, status: int = 200, **extra: Any) -> HttpResponse:
    """Render the page of a line. Raises, and shows nothing, when the access log can't be written."""
    standing = _standing(row)
    _record(request, row, standing)
    said = details.of_line(row)
    read = lines.read_line(row) if row.status in waiting.WAITS else None
    proposals = read.proposals if read else []
    context = {
        **admin.site.each_context(request),
        "title": _("Line of the bank"),
        "line": row,
        "said": said,
        "iban_end": said.iban[-4:],
        "texts": [list(words.marked(text)) for text in (said.structured, said.end_to_end, said.text) if text],
        "why": words.SORTS.get(read.sort) if read else None,
        "proposals": [(one, words.reasons(one), form.data.get(f"amount-{one.invoice.invoice_id}", ""))
                      for one in proposals],
        "by_hand": [(n, form.data.get(f"invoice-{n}", ""), form.data.get(f"amount-hand-{n}", ""))
                    for n in range(1, BY_HAND + 1)],
        "law": _by_law(row, proposals),
        "form": form,
        "standing": standing,
        "matches": standing.matches.select_related("invoice__provider") if standing else [],
        "own": standing is not None and standing.by_id == request.user.pk,
        "past": _past(row),
        "notes": row.notes.select_related("by"),
        "next": waiting.next_after(row),
        "waits": row.status in waiting.WAITS,
        "unclaimed": waiting.unclaimed_days(row, today=timezone.localdate()) if said.iban and not proposals else 0,
        **extra,
    }  # fmt: skip
    return render(request, "admin/banking/line.html", context, status=status)


def _by_law(row: BankLine, proposals: list[Proposal]) -> dict[str, Any] | None:
    """Return the division of the law for the page: each invoice, what it gets and why, and what is too much."""
    divided = by_law.division(row, proposals)
    if divided is None:
        return None
    amounts = by_law.amounts_of(divided)
    shares = [(share.invoice, amounts[share.invoice.pk], share.rule.label) for share in divided.shares]
    return {"shares": shares, "surplus": divided.surplus, "shown": shown(amounts)}


def _record(request: HttpRequest, row: BankLine, standing: LineDecision | None) -> None:
    """Write in the access log that this person reads the line, for each invoice that it pays."""
    invoices = [match.invoice for match in standing.matches.select_related("invoice__provider")] if standing else []
    for invoice in invoices:
        access_log.record_staff(request, AccessEvent.Act.READ, invoice=invoice, data=DATA)
    if not invoices:
        access_log.record_staff(request, AccessEvent.Act.READ, invoice=None, data=f"{DATA} {row.pk}")


def _standing(row: BankLine) -> LineDecision | None:
    return row.decisions.filter(status__in=LineDecision.STANDING).select_related("by", "confirmed_by").first()


def _past(row: BankLine) -> list[LineDecision]:
    over = row.decisions.exclude(status__in=LineDecision.STANDING)
    return list(over.select_related("by", "confirmed_by", "undone_by").order_by("-pk"))


def _act(request: HttpRequest, row: BankLine, form: LineForm) -> str:
    """Perform the act of the button that was pressed; return what happened. Raises Refused."""
    member: Any = request.user
    given = form.cleaned_data
    reason, key = given["reason"], given["key"]
    act = "book" if given["whole"] else request.POST.get("act", "")
    if act == "book":
        proposals = lines.read_line(row).proposals if row.status in waiting.WAITS else []
        decision = deciding.book(row, form.parts(row, proposals), by=member, reason=reason, key=key)
    elif act == "law":
        proposals = lines.read_line(row).proposals if row.status in waiting.WAITS else []
        parts = form.parts_by_law(by_law.division(row, proposals))
        decision = deciding.book(row, parts, by=member, reason=reason, key=key)
    elif act == "send_back":
        decision = deciding.decide_other(row, Kind.SEND_BACK, what="", by=member, reason=reason, key=key)
    elif act == "other":
        if not given["what"]:
            raise Refused(_("Choose what it is."))
        decision = deciding.decide_other(row, Kind.OTHER, what=given["what"], by=member, reason=reason, key=key)
    elif act == "note":
        deciding.note(row, reason, by=member)
        return _("The note is kept. The line goes on waiting.")
    else:
        return _act_on_decision(row, act, member, reason)
    if decision.status == Status.WAITING:
        return _("It waits for a second person.")
    return _("Done. The next line is here.")


def _act_on_decision(row: BankLine, act: str, member: Any, reason: str) -> str:
    standing = _standing(row)
    if standing is None or act not in ("confirm", "refuse", "undo"):
        raise Refused(_("Choose one of the buttons."))
    if act == "confirm":
        deciding.confirm(standing, by=member)
        return _("Confirmed. It is done.")
    if act == "refuse":
        deciding.refuse(standing, by=member)
        return _("Refused. The line waits again.")
    if not deciding.undo(standing, by=member, reason=reason):
        return _("You asked to undo it. A second person has to, too.")
    return _("Undone. The line waits again, and what it paid is owed again.")
