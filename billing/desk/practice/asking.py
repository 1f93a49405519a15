"""The pages on which a colleague gets a task: about a patient, about an invoice, or one that is there already."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from billing import rights
from billing.colleagues import asked, of_practice
from billing.errors import Refused
from billing.links import new_token
from billing.models import AccessEvent, Invoice, Patient, Staff, StaffTask
from billing.privacy import access_log
from billing.rooms import DeskPage
from billing.tenancy import visible_to
from billing.text.typed_days import TypedDay

_DATA = "patient page"


def pages() -> tuple[DeskPage, ...]:
    """Return the addresses under /beheer/, for whoever may give tasks."""
    everybody = frozenset(Staff.Role)
    return (
        DeskPage("patient/<int:object_id>/taak/", about_patient, "billing_patient_task", everybody, act="task"),
        DeskPage("rekening/<int:object_id>/taak/", about_invoice, "billing_invoice_task", everybody, act="task"),
        DeskPage("taak/<int:object_id>/", give, "billing_stafftask_give", everybody, act="task"),
    )


class GivenForm(forms.Form):
    """Who does it, and by when."""

    owner = forms.ModelChoiceField(
        label=pgettext_lazy("whose task", "for"), queryset=Staff.objects.none(), required=False,
        empty_label=gettext_lazy("whoever takes it"), to_field_name="pk",
    )  # fmt: skip
    due_on = TypedDay(
        label=gettext_lazy("to be done on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, provider_id: int, **kwargs: Any) -> None:
        """Offer the colleagues of one practice."""
        super().__init__(*args, **kwargs)
        choices: Any = self.fields["owner"]
        choices.queryset = of_practice(provider_id)


class AskForm(GivenForm):
    """What is to be done, besides."""

    kind = forms.ChoiceField(
        label=gettext_lazy("what is to be done"), choices=[(kind.value, kind.label) for kind in asked.ASKED]
    )
    words = forms.CharField(
        label=gettext_lazy("in your words"), max_length=asked.MOST_LETTERS, widget=forms.Textarea(attrs={"rows": 4})
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=32)
    field_order = ("kind", "words", "owner", "due_on", "key")


@never_cache
@sensitive_post_parameters("words")
@require_http_methods(["GET", "HEAD", "POST"])
def about_patient(request: HttpRequest, object_id: int) -> HttpResponse:
    """Ask a colleague something about a patient."""
    rows = Patient.objects.select_related("provider").exclude(sealed_identity=b"")
    patient = visible_to(request.user, rows.filter(pk=object_id), provider_path="provider").first()
    if patient is None:
        _record_refusal(request, patient=Patient.objects.filter(pk=object_id).first())
        raise Http404
    access_log.record_staff(request, AccessEvent.Act.READ, invoice=None, patient=patient, data=_DATA)
    return _ask(request, patient, patient.full_name, reverse("admin:billing_patient_change", args=[patient.pk]))


@never_cache
@sensitive_post_parameters("words")
@require_http_methods(["GET", "HEAD", "POST"])
def about_invoice(request: HttpRequest, object_id: int) -> HttpResponse:
    """Ask a colleague something about an invoice."""
    rows = Invoice.objects.select_related("provider", "patient").filter(erased_at=None, pk=object_id)
    invoice = visible_to(request.user, rows, provider_path="provider").first()
    if invoice is None:
        _record_refusal(request, invoice=Invoice.objects.filter(pk=object_id).select_related("provider").first())
        raise Http404
    access_log.record_staff(request, AccessEvent.Act.READ, invoice=invoice, data="invoice page")
    heading = f"{invoice.patient.full_name}, {invoice.number}"
    return _ask(request, invoice, heading, reverse("admin:billing_invoice_change", args=[invoice.pk]))


def _record_refusal(request: HttpRequest, *, invoice: Invoice | None = None, patient: Patient | None = None) -> None:
    """Write that somebody asked for a row that is there and not theirs."""
    if invoice or patient:
        look: dict[str, Any] = {"invoice": invoice, "patient": patient, "outcome": AccessEvent.Outcome.REFUSED}
        access_log.record_staff(request, AccessEvent.Act.READ, data=_DATA if patient else "invoice page", **look)


def _ask(request: HttpRequest, about: Any, heading: str, back: str) -> HttpResponse:
    member: Any = request.user
    form = AskForm(request.POST or None, provider_id=about.provider_id, initial={"key": new_token()})
    if form.is_valid():
        given = form.cleaned_data
        try:
            asked.ask(
                about, given["kind"], given["words"], by=member, owner=given["owner"], due_on=given["due_on"],
                key=given["key"],
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The task is given."))
            return HttpResponseRedirect(back, status=303)
    return _page(request, _("Give a task: %(about)s") % {"about": heading}, form, back, heading)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest, object_id: int) -> HttpResponse:
    """Give an open task to somebody else, or another day."""
    member: Any = request.user
    task = visible_to(member, StaffTask.objects.filter(pk=object_id), provider_path="provider").first()
    if task is None or task.closed_at or task.provider_id is None:
        raise Http404
    if not rights.may(member, "task"):
        raise PermissionDenied
    back = reverse("admin:billing_stafftask_change", args=[task.pk])
    initial = {"owner": task.owner_id, "due_on": task.due_on}
    form = GivenForm(request.POST or None, provider_id=task.provider_id, initial=initial)
    if form.is_valid():
        try:
            asked.assign(task, by=member, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The task is given."))
            return HttpResponseRedirect(back, status=303)
    return _page(request, _("Give this task to a colleague"), form, back, str(task))


def _page(request: HttpRequest, title: str, form: forms.Form, back: str, about: str) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, "form": form, "back": back, "about": about}
    return render(request, "admin/practice/task.html", context, status=422 if form.is_bound else 200)


@dataclass(frozen=True, slots=True)
class Panel:
    """What somebody has to do, each with whether it is late, and how much there is of the whole practice."""

    mine: list[tuple[StaffTask, bool]]
    late: int
    asked: int


def panel(member: Any) -> Panel:
    """Return what this person and their practice have to do, for the start page."""
    today = timezone.localdate()
    open_tasks = visible_to(member, StaffTask.objects.filter(closed_at=None), provider_path="provider")
    mine = asked.mine(open_tasks, member).select_related("invoice", "patient").order_by("due_on", "pk")[:10]
    counts = open_tasks.aggregate(
        late=Count("pk", filter=Q(due_on__lt=today)), asked=Count("pk", filter=Q(kind__in=asked.ASKED))
    )
    return Panel([(task, task.due_on is not None and task.due_on < today) for task in mine], **counts)
