"""The table of patients, and the page of one: who it is, how to reach them, and all that there is about them."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from billing import audit, rights, rooms
from billing.colleagues import asked
from billing.desk.base import TenantAdmin, desk_action
from billing.desk.detail import ReasonForm, Section, amount, link_to, moment, short_day, status_badge
from billing.desk.people.forms import ContactForm
from billing.desk.people.rows import state_badge, with_state
from billing.desk.words.notes import note_in_words
from billing.errors import Refused
from billing.models import Hold, Invoice, OutboxMessage, Patient, Payer, StaffNote, StaffTask
from billing.money import ZERO
from billing.patients import contact
from billing.submission import birth_dates

_SHOWN = 20  # messages and notes: the newest


@admin.register(Patient)
class PatientAdmin(TenantAdmin):
    provider_path = "provider"
    actions = ("write_note",)
    reasoned = actions
    action_form = ReasonForm
    searched = "patients"
    medical = "patient page"  # whose patient somebody is says something about their health
    list_display = ("number", "provider", "name")
    list_select_related = ("provider",)
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("number", "provider"),
                    ("name", "born"),
                    ("email", "mobile"),
                    ("address", "language"),
                    ("pays", "codes"),
                )
            },
        ),
    )
    readonly_fields = ("name", "born", "address", "pays", "codes")

    def heading(self, obj: Patient) -> str:
        return obj.full_name

    @admin.display(description=_("name"))
    def name(self, obj: Patient) -> str:
        return obj.full_name

    @admin.display(description=_("date of birth"))
    def born(self, obj: Patient) -> str:
        known = obj.identity.get("date_of_birth") if obj.sealed_identity else ""
        return birth_dates.in_words(known) if known else "–"

    @admin.display(description=_("address"))
    def address(self, obj: Patient) -> str:
        lines = (f"{obj.street} {obj.house_number}", f"{obj.postcode} {obj.city}")
        return ", ".join(line.strip() for line in lines if line.strip()) or "–"

    @admin.display(description=_("who pays"))
    def pays(self, obj: Patient) -> str:
        payer = Payer.objects.filter(patient=obj).first()
        if payer is None:
            return gettext("the patient")
        parts = (payer.name, payer.get_relation_display(), payer.email, gettext("by law") if payer.by_law else "")
        return ", ".join(part for part in parts if part)

    @admin.display(description=_("codes by SMS"))
    def codes(self, obj: Patient) -> str:
        if not obj.mobile:
            return gettext("no: there is no mobile number")
        paused = contact.codes_from(obj, now=timezone.now())
        return gettext("from %(moment)s: the number is new") % {"moment": moment(paused)} if paused else gettext("yes")

    @desk_action("note", _("Write a note"))
    def write_note(self, request: HttpRequest, queryset: QuerySet[Patient]) -> None:
        member: Any = request.user
        for patient in queryset:
            try:
                asked.write_note(patient, by=member, note=request.POST.get("note", ""))
            except Refused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self.message_user(request, gettext("The note stands on this page."), messages.SUCCESS)

    def acts(self, obj: Patient) -> tuple[str, ...]:
        return ("write_note",) if obj.sealed_identity else ()

    # --- the page ---------------------------------------------------------------------------------

    def page_links(self, request: HttpRequest, obj: Patient) -> list[tuple[str, Any]]:
        """Return the links of the page beside its facts."""
        newest = Invoice.objects.filter(patient=obj, erased_at=None).order_by("-pk").first()
        links = []
        if obj.sealed_identity and rights.may(request.user, "contact"):
            links.append((reverse("admin:billing_patient_contact", args=[obj.pk]), _("Change how to reach them…")))
        if newest:
            address = reverse("admin:billing_invoice_statement", args=[newest.pk])
            links.append((address, _("Statement for the patient")))
        if obj.sealed_identity and rights.may(request.user, "payer"):
            links.append((reverse("admin:billing_patient_payer", args=[obj.pk]), _("Change who pays…")))
        if obj.sealed_identity and rights.may(request.user, "task"):
            links.append((reverse("admin:billing_patient_task", args=[obj.pk]), _("Give a task…")))
        return links

    def sections(self, request: HttpRequest, obj: Patient) -> list[Section]:
        about = Q(invoice__patient=obj) | Q(patient=obj)
        notes = StaffNote.objects.filter(about).select_related("invoice").order_by("-pk")[:_SHOWN]
        if notes:  # before they are read
            self.record_look(request, obj, "staff notes")
        return [
            _invoices(obj),
            _stops(obj),
            _cases(request, obj),
            _tasks(obj),
            _notes(notes),
            _messages(obj),
            _changes(obj),
        ]

    # --- how to reach them ------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.contact)
        return [path("<int:object_id>/gegevens/", page, name="billing_patient_contact"), *super().get_urls()]

    def contact(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show how a patient is reached, and correct it. The patient is told."""
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        patient: Patient = self.get_object(request, str(object_id))
        if not rights.may(request.user, "contact"):
            raise PermissionDenied
        if not patient.sealed_identity:  # erased
            raise Http404
        self.record_look(request, patient, self.medical)
        initial = {name: str(getattr(patient, name) or "") for name in contact.REACHED_BY}
        form = ContactForm(request.POST or None, initial=initial)
        if form.is_valid():
            try:
                changed = contact.correct(patient, form.cleaned_data, by=audit.name_of(request.user))
            except contact.Wrong as wrong:
                form.add_errors(wrong.errors)
            else:
                return self._corrected(request, patient, changed)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("How to reach %(name)s") % {"name": patient.full_name},
            "opts": self.opts,
            "patient": patient,
            "form": form,
        }
        return render(request, "admin/contact.html", context, status=422 if form.is_bound else 200)

    def _corrected(self, request: HttpRequest, patient: Patient, changed: bool) -> HttpResponse:
        if changed:
            said = gettext("Changed. We tell it at the address that we had.")
            self.message_user(request, said, messages.SUCCESS)
        else:
            self.message_user(request, gettext("Nothing was changed."), messages.INFO)
        return HttpResponseRedirect(reverse("admin:billing_patient_change", args=[patient.pk]), status=303)


