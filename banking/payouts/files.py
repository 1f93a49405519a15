"""A payout statement as a file: PDF to read, CSV for a spreadsheet, CAMT.053 for a bookkeeping program."""

from collections.abc import Callable

from django.utils import timezone, translation

from banking.models import Payout
from banking.payouts import statements
from banking.writing import camt053
from billing.documents import pdf
from billing.models.parties import Language
from billing.money import ZERO
from billing.statements import spreadsheet


def to_print(payout: Payout) -> str:
    """Return the closed statement as the HTML of a PDF."""
    with _in_dutch():
        lines = list(statements.lines(payout))
        context = {
            "payout": payout,
            "provider": payout.provider,
            "lines": lines,
            "charged": [line.fee for line in lines if line.fee],
            "closed_on": timezone.localdate(payout.closed_at),
            "paid_by": payout.order.reference if payout.order else "",
            "iban_end": payout.order.iban_end if payout.order else "",
        }
        return pdf.html(context, language=Language.DUTCH, template="pdf/payout.html")


def as_csv(payout: Payout) -> bytes:
    """Return the closed statement for a spreadsheet."""
    with _in_dutch():
        return spreadsheet.as_csv(statements.as_rows(payout))


def as_camt053(payout: Payout) -> bytes:
    """Return the closed statement as a bank would send it of an account, so that any bookkeeping program reads it."""
    day = timezone.localdate(payout.closed_at)
    heading = camt053.Heading(
        number=payout.pk, account=f"ZORGREKENING{payout.provider.agb_code}", holder=payout.provider.name,
        from_on=day, to_on=day, opening=payout.opening or ZERO, made_at=timezone.localtime(payout.closed_at),
        servicer="Zorgrekening",
    )  # fmt: skip
    with _in_dutch():
        return "".join(camt053.write(heading, statements.movements(payout))).encode()


def _in_dutch() -> translation.override:
    """Return the language of practices, whoever downloads the file: the same statement is the same file."""
    return translation.override(Language.DUTCH)


KINDS: dict[str, tuple[Callable[[Payout], bytes], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "xml": (as_camt053, "application/xml"),
}
