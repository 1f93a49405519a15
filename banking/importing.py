"""Hands a file of the bank in: its row first, then all of it or nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from itertools import zip_longest
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from banking import accounts
from banking.matching import deciding, lines
from banking.models import BankAccount, BankLine, Statement, StatementFile
from banking.reading.facts import Entry
from banking.reading.files import CHUNK, Document, documents
from banking.statements import chain
from banking.statements.storing import Store
from banking.statements.survey import Found, leave_out_before, survey
from billing import audit
from billing.errors import Refused
from billing.models import LastRun
from billing.money import from_cents
from billing.transitions import advance

STATEMENTS = "bank_statements"  # of the last run
REFUSED = "statement_refused"  # a task for staff
LONG_BEFORE = timedelta(days=90)  # so old a statement is a mistake rather than a gap that is filled
Status = StatementFile.Status
_BOOKED = (BankLine.Status.BOOKED, BankLine.Status.NOT_OURS, BankLine.Status.SENT_BACK)


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one statement of a file; the keys are those of `import_statement --json`."""

    account: str
    number: str
    from_on: date
    to_on: date
    opening: str
    closing: str
    lines: int
    new: int = 0
    known: int = 0
    booked: int = 0
    proposed: int = 0
    unmatched: int = 0
    refused_because: str | None = None

    def as_json(self) -> dict[str, object]:
        """Return it for JSON, amounts as texts and days as ISO dates."""
        told = asdict(self)
        return {
            "account": told.pop("account"),
            "number": told.pop("number"),
            "from": told.pop("from_on").isoformat(),
            "to": told.pop("to_on").isoformat(),
            **told,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file: its statements, or why it was refused as a whole."""

    statements: Sequence[Told]
    refused_because: str = ""
    read_before_on: date | None = None  # the same bytes were read before: nothing was done
    file: StatementFile | None = None
    rows: Sequence[Statement | None] = ()  # those of the statements, None for one that was refused
    better: Sequence[int] = ()  # lines that wait, of which it says more than the statement that brought them


class _NothingKept(Exception):
    """Rolls a dry run back, and carries what came of it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def import_file(
    path: Path, *, by: str, name: str = "", dry_run: bool = False, match: bool = True, today: date | None = None
) -> Outcome:
    """Read a file of statements and store what is new of it; return what came of it.

    A file with a statement that is damaged, does not add up, or contradicts what we have, is refused whole. A statement
    of an account that is not ours is refused alone. `dry_run` does all of it and keeps nothing; without
    `match` the worker looks for the invoices, so that nobody waits for it.
    """
    today = today or timezone.localdate()
    digest, size = _digest(path)
    if dry_run:
        return _dry_run(path, digest, size, by=by, today=today)
    row, _new = StatementFile.objects.get_or_create(
        sha256=digest, defaults={"name": (name or path.name)[-100:], "size": size, "by": by[:60]}
    )
    if row.status == Status.REFUSED:
        advance(row, Status.RECEIVED, refused_because="")
    try:
        with transaction.atomic():
            outcome = _read(row, path, today=today)
    except Refused as refusal:
        return _refuse(row, str(refusal))
    if match:
        _match(outcome)
    lines.look_again(outcome.better)
    return _with_counts(outcome)


def _dry_run(path: Path, digest: str, size: int, *, by: str, today: date) -> Outcome:
    try:
        with transaction.atomic():
            row, _new = StatementFile.objects.get_or_create(
                sha256=digest, defaults={"name": path.name[-100:], "size": size, "by": by[:60]}
            )
            if row.status == Status.REFUSED:
                advance(row, Status.RECEIVED, refused_because="")
            outcome = _read(row, path, today=today)
            _match(outcome)
            lines.look_again(outcome.better)
            raise _NothingKept(_with_counts(outcome))
    except _NothingKept as kept:
        return kept.outcome
    except Refused as refusal:
        return Outcome((), str(refusal))


def _read(row: StatementFile, path: Path, *, today: date) -> Outcome:
    """Read the file in the caller's transaction. Raises Refused."""
    row = StatementFile.objects.select_for_update(no_key=True).get(pk=row.pk)  # two who hand it in at once
    if row.status == Status.READ:
        return Outcome([_told_again(one) for one in row.statements.all()], "", timezone.localdate(row.read_at), row)
    found = documents(path)
    statements = survey(found, today=today)
    named = _accounts(statements)
    for statement in statements:
        account = named.get(statement.account)
        statement.refused_because = _why_not(statement, account)
        if account and not statement.refused_because and account.starts_on:
            leave_out_before(statement, account.starts_on)
    if all(statement.refused_because for statement in statements):
        raise Refused(statements[0].refused_because)
    _lock_waiting([one for one in statements if not one.refused_because], named)
    stored, better = _store(found, statements, named, row)
    for account in {one.account.pk: one.account for one in stored if one}.values():
        chain.tell_staff(account)
    for statement in statements:
        if statement.refused_because:
            audit.open_alarm(REFUSED, cause=f"{row.sha256[:12]}:account", note=statement.refused_because)
    advance(row, Status.READ, read_at=timezone.now())
    LastRun.record(STATEMENTS, at=timezone.now())
    told = [_told(statement, row_of) for statement, row_of in zip(statements, stored, strict=True)]
    return Outcome(told, file=row, rows=stored, better=better)


def _accounts(statements: Sequence[Found]) -> dict[str, BankAccount]:
    """Return our accounts by how the statements name them, locked: one file at a time changes what we know of one.

    The account that patients are told to pay to is ours without anybody adding it.
    """
    if settings.OPERATOR["iban"]:
        accounts.add(settings.OPERATOR["iban"], name=settings.OPERATOR["name"][:70], by="settings")
    ours = list(BankAccount.objects.select_for_update(no_key=True).order_by("pk"))
    names = {statement.account for statement in statements}
    return {name: account for name in names for account in ours if _is(account, name)}


def _lock_waiting(statements: Sequence[Found], named: Mapping[str, BankAccount]) -> None:
    """Lock the lines of which statements may say more, in the order of their keys.

    So matching locks the lines that it settles together. A statement in another order would lock them as it comes to
    them, and the two could deadlock.
    """
    first, last = min(one.from_on for one in statements), max(one.to_on for one in statements)
    known = BankLine.objects.filter(booked_on__gte=first, booked_on__lte=last)
    waiting = known.filter(
        account__in={named[one.account].pk for one in statements}, status__in=(BankLine.Status.NEW, *deciding.Waits)
    )
    list(waiting.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _is(account: BankAccount, name: str) -> bool:
    """Tell whether a statement that names an account so is of ours; an old number is the end of a Dutch IBAN."""
    return account.iban == name or (
        name.isdigit() and account.iban.startswith("NL") and account.iban[8:] == name.zfill(10)
    )


def _why_not(statement: Found, account: BankAccount | None) -> str:
    if account is None:
        return _("The account that ends in %s is not ours. Add it with manage.py add_bank_account.") % (
            statement.account[-4:] or "?"
        )
    if account.starts_on and statement.to_on < account.starts_on:
        return _("It is of before %s, the first day that we read of this account.") % account.starts_on
    first = account.days.order_by("day").first()
    if first and statement.to_on < first.day - LONG_BEFORE:
        return _("It is of long before %s, the first day that we have of this account. Ask the operator.") % first.day
    return ""


def _store(
    found: Sequence[Document], statements: Sequence[Found], named: dict[str, BankAccount], row: StatementFile
) -> tuple[list[Statement | None], list[int]]:
    """Read the file once more, and store it statement by statement; return also of which lines it says more."""
    of_sheet = {sheet: number for number, one in enumerate(statements) for sheet in one.sheets}
    stored: list[Statement | None] = [None] * len(statements)
    better: list[int] = []
    sheet, store = 0, None
    for document in found:
        for fact in document.read():
            number = of_sheet[sheet]
            one = statements[number]
            if store is None and not one.refused_because:
                store = Store(one, named[one.account], row)
            if isinstance(fact, Entry):
                if store:
                    store.add(fact, sheet)
                continue
            sheet += 1
            if store and of_sheet.get(sheet) != number:
                better += store.better
                stored[number], store = store.end(), None
    return stored, better


def _refuse(row: StatementFile, why: str) -> Outcome:
    """Keep why a file was refused, and tell staff, since who sent it may be a machine."""
    with transaction.atomic():
        advance(row, Status.REFUSED, refused_because=why[:300])
        audit.open_alarm(REFUSED, cause=row.sha256[:12], note=why[:200])
    return Outcome((), why, file=row)


def _match(outcome: Outcome) -> None:
    """Let matching look at the new lines; what fails is tried again by the worker."""
    if any(outcome.rows):
        lines.match_new()


def _with_counts(outcome: Outcome) -> Outcome:
    """Return the outcome with what became of the new lines of each statement."""
    return replace(outcome, statements=[
        _counted(told, row) for told, row in zip_longest(outcome.statements, outcome.rows)
    ])  # fmt: skip


def _counted(told: Told, row: Statement | None) -> Told:
    if row is None:
        return told
    counts = dict(row.lines.values_list("status").annotate(Count("pk")))
    return replace(
        told,
        booked=sum(counts.get(status, 0) for status in _BOOKED),
        proposed=counts.get(BankLine.Status.PROPOSED, 0),
        unmatched=counts.get(BankLine.Status.UNMATCHED, 0) + counts.get(BankLine.Status.NEW, 0),
    )


def _told(found: Found, row: Statement | None) -> Told:
    new = row.new_count if row else 0
    return Told(
        account=found.account,
        number=found.sheet.number,
        from_on=found.from_on,
        to_on=found.to_on,
        opening=str(from_cents(found.opening)),
        closing=str(from_cents(found.closing)),
        lines=found.line_count,
        new=new,
        known=found.line_count - new if row else 0,
        refused_because=found.refused_because or None,
    )


def _told_again(row: Statement) -> Told:
    return Told(
        account=row.account.iban,
        number=row.number,
        from_on=row.from_on,
        to_on=row.to_on,
        opening=str(row.opening),
        closing=str(row.closing),
        lines=row.line_count,
        known=row.line_count,
    )


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size
