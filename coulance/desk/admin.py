"""The provider's desk at /beheer/: the list of cases, the page of a case, and the files that patients sent."""

import re
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import audit, rights
from billing.desk.base import EVERYBODY, OfferedFilter, TenantAdmin
from billing.desk.detail import moment, status_badge
from billing.desk.lists.ranges import days
from billing.documents.attachment import attachment
from billing.errors import Refused, Stale
from billing.models import AccessEvent
from billing.money import ZERO
from billing.privacy import access_log
from billing.templatetags.money import euro
from coulance import decisions
from coulance.amounts import Outcome
from coulance.desk import case_page, notes, panel, staff_pages
from coulance.desk.decision_form import DecisionForm
from coulance.desk.rules_form import FIELDS, RulesForm
from coulance.models import CoulanceCase, Decision, PracticeRules, Proposal, Specification
from guests.files import storage
from guests.files.handing_out import page_to_staff

Status = CoulanceCase.Status
METHODS = ("GET", "HEAD", "POST")
TABLES = (notes.NoteAdmin,)  # the other tables of coulance, registered where they stand


class ProposedFilter(admin.SimpleListFilter):
    """A filter on whether a proposed decision waits for a second person, also to correct a decided case."""

    title, parameter_name = _("proposed decision"), "proposed"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [("yes", _("waits for a second person"))]

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.filter(proposal__isnull=False) if self.value() == "yes" else queryset


