"""Who is paid: name, account and description, in the characters that every bank takes, and sealed in the row."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from stdnum import iban as ibans

from banking.details import counter_hash
from banking.models import OutgoingOrder, PayeeAccount
from billing import audit
from billing.errors import Refused
from billing.models import Staff
from billing.rights import by_two

# A payment to another country of SEPA needs the payee's address, which we do not send.
EEA = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI",
        "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
MAX_NAME, MAX_TEXT = 70, 140
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")


@dataclass(frozen=True, slots=True)
class Payee:
    """Name and IBAN of who is paid, and what stands on the payee's statement: no care, no personal facts."""

    name: str
    iban: str
    text: str


def right(name: str, iban: str, text: str) -> Payee:
    """Return the payee as banks take it. Raises Refused without a name, and for an IBAN that is wrong or not of the
    EEA.
    """
    compact = "".join(iban.split()).upper()
    if not ibans.is_valid(compact):
        raise Refused(_("This is no right IBAN."))
    if compact[:2] not in EEA:
        raise Refused(_("This account is outside the European Economic Area. The bank asks more for such a payment."))
    written = plain(name, MAX_NAME)
    if not written:
        raise Refused(_("The name of the account holder is missing."))
    return Payee(written, compact, plain(text, MAX_TEXT))


def plain(text: str, length: int) -> str:
    """Return `text` in the characters of SEPA, without a slash at either end or two of them together."""
    if not text.isascii():
        apart = unicodedata.normalize(
            "NFKD", text.replace("ß", "ss").replace("ø", "o").replace("Ø", "O").replace("ł", "l")
        )
        text = "".join(c for c in apart if not unicodedata.combining(c))
    kept = re.sub(r"/{2,}", "/", re.sub(r" +", " ", _NOT_ALLOWED.sub(" ", text)))
    return kept.strip(" /")[:length].strip(" /")


def put(order: OutgoingOrder, payee: Payee) -> None:
    """Seal the payee in the order, with what it is found by."""
    order.facts = asdict(payee)
    order.iban_hash, order.iban_end = counter_hash(payee.iban), payee.iban[-4:]


def of(order: OutgoingOrder) -> Payee:
    """Return who is paid by the order: personal data."""
    return Payee(**order.facts)


def refuse_if_blocked(iban_hashes: Sequence[str]) -> None:
    """Raise Refused when payments to one of these accounts are blocked."""
    if PayeeAccount.objects.filter(iban_hash__in=iban_hashes, blocked_at__isnull=False).exists():
        raise Refused(
            _("Payments to this account are blocked: one came back, or the name does not fit. "
              "Ask the payee by telephone, and let two persons unblock it.")
        )  # fmt: skip


def block(order: OutgoingOrder, *, because: str) -> None:
    """Block the account of the order's payee for further payments."""
    account, _new = PayeeAccount.objects.get_or_create(iban_hash=order.iban_hash, defaults={"iban_end": order.iban_end})
    now = timezone.now()
    PayeeAccount.objects.filter(pk=account.pk).update(blocked_at=now, blocked_because=because[:40], lift_asked_by=None)


def note_check(order: OutgoingOrder, result: PayeeAccount.Check) -> None:
    """Keep what the bank answered about the payee's name and account; a name that does not fit blocks the account."""
    account, _new = PayeeAccount.objects.get_or_create(iban_hash=order.iban_hash, defaults={"iban_end": order.iban_end})
    PayeeAccount.objects.filter(pk=account.pk).update(check_result=result, checked_at=timezone.now())
    if result == PayeeAccount.Check.NONE:
        block(order, because="name")


@transaction.atomic
def unblock(account: PayeeAccount, *, by: Staff) -> bool:
    """Unblock an account once a second person agrees; return whether it is unblocked. Raises Refused otherwise."""
    row = PayeeAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    if row.blocked_at is None:
        raise Refused(_("This account is not blocked."))
    if row.lift_asked_by_id == by.pk:
        raise Refused(_("You agreed already. Somebody else has to agree, too."))
    by_two.refuse_new(row.lift_asked_by, by, practice=None)
    lifted = row.lift_asked_by_id is not None
    row.lift_asked_by = None if lifted else by
    if lifted:
        row.blocked_at, row.blocked_because = None, ""
    row.save(update_fields=["lift_asked_by", "blocked_at", "blocked_because"])
    audit.record("payee_unblocked" if lifted else "payee_unblock_asked", by=audit.name_of(by), ending=row.iban_end)
    return lifted
