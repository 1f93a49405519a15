"""Whatever the order, repetition, overlap or format in which days come: each line once, and a whole chain."""

import tempfile
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banking import details, proof
from banking.models import AccountDay, BankLine, Statement
from banking.statements import chain
from billing import ledger
from tests import factories
from tests.banking import lines
from tests.banking.camt_files import MONDAY, Pay
from tests.banking.formats import FORMATS, file_of
from tests.banking.importing import hand_in

pytestmark = pytest.mark.django_db

PAYERS = [("NL02ABNA0123456789", "J. de Vries"), ("NL44RABO0123456789", "P. Bakker"), ("", "")]


@st.composite
def months(draw) -> list[Pay]:
    """Some days with movements of few amounts, so that equal ones meet on one day."""
    pays, numbers = [], iter(range(100_000))
    for day in range(draw(st.integers(1, 5))):
        for _number in range(draw(st.integers(0, 4))):
            amount = draw(st.sampled_from(["10.00", "25.00", "-10.00", "0.01", "-35.00"]))
            iban, name = draw(st.sampled_from(PAYERS))
            on = MONDAY + timedelta(days=day)
            # As texts of payments are: each names its invoice.
            pays.append(Pay(amount, on, f"nota {next(numbers)}.", iban, name))
    return pays


@st.composite
def files(draw, pays: list[Pay]) -> list[bytes]:
    """Files that together hold all days: parts of the month, more than once, in any format and order."""
    last = max([pay.on for pay in pays], default=MONDAY)
    days = [MONDAY + timedelta(days=n) for n in range((last - MONDAY).days + 1)]
    spans = [(day, day, None) for day in days]
    for _more in range(draw(st.integers(0, 4))):
        first, until = sorted(draw(st.tuples(st.sampled_from(days), st.sampled_from(days))))
        cut = draw(st.none() | st.integers(0, 3))  # downloaded before the last day was over
        spans.append((first, until, cut))
    return [_file(draw, pays, *span) for span in draw(st.permutations(spans))]


def _file(draw, pays: list[Pay], first: date, until: date, cut: int | None) -> bytes:
    opening = sum((Decimal(pay.amount) for pay in pays if pay.on < first), Decimal("7.00"))
    mine = [pay for pay in pays if first <= pay.on < until]
    mine += [pay for pay in pays if pay.on == until][:cut]
    return file_of(mine, opening, first, until, format=draw(st.sampled_from(FORMATS)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_repetition_overlap_and_format_gives_the_same_lines(data):
    pays = data.draw(months())
    handed_in = data.draw(files(pays))
    with transaction.atomic(), tempfile.TemporaryDirectory() as folder:
        for content in handed_in:
            outcome = hand_in(Path(folder), content)
            assert outcome.refused_because == ""
        stored = Counter(
            (line.booked_on, str(line.amount), details.of_line(line).text) for line in BankLine.objects.all()
        )
        assert stored == Counter((pay.on, pay.amount, pay.text) for pay in pays)
        account = lines.account()
        assert chain.gaps(account) == []
        total = sum((line.amount for line in BankLine.objects.all()), Decimal("7.00"))
        known = chain.last_balance(account)
        assert known is not None
        assert known[1] == total
        assert sum(Statement.objects.values_list("new_count", flat=True)) == len(pays)
        assert AccountDay.objects.count() == len({row.day for row in AccountDay.objects.all()})
        transaction.set_rollback(True)


WHOLE = [*FORMATS, "whole"]  # the last: CAMT that says nothing of a movement but its amount


def _day(pays: list[Pay], format: str) -> bytes:
    if format == "whole":
        pays, format = [Pay(pay.amount, pay.on, reference="R") for pay in pays], "08"
    return file_of(pays, Decimal("7.00"), MONDAY, MONDAY, format=format)


@pytest.mark.parametrize("with_it", FORMATS)
def test_a_reference_in_one_file_alone_gives_the_same_ledger_whatever_comes_first(with_it, tmp_path):
    """Of one payment, and of the two of a batch: each file is looked at before the other one comes."""
    one, *two = (factories.invoice(amount=amount) for amount in ("50.00", "30.00", "20.00"))
    parts = [Pay(str(ledger.balance(i.pk)), MONDAY, i.payment_reference, iban, "P. Bakker")
             for i, iban in zip(two, ["NL44RABO0123456789", "NL20INGB0001234567"], strict=True)]  # fmt: skip
    named = [Pay("50.00", MONDAY, one.payment_reference, *PAYERS[1])]
    silent = [Pay("50.00", MONDAY, "tandarts", *PAYERS[1])]
    for other in WHOLE:
        for swap in (False, True):
            with transaction.atomic():
                batches = with_it != "mt940"  # MT940 never splits one
                whole = Pay("50.00", MONDAY, reference="B")
                full = _day([*named, *([Pay("50.00", MONDAY, parts=parts)] if batches else [])], with_it)
                less = _day([*silent, *([whole] if batches else [])], other)
                for content in (less, full, less + b"\n") if swap else (full, less, full + b"\n"):
                    assert hand_in(tmp_path, content).refused_because == ""
                owed = [ledger.balance(invoice.pk) for invoice in (one, *(two if batches else ()))]
                assert owed == [0] * len(owed), (other, swap)
                assert list(proof.contradictions()) == []
                transaction.set_rollback(True)


def test_a_day_cut_short_in_a_better_format_tells_of_its_own_line_alone(tmp_path):
    """MT940 had both payments of ten euros; CAMT comes with the first, and must not tell of the second."""
    pays = [Pay("10.00", MONDAY, f"nota {n}.", *PAYERS[n]) for n in range(2)]
    for some, format in ((pays, "mt940"), (pays[:1], "02")):
        hand_in(tmp_path, file_of(some, Decimal("7.00"), MONDAY, MONDAY, format=format))
    assert sorted(details.of_line(line).text for line in BankLine.objects.all()) == ["nota 0.", "nota 1."]