@admin.register(CoulanceCase)
class CoulanceCaseAdmin(TenantAdmin):
    """The cases of a practice, with a page of their own in place of a change form."""

    provider_path = "invoice__provider"
    medical = "case page"
    list_display = ("number", "provider", "patient_number", "state", "since", "send_before")
    values_behind = {"state": "status", "since": "provider_since", "send_before": "specification_due_on"}
    list_filter = (
        "status",
        ProposedFilter,
        ("invoice__provider", OfferedFilter),
        days("provider_since", _("with you since")),
    )
    list_select_related = ("invoice__provider", "invoice__patient")
    ordering = ("-provider_since", "-pk")

    @admin.display(description=_("invoice number"))
    def number(self, obj: CoulanceCase) -> str:
        """Return the invoice number."""
        return obj.invoice.number

    @admin.display(description=_("provider"))
    def provider(self, obj: CoulanceCase) -> str:
        """Return the provider's name."""
        return obj.invoice.provider.name

    @admin.display(description=_("patient number"))
    def patient_number(self, obj: CoulanceCase) -> str:
        """Return the patient number."""
        return obj.invoice.patient.number

    @admin.display(description=_("status"))
    def state(self, obj: CoulanceCase) -> Any:
        """Return the status as a badge."""
        return status_badge(obj)

    @admin.display(description=_("with you since"))
    def since(self, obj: CoulanceCase) -> str:
        """Return since when the case has been with the provider."""
        return moment(obj.provider_since)

    @admin.display(description=_("patient can send until"))
    def send_before(self, obj: CoulanceCase) -> str:
        """Return the last day on which the patient can send the specification."""
        return date_format(obj.specification_due_on, "SHORT_DATE_FORMAT")

    def get_urls(self) -> list[URLPattern]:
        """Return the stock addresses and those of an uploaded file and its pages."""
        view, of_file = self.admin_site.admin_view, "<int:object_id>/document/<int:file_id>/"
        return [
            path(of_file, view(self.document), name="coulance_coulancecase_document"),
            path(f"{of_file}<int:number>/", view(self.page_of_document), name="coulance_coulancecase_page"),
            *super().get_urls(),
        ]

    # --- the page of a case -----------------------------------------------------------------
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the case with its form; POST performs one of the actions on it."""
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        case = self._case(request, object_id)
        if request.method != "POST":
            return self._show(request, case, None)
        if not _may_act(request.user, case):
            raise PermissionDenied
        return self._act(request, case)

    def _case(self, request: HttpRequest, object_id: str) -> CoulanceCase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.get_queryset(request).select_related(*case_page.WITH_CASE)
        case = rows.filter(pk=object_id).first() if re.fullmatch(r"[0-9]{1,18}", str(object_id)) else None
        if case is None:
            self.record_refusal(request, str(object_id))
            raise Http404
        return case

    def _show(
        self, request: HttpRequest, case: CoulanceCase, form: DecisionForm | None, *, status: int = 200, **extra: Any
    ) -> HttpResponse:
        """Render the page of the case. Raises, and shows nothing, when the access log can't be written."""
        prefetch_related_objects([case], case_page.PAPERS)
        access_log.record_staff_once(request, invoice=case.invoice, data=case_page.looked_at(case))
        staff: Any = request.user
        if staff.provider_id == case.invoice.provider_id:
            staff.provider = case.invoice.provider  # shown on the page; saves a query
        page = case_page.load(case)
        form = form or DecisionForm(initial=_initial(page), templates=page.templates)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Case %(number)s") % {"number": case.invoice.number},
            "page": page,
            "case": case,
            "invoice": case.invoice,
            "form": form,
            "age": panel.working_days_since(case.provider_since, timezone.localdate()),
            "may_act": _may_act(request.user, case),
            "may_decide": rights.may(staff, "coulance_decide"),
            "own_proposal": page.proposal is not None and page.proposal.decided_by_id == staff.pk,
            "next": panel.next_after(case, staff),
            "staff_links": staff_pages.of_case(staff, case),
            "opts": self.opts,
            **extra,
        }
        return render(request, "admin/coulance/case.html", context, status=status)

    def _act(self, request: HttpRequest, case: CoulanceCase) -> HttpResponse:
        form = DecisionForm(request.POST, templates=case_page.templates_of(case))
        act = request.POST.get("act", "")
        if act not in _ACTS:
            return self._show(request, case, form, status=422, refusal=gettext("Choose one of the buttons."))
        if not form.is_valid():
            return self._show(request, case, form, status=422, act=act)
        outcome = None
        try:
            if act in ("approve", "correct"):
                outcome = form.outcome(case_page.share_of(case))
                if form.cleaned_data["shown_due"] != outcome.new_due:
                    return self._show(request, case, form, outcome=outcome, act=act)
            done = _ACTS[act](case, form, outcome, request.user)
        except Stale as stale:
            return self._conflict(request, case, form, act, outcome, str(stale))
        except Refused as refusal:
            return self._show(request, case, form, status=422, refusal=str(refusal), act=act)
        messages.success(request, _success_message(case, done))
        return self._to_next(request, case)

    def _to_next(self, request: HttpRequest, case: CoulanceCase) -> HttpResponse:
        """Redirect to the case that waits longest after this one, or to the start page when none waits."""
        following = panel.next_after(case, request.user)
        if following is None:
            return HttpResponseRedirect(reverse("admin:index"), status=303)
        return HttpResponseRedirect(reverse("admin:coulance_coulancecase_change", args=[following.pk]), status=303)

    def _conflict(
        self,
        request: HttpRequest,
        case: CoulanceCase,
        form: DecisionForm,
        act: str,
        wanted: Outcome | None,
        sentence: str,
    ) -> HttpResponse:
        """Show what this person wanted beside the present state of the case; nothing was changed."""
        now = self._case(request, str(case.pk))
        prefetch_related_objects([now], case_page.PAPERS)
        access_log.record_staff_once(request, invoice=now.invoice, data=case_page.looked_at(now))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Somebody else was first"),
            "sentence": sentence,
            "case": now,
            "page": case_page.load(now),
            "act": act,
            "wanted": wanted,
            "reason": form.note_for(act),
        }
        return render(request, "admin/coulance/conflict.html", context, status=409)

    # --- what the patient sent ----------------------------------------------------------------
    def document(self, request: HttpRequest, object_id: int, file_id: int) -> HttpResponse:
        """Send a file of this case as an attachment; the access is logged before."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        case, file = self._file(request, object_id, file_id)
        access_log.record_staff(request, AccessEvent.Act.DOWNLOAD, invoice=case.invoice, data=file.served_name)
        return attachment(storage.get(file), name=file.served_name, content_type=file.content_type)

    def page_of_document(self, request: HttpRequest, object_id: int, file_id: int, number: int) -> HttpResponse:
        """Send a page of a file of this case as a picture; that somebody looks at the file is logged before, once."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        case, file = self._file(request, object_id, file_id)
        file.case = case
        return page_to_staff(request, file, number)

    def _file(self, request: HttpRequest, object_id: int, file_id: int) -> tuple[CoulanceCase, Specification]:
        """Return a file that staff may open, and its case. Raises Http404 for any other, which is logged."""
        case = self._case(request, str(object_id))
        file = next((file for file in case_page.viewable(case) if file.pk == file_id), None)
        if file is None:
            self._record_refused_file(request, file_id)
            raise Http404
        return case, file

    def _record_refused_file(self, request: HttpRequest, file_id: int) -> None:
        file = Specification.objects.filter(pk=file_id).select_related("case__invoice__provider").first()
        if file is not None:
            refused = AccessEvent.Outcome.REFUSED
            look: dict[str, Any] = {"invoice": file.case.invoice, "data": file.served_name, "outcome": refused}
            access_log.record_staff(request, AccessEvent.Act.DOWNLOAD, **look)


