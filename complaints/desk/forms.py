"""The forms of the desk: an answer with its points and what it puts right, and a complaint that came another way."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from billing.law.calendar import AMSTERDAM
from billing.models import Invoice
from billing.money import read_euros
from billing.outbox.explaining import WRITTEN
from billing.templatetags.money import euro
from billing.tenancy import visible_to
from billing.text.typed_days import TypedDay
from complaints.answers import ANSWERABLE, Draft, Point
from complaints.desk import sentences
from complaints.file import misbooked
from complaints.filing import LONGEST_STORY
from complaints.handling import MOST_POINTS as POINTS
from complaints.models import Complaint, ComplaintPoint, Mandate
from complaints.pages.forms import NEEDS, WISHES
from complaints.remedies import Wanted

Decision = ComplaintPoint.Decision
SHARE = "share_"  # begins the name of a field, before the key of an invoice
OLDEST_DAYS = 366  # of a complaint that is entered


class AnswerForm(forms.Form):
    """An answer in the language of the complaint: up to six points, and what moves because of them."""

    looked_at = forms.CharField(label=_("What you looked at"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    apology = forms.CharField(label=_("Apology"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    charges_off = forms.BooleanField(label=_("take costs and interest off"), required=False)
    lower_to = forms.CharField(
        label=_("new amount of the invoice"), required=False, max_length=20, help_text=_("In euros, such as 25,00.")
    )
    withdraw = forms.BooleanField(label=_("take the invoice back"), required=False)
    look_again = forms.BooleanField(label=_("let the care provider look at coulance again"), required=False)
    recall = forms.BooleanField(label=_("take it back from the agency"), required=False)
    action = forms.CharField(label=_("something an employee does"), required=False, max_length=300)
    due_on = TypedDay(
        label=_("new last day to pay"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, complaint: Complaint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        with override(complaint.language):
            self._findings = {key: str(text) for key, text in sentences.findings(complaint.subject).items()}
        for number in range(1, POINTS + 1):
            text: dict[str, Any] = {"required": False, "widget": forms.Textarea(attrs={"rows": 2})}
            self.fields[f"said_{number}"] = forms.CharField(label=_("the patient said"), **text)
            self.fields[f"sentence_{number}"] = forms.ChoiceField(
                label=_("you found"), required=False, choices=[("", "–"), *self._findings.items()]
            )
            self.fields[f"found_{number}"] = forms.CharField(label=_("in your own words, or more"), **text)
            choices = [("", "–"), *ComplaintPoint.Decision.choices]
            self.fields[f"decision_{number}"] = forms.ChoiceField(label=_("decision"), choices=choices, required=False)
            self.fields[f"why_{number}"] = forms.CharField(
                label=_("why nothing has to change"), required=False, max_length=500
            )
        self.shares: list[Any] = []  # the fields of the amounts, with `booking`
        if complaint.invoice is not None and complaint.status in ANSWERABLE:
            self._add_bookings(complaint.invoice)

    def _add_bookings(self, invoice: Invoice) -> None:
        """Add the payments of whoever pays the invoice, and an amount for each of their invoices."""
        found = misbooked.bookings(invoice)
        if not found:
            return
        choices = [(row.transaction.pk, self._called(row)) for row in found]
        self.fields["booking"] = forms.TypedChoiceField(
            label=_("a payment was booked wrong"),
            required=False,
            coerce=int,
            empty_value=None,
            choices=[("", "–"), *choices],
        )
        for row in misbooked.invoices_of_payer(invoice):
            if row.withdrawn_at is None:
                label = gettext("pays of invoice %(number)s") % {"number": row.number}
                self.fields[f"{SHARE}{row.pk}"] = forms.CharField(label=label, required=False, max_length=20)
        self.shares = [self[name] for name in self.fields if name.startswith(SHARE)]

    @staticmethod
    def _called(booking: misbooked.Booking) -> str:
        """Return a payment in words: what came, when, and on which invoices it stands."""
        on = Invoice.objects.filter(pk__in=booking.now).values_list("number", flat=True)
        day = date_format(timezone.localtime(booking.transaction.occurred_at), "SHORT_DATE_FORMAT")
        return f"{euro(booking.sum)}, {day}: {', '.join(sorted(on))}"

    def clean(self) -> dict[str, Any]:
        """Read the amounts of the invoices. Raises ValidationError for what is no amount."""
        given = super().clean() or self.cleaned_data
        for name in [name for name in given if name.startswith(SHARE) and given[name].strip()]:
            try:
                read_euros(given[name])
            except ValueError as error:
                self.add_error(name, str(error))
        return given

    def _shares(self) -> tuple[tuple[int, str], ...]:
        given = {name: self.cleaned_data[name].strip() for name in self.fields if name.startswith(SHARE)}
        typed = {name: read_euros(text) for name, text in given.items() if text}
        return tuple((int(name.removeprefix(SHARE)), str(euros)) for name, euros in typed.items() if euros)

    def clean_lower_to(self) -> Decimal | None:
        """Return the new amount in euros; None without one."""
        text = self.cleaned_data["lower_to"].strip()
        if not text:
            return None
        try:
            return read_euros(text)
        except ValueError as error:
            raise ValidationError(str(error)) from None

    @property
    def points(self) -> list[dict[str, Any]]:
        """Return the fields of each point, for the page."""
        names = ("said", "sentence", "found", "decision", "why")
        return [
            {"number": number} | {name: self[f"{name}_{number}"] for name in names} for number in range(1, POINTS + 1)
        ]

    def draft(self) -> Draft:
        """Return the answer as it was written; points without a word are left out."""
        given = self.cleaned_data
        found = {
            n: " ".join(filter(None, (self._findings.get(given[f"sentence_{n}"], ""), given[f"found_{n}"].strip())))
            for n in range(1, POINTS + 1)
        }
        points = [
            Point(given[f"said_{n}"], found[n], given[f"decision_{n}"], given[f"why_{n}"])
            for n in range(1, POINTS + 1)
            if given[f"said_{n}"] or found[n] or given[f"decision_{n}"]
        ]
        right = any(point.decision in (Decision.UPHELD, Decision.PARTLY) for point in points)
        due_on = given["due_on"]
        wanted = Wanted(
            charges_off=given["charges_off"],
            lower_to=given["lower_to"],
            withdraw=given["withdraw"],
            look_again=given["look_again"],
            recall=given["recall"],
            booking=given.get("booking") or 0,
            shares=self._shares() if given.get("booking") else (),
            due_on=due_on.isoformat() if due_on else "",
            action=given["action"],
        )
        return Draft(points, given["looked_at"], given["apology"] if right else "", wanted)


class ReceivedForm(forms.Form):
    """A complaint that came by telephone, mail or post. Its clock starts at the moment of receipt, not of typing."""

    channel = forms.ChoiceField(
        label=_("it came"), choices=[choice for choice in Complaint.Channel.choices if choice[0] != "page"]
    )
    received_at = forms.DateTimeField(
        label=_("received"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    reference = forms.CharField(
        label=_("payment reference of the invoice"),
        required=False,
        max_length=30,
        help_text=_("Empty: about no invoice."),
    )
    subject = forms.ChoiceField(label=_("subject"), choices=Complaint.Subject.choices)
    story = forms.CharField(
        label=_("what happened, and what the patient wants"), max_length=LONGEST_STORY,
        widget=forms.Textarea(attrs={"rows": 6}),
    )  # fmt: skip
    name = forms.CharField(label=_("name"), required=False, max_length=120)
    email = forms.EmailField(label=_("e-mail"), required=False)
    phone = forms.CharField(label=_("phone"), required=False, max_length=30)
    address = forms.CharField(label=_("address"), required=False, max_length=200)
    happened_on = forms.CharField(label=_("when it happened"), required=False, max_length=60)
    date_of_birth = forms.CharField(label=_("date of birth"), required=False, max_length=20)
    for_somebody = forms.CharField(
        label=_("on behalf of"), required=False, max_length=120, help_text=_("Empty: the patient speaks.")
    )
    as_whom = forms.ChoiceField(
        label=_("who speaks for the patient"), required=False, choices=[("", "–"), *Mandate.Kind.choices]
    )
    wishes = forms.MultipleChoiceField(
        label=_("what the patient wants"), choices=WISHES, required=False, widget=forms.CheckboxSelectMultiple
    )
    needs = forms.MultipleChoiceField(
        label=_("what helps the patient"), choices=NEEDS, required=False, widget=forms.CheckboxSelectMultiple
    )
    language = forms.ChoiceField(
        label=_("language"),
        required=False,
        choices=[
            ("", _("that of the patient")),
            *((code, name) for code, name in settings.LANGUAGES if code in WRITTEN),
        ],
    )
    form = forms.CharField(widget=forms.HiddenInput, required=False, max_length=32)  # its key: sent twice, filed once

    def __init__(self, *args: Any, staff: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.staff = staff

    def clean_received_at(self) -> Any:
        """Return the moment in Amsterdam. Raises ValidationError for one that has not come."""
        moment = self.cleaned_data["received_at"]
        if timezone.is_naive(moment):
            moment = moment.replace(tzinfo=AMSTERDAM)
        if moment > timezone.now():
            raise ValidationError(gettext("This moment has not come yet."))
        if moment < timezone.now() - timedelta(days=OLDEST_DAYS):
            raise ValidationError(gettext("This is more than a year ago."))
        return moment

    def clean_reference(self) -> Invoice | None:
        """Return the invoice of the reference; None without one. Raises ValidationError when there is none."""
        text = self.cleaned_data["reference"]
        if not text.strip():
            return None
        rows = visible_to(self.staff, Invoice.objects.filter(erased_at=None), provider_path="provider")
        invoice = rows.filter(payment_reference=re.sub(r"\D", "", text)).first()
        if invoice is None:
            raise ValidationError(gettext("No invoice has this payment reference."))
        return invoice
