"""Why an invoice is proposed, in words for staff, and a text with its numbers marked."""

import re
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from banking.matching.decide import Proposal, Why
from banking.matching.references import Slip
from banking.matching.sorting import Sort

_SLIPS = {
    Slip.DIGIT: gettext_lazy("The payment reference differs in one digit."),
    Slip.SWAPPED: gettext_lazy("Two digits of the payment reference changed places."),
    Slip.MISSING: gettext_lazy("The payment reference lacks one digit."),
    Slip.EXTRA: gettext_lazy("The payment reference has one digit too many."),
    Slip.CUT: gettext_lazy("The payment reference was cut off."),
    Slip.STUCK: gettext_lazy("Other digits are stuck to the payment reference."),
    Slip.LETTER: gettext_lazy("A letter stands in the payment reference in place of a digit."),
}
SORTS = {
    Sort.CASH: gettext_lazy("Cash, brought to the bank: it can't be sent back to an account."),
    Sort.BATCH: gettext_lazy("One amount for many payments. The bank did not say what each was for."),
    Sort.OUR_ORDER: gettext_lazy("The bank names an order of ours, but amount or order do not fit."),
    Sort.CAME_BACK: gettext_lazy("A payment of ours came back, and it is unknown which."),
    Sort.TAKEN_BACK: gettext_lazy(
        "The bank took back what had come in before. Look up that payment, and undo it. Then choose “taken back” here."
    ),
    Sort.UNKNOWN_DEBIT: gettext_lazy(
        "Money went out, and the bank named no order of ours. Ask the bank when you do not know what it is."
    ),
}
_NUMBER = re.compile(r"[0-9](?:[ .\-]?[0-9]){8,}")


def reasons(proposal: Proposal) -> list[str]:
    """Return in sentences why an invoice is proposed."""
    said = []
    if proposal.why == Why.SLIP and proposal.slip:
        said.append(str(_SLIPS[proposal.slip]))
    elif proposal.why == Why.NAMED:
        said.append(_("Its payment reference stands there."))
    elif proposal.why == Why.NUMBER:
        said.append(_("Its invoice number stands there. Another care provider may have the same number."))
    elif proposal.why == Why.ERASED:
        said.append(_("Its payment reference stands there, but it is so old that its person was erased."))
    if paid := proposal.paid_before:
        text = ngettext(
            "The same account paid %(count)s invoice of this person before.",
            "The same account paid %(count)s invoices of this person before.",
            paid,
        )
        said.append(text % {"count": paid})
    said.append(_("The amount is what is open.") if proposal.same_amount else _("The amount is not what is open."))
    return said


def marked(text: str) -> Iterator[tuple[str, bool]]:
    """Return the pieces of a text, each with whether it is a number that may be a payment reference."""
    end = 0
    for found in _NUMBER.finditer(text):
        if found.start() > end:
            yield text[end : found.start()], False
        yield found.group(), True
        end = found.end()
    if end < len(text):
        yield text[end:], False