def _invoices(patient: Patient) -> Section:
    """Return all invoices with what is owed, and what that comes to; credit is never taken off by itself."""
    rows = list(with_state(Invoice.objects.filter(patient=patient)).order_by("-issued_on", "-pk"))
    lines: list[tuple[Any, ...]] = [
        (link_to(row), short_day(row.issued_on), short_day(row.due_on), state_badge(row), amount(row.balance or ZERO))
        for row in rows
    ]
    owed = sum((row.balance for row in rows if (row.balance or ZERO) > ZERO), ZERO)
    credit = sum((row.balance for row in rows if (row.balance or ZERO) < ZERO), ZERO)
    if rows:
        lines.append((format_html("<strong>{}</strong>", gettext("Owed together")), "", "", "", amount(owed)))
    if credit:
        lines.append((format_html("<strong>{}</strong>", gettext("Credit")), "", "", "", amount(credit)))
    columns = (_("invoice"), _("day"), _("pay before or on"), _("status"), _("owed"))
    return Section(gettext("Invoices"), columns, lines, gettext("No invoices."))


def _stops(patient: Patient) -> Section:
    """Return what holds the invoices of a patient now."""
    holds = Hold.objects.filter(invoice__patient=patient, released_at=None).select_related("invoice").order_by("pk")
    lines = [
        (h.get_reason_display(), link_to(h.invoice), moment(h.placed_at), short_day(h.until), audit.actor(h.placed_by))
        for h in holds
    ]
    columns = (_("reason"), _("invoice"), _("since"), _("until"), _("by"))
    return Section(gettext("What rests now"), columns, lines, gettext("Nothing rests: reminders go their way."))


def _cases(request: HttpRequest, patient: Patient) -> Section:
    lines = [
        (moment(case.since), format_html('<a href="{}">{}</a>', case.address, capfirst(str(case.what))), case.state)
        for case in rooms.cases_of(request.user, patient)
    ]
    columns = (_("since"), _("what"), _("status"))
    return Section(gettext("Cases"), columns, lines, gettext("None."))


def _tasks(patient: Patient) -> Section:
    about = Q(invoice__patient=patient) | Q(patient=patient)
    rows = StaffTask.objects.filter(about, closed_at=None).select_related("invoice", "owner").order_by("pk")
    lines = [
        (
            moment(t.created_at),
            link_to(t, t.get_kind_display()),
            link_to(t.invoice),
            note_in_words(t.note),
            t.owner.username if t.owner else "–",
            short_day(t.due_on),
        )
        for t in rows
    ]
    columns = (_("since"), _("kind"), _("invoice"), _("note"), pgettext("whose task", "for"), _("to be done on"))
    return Section(gettext("Staff tasks"), columns, lines, gettext("Nothing for staff."))


def _notes(rows: Any) -> Section:
    lines = [(moment(row.at), row.text, link_to(row.invoice), audit.actor(row.by)) for row in rows]
    columns = (_("when"), _("note"), _("invoice"), _("by"))
    return Section(gettext("Notes"), columns, lines, gettext("No notes."))


def _messages(patient: Patient) -> Section:
    rows = OutboxMessage.objects.defer("text", "html").filter(invoice__patient=patient).select_related("invoice")
    lines = [
        (moment(m.created_at), link_to(m, m.subject or gettext("erased")), link_to(m.invoice), status_badge(m))
        for m in rows.order_by("-pk")[:_SHOWN]
    ]
    columns = (_("queued"), _("subject"), _("invoice"), _("status"))
    return Section(gettext("Messages"), columns, lines, gettext("No messages."))


def _changes(patient: Patient) -> Section:
    lines = [(moment(row.at), contact.in_words(row), audit.actor(row.by)) for row in contact.history(patient)]
    columns = (_("when"), _("what changed"), _("by"))
    return Section(gettext("Changes of name and address"), columns, lines, gettext("Never changed."))
