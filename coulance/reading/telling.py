"""A reading in the words of the product: JSON for scripts, and why nothing is proposed for people."""

from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.errors import Refused
from coulance import amounts
from coulance.amounts import Outcome
from coulance.reading import knowledge
from coulance.reading.reader import FIELDS, Reading

REASONS: dict[str, str | Promise] = {
    "too_many_pages": _("it has more pages than are read"),
    "no_text": _("nothing could be read"),
    "no_amounts": _("no amounts could be read"),
    "no_invoice": _("there is no invoice to compare it with"),
    "another_invoice": _("the number of this invoice is not on it"),
    "another_person": _("it is about somebody else"),
    "patient_not_named": _("it names neither the patient with initials nor the date of birth"),
    "several_invoices": _("it is about several invoices, and which part is about this one is not clear"),
    "total_differs": _("the amount that was declared is another one than that of this invoice"),
    "total_not_found": _("the amount of this invoice is not on it"),
    "sums_do_not_close": _("the amounts do not add up"),
    "rows_do_not_add_up": _("the rows do not add up to the total"),
    "no_sum_to_check": _("too few amounts to check the sums"),
    "two_answers": _("the words can be understood in two ways"),
    "deductible_unknown": _("it does not say what the deductible is"),
    "own_contribution": _("it names an own contribution: a person has to judge which kind"),
    "correction": _("it corrects something that was paid before"),
    "not_final": _("the insurer has not decided yet"),
    "no_decision": _("it is a reminder or an example, not a decision"),
    "paid_to_provider": _("the insurer paid the care provider itself"),
    "lines_twice": _("a treatment stands on it twice"),
    "other_days": _("it names days on which this invoice has no treatment"),
    "part_missing": _("a page of it is missing"),
    "older_than_care": _("it is older than the treatment"),
    "nothing_granted": _("the insurer granted nothing"),
    "looks_disagree": _("two ways of looking at the picture saw different amounts"),
    "one_look_only": _("the picture is not sharp enough to be certain"),
    "picture_differs": _("the text of the PDF is not what its picture shows"),
    "several_files": _("the files say different things"),
    "practice_rule": _("your practice does not go by what the insurer granted"),
    "too_much": _("it comes to more than the patient has to pay"),
    "reader_failed": _("the file could not be read"),
}
LINE = ("declared", "granted", "deductible", "own_contribution", "not_reimbursed", "paid_out")


def outcome_of(reading: Reading, share: Decimal) -> Outcome | None:
    """Return what the rule of the insurer makes of a proposal; None without one, or when the rule refuses it."""
    if reading.proposal is None:
        return None
    made = reading.proposal
    try:
        return amounts.by_insurer(
            share, paid_out=knowledge.euros(made.paid_out), deductible=knowledge.euros(made.deductible)
        )
    except Refused:
        return None


def as_json(reading: Reading, share: Decimal | None) -> dict[str, Any]:
    """Return a reading as `manage.py read_specification` prints it, with amounts as text."""
    outcome = outcome_of(reading, share) if share is not None else None
    reasons = list(reading.reasons)
    if reading.proposal and outcome is None:
        reasons.append("too_much")
    return {
        "pages": reading.pages,
        "insurer": reading.insurer,
        "lines": [_line(line) for line in reading.lines],
        "totals": {name: _text(reading.totals.get(name)) for name in dict.fromkeys((*LINE, *FIELDS.values()))},
        "checks": [{"name": name, "ok": ok} for name, ok in reading.checks],
        "confidence": reading.confidence,
        "proposal": outcome and {
            "rule": outcome.rule,
            "granted": str(outcome.granted),
            "deductible": str(outcome.deductible),
            "own_contribution": str(outcome.own_contribution),
            "new_due": str(outcome.new_due),
        },
        "abstains_because": reasons,
    }  # fmt: skip


def _line(line: dict[str, Any]) -> dict[str, Any]:
    words = {name: line[name] for name in ("date", "code", "description")}
    return words | {name: _text(line.get(name)) for name in LINE}


def _text(cents: int | None) -> str | None:
    return None if cents is None else f"{knowledge.euros(cents):.2f}"
