"""At the desk: coulance that staff begin on an invoice, and a specification that came on paper."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing import ledger, rights
from billing.desk.base import EVERYBODY
from billing.errors import Refused
from billing.invoices.schedule import running_final_notice
from billing.links import new_token
from billing.models import AccessEvent, Invoice
from billing.privacy import access_log
from billing.rooms import DeskPage
from billing.tenancy import visible_to
from coulance import cases
from coulance.by_staff import beginning, paper
from coulance.desk import case_page
from coulance.desk.decision_form import EuroInput
from coulance.models import CoulanceCase
from guests.files.forms import ACCEPT, FilesField, MultipleFileInput
from guests.files.receiving import Upload
from guests.uploads import takes_files_of_staff

METHODS = ("GET", "HEAD", "POST")


def pages() -> tuple[DeskPage, ...]:
    """Return the addresses under /beheer/."""
    begins = ("rekening/<int:object_id>/coulance/", begin, "billing_invoice_coulance")
    enters = ("coulance/<int:object_id>/papier/", enter, "coulance_coulancecase_paper")
    return DeskPage(*begins, EVERYBODY, act=beginning.ACT), DeskPage(*enters, EVERYBODY, act=paper.ACT)


class PaperForm(forms.Form):
    """Scans of a paper, or what stands on it and where it is. A form that is sent twice is taken once."""

    key = forms.RegexField(r"^[A-Za-z0-9_-]{16,32}\Z", widget=forms.HiddenInput)
    files = FilesField(  # type: ignore[assignment] # the stubs see the name of what a form was sent, not a field
        label=_("scan or photos"),
        required=False,
        help_text=_("PDF or photo, of at most 25 MB each. They are checked as what patients send."),
        widget=MultipleFileInput(attrs={"accept": ACCEPT}),
    )
    paid_out = EuroInput(
        label=_("paid out by the insurer"), required=False,
        help_text=_("Before the insurer keeps anything back for debts of the patient."),
    )  # fmt: skip
    deductible = EuroInput(
        label=_("deductible (eigen risico)"), required=False,
        help_text=_("Is never waived: the patient pays it. Type 0 when the insurer took nothing off."),
    )  # fmt: skip
    own_contribution = EuroInput(
        label=_("own contribution"), required=False,
        help_text=_("Only a statutory one that the insurer took off."),
    )  # fmt: skip
    where = forms.CharField(
        label=_("where the paper is"),
        required=False,
        max_length=cases.LONGEST_MESSAGE,
        help_text=_("Needed when you type figures. For example: shown at the counter, copy in our archive."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean(self) -> dict[str, Any]:
        """Want a file, or both figures and where the paper is."""
        given = super().clean() or {}
        figures = [given.get("paid_out"), given.get("deductible")]
        typed = any(figure is not None for figure in (*figures, given.get("own_contribution")))
        if not self.errors and not given.get("files") and not typed:
            raise forms.ValidationError(gettext("Choose a file, or type what stands on the paper."))
        for name in ("paid_out", "deductible"):
            if typed and given.get(name) is None and name not in self.errors:
                self.add_error(name, gettext("Fill in both amounts. Type 0 for none."))
        if typed and not given.get("where") and "where" not in self.errors:
            self.add_error("where", gettext("Say where the paper is."))
        return given

    @property
    def typed(self) -> paper.Typed | None:
        """Return what was typed in a valid form; None when only files were chosen."""
        names = ("paid_out", "deductible", "own_contribution", "where", "key")
        given = {name: self.cleaned_data[name] for name in names}
        return paper.Typed(**given) if given["paid_out"] is not None else None


@takes_files_of_staff
@never_cache
@require_http_methods(METHODS)
def enter(request: HttpRequest, object_id: int) -> HttpResponse:
    """Take a scan, or the figures, of a specification that came on paper."""
    case = _case(request, object_id)
    form = PaperForm(request.POST, request.FILES) if request.method == "POST" else None
    form = form or PaperForm(initial={"key": new_token()})
    refusal = paper.why_not(case)
    if request.method == "POST" and form.is_valid():
        try:
            uploads = [Upload(file.name, file) for file in form.cleaned_data["files"] or ()]
            paper.enter(case, uploads, form.typed, by=request.user)  # type: ignore[arg-type]  # signed in
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            sentence = gettext("The files are being checked. After that the case is on your desk.")
            messages.success(request, gettext("The figures stand in the form.") if form.typed else sentence)
            return HttpResponseRedirect(_page_of(case), status=303)
    context = {"title": gettext("A specification on paper"), "form": form, "case": case, "refusal": refusal}
    status = 422 if form.errors else 200
    return render(request, "admin/coulance/paper.html", admin.site.each_context(request) | context, status=status)


@never_cache
@require_http_methods(METHODS)
def begin(request: HttpRequest, object_id: int) -> HttpResponse:
    """Say what happens when coulance begins on an invoice, and begin it."""
    invoice = _invoice(request, object_id)
    case = cases.of_invoice(invoice.pk)
    refusal, reason = beginning.why_not(invoice, case), request.POST.get("reason", "")
    if request.method == "POST":
        try:
            begun = beginning.begin(invoice, reason=reason, by=request.user)  # type: ignore[arg-type]  # signed in
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, gettext("Coulance has begun. The patient gets a mail, and no letters leave."))
            return HttpResponseRedirect(_page_of(begun), status=303)
    context = {
        "title": gettext("Begin coulance again") if case else gettext("Begin coulance"),
        "invoice": invoice,
        "outstanding": ledger.outstanding(invoice.pk),
        "voided": running_final_notice(invoice),
        "rules": cases.rules_of(invoice.provider),
        "refusal": refusal,
        "reason": reason,
        "may": beginning.why_not(invoice, case) is None,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "admin/coulance/begin.html", admin.site.each_context(request) | context, status=status)


def _page_of(case: CoulanceCase) -> str:
    return reverse("admin:coulance_coulancecase_change", args=[case.pk])


def _invoice(request: HttpRequest, object_id: int) -> Invoice:
    """Return an invoice that this person may see; the look is written down. Raises Http404 for any other."""
    rows = Invoice.objects.filter(erased_at=None).select_related("provider", "patient")
    invoice = rows.filter(pk=object_id).first()
    own = visible_to(request.user, rows, provider_path="provider").filter(pk=object_id).exists()
    if invoice is None or not own:
        _record_refusal(request, invoice)
        raise Http404
    access_log.record_staff_once(request, invoice=invoice, data=("invoice page",))
    return invoice


def _case(request: HttpRequest, object_id: int) -> CoulanceCase:
    """Return a case that this person may see. Raises Http404 for any other."""
    rows = CoulanceCase.objects.select_related("invoice__provider", "invoice__patient")
    case = visible_to(request.user, rows, provider_path="invoice__provider").filter(pk=object_id).first()
    if case is None:
        foreign = rows.filter(pk=object_id).first()
        _record_refusal(request, foreign.invoice if foreign else None)
        raise Http404
    access_log.record_staff_once(request, invoice=case.invoice, data=(case_page.SEEN,))
    return case


def _record_refusal(request: HttpRequest, invoice: Invoice | None) -> None:
    """Write that somebody asked for what is there and not theirs."""
    if invoice is not None:
        refused = AccessEvent.Outcome.REFUSED
        look: dict[str, Any] = {"invoice": invoice, "data": case_page.SEEN, "outcome": refused}
        access_log.record_staff(request, AccessEvent.Act.READ, **look)


def of_case(staff: Any, case: CoulanceCase) -> list[tuple[str, Any]]:
    """Return the links on the page of a case to what its own practice may do besides deciding."""
    if staff.provider_id != case.invoice.provider_id or case.invoice.withdrawn_at or case.invoice.erased_at:
        return []
    if case.status in beginning.ENDED:
        again = reverse("admin:billing_invoice_coulance", args=[case.invoice_id])
        return [(again, _("Begin coulance again…"))] if rights.may(staff, beginning.ACT) else []
    entered = reverse("admin:coulance_coulancecase_paper", args=[case.pk])
    return [(entered, _("It came on paper…"))] if rights.may(staff, paper.ACT) else []


def links(staff: Any, invoice: Invoice) -> list[tuple[str, Any]]:
    """Return the links of coulance on the desk's page of an invoice: to its case, or to begin one."""
    case = CoulanceCase.objects.filter(invoice=invoice).first()
    to_case = [(_page_of(case), _("Coulance case"))] if case else []
    if case and case.status not in beginning.ENDED:
        return to_case
    if staff.provider_id != invoice.provider_id or invoice.withdrawn_at or not rights.may(staff, beginning.ACT):
        return to_case
    label = _("Begin coulance again…") if case else _("Begin coulance…")
    return [*to_case, (reverse("admin:billing_invoice_coulance", args=[invoice.pk]), label)]