@admin.register(PracticeRules)
class PracticeRulesAdmin(TenantAdmin):
    """One row per practice, which its approvers and operations change; every change is in the audit trail."""

    provider_path = "provider"
    writers, write_act = EVERYBODY, "coulance_rules"
    about_patients = False
    values_behind = {"limit": "second_person_above"}
    form = RulesForm
    list_display = ("chosen", "provider", "wants_specification", "limit")
    list_select_related = ("provider",)
    ordering = ("provider__name",)
    fieldsets = ((None, {"fields": ("provider", *FIELDS)}),)

    @admin.display(description=_("rule for the amount"))
    def chosen(self, obj: PracticeRules) -> str:
        """Return the rule for the amount, with its percentage."""
        label = obj.get_rule_display()
        return f"{label} ({obj.percentage}%)" if obj.rule == PracticeRules.Rule.PERCENTAGE else label

    @admin.display(description=_("a second person decides too above"))
    def limit(self, obj: PracticeRules) -> str:
        """Return the amount above which a second person has to agree."""
        return "–" if obj.second_person_above is None else euro(obj.second_person_above)

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form, bound to the member of staff who fills it in."""
        return type("FormOfStaff", (super().get_form(request, obj, change, **kwargs),), {"staff": request.user})

    def save_model(self, request: HttpRequest, obj: PracticeRules, form: Any, change: bool) -> None:
        """Save the rules and record what changed in the audit trail."""
        changes = form.changes()
        super().save_model(request, obj, form, change)
        if changes:
            act = "coulance_rules_changed" if change else "coulance_rules_added"
            written = obj.help_text if "help_text" in changes else ""
            by = audit.name_of(request.user)
            audit.record(act, by=by, written=written, agb_code=obj.provider.agb_code, changes=changes)


def _may_act(staff: Any, case: CoulanceCase) -> bool:
    """Tell whether `staff` belongs to the provider: only its own staff decide; operations can read only."""
    return staff.provider_id == case.invoice.provider_id


def _initial(page: case_page.CasePage) -> dict[str, Any]:
    """Return what is filled in: by the rules of the practice, or from a paper that somebody typed."""
    given: dict[str, Any] = {"version": page.case.version, "rule": page.rules.rule}
    if page.figures is None and page.read and page.read.outcome:
        read = {"paid_out": page.read.paid_out, "deductible": page.read.outcome.deductible}
        filled = {name: number_format(amount, 2) for name, amount in read.items() if amount is not None}
        return given | filled | {"rule": PracticeRules.Rule.INSURER}
    if page.figures is None:
        return given | ({"percentage": page.rules.percentage} if page.rules.percentage else {})
    sums = {name: getattr(page.figures, name) for name in ("paid_out", "deductible", "own_contribution")}
    typed = {name: number_format(amount, 2) for name, amount in sums.items() if amount is not None}
    return given | typed | {"rule": PracticeRules.Rule.INSURER}


def _approve(case: CoulanceCase, form: DecisionForm, outcome: Outcome, by: Any) -> Decision | Proposal:
    return decisions.approve(case, outcome=outcome, by=by, **_reason_and_version(form, "approve"))


def _correct(case: CoulanceCase, form: DecisionForm, outcome: Outcome, by: Any) -> Decision | Proposal:
    return decisions.correct(case, outcome=outcome, by=by, **_reason_and_version(form, "correct"))


def _ask_more(case: CoulanceCase, form: DecisionForm, _outcome: None, by: Any) -> Decision:
    return decisions.ask_more(case, by=by, **_reason_and_version(form, "ask_more"))


def _refuse(case: CoulanceCase, form: DecisionForm, _outcome: None, by: Any) -> Decision | Proposal:
    return decisions.refuse(case, by=by, **_reason_and_version(form, "refuse"))


def _confirm(case: CoulanceCase, form: DecisionForm, _outcome: None, by: Any) -> Decision:
    return decisions.confirm(case, version=form.cleaned_data["version"], by=by)


def _turn_down(case: CoulanceCase, form: DecisionForm, _outcome: None, by: Any) -> None:
    decisions.turn_down(case, version=form.cleaned_data["version"], by=by)


_ACTS: dict[str, Any] = {
    "approve": _approve,
    "correct": _correct,
    "ask_more": _ask_more,
    "refuse": _refuse,
    "confirm": _confirm,
    "turn_down": _turn_down,
}


def _reason_and_version(form: DecisionForm, act: str) -> dict[str, Any]:
    return {"reason": form.note_for(act), "version": form.cleaned_data["version"]}


def _success_message(case: CoulanceCase, done: Decision | Proposal | None) -> str:
    """Return what was done, as a message above the next case."""
    facts = {"number": case.invoice.number, "due": euro(done.new_due if done and done.new_due is not None else ZERO)}
    if done is None:
        return gettext("Case %(number)s: the proposal was put aside.") % facts
    if isinstance(done, Proposal):
        return gettext("Case %(number)s waits for a second person.") % facts
    if done.kind == Decision.Kind.ASK_MORE:
        return gettext("Case %(number)s: the patient gets a mail that you need more.") % facts
    if done.new_due is None:
        return gettext("Case %(number)s is refused. The patient gets a mail.") % facts
    return gettext("Case %(number)s: the patient pays %(due)s, and gets a mail.") % facts
