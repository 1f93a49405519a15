"""The desk of debt collection at /beheer/incasso/: what may go to an agency, what is there, and the way back.

Whoever decides about money hands over and recalls; the others of a practice see how it stands.
"""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from billing import audit, rights
from billing.errors import Refused
from billing.models import AccessEvent, Invoice, ReminderStep, StaffTask
from billing.privacy import access_log
from billing.tenancy import visible_to
from debt_collection import agencies, days, handing_over
from debt_collection.exchange import contents
from debt_collection.models import Agency, Claim, HandOver
from debt_collection.running import recall

PAGE, LIST = "hand-over", "hand-overs"  # their names in the access log
SHOWN = 200
METHODS = ["GET", "HEAD", "POST"]


def cases(staff: Any) -> Any:
    """Return what this person may see."""
    rows = visible_to(staff, HandOver.objects.all(), provider_path="provider")
    return rows.select_related("agency", "patient", "provider", "asked_by", "confirmed_by")


def ready(staff: Any) -> Any:
    """Return the invoices of which a person has to decide what happens after the last letter, the oldest first."""
    tasks = StaffTask.objects.filter(kind=StaffTask.Kind.READY_FOR_HAND_OVER, closed_at=None)
    rows = Invoice.objects.filter(pk__in=tasks.values("invoice"), next_step=ReminderStep.Step.HAND_OVER)
    return visible_to(staff, rows.filter(settled_at=None), provider_path="provider").select_related("provider")


def decides(staff: Any) -> bool:
    """Tell whether a member of staff may hand over and recall."""
    return rights.may(staff, "hand_over")


