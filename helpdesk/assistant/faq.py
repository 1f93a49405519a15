"""The FAQ: what people ask, and the answer that a person wrote and answers for. Its texts are in `texts/`.

The numbers in an answer are those by which the product works: a text names the fact, and never has a digit of its own.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from billing.invoices import references
from billing.law.calendar import FINAL_TERM_DAYS
from billing.templatetags.money import euro

TEXTS = Path(__file__).parent / "texts"
LANGUAGES = ("nl", "en")


@dataclass(frozen=True, slots=True)
class Wording:
    """An entry in one language: how people ask it, the first of which is its title, and the answer."""

    asked: Sequence[str]
    answer: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One question with its answer. `owner` looks at it again by `review_by`.

    `page` is the name of the page where it is done; `page_of_invoice` that of the page with an invoice's token.
    """

    id: str
    owner: str
    review_by: date
    page: str
    page_of_invoice: str
    wordings: Mapping[str, Wording]


@cache
def entries() -> Mapping[str, Entry]:
    """Return all entries by id, in the order of their files."""
    read = [entry for path in sorted(TEXTS.glob("*.toml")) for entry in tomllib.loads(path.read_text())["entry"]]
    found = {entry["id"]: _entry(entry) for entry in read}
    if len(found) != len(read):
        raise ValueError("Two entries of the FAQ have one id.")
    return found


def _entry(read: Mapping[str, Any]) -> Entry:
    return Entry(
        id=read["id"],
        owner=read["owner"],
        review_by=read["review_by"],
        page=read.get("page", ""),
        page_of_invoice=read.get("page_of_invoice", ""),
        wordings={
            language: Wording(tuple(read[language]["asked"]), read[language]["answer"]) for language in LANGUAGES
        },
    )


def written(entry: Entry, language: str) -> str:
    """Return the answer in a language, with the numbers of today in it."""
    return entry.wordings[language].answer.format_map(numbers())


def numbers() -> dict[str, str]:
    """Return the facts that answers name, as the reader's language writes them."""
    return {
        "reference_digits": str(references.REFERENCE_DIGITS),
        "term_days": str(settings.PAYMENT_TERM_DAYS),
        "part_from": euro(settings.PART_FROM_AMOUNT),
        "deferral_days": str(settings.DEFERRAL_DAYS),
        "plan_from": euro(settings.PLAN_FROM_AMOUNT),
        "plan_small": euro(settings.PLAN_SMALL_AMOUNT),
        "plan_few": str(settings.PLAN_MAX_INSTALLMENTS_SMALL),
        "plan_most": str(settings.PLAN_MAX_INSTALLMENTS),
        "breathing_days": str(settings.BREATHING_SPACE_DAYS),
        "debt_months": str(settings.DEBT_HELP_MONTHS),
        "final_days": str(FINAL_TERM_DAYS + 1),  # as the letters name it
        "grace_days": str(settings.INSTALLMENT_GRACE_DAYS),
        "notice_days": str(settings.INSTALLMENT_NOTICE_DAYS),
        "credit_days": str(settings.CREDIT_TERM_DAYS),
        "code_digits": str(settings.CODE_DIGITS),
        "code_minutes": str(settings.CODE_VALID_SECONDS // 60),
        "code_tries": str(settings.CODE_ATTEMPTS),
        "idle_minutes": str(settings.GUEST_IDLE_SECONDS // 60),
        "link_days": str(settings.LINK_VALID_DAYS),
        "invoice_years": str(settings.RETAIN_INVOICE_YEARS),
        "fraud_days": str(settings.FRAUD_REST_DAYS),
        "site": urlsplit(settings.PUBLIC_URL).netloc,
    }


def overdue(today: date) -> list[Entry]:
    """Return the entries at which their owner should have looked again before `today`."""
    return [entry for entry in entries().values() if entry.review_by < today]
