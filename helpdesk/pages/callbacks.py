"""The pages on which somebody asks to be called, with an invoice in view and without, and can cancel it."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages as notices
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, get_language_info, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from phonenumber_field.formfields import PhoneNumberField

from billing import office_hours
from billing.errors import Refused
from billing.links import new_token
from billing.models import Invoice
from billing.text import posted
from billing.text.fields import PastedField
from guests import access, kept
from guests.pages import session_ended, visible_row
from helpdesk import callbacks
from helpdesk.contact.numbers import is_dear
from helpdesk.models import Callback


class CallbackForm(forms.Form):
    """When, on which number and in which language somebody wants to be called."""

    slot = forms.ChoiceField(
        label=_("When shall we call?"),
        help_text=_("We call within half an hour from the time that you choose."),
        error_messages={
            "required": _("Choose a time."),
            "invalid_choice": _("This time is not possible any more. Choose another time."),
        },
    )
    phone = PhoneNumberField(
        label=_("Your telephone number"),
        help_text=_("From another country? Begin with + and the number of that country."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        error_messages={
            "required": _("Enter your telephone number."),
            "invalid": _("This is not a telephone number. Enter it like this: 06 12345678."),
        },
    )
    name = PastedField(
        label=_("Whom do we ask for? (not required)"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"max_length": _("This is too long: at most %(limit_value)d characters.")},
    )
    language = forms.ChoiceField(label=_("In which language?"), error_messages={"required": _("Choose a language.")})

    def __init__(self, *args: Any, begins: Iterable[datetime], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = groupby(begins, key=lambda moment: moment.date())
        of_days = [(office_hours.day_in_words(day), [_choice(moment) for moment in of_day]) for day, of_day in days]
        self._choose("slot", [("", "–"), *of_days])
        codes = settings.OFFICE_LANGUAGES or ["nl"]
        self._choose("language", [(code, get_language_info(code)["name_translated"]) for code in codes])
        self.fields["language"].initial = get_language() if get_language() in codes else codes[0]

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_phone(self) -> str:
        """Return the number as E.164. Raises ValidationError for one that costs us more than an ordinary call."""
        number = str(self.cleaned_data["phone"])
        if is_dear(number):
            raise ValidationError(_("We can't call this number, because it costs extra. Enter another one."))
        return number


def _choice(moment: datetime) -> tuple[str, str]:
    return moment.isoformat(), date_format(moment, "TIME_FORMAT")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def general(request: HttpRequest) -> HttpResponse:
    """Take the wish of whoever has no invoice open."""
    return _page(request, None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def of_invoice(request: HttpRequest, token: str) -> HttpResponse:
    """Take the wish of whoever has this invoice open, so that we can look at it when we call."""
    invoice = visible_row(request, token, withdrawn=True)
    return _page(request, invoice) if invoice else session_ended(request)


def _page(request: HttpRequest, invoice: Invoice | None) -> HttpResponse:
    now = timezone.now()
    begins = callbacks.offered(now)
    form = CallbackForm(
        request.POST if request.method == "POST" else None, begins=begins, initial=kept.initial(request) or None
    )
    refusal = ""
    if form.is_valid():
        try:
            return _ask(request, form.cleaned_data, invoice, now)
        except Refused as refused:
            refusal = str(refused)
    context = {"form": form, "form_token": new_token(), "invoice": invoice, "refusal": refusal, "possible": begins}
    context["kept_days"] = settings.CALLBACKS_KEPT_DAYS
    status = 409 if refusal else 422 if form.errors else 200
    return render(request, "helpdesk/callback.html", context, status=status)


def _ask(request: HttpRequest, said: dict[str, str], invoice: Invoice | None, now: datetime) -> HttpResponse:
    row = callbacks.ask(
        datetime.fromisoformat(said["slot"]),
        {"phone": said["phone"], "name": said["name"].strip()},
        language=said["language"],
        form=posted.form_token(request),
        network=access.client_network(request),
        invoice=invoice,
        now=now,
    )
    return HttpResponseRedirect(reverse("callback", args=[row.token]), status=303)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Say when we call and how it stands, without number or name; POST cancels it."""
    row = Callback.objects.filter(token=token).select_related("slot").first()
    if row is None:
        raise Http404
    if request.method == "POST":
        try:
            callbacks.cancel(token)
            notices.success(request, gettext("You cancelled it. We do not call."))
        except Refused as refused:
            notices.error(request, str(refused))
        return HttpResponseRedirect(reverse("callback", args=[token]), status=303)
    begins = timezone.localtime(row.slot.begins)
    context = {"row": row, "begins": begins, "until": begins + callbacks.SLOT}
    return render(request, "helpdesk/callback_asked.html", context)
