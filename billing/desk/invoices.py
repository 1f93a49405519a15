"""The table of invoices, and the page of one. Nothing can be edited here, only changed through a rule."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import audit, rights, rooms
from billing.desk import timeline
from billing.desk.base import OfferedFilter, desk_action
from billing.desk.crediting import credit_section
from billing.desk.credits.paying import CreditPaying
from billing.desk.detail import (
    ReasonForm,
    Section,
    amount,
    badge,
    helps_section,
    link_to,
    moment,
    short_day,
    status_badge,
)
from billing.desk.lists.ranges import AmountRange, amounts, days
from billing.desk.people.rows import STATUS_LABELS, load_seldom, state_badge, with_page, with_state
from billing.desk.plans import plan_section
from billing.desk.words.notes import note_in_words
from billing.documents import drawing, full_invoice
from billing.documents.attachment import attachment
from billing.dunning import staff_acts
from billing.dunning.blockers import REASONS
from billing.errors import Refused
from billing.invoices import limitation
from billing.invoices.references import grouped
from billing.ledger.entries import entries_of
from billing.models import AccessEvent, Invoice, Posting
from billing.models.ledger import Account
from billing.money import ZERO
from billing.outbox.explaining import letter_language
from billing.privacy import access_log
from billing.rooms import Happened
from billing.text.typed_days import TypedDay


def timeline_section(events: list[Happened]) -> Section:
    """Return a timeline as a table, the newest event first: what happened last is what somebody calls about."""
    newest = reversed(events)
    lines = [(moment(e.at), e.what[:1].upper() + e.what[1:], e.detail, audit.actor(e.by)) for e in newest]
    return Section(gettext("Timeline"), (_("when"), _("what"), _("detail"), _("by")), lines)


CREDIT = "credit"  # a choice of the filter


class StatusFilter(admin.SimpleListFilter):
    """A filter on the computed status, as conditions for the database: there is no status column."""

    title, parameter_name = _("status"), "status"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [*STATUS_LABELS.items(), (CREDIT, _("with credit"))]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "withdrawn":
            return queryset.filter(withdrawn_at__isnull=False)
        if self.value() == CREDIT:
            with_posting = Posting.objects.filter(account=Account.CREDIT, invoice__isnull=False).values("invoice")
            return queryset.filter(settled_at__isnull=False, balance__lt=ZERO, pk__in=with_posting)
        today = timezone.localdate()
        wanted = {
            "open": Q(settled_at=None, held=False, due_on__gte=today),
            "overdue": Q(settled_at=None, held=False, due_on__lt=today),
            "on_hold": Q(settled_at=None, held=True),
            "paid": Q(settled_at__isnull=False),
        }.get(self.value() or "")
        return queryset.filter(wanted, withdrawn_at=None) if wanted else queryset


class OwedRange(AmountRange):
    """From an amount to an amount of what is outstanding; credit is not meant."""

    def condition(self, first: Decimal | None, last: Decimal | None) -> Q:
        """Look only among what is open, which has an index, unless nothing owed is meant too."""
        if not first:
            return super().condition(first, last)
        wanted = Q(settled_at=None, balance__gte=first)
        return wanted if last is None else wanted & Q(balance__lte=last)


@admin.register(Invoice)
class InvoiceAdmin(CreditPaying):
    provider_path = "provider"
    medical = "invoice page"
    actions = (
        "send_link",
        "write_note",
        "pause",
        "resume",
        "delivered",
        "waive",
        "waive_and_start_again",
        "write_off",
        "undo_write_off",
        "end_plan",
    )
    reasoned = actions[1:]
    dated = ("pause",)
    action_form = ReasonForm
    list_display = ("number", "provider", "patient_number", "due", "outstanding", "status")
    values_behind = {"due": "due_on", "outstanding": "balance"}
    also_in_files = ("issued_on", "settled_at")
    sums = (
        (_("outstanding"), Sum("balance", filter=Q(balance__gt=ZERO))),
        (_("credit of patients"), Sum("balance", filter=Q(balance__lt=ZERO))),
    )
    list_filter = (
        StatusFilter,
        days("created_at", _("received"), prefix="ontvangen"),
        days("issued_on", _("invoice date"), is_moment=False),
        days("due_on", _("pay before or on"), prefix="uiterlijk", is_moment=False),
        amounts("balance", _("outstanding"), base=OwedRange),
        ("provider", OfferedFilter),
    )
    list_select_related = ("provider", "patient")
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("number", "reference"),
                    ("status", "outstanding"),
                    ("issued_on", "due_on"),
                    ("provider", "whom"),
                    ("created_at", "settled_at"),
                    ("enforceable_until", "for_goods"),
                )
            },
        ),
    )
    readonly_fields = ("reference", "status", "outstanding", "whom", "created_at", "settled_at", "enforceable_until")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invoice]:
        """Return the invoices; on the page of one, with all that the page reads, each table in one query."""
        rows = with_state(super().get_queryset(request))
        here = request.resolver_match
        if here is None or here.url_name != "billing_invoice_change":
            return rows
        return with_page(rows)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the invoice; for its page with what invoices seldom have."""
        row = super().get_object(request, object_id, from_field)
        if hasattr(row, "has_plans"):  # of `with_page`
            load_seldom(row)
        return row

    def heading(self, obj: Invoice) -> str:
        return f"{obj.patient.full_name}, {obj.number}"

    @admin.display(description=_("patient"))
    def whom(self, obj: Invoice) -> Any:
        return link_to(obj.patient, obj.patient.full_name)

    @admin.display(description=_("payment reference"))
    def reference(self, obj: Invoice) -> str:
        return grouped(obj.payment_reference)

    @admin.display(description=_("patient number"))
    def patient_number(self, obj: Invoice) -> str:
        return obj.patient.number

    @admin.display(description=_("pay before or on"))
    def due(self, obj: Invoice) -> str:
        return date_format(obj.due_on, "SHORT_DATE_FORMAT")

    @admin.display(description=_("outstanding"))
    def outstanding(self, obj: Any) -> Any:
        """Return what is owed; below zero it is credit of the patient."""
        return amount(obj.balance or ZERO)

    @admin.display(description=_("status"))
    def status(self, obj: Any) -> Any:
        return state_badge(obj)

    @admin.display(description=_("nobody may be asked for it after"))
    def enforceable_until(self, obj: Invoice) -> str:
        """Return the last day before limitation (3:307 BW); nothing once nothing can be asked."""
        over = obj.withdrawn_at or obj.settled_at
        return "–" if over else short_day(_last_day(obj))

    def get_urls(self) -> list[URLPattern]:
        download = self.admin_site.admin_view(self.download)
        return [path("<path:object_id>/rekening.pdf", download, name="billing_invoice_pdf"), *super().get_urls()]

    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Return the full invoice to whoever may see its row. Raises when the access can't be logged."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        invoice = self.get_object(request, object_id)
        if not rights.may(request.user, "resend"):
            raise PermissionDenied
        if invoice.erased_at:
            raise Http404
        drawn = drawing.find(invoice, language=letter_language(invoice.patient.language))
        if drawn is None:
            return self.being_drawn(request, invoice)
        access_log.record_staff(request, AccessEvent.Act.DOWNLOAD, invoice=invoice, data="invoice.pdf")
        return attachment(full_invoice.content_of(drawn), name="rekening.pdf", content_type="application/pdf")

    @desk_action("resend", _("Send the invoice again by e-mail"))
    def send_link(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> None:
        self._act(request, queryset, staff_acts.send_link, gettext("The patient gets an e-mail with a new link."))

    @desk_action("note", _("Write a note"))
    def write_note(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> None:
        self._act(request, queryset, staff_acts.write_note, gettext("The note stands on the timeline."))

    @desk_action("pause", _("Pause"))
    def pause(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> None:
        try:
            until = TypedDay(required=False).clean(request.POST.get("until", ""))
        except ValidationError as wrong:
            self.message_user(request, wrong.messages[0], messages.ERROR)
            return
        rule = partial(staff_acts.pause, until=until)
        self._act(request, queryset, rule, gettext("The invoice is paused. No letters leave."))

    @desk_action("resume", _("Resume reminders"))
    def resume(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> None:
        self._act(request, queryset, staff_acts.resume, gettext("The invoice goes on. Its next step is on this page."))

    @desk_action("delivered", _("Mark the invoice as delivered in another way"))
    def delivered(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> None:
        self._act(request, queryset, staff_acts.mark_announced, gettext("The invoice counts as delivered."))

    @desk_action("waive", _("Waive costs and interest"))
    def waive(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> None:
        self._act(request, queryset, staff_acts.waive_charges, gettext("Costs and interest were taken off."))

    @desk_action("waive", _("Waive costs and interest: the patient was right, start again"))
    def waive_and_start_again(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> None:
        done = gettext("Costs and interest were taken off. The patient has a new last day to pay.")
        self._act(request, queryset, staff_acts.waive_and_start_again, done)

    @desk_action("write_off", _("Write off the rest"))
    def write_off(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> None:
        self._act(request, queryset, staff_acts.write_off, gettext("The rest was written off."))

    @desk_action("write_off", _("Undo writing off"))
    def undo_write_off(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> None:
        done = gettext("What was written off is owed again. The patient has a new last day to pay.")
        self._act(request, queryset, staff_acts.undo_write_off, done)

    @desk_action("end_plan", _("End the payment plan"))
    def end_plan(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> None:
        self._act(
            request, queryset, staff_acts.end_plan, gettext("The payment plan has ended. All of the rest is due.")
        )

    def _act(self, request: HttpRequest, queryset: QuerySet[Invoice], rule: Callable[..., None], done: str) -> None:
        """Apply `rule` to each with the given reason; a refusal is shown and does not stop the others."""
        for invoice in queryset:
            try:
                rule(invoice, by=audit.name_of(request.user), note=request.POST.get("note", ""))
            except Refused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self.message_user(request, done, messages.SUCCESS)

    def acts(self, obj: Any) -> tuple[str, ...]:
        return () if obj.erased_at else (*staff_acts.staff_acts(obj), "send_link", "write_note")

    def medical_data(self, obj: Invoice) -> str:
        """Return what is looked at: notes of colleagues, or no more than whose invoice this is."""
        return "staff notes" if getattr(obj, "has_notes", False) else self.medical

    def page_links(self, request: HttpRequest, obj: Any) -> list[tuple[str, Any]]:
        """Return the links of the page of an invoice beside its buttons."""
        links = super().page_links(request, obj)
        if obj.erased_at:
            return links
        pdf = (reverse("admin:billing_invoice_pdf", args=[obj.pk]), _("Print as a letter, with QR code"))
        if rights.may(request.user, "task"):
            links.append((reverse("admin:billing_invoice_task", args=[obj.pk]), _("Give a task…")))
        links += rooms.invoice_links(request.user, obj)
        return [(reverse("admin:billing_invoice_lines", args=[obj.pk]), _("What it is for")), pdf, *links]

    def sections(self, request: HttpRequest, obj: Invoice) -> list[Section]:
        return [
            *helps_section(obj),
            timeline_section(timeline.of_invoice(obj)),
            _dunning(obj),
            credit_section(obj),
            _ledger(obj),
            _payments(obj),
            plan_section(obj),
            _holds(obj),
            _messages(obj),
            _staff_tasks(obj),
        ]


def _last_day(invoice: Invoice) -> date:
    return limitation.last_day(invoice, steps=list(invoice.reminder_steps.all()), plans=list(invoice.plans.all()))


def _dunning(invoice: Invoice) -> Section:
    """Return what was sent when, whether it was delivered, and what comes next or what blocks it."""
    lines = [
        (
            row.get_step_display(),
            short_day(row.planned_on),
            status_badge(row),
            short_day(row.letter.sent_on if row.letter else None),
            short_day(row.letter.delivered_on if row.letter and not row.letter.voided_at else None),
            short_day(row.letter.last_day or row.letter.book_costs_on if row.letter else None),
            REASONS.get(row.reason, row.reason) or "–",
        )
        for row in invoice.reminder_steps.all()
    ]
    following = timeline.next_step(invoice, now=timezone.now())
    if following:
        on = short_day(following.on)
        why = "; ".join(str(sentence) for sentence in following.why_not) or "–"
        lines.append((following.what, on, badge("queued", gettext("comes next")), "–", "–", "–", why))
    columns = (_("step"), _("day"), _("status"), _("sent"), _("counts as delivered"), _("runs until"), _("why"))
    return Section(gettext("Reminders"), columns, lines, gettext("No letter, and none to come."))


def _ledger(invoice: Invoice) -> Section:
    rules = {note.transaction_id: note.get_rule_display() for note in invoice.allocation_notes.all()}
    lines = [
        (moment(e.occurred_at), e.kind.label, amount(e.amount), audit.actor(e.transaction.by), rules.get(e.pk, "–"))
        for e in entries_of(invoice)
    ]
    columns = (_("when"), _("kind"), _("amount"), _("by"), _("why for this invoice"))
    return Section(gettext("Ledger"), columns, lines, gettext("No entries."))


def _payments(invoice: Invoice) -> Section:
    # Of a payment for several invoices what it pays of this one; it may be another practice's too, so without a link.
    shared = {share.payment_id: share for share in invoice.payment_shares.all()}
    lines = [
        (link_to(p, moment(p.created_at)), amount(p.amount), status_badge(p), p.mollie_id or "–")
        for p in invoice.payments.all()
        if p.pk not in shared
    ]
    lines += [
        (moment(s.payment.created_at), amount(s.amount), status_badge(s.payment), s.payment.mollie_id or "–")
        for s in shared.values()
    ]
    columns = (_("started"), _("amount"), _("status"), _("Mollie id"))
    return Section(gettext("Payments"), columns, lines, gettext("Nobody tried to pay yet."))


def _holds(invoice: Invoice) -> Section:
    lines = [
        (
            moment(h.placed_at),
            h.get_reason_display(),
            audit.actor(h.placed_by),
            short_day(h.until),
            moment(h.released_at),
        )
        for h in invoice.holds.all()
    ]
    columns = (_("placed"), _("reason"), _("by"), _("until"), _("released"))
    return Section(gettext("Holds"), columns, lines, gettext("Never on hold."))


def _messages(invoice: Invoice) -> Section:
    lines = [
        (link_to(m, moment(m.created_at)), m.subject, status_badge(m), moment(m.sent_at))
        for m in invoice.messages.all()
    ]
    columns = (_("queued"), _("subject"), _("status"), _("sent"))
    return Section(gettext("Messages"), columns, lines, gettext("No messages."))


def _staff_tasks(invoice: Invoice) -> Section:
    lines = [
        (link_to(i, moment(i.created_at)), i.get_kind_display(), note_in_words(i.note), moment(i.closed_at))
        for i in invoice.staff_tasks.all()
    ]
    columns = (_("since"), _("kind"), _("note"), _("closed"))
    return Section(gettext("Staff tasks"), columns, lines, gettext("Nothing for staff."))
