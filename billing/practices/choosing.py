"""A practice chooses its own value in place of a house rule, or goes back to that of the house."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from billing import audit, rooms
from billing.errors import Refused
from billing.house_rules import house_value, own_value, rule_of
from billing.models import Provider
from billing.money import read_euros
from billing.practices import history
from billing.rooms import Choice, Unit
from billing.templatetags.money import euro


class Wrong(Refused):
    """What is wrong with the values that were chosen: a sentence by the name of its rule."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        super().__init__(" ".join(sentences.values()))
        self.sentences = sentences


def read(choice: Choice, typed: str) -> Any:
    """Return what somebody typed for a rule: None for an empty field, else a number or euros. Raises Refused."""
    text = typed.strip()
    if not text:
        return None
    try:
        value = read_euros(text) if choice.unit == Unit.EUROS else _whole(text)
    except ValueError:
        value = None
    if value is None or not choice.least <= value <= choice.most:
        bounds = {"least": in_words(choice, choice.least), "most": in_words(choice, choice.most)}
        raise Refused(_("Choose from %(least)s to %(most)s, or leave it empty.") % bounds)
    return value


def _whole(text: str) -> int:
    """Return a whole number of plain digits. Raises ValueError for anything else that Python would take."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(text)
    return int(text)


def in_words(choice: Choice, value: Any) -> str:
    """Return a value of a rule as people read it."""
    return euro(Decimal(value)) if choice.unit == Unit.EUROS else str(value)


def choose(provider: Provider, typed: Mapping[str, str], *, by: str, may_relax: bool) -> list[str]:
    """Set the values that were typed, by the name of their rules; return the names of those that changed.

    `may_relax`: operations may let one person decide about more; a practice can only make that stricter. Raises Wrong,
    and changes nothing, when any value is.
    """
    with transaction.atomic():
        locked = Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
        wanted, wrong = _read(typed)
        changed = {name: value for name, value in wanted.items() if own_value(locked, rooms.choices()[name]) != value}
        for name, value in changed.items():
            if not may_relax and _relaxes(locked, rooms.choices()[name], value):
                wrong[name] = _("You can lower this amount. To raise it, call us.")
        if wrong:
            raise Wrong(wrong)
        was = {name: rule_of(locked, name) for name in changed}
        for name, value in changed.items():
            _set(locked, rooms.choices()[name], value)
        _refuse_contradictions(locked)
        if changed:
            locked.save(update_fields=["chosen", *(c.column for n in changed if (c := rooms.choices()[n]).column)])
            for name in changed:
                history.record(locked, name, was=was[name], now=rule_of(locked, name), by=by)
            audit.record("practice_rules_chosen", by=by, provider=locked.agb_code, fields=sorted(changed))
    return sorted(changed)


def _read(typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    wanted: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, text in typed.items():
        try:
            wanted[name] = read(rooms.choices()[name], text)
        except Refused as refused:
            wrong[name] = str(refused)
    return wanted, wrong


def _relaxes(provider: Provider, choice: Choice, value: Any) -> bool:
    """Tell whether one person could decide about more than now."""
    return choice.guard and (house_value(choice) if value is None else value) > rule_of(provider, choice.name)


def _set(provider: Provider, choice: Choice, value: Any) -> None:
    if choice.column:
        setattr(provider, choice.column, value)
    elif value is None:
        provider.chosen.pop(choice.name, None)
    else:
        provider.chosen[choice.name] = str(value)


def _refuse_contradictions(provider: Provider) -> None:
    """Raise Wrong for rules that say two things at once."""
    for name, above in (
        ("REFUND_AUTOMATICALLY_UP_TO", "REFUND_SECOND_PERSON_ABOVE"),
        ("PLAN_MAX_INSTALLMENTS_SMALL", "PLAN_MAX_INSTALLMENTS"),
    ):
        if rule_of(provider, name) > rule_of(provider, above):
            label = capfirst(str(rooms.choices()[above].label))
            raise Wrong({name: _("This can't be more than “%(label)s”.") % {"label": label}})
