"""Messages to an agency: a row with its files, made once in the transaction of the act, and written to a folder."""

import hashlib
import json
import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from billing import audit
from billing.errors import Refused
from billing.links import new_token
from debt_collection.exchange import contents, signing
from debt_collection.models import Agency, HandOver, Order

Kind = Order.Kind
TOLD_OF_PAID = timedelta(days=30)


def queue(case: HandOver, kind: Order.Kind, content: dict[str, Any]) -> Order:
    """Queue a message about a locked case: its files are made and signed now, and never change."""
    order = Order(hand_over=case, number=case.orders.count() + 1, kind=kind)
    now = timezone.now()
    text = _as_json(
        {
            "format": contents.FORMAT,
            "message": str(order),
            "kind": str(kind),
            "case": case.number,
            "key": signing.key_id(),
            "made_at": timezone.localtime(now).isoformat(timespec="seconds"),
            **content,
        }
    )
    files = {f"{order}-{kind}.json": text.decode()}
    if kind == Kind.DOSSIER:
        files[f"{order}-{kind}.csv"] = contents.csv_of(case.number, content["claims"]).decode()
    files |= {f"{name}.sig": f"{signing.sign(body.encode())}\n" for name, body in list(files.items())}
    order.facts = {"files": files}
    order.created_at = now
    order.save(force_insert=True)
    return order


def _as_json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def export(agency: Agency, folder: Path, *, by: str) -> list[str]:
    """Write every message that the agency has not confirmed into `folder`; return the names of files that were new.

    Of a case that the agency has no more only what it still has to know leaves: that it was recalled, or paid to us.

    The same message always has the same bytes. A file that is there already is left alone; one with other bytes under
    that name raises Refused, and so does a folder that can't be written. Only the owner may read what is written.
    """
    if not folder.is_dir():
        raise Refused(f"{folder} is no folder.")
    waiting = _leaving().filter(hand_over__agency=agency).exclude(sealed_facts=b"")
    written: list[str] = []
    for order in waiting.select_related("hand_over").order_by("pk"):
        if _begin(order, by=by):
            written += _write(order, folder)
    return written


def _leaving() -> QuerySet[Order]:
    """Select what agencies may get now: who has no claim any more gets no name, address or sum of anybody again.

    Of a paid case the agency reads of the last money for some weeks, so that its letters stop, whether it confirms it
    or not.
    """
    lately = timezone.now() - TOLD_OF_PAID
    live = Q(hand_over__status__in=HandOver.LIVE) | Q(kind=Kind.RECALL)
    paid = Q(kind=Kind.STANDING, hand_over__status=HandOver.Status.PAID, hand_over__closed_at__gt=lately)
    return Order.objects.filter(live | paid, confirmed_at=None)


def _begin(order: Order, *, by: str) -> bool:
    """Note that a message leaves, before it does; return False when it was taken back meanwhile."""
    with transaction.atomic(durable=True):
        locked = Order.objects.select_for_update(no_key=True, of=("self",)).get(pk=order.pk)
        if not _leaving().filter(pk=order.pk).exists():
            return False
        if locked.exported_at is None:
            Order.objects.filter(pk=order.pk).update(exported_at=timezone.now())
            audit.record("hand_over_exported", by=by, invoice=_first(order.hand_over), number=str(order))
    return True


def _first(case: HandOver) -> Any:
    claim = case.claims.select_related("invoice").first()
    return claim.invoice if claim else None


def _write(order: Order, folder: Path) -> Iterable[str]:
    """Write the files of a message, the signatures first: who sees the JSON finds everything about it there."""
    names = []
    for name, text in sorted(order.facts["files"].items(), key=lambda item: item[0].endswith(".json")):
        path, body = folder / name, text.encode()
        if path.exists():
            if hashlib.sha256(path.read_bytes()).digest() != hashlib.sha256(body).digest():
                raise Refused(f"{name} is there already, with other content. Nothing was overwritten.")
            continue
        _write_whole(path, body)
        names.append(name)
    return names


def _write_whole(path: Path, body: bytes) -> None:
    """Write a file so that nobody ever reads half of it."""
    partial = path.with_name(f".{new_token()}.part")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def take_back_unsent(case: HandOver) -> bool:
    """Take the messages of a locked case back if none of them has left; return whether that could be done."""
    orders = list(Order.objects.select_for_update(no_key=True, of=("self",)).filter(hand_over=case).order_by("pk"))
    if any(order.exported_at for order in orders):
        return False
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(confirmed_at=timezone.now())
    return True