@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List what could go, what waits for a second person, what is at an agency, and what is over."""
    access_log.record_staff(request, AccessEvent.Act.SEARCH, invoice=None, data=LIST)
    rows = cases(request.user)
    context = {
        **admin.site.each_context(request),
        "title": _("Collection agencies"),
        "ready": ready(request.user).order_by("due_on", "pk")[:SHOWN],
        "proposed": rows.filter(status=HandOver.Status.PROPOSED).order_by("pk")[:SHOWN],
        "live": rows.filter(status__in=HandOver.LIVE).order_by("offered_at")[:SHOWN],
        "over": rows.filter(closed_at__isnull=False).order_by("-closed_at")[:30],
        "late": {order.hand_over_id for order in days.unconfirmed_recalls(timezone.localdate())},
        "may_see_agencies": getattr(request.user, "is_operations", False),
    }
    return render(request, "admin/debt_collection/list.html", context)


@never_cache
@require_http_methods(METHODS)
def prepare(request: HttpRequest, object_id: int) -> HttpResponse:
    """Show what an agency would get of whoever owes this invoice, and why it may not; POST hands it over."""
    rows = visible_to(request.user, Invoice.objects.filter(erased_at=None), provider_path="provider")
    invoice = rows.filter(pk=object_id).select_related("patient", "provider").first()
    if invoice is None:
        _record_refusal(request, Invoice.objects.filter(pk=object_id).first())
        raise Http404
    refusal = ""
    if request.method == "POST":
        try:
            case = _hand_over(request, invoice)
        except Refused as refused:
            refusal = str(refused)
        else:
            asked = case.status == HandOver.Status.PROPOSED
            messages.success(request, _("A second person has to agree.") if asked else _("Handed over."))
            return _to(case.pk)
    access_log.record_staff(request, AccessEvent.Act.READ, invoice=invoice, data=PAGE)
    now = timezone.now()
    found = handing_over.candidates(invoice, now=now)
    today = timezone.localdate(now)
    context = {
        **admin.site.each_context(request),
        "title": _("Hand over to a collection agency"),
        "invoice": invoice,
        "candidates": found,
        "is_free": bool(found) and not found[0].why_not,
        "preview": _preview(invoice, [one.invoice for one in found if not one.why_not]),
        "agencies": [(one, agencies.why_not(one, today=today)) for one in Agency.objects.filter(is_active=True)],
        "decides": decides(request.user),
        "refusal": refusal,
    }
    return render(request, "admin/debt_collection/prepare.html", context, status=422 if refusal else 200)


def _hand_over(request: HttpRequest, invoice: Invoice) -> HandOver:
    if not decides(request.user):
        raise Refused(_("Only somebody who decides may hand over to an agency."))
    agency = Agency.objects.filter(key=request.POST.get("agency", "")[:30]).first()
    if agency is None:
        raise Refused(_("Choose the agency."))
    staff: Any = request.user
    return handing_over.hand_over(invoice.pk, agency, by=staff)


def _preview(invoice: Invoice, going: list[Invoice]) -> str:
    """Return what the agency would read, as it would read it."""
    case = HandOver(provider=invoice.provider, patient=invoice.patient, agency=Agency(name="…"))
    claims = handing_over.claims_of(case, going)
    return json.dumps(contents.dossier(case, claims), ensure_ascii=False, indent=1) if claims else ""


@never_cache
@require_http_methods(METHODS)
def show(request: HttpRequest, object_id: int) -> HttpResponse:
    """Show a case with what can be done; POST does one of these."""
    case = cases(request.user).filter(pk=object_id).first()
    if case is None:
        claim = Claim.objects.filter(hand_over=object_id).select_related("invoice").first()
        _record_refusal(request, claim.invoice if claim else None)
        raise Http404
    refusal = ""
    if request.method == "POST":
        act = ACTS.get(request.POST.get("act", ""))
        try:
            if act is None:
                raise Refused(_("Choose one of the buttons."))
            if not decides(request.user):
                raise Refused(_("Only somebody who decides may do this."))
            said = act(request, case)
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, said)
            return _to(object_id)
    return _page(request, case, refusal)


def _page(request: HttpRequest, case: HandOver, refusal: str) -> HttpResponse:
    claims = list(case.claims.select_related("invoice"))
    access_log.record_staff(request, AccessEvent.Act.READ, invoice=claims[0].invoice if claims else None, data=PAGE)
    orders = list(case.orders.order_by("number"))
    shown = [(order, order.facts.get("files", {}).get(f"{order}-{order.kind}.json", "")) for order in orders]
    context = {
        **admin.site.each_context(request),
        "title": _("Case %(number)s") % {"number": case.number},
        "case": case,
        "claims": claims,
        "orders": shown,
        "replies": list(case.replies.order_by("pk")),
        "decides": decides(request.user),
        "is_own": case.asked_by_id == request.user.pk,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "admin/debt_collection/case.html", context, status=422 if refusal else 200)


def _record_refusal(request: HttpRequest, invoice: Invoice | None) -> None:
    """Write down that somebody asked for a row that is there and not theirs."""
    if invoice is not None:
        look, outcome = AccessEvent.Act.READ, AccessEvent.Outcome.REFUSED
        access_log.record_staff(request, look, invoice=invoice, data=PAGE, outcome=outcome)


def _to(case_id: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:collection_handover_case", args=[case_id]), status=303)


def _confirm(request: HttpRequest, case: HandOver) -> str:
    staff: Any = request.user
    handing_over.confirm(case, by=staff)
    return _("Handed over.")


def _refuse(request: HttpRequest, case: HandOver) -> str:
    staff: Any = request.user
    handing_over.refuse(case, by=staff)
    return _("Not handed over.")


def _recall(request: HttpRequest, case: HandOver) -> str:
    recall.by_person(case, why=request.POST.get("why", ""), by=audit.name_of(request.user))
    return _("Recalled. Costs and interest are off, and the patient gets a mail with a new last day to pay.")


ACTS: dict[str, Callable[[HttpRequest, HandOver], str]] = {"confirm": _confirm, "refuse": _refuse, "recall": _recall}
