"""What staff fill in to decide about a line: amounts on invoices, what it is, and why."""

from collections.abc import Mapping
from decimal import Decimal

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from banking.matching import by_law
from banking.matching.decide import Proposal, Why
from banking.matching.deciding import Part
from banking.models import BankLine, LineDecision, LineMatch
from billing.adjustments.allocation import ByLaw
from billing.errors import Refused
from billing.models import Invoice
from billing.money import read_euros

BY_HAND = 3  # rows for invoices that were not proposed
_RULES = {
    Why.SLIP: LineMatch.Rule.SLIP,
    Why.NUMBER: LineMatch.Rule.NUMBER,
    Why.PAYER: LineMatch.Rule.PAYER,
    Why.NAMED: LineMatch.Rule.EXACT,
}


class LineForm(forms.Form):
    """The fields of every act on a line; which of them count depends on the button."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=32)
    whole = forms.CharField(required=False, max_length=20)  # the button of one proposal: its invoice gets all of it
    what = forms.ChoiceField(
        label=gettext_lazy("what it is"), choices=[("", "–"), *LineDecision.What.choices], required=False
    )
    reason = forms.CharField(
        label=gettext_lazy("why"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Needed for everything but booking on an invoice. A colleague reads it."),
    )

    def parts_by_law(self, divided: ByLaw | None) -> list[Part]:
        """Return what the law makes of a line. Raises Refused when that is not what was shown."""
        amounts = by_law.amounts_of(divided) if divided else {}
        if not amounts or self.data.get("divided") != shown(amounts):
            raise Refused(_("What is open has changed. Look at the new division, and book it again."))
        return [Part(pk, amount, LineMatch.Rule.LAW) for pk, amount in amounts.items()]

    def parts(self, line: BankLine, proposals: list[Proposal]) -> list[Part]:
        """Return what goes to which invoice. Raises Refused for what is no amount, and for an unknown invoice."""
        rules = {proposal.invoice.invoice_id: _RULES.get(proposal.why, LineMatch.Rule.HAND) for proposal in proposals}
        if whole := self.cleaned_data["whole"]:
            if not (whole.isascii() and whole.isdigit()) or int(whole) not in rules:
                raise Refused(_("This invoice is not proposed any more. Look at the line again."))
            return [Part(int(whole), line.amount, rules[int(whole)])]
        typed = {pk: self._amount(f"amount-{pk}") for pk in rules}
        parts = [Part(pk, amount, rules[pk]) for pk, amount in typed.items() if amount is not None]
        for row in range(1, BY_HAND + 1):
            name, amount = str(self.data.get(f"invoice-{row}", "")).strip(), self._amount(f"amount-hand-{row}")
            if name and amount is None and row == 1 and not parts:
                amount = line.amount  # one invoice and no amount: all of it
            if bool(name) != (amount is not None):
                raise Refused(_("Each invoice needs an amount, and each amount an invoice."))
            if name and amount is not None:
                parts.append(Part(_invoice_id(name), amount))
        return parts

    def _amount(self, name: str) -> Decimal | None:
        text = str(self.data.get(name, "")).strip()
        if not text:
            return None
        try:
            amount = read_euros(text)
        except ValueError as error:
            raise Refused(str(error)) from None
        if not amount:
            raise Refused(_("Type an amount in euros, such as 25,00."))
        return amount


def shown(amounts: Mapping[int, Decimal]) -> str:
    """Return a division as the form sends it back, so that nobody books another one than was shown."""
    return " ".join(f"{pk}:{amount}" for pk, amount in sorted(amounts.items()))


def _invoice_id(name: str) -> int:
    """Return the invoice with this payment reference or invoice number. Raises Refused when there is not just one."""
    digits = "".join(name.split())
    found = list(Invoice.objects.filter(payment_reference=digits).values_list("pk", flat=True)) or list(
        Invoice.objects.filter(number=name).values_list("pk", flat=True)[:2]
    )
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused(_("Several practices have an invoice with this number. Type the payment reference."))
    raise Refused(_("We have no invoice with this payment reference or number."))
