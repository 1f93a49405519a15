"""The page of statements at /beheer/bank/afschriften/: hand files in, and see how far each account is known."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from banking.importing import Outcome, Told, import_file
from banking.models import BankAccount, StatementFile
from banking.orders.target_days import target_days_after
from banking.reading.files import unpacked_bytes
from banking.statements import chain
from billing import audit
from billing.errors import Refused
from guests.uploads import LockedFile, takes_files_of_staff

SHOWN = 50
QUIET_TARGET_DAYS = 2  # without a statement; then staff are asked for one


@dataclass(frozen=True, slots=True)
class Standing:
    """How far we know an account: the days of its chain, and where lines are missing."""

    account: BankAccount
    first_on: date | None
    last_on: date | None
    balance: Decimal | None
    gaps: list[chain.Gap]
    quiet: bool  # newer statements are to be had


@never_cache
@takes_files_of_staff
def show(request: HttpRequest) -> HttpResponse:
    """Show the accounts and the files that came in; POST reads the files that it brings.

    The script of the page brings them one by one, and shows how far each is.
    """
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    if request.method == "POST":
        return _take(request)
    today = timezone.localdate()
    files = StatementFile.objects.order_by("-pk").prefetch_related("statements__account")
    context = {
        **admin.site.each_context(request),
        "title": _("Bank statements"),
        "accounts": [_standing(account, today) for account in BankAccount.objects.all()],
        "files": files[:SHOWN],
        "most": settings.UPLOAD_MAX_BYTES // 1024**2,
    }
    return render(request, "admin/banking/statements.html", context)


def _standing(account: BankAccount, today: date) -> Standing:
    days = list(chain.days(account))
    if not days:
        return Standing(account, None, None, None, [], quiet=False)
    last = days[-1]
    quiet = target_days_after(last.day, QUIET_TARGET_DAYS) < today
    return Standing(account, days[0].day, last.day, last.closing, chain.gaps(account), quiet)


def _take(request: HttpRequest) -> HttpResponse:
    """Read each file by itself, and say of each what came of it."""
    files: list[Any] = request.FILES.getlist("files")
    if not files:
        messages.error(request, _("Choose the file of the bank first."))
    said = [(file.name, level, sentence) for file in files for level, sentence in _of_file(request, file)]
    if "application/json" in request.headers.get("Accept", ""):
        sentences = " ".join(sentence for _name, _level, sentence in said)
        if not said or any(level == messages.ERROR for _name, level, _sentence in said):
            return JsonResponse({"error": sentences}, status=422)
        if "last" not in request.POST:  # it stands beside the file, and the page stays
            return JsonResponse({"sent": True, "said": sentences})
        messages.success(request, _("All files were read. What came of each stands below."))
        return JsonResponse({"sent": True, "said": sentences})
    for name, level, sentence in said:
        messages.add_message(request, level, f"“{name}”: {sentence}")
    return HttpResponseRedirect(reverse("admin:bank_statements"), status=303)


def _of_file(request: HttpRequest, file: Any) -> list[tuple[int, str]]:
    if file.lost:
        return [(messages.ERROR, _("Our disk is full. Nothing was changed. Tell the operator."))]
    with _in_memory(file) as path:
        return _read(path, by=audit.name_of(request.user), name=str(file.name))


def _read(path: Path, *, by: str, name: str) -> list[tuple[int, str]]:
    """Read one file that can be read while somebody waits; return what to say of it."""
    try:
        is_large = unpacked_bytes(path) > settings.UPLOAD_MAX_BYTES
    except Refused:
        is_large = False  # it is refused below, and kept in the list
    if is_large:
        most = settings.UPLOAD_MAX_BYTES // 1024**2
        return [
            (messages.ERROR, _("It holds more than %d MB. Download fewer days at a time. Nothing was changed.") % most)
        ]
    return list(_sentences(import_file(path, by=by, name=name, match=False)))


@contextmanager
def _in_memory(file: LockedFile) -> Iterator[Path]:
    """Yield a path at which the file can be read, that lies on no disk: statements name people and care."""
    handle = os.memfd_create("statement")
    try:
        with os.fdopen(os.dup(handle), "wb") as whole:
            for part in file.chunks():
                whole.write(part)
        yield Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)


def _sentences(outcome: Outcome) -> Iterator[tuple[int, str]]:
    if outcome.refused_because:
        yield messages.ERROR, f"{outcome.refused_because} {_('Nothing was changed.')}"
    elif outcome.read_before_on:
        day = date_format(outcome.read_before_on, "SHORT_DATE_FORMAT")
        yield messages.INFO, _("This file was read on %s already: nothing was changed.") % day
    else:
        yield from map(_of_statement, outcome.statements)


def _of_statement(told: Told) -> tuple[int, str]:
    words = {
        "account": told.account[-4:],
        "first": date_format(told.from_on, "SHORT_DATE_FORMAT"),
        "last": date_format(told.to_on, "SHORT_DATE_FORMAT"),
        "new": told.new,
        "known": told.known,
        "why": told.refused_because,
    }
    if told.refused_because:
        return messages.ERROR, _("Account …%(account)s, %(first)s – %(last)s was left out: %(why)s") % words
    said = _("Account …%(account)s, %(first)s – %(last)s: %(new)d new lines, %(known)d known already.") % words
    if told.new:
        said += " " + _("They find their invoices within a minute.")
    return messages.SUCCESS, said
