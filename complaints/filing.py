"""Filing a complaint: the file with its number, the days that are promised, and the rest of the invoice, at once.

Nothing but what happened and one way to reach somebody is needed: the clock starts with that, and we ask for the rest.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import ledger
from billing.errors import Refused
from billing.ledger import lock_invoice
from billing.links import new_token
from billing.models import Invoice
from complaints import deadlines, freeze, handling, notices
from complaints.file import mandates
from complaints.models import Complaint, ComplaintDraft, ComplaintFile, Mandate
from complaints.number import new_number

Subject = Complaint.Subject
BY = "patient"
LONGEST_STORY = 4000
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody tells us, in their words. `happened_on` may be about: "last spring". All but `story` may be empty.

    `email` and `phone` serve this file alone: they never change how we reach the patient about the invoice.
    """

    story: str
    wishes: Sequence[str] = field(default_factory=tuple)
    happened_on: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    date_of_birth: str = ""
    needs: Sequence[str] = field(default_factory=tuple)
    for_somebody: str = ""  # on whose behalf, when somebody else writes
    as_whom: str = ""  # and as what: one of `Mandate.Kind`


def file(
    said: Said,
    *,
    subject: str,
    invoice_id: int | None = None,
    channel: str = Complaint.Channel.PAGE,
    language: str = "nl",
    disputed: Decimal | None = None,
    by: str = BY,
    received_at: datetime | None = None,
    draft: ComplaintDraft | None = None,
    form: str = "",
    now: datetime | None = None,
) -> Complaint:
    """Open the file of a complaint, let its invoice rest and send the receipt; return the file.

    `received_at`: when it came by another way, such as a call of yesterday. The files of `draft` go along. `form`: the
    key of the form, so that a doubled click files once; that of a draft is its own. Raises Refused when nothing was
    said, when there is no way to answer, or when more is disputed than the invoice asks.
    """
    now, form = now or timezone.now(), draft.token if draft else form
    with transaction.atomic():
        invoice = lock_invoice(invoice_id) if invoice_id else None
        left = draft is None or ComplaintDraft.objects.select_for_update(of=("self",)).filter(pk=draft.pk).exists()
        if form and (before := Complaint.objects.filter(token=form, invoice=invoice).first()):
            return before
        _check(said, invoice, disputed)
        if not left:
            raise Refused(_("You sent this complaint already. Look in your mail, or call us."))
        complaint = _opened(
            said, subject=subject, invoice=invoice, channel=channel, language=language, disputed=disputed,
            received_at=received_at or now, token=form,
        )  # fmt: skip
        if draft is not None:
            sent_by = handling.REPRESENTATIVE if said.for_somebody.strip() else BY
            ComplaintFile.objects.filter(draft=draft.pk).update(complaint=complaint, draft=None, by=sent_by)
            draft.delete()
        if said.for_somebody.strip():
            kind = said.as_whom if said.as_whom in Mandate.Kind.values else Mandate.Kind.FAMILY
            holder, patient = said.name.strip(), said.for_somebody.strip()
            mandates.ask(complaint, holder=holder, patient=patient, kind=kind, today=timezone.localdate(now))
        frozen = freeze.freeze(complaint, by=by)
        handling.record("complaint_filed", complaint, by=by, subject=subject, channel=channel)
        notices.receipt(complaint, said, frozen=frozen)
    return complaint


def _check(said: Said, invoice: Invoice | None, disputed: Decimal | None) -> None:
    if not said.story.strip():
        raise Refused(_("Tell us what happened. A few words are enough."))
    if len(said.story) > LONGEST_STORY:
        raise Refused(_("This is too long: at most %(max)d characters.") % {"max": LONGEST_STORY})
    if not (said.email or said.phone or said.address):
        raise Refused(_("Tell us how we can reach you: an e-mail address, a telephone number or an address."))
    if invoice and disputed is not None and disputed > max(ledger.outstanding(invoice.pk), Decimal(0)):
        raise Refused(_("This is more than what is left to pay on the invoice."))


def _opened(
    said: Said,
    *,
    subject: str,
    invoice: Invoice | None,
    channel: str,
    language: str,
    disputed: Decimal | None,
    received_at: datetime,
    token: str,
) -> Complaint:
    procedure = deadlines.PROCEDURES[settings.COMPLAINTS_PROCEDURE]
    received = deadlines.received_on(received_at)
    promised = deadlines.dates(procedure, received)
    legal_end = promised.legal_end
    if subject == Subject.PRIVACY:  # what is asked about personal data has a month by law
        legal_end = min(legal_end, deadlines.privacy_end(received))
    complaint = Complaint(
        token=token or new_token(),
        invoice=invoice,
        provider=handling.provider_of(invoice, subject),
        subject=subject,
        channel=channel,
        language=language,
        disputed=disputed,
        procedure=settings.COMPLAINTS_PROCEDURE,
        received_at=received_at,
        acknowledge_by=promised.acknowledge_by,
        admissible_by=promised.admissible_by,
        answer_by=promised.answer_by,
        legal_end=legal_end,
        next_state_on=deadlines.status_due(procedure, received, 1),
    )
    complaint.facts = asdict(said)
    return _numbered(complaint, received.year)


def _numbered(complaint: Complaint, year: int) -> Complaint:
    """Save the file under a number that nobody has: one in 34 thousand million is taken by chance."""
    for _try in range(_TRIES):
        complaint.number = new_number(year)
        try:
            with transaction.atomic():
                complaint.save(force_insert=True)
        except IntegrityError:
            if Complaint.objects.filter(number=complaint.number).exists():
                continue
            raise
        return complaint
    raise RuntimeError("no free number was found")
