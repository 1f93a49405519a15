"""What a patient fills in to pay later or in parts: a day, a number of installments and the first day, an amount."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.formats import date_format
from django.utils.functional import lazystr
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from billing.money import read_euros
from billing.plans.options import Options
from billing.text.typed_days import TypedDay
from portal.languages import words

_ISO = "%Y-%m-%d"  # what a browser sends; the second is what people type where it knows no dates
_TYPED = "%d-%m-%Y"


class DayField(TypedDay):
    """A day within bounds, with the browser's own calendar where it has one."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(format=_ISO, attrs={"type": "date", "autocomplete": "off"})
        super().__init__(widget=widget, input_formats=[_ISO, _TYPED], **kwargs)

    def keep_between(self, first: date, last: date) -> None:
        """Allow `first` up to and including `last`, and say so."""
        between = _("Choose a day from %(first)s up to and including %(last)s.") % {
            "first": date_format(first, "DATE_FORMAT"),
            "last": date_format(last, "DATE_FORMAT"),
        }
        self.help_text = _("From %(first)s up to and including %(last)s.") % {
            "first": words.ordered(date_format(first, "DATE_FORMAT")),
            "last": words.ordered(date_format(last, "DATE_FORMAT")),
        }
        self.error_messages = {**self.error_messages, "invalid": between, "required": between}
        self.validators = [MinValueValidator(first, lazystr(between)), MaxValueValidator(last, lazystr(between))]
        self.widget.attrs |= {"min": first.isoformat(), "max": last.isoformat()}


class DeferralForm(forms.Form):
    until = DayField(label=gettext_lazy("On which day can you pay at the latest?"))

    def __init__(self, *args: Any, options: Options, initial: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "initial": {"until": options.deferral_until, **initial}})
        field = self.fields["until"]
        assert isinstance(field, DayField)
        field.keep_between(options.deferral_from, options.deferral_until)


class FirstDayForm(forms.Form):
    """The day of the first installment, on which all amounts and dates of the page follow."""

    first_on = DayField(label=gettext_lazy("When do you want to pay the first instalment?"))

    def __init__(self, *args: Any, options: Options, initial: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "initial": {"first_on": options.first_suggested, **initial}})
        field = self.fields["first_on"]
        assert isinstance(field, DayField)
        field.keep_between(options.first_from, options.first_until)


class ShownAmount(forms.DecimalField):
    """An amount that our page showed and the browser sends back: digits, a point, digits, and nothing else."""

    def to_python(self, value: Any) -> Any:
        """Return the amount. Raises ValidationError for other digits, signs and powers, which Decimal would take."""
        if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,2})?|", str(value or "").strip(), re.ASCII):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class PlanForm(FirstDayForm):
    """What is agreed on. `shown_on`: the first day whose dates and amounts the page showed."""

    count = forms.TypedChoiceField(
        label=gettext_lazy("In how many instalments do you want to pay?"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose in how many instalments you want to pay.")},
    )
    amount = ShownAmount(max_digits=12, decimal_places=2, widget=forms.HiddenInput)
    shown_on = TypedDay(input_formats=[_ISO], required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, options: Options, **kwargs: Any) -> None:
        super().__init__(*args, options=options, initial={}, **kwargs)
        field = self.fields["count"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [(n, ngettext_lazy("%d instalment", "%d instalments") % n) for n in options.counts]


class PartForm(forms.Form):
    """Which amount of a payment plan somebody wants to pay now; nothing means everything."""

    amount = ShownAmount(max_digits=12, decimal_places=2, required=False)


class ChosenPartForm(forms.Form):
    """The part that somebody chooses to pay now, as people type amounts."""

    part = forms.CharField(
        max_length=100,
        error_messages={
            "required": gettext_lazy("Enter the amount that you want to pay now."),
            "max_length": gettext_lazy("This is no amount in euros. Enter it like this: 20 or 20,50."),
        },
    )

    def clean_part(self) -> Decimal:
        """Return the amount in euros. Raises ValidationError for what may mean more than one amount, or none."""
        try:
            return read_euros(self.cleaned_data["part"])
        except ValueError:
            raise forms.ValidationError(
                _("This is no amount in euros. Enter it like this: 20 or 20,50."), code="amount"
            ) from None
