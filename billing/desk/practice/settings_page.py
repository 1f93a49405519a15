"""A practice's page of settings: what patients read of it, its account, the house rules that it chose, and the history.

An approver changes what is the practice's own; operations also what stands in the contract; a clerk reads.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from stdnum import iban as iban_account

from billing import audit, rights, rooms
from billing.desk.practice.forms import OF_CONTRACT, OWN_DETAILS, AccountForm, DetailsForm, RulesForm
from billing.desk.practice.own import practice_of
from billing.errors import Refused
from billing.house_rules import own_value, rule_of
from billing.models import AgbChange, IbanChange, PracticeChange, Provider
from billing.practices import choosing, first_day, history, identity, providers, readiness

SHOWN = 50  # changes


@dataclass(frozen=True, slots=True)
class Changed:
    """One change, in words."""

    at: datetime
    by: str
    what: str
    was: str
    now: str


@never_cache
def show(request: HttpRequest, provider_id: int | None = None) -> HttpResponse:
    """Show the settings of a practice; POST changes the part of the page that was sent."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    member: Any = request.user
    practice = practice_of(member, provider_id)
    if request.method != "POST":
        return _page(request, practice, {})
    if not rights.may(member, "practice"):
        raise PermissionDenied
    part = request.POST.get("part", "")
    if part not in _PARTS:
        return _page(request, practice, {}, refusal=_("Choose one of the buttons."))
    make, save = _PARTS[part]
    form = make(request.POST, practice, member)
    if form.is_valid():
        try:
            messages.success(request, save(form, practice, member))
        except choosing.Wrong as wrong:
            for name, sentence in wrong.sentences.items():
                form.add_error(name if name in form.fields else None, sentence)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return HttpResponseRedirect(f"{request.path}#{part}", status=303)
    return _page(request, practice, {part: form})


def _page(request: HttpRequest, practice: Provider, sent: dict[str, forms.Form], refusal: str = "") -> HttpResponse:
    member: Any = request.user
    may_act = rights.may(member, "practice")
    waiting = providers.waits(practice)
    made = {name: sent.get(name) or make(None, practice, member) for name, (make, _save) in _PARTS.items()}
    context = {
        **admin.site.each_context(request),
        "title": _("Settings of the practice"),
        "practice": practice,
        "may_act": may_act,
        "forms": made,
        "refusal": refusal,
        "wrong": any(form.errors for form in sent.values()),
        "lacks": list(readiness.lacks(practice)),
        "iban": iban_account.format(practice.iban) if practice.iban else "",
        "iban_waits": IbanChange.objects.filter(provider=practice, decided_at=None).first(),
        "details_wait": [(_label(n), _value_of(n, v)) for n, v in waiting.details.items()] if waiting else [],
        "agb_waits": AgbChange.objects.filter(provider=practice, decided_at=None).first(),
        "details": [(_label(name), _value(practice, name)) for name in (*OWN_DETAILS, *OF_CONTRACT)],
        "rules": [] if may_act else list(_rules(practice)),
        "history": list(_history(practice)),
    }
    return render(request, "admin/practice/settings.html", context, status=422 if sent or refusal else 200)


# --- the parts of the page: its form, and what saving it does --------------------------------------


def _names(member: Any) -> tuple[str, ...]:
    return (*OF_CONTRACT, *OWN_DETAILS) if member.is_operations else OWN_DETAILS


def _details(data: Any, practice: Provider, member: Any) -> forms.Form:
    return DetailsForm(data, practice=practice, names=_names(member))


def _save_details(form: forms.Form, practice: Provider, member: Any) -> str:
    details = {name: form.cleaned_data[name] for name in _names(member)}
    before = providers.waits(practice)
    providers.change(practice.agb_code, details, by=audit.name_of(member))
    if providers.waits(practice) != before:
        return _("Saved. What says to whom patients owe and pay waits until somebody else approves it.")
    return _("The details are saved. They stand on every letter from now on.")


def _save_account(form: forms.Form, practice: Provider, member: Any) -> str:
    if form.cleaned_data["iban"] == practice.iban:
        raise Refused(_("Nothing to change: that is what we have already."))
    providers.ask_iban(practice, form.cleaned_data["iban"], by=audit.name_of(member))
    return _("The new IBAN waits until somebody else approves it. We told the practice by e-mail.")


def _save_rules(form: forms.Form, practice: Provider, member: Any) -> str:
    choosing.choose(practice, form.cleaned_data, by=audit.name_of(member), may_relax=member.is_operations)
    return _("The house rules are saved. They count from now on; what was agreed before stays.")


def _save_agb(form: forms.Form, practice: Provider, member: Any) -> str:
    if not member.is_operations:
        raise PermissionDenied
    identity.ask_agb(practice, form.cleaned_data["agb_code"], by=audit.name_of(member))
    return _("The AGB code waits until somebody else approves it.")


class _AgbForm(forms.Form):
    agb_code = forms.CharField(max_length=8)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agb_code"].label = _("AGB code")


_Part = tuple[Callable[[Any, Provider, Any], forms.Form], Callable[[forms.Form, Provider, Any], str]]
_PARTS: dict[str, _Part] = {
    "details": (_details, _save_details),
    "account": (lambda data, _practice, _member: AccountForm(data, prefix="account"), _save_account),
    "rules": (lambda data, practice, _member: RulesForm(data, practice=practice), _save_rules),
    "agb": (lambda data, _practice, _member: _AgbForm(data, prefix="agb"), _save_agb),
}


# --- in words --------------------------------------------------------------------------------------


def _label(name: str) -> str:
    if name.startswith(first_day.SKIPPED):
        return _("A step of the first day")
    choice = rooms.choices().get(name)
    if choice is not None:
        return str(capfirst(str(choice.label)))
    column: Any = Provider._meta.get_field(name)
    return str(capfirst(column.verbose_name))


def _value(practice: Provider, name: str) -> Any:
    display = getattr(practice, f"get_{name}_display", None)
    value = display() if display else getattr(practice, name)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value.as_national if name == "phone" and value else value


def _value_of(name: str, value: str) -> str:
    column: Any = Provider._meta.get_field(name)
    return str(dict(column.flatchoices).get(value, value))


def _rules(practice: Provider) -> Iterator[tuple[str, str, bool]]:
    """Yield what counts at this practice: rule, value, and whether it chose it itself."""
    for choice in rooms.choices().values():
        value = choosing.in_words(choice, rule_of(practice, choice.name))
        yield _label(choice.name), value, own_value(practice, choice) is not None


def _history(practice: Provider) -> Iterator[Changed]:
    for row in history.of(practice)[:SHOWN]:
        yield Changed(row.at, audit.actor(row.by), _label(row.what), _told(row, row.was), _told(row, row.now))


def _told(row: PracticeChange, value: str) -> str:
    if row.what.startswith(first_day.SKIPPED):
        return _("skipped") if value else ""
    choice = rooms.choices().get(row.what)
    return choosing.in_words(choice, value) if choice and value else value
