"""What a room may announce about itself, as types. `billing.rooms` has all of them, and what is made of them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import URLPattern

from billing.rooms.collectors import Collector
from billing.rooms.desk import Desk, Row, Text
from billing.rooms.languages import Core
from billing.rooms.payouts import Payouts

Report = Callable[[str, str, str], None]  # takes a path in the submitted data, a stable code, and a sentence
# Whether a message may be sent: None (now), a moment (not before), or why it is withdrawn.
Verdict = datetime | str | None


class Stops(StrEnum):
    """What a hold stops while it is active."""

    REMINDERS = "reminders"
    PAYMENT = "payment"
    PLANS = "plans"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Somebody else collects the invoice while it rests with us: what comes of it, in words for the patient.

    `page`: the name of the page, of an invoice's token, that says whom to pay and passes on what is asked.
    """

    says: Text
    page: str


@dataclass(frozen=True, slots=True)
class HoldReason:
    """Why an invoice is on hold, in words for the patient, and what the hold stops.

    `placed` and `ended` tell the patient, in the transaction of the act and with the invoice locked: the first gets the
    day of the 14-day letter that the hold voids (or None), the second the day of today. A room that writes its own
    mails about what happened leaves them out. `elsewhere`: not all is quiet for the patient, nor may they wait.
    """

    label: Text
    stops: frozenset[Stops] = frozenset(Stops)
    placed: Callable[[Row, date | None], object] | None = None
    ended: Callable[[Row, date], object] | None = None
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True, slots=True)
class MessageKind:
    """A kind of message. Its texts are `templates/messages/<kind>.<language>.html`.

    `needs`: the facts that its texts use. `may_send` is called in the transaction that claims the message, and may lock
    and change rows of its own. `may_send_while` is asked before, about many together and without a lock: which of them
    may leave, and as long as what is true of their rows. The statement that claims one sees to that; where it is no
    longer true, `may_send` decides. `sent` and `failed` are called once, after the outcome was committed: a rule that
    must not miss it checks the row as well. `sent` is given the keys of all that left together, and is one transaction.
    `filled_in` makes of a body in the row what leaves: with a link that nobody may read in the row. `bounced` is called
    with who reported it, in the transaction that records it, before the row is marked.
    """

    needs: frozenset[str] = frozenset()
    may_send: Callable[[Row, datetime], Verdict] | None = None
    may_send_while: Callable[[Collection[int], datetime], tuple[Collection[int], Q]] | None = None
    sent: Callable[[Collection[int]], object] | None = None
    failed: Callable[[Row], object] | None = None
    filled_in: Callable[[Row, str], str] | None = None
    bounced: Callable[[Row, str], object] | None = None


@dataclass(frozen=True, slots=True)
class Daily:
    """A rule of the day's work; `place` orders the rules of all rooms, the lowest first."""

    place: int
    run: Callable[[date], object]


@dataclass(frozen=True, slots=True)
class Beat:
    """A task that Celery beat starts, every so many seconds or at a time of day; it expires after `expires` seconds.

    `urgent`: rules wake a worker for it, so without a broker it is started every second.
    """

    task: str
    schedule: Any
    expires: float
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """Something that staff do at the desk, and who may: approvers always; of clerks each practice decides itself.

    `clerks`: what counts until it decides. `fixed`: a sentence that says why a practice can't decide it, because the
    law or the four eyes want it so. `operations`: whether the people who run the portal may do it too.
    """

    label: Text
    clerks: bool = False
    operations: bool = True
    fixed: Text = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the timeline that a patient reads; `what` names no care."""

    at: datetime
    what: Text


@dataclass(frozen=True, slots=True)
class InvoicePanel:
    """What the patient's page of an invoice says about a room.

    `facts` are annotations of an invoice, columns of the view that the page reads (`billing.invoices.told`), as JSON
    has them: a moment is text. The templates find them in `invoice.facts`; a change is there after `migrate`. A hold
    needs none: `invoice.rests` has the reasons of all holds, each with its last day.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    happened: Callable[[Mapping[str, Any]], Iterable["Told"]] | None = None  # from the facts, for the timeline there
    on_hold: str = ""  # a template, in the place of the general words about a hold with the reason `hold_reason`
    hold_reason: str = ""
    is_whole: bool = False  # that template stands alone, without the words that nothing has to be paid yet
    above: str = ""  # a template above all, while the invoice can be paid
    below: str = ""  # a template below the facts of the invoice
    if_wrong: str = ""  # the name of the page, of an invoice's token, for whoever finds something not right
    if_unable: str = ""  # the name of the page, of an invoice's token, for whoever can't pay it now


@dataclass(frozen=True, slots=True)
class Intake:
    """What a practice may submit to a room with an invoice: `fields` of the invoice, a `check` of them against the
    total in cents, and `accept` for the new invoices, in the transaction that creates them; `codes` are those of the
    errors that `check` reports, with what they mean; `labels` name the fields in words."""

    fields: Mapping[str, Any]
    check: Callable[[Mapping[str, Any], int, str, Report], None]
    accept: Callable[[Sequence[tuple[Row, Any]], date, str], object]
    codes: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as a room can know them without an invoice: `text` is a mailbox, a telephone number or a file's number.

    With a `surname` (and date of birth in ISO, if known) it is one patient of those who may share a mailbox.
    """

    text: str
    surname: str = ""
    born: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What a room holds about a person without an invoice: its facts under a name, and its files."""

    name: str
    facts: dict[str, Any]
    documents: Iterable[tuple[str, bytes]] = ()


@dataclass(frozen=True, slots=True)
class Export:
    """What a room holds about a patient besides billing's rows: facts of one invoice under `title`, and its files.

    `by_contact` yields what is about no invoice, of whoever proved that a contact is theirs.
    """

    title: Text
    facts: Callable[[Row], dict[str, Any] | None]
    documents: Callable[[Row], Iterable[tuple[str, bytes]]]
    by_contact: Callable[[Contact], Iterable[Held]] | None = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """Where a room handed an invoice over to, such as an agency, and how it comes back.

    `stands` tells whether an invoice is there now. `recall` takes locked ones back, in the caller's transaction, given
    the reason as the trail keeps it, who does it, and the day; it returns the keys of those that were there, so that a
    second call changes nothing.
    """

    stands: Callable[[Row], bool]
    recall: Callable[[Sequence[Row], str, str, date], set[int]]
    since: Callable[[Row], datetime | None] | None = None  # when it went there; None when it is not there


@dataclass(frozen=True, slots=True)
class ComplaintIntake:
    """How staff make a complaint of what a patient said elsewhere: the `subjects` to choose from, and the act itself.

    `take_in` gets the locked invoice, the subject, what was said, when it was said and who of staff does it. It runs in
    the caller's transaction and returns the address of the file at the desk, empty when that person may not see it.
    """

    subjects: Sequence[tuple[str, Text]]
    take_in: Callable[[Row, str, str, datetime, Row], str]


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of an invoice's timeline."""

    at: datetime
    what: str
    by: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """Something of a room about a patient, for the desk: since when, what it is, how far it is, and its page."""

    since: datetime
    what: Text
    state: Text
    address: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the state of an invoice answers to a question, now.

    `template` is the name of its texts, `<template>.<language>.html`, which show no number that is not in `facts`.
    `source` says in words where the facts come from. `actions`: pages of the invoice's token by name, with their label.
    """

    template: str
    facts: Mapping[str, Any]
    source: Text
    actions: Sequence[tuple[str, Text]] = ()


class Unit(StrEnum):
    """What a house rule is counted in."""

    DAYS = "days"
    COUNT = "count"
    EUROS = "euros"
    HOUR = "hour"


@dataclass(frozen=True, slots=True)
class Choice:
    """A house rule in place of which a practice may choose a value of its own, from `least` to `most`.

    `name` is that of the setting; `instead` gives the value of the house where no setting bears that name. `group` is
    the heading under which it stands. A `guard` asks a second person above an amount: a practice may make it stricter,
    and only operations may relax it. `column` is that of the practice's own row, where it has one.
    """

    name: str
    group: Text
    label: Text
    unit: Unit
    least: int
    most: int
    help: Text = ""
    guard: bool = False
    column: str = ""
    instead: Callable[[], Any] | None = None


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One step of a practice's first day, for its own staff.

    `address` is the page where it is done, empty when nobody of the practice can do it; `waits` says on whom it waits.
    What is `required` can't be skipped: without it no letter may leave, or nobody could work.
    """

    name: str
    label: Text
    why: Text
    done: bool
    address: str = ""
    waits: Text = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """Something that has to happen every so often, beside periodic tasks: `LastRun` says when it last did.

    `expected` tells whether this installation does it at all.
    """

    label: Text  # as in "since the last backup"
    limit: Callable[[], float]  # seconds of silence after which a person must look
    expected: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Demo:
    """What a room shows in the demo.

    `fields` returns its fields of an invoice by the end of the invoice's number, `shows` says in words which invoice
    is worth a look, and `seed` does what patients did, once the demo practices have handed in their invoices.
    """

    fields: Callable[[int], dict[str, Any]]
    shows: Mapping[int, Text]
    seed: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Everything that the rest of the product knows about a room; what it leaves out, it does not have."""

    patient_urls: Sequence[URLPattern] = ()
    desk: Desk = field(default_factory=Desk)
    daily: Sequence[Daily] = ()
    beat: Mapping[str, Beat] = field(default_factory=dict)
    # Erases what is past its term on a day, and returns how many there were of each kind.
    retention: Callable[[date], dict[str, int]] | None = None
    # How long it keeps what is about patients: a sentence with `count`, by the name of the setting that it comes from.
    kept: Mapping[str, Text] = field(default_factory=dict)
    export: Export | None = None
    messages: Mapping[str, MessageKind] = field(default_factory=dict)
    audit_labels: Mapping[str, str] = field(default_factory=dict)
    acts: Mapping[str, Act] = field(default_factory=dict)  # what staff do there, by name: see `billing.rights.may`
    access_labels: Mapping[str, Text] = field(default_factory=dict)  # of `data` in the access log, for patients
    hold_reasons: Mapping[str, HoldReason] = field(default_factory=dict)
    staff_tasks: Mapping[str, Text] = field(default_factory=dict)
    # Of a kind of staff task, the name of the desk's page where it is decided, which takes the key of its invoice.
    task_pages: Mapping[str, str] = field(default_factory=dict)
    invoice_panel: InvoicePanel | None = None
    timeline: Callable[[Row], Iterable[Happened]] | None = None
    # Ends what the room has under way about an invoice that is withdrawn, given who did it and the day. Called in the
    # transaction of the withdrawal, with the invoice locked.
    invoice_withdrawn: Callable[[Row, str, date], object] | None = None
    intake: Intake | None = None
    # Called in the transaction that books payments, with each locked invoice and its entry. Returns the keys of the
    # invoices whose balance it changed in turn.
    received: Callable[[Sequence[tuple[Row, Row]]], Collection[int]] | None = None
    # Takes over a credit that is to be paid by bank (a `RefundRequest` in its state `by_bank`) and returns whether it
    # does; called in the transaction that decides so, with the invoice locked.
    credit_payout: Callable[[Row], bool] | None = None
    # Yields a sentence for each contradiction between the books and what the room knows; part of `verify_ledger`.
    proof: Callable[[], Iterable[str]] | None = None
    # Looks again at what it decided about a locked invoice, because somebody was right; given who says so and when.
    # Returns whether there was something to look at again.
    look_again: Callable[[Row, str, datetime], bool] | None = None
    # Says in words for staff what helps the patient of an invoice on a day, such as a call instead of a letter.
    what_helps: Callable[[Row, date], Sequence[Text]] | None = None
    # Invoices that it handed over to somebody else, and takes back when the patient was right.
    hand_over: HandOver | None = None
    # Yields why nobody else may collect a locked invoice now, in words for staff.
    kept_back: Callable[[Row], Iterable[Text]] | None = None
    # Forgets what a browser was still writing, when somebody says that they are done: given the request and the answer.
    finished: Callable[[HttpRequest, Any], object] | None = None
    # Yields the checked files that the patient sent about an invoice. Medical data: the caller looks at who is asking.
    patient_files: Callable[[Row], Iterable[Row]] | None = None
    # Yields what the room has about a patient that this member of staff may see: for the patient's page of the desk.
    cases: Callable[[Row, Row], Iterable[Case]] | None = None
    # Yields links for the desk's page of an invoice, given who looks and the invoice: address and label.
    invoice_links: Callable[[Row, Row], Iterable[tuple[str, Text]]] | None = None
    # Takes in as a complaint what a patient said elsewhere.
    complaint_intake: ComplaintIntake | None = None
    # House rules in place of which a practice may choose its own values, in the order of its page of settings.
    choices: Sequence[Choice] = ()
    # Yields the steps of a practice's first day that are the room's, given the practice and who asks.
    first_steps: Callable[[Row, Row], Iterable[FirstStep]] | None = None
    # Yields of what waits for a second person the key of its practice, and who asked (see `audit.name_of`).
    waits_for_second: Callable[[], Iterable[tuple[int, str]]] | None = None
    watched: Mapping[str, Watched] = field(default_factory=dict)  # by the name of its `LastRun`
    demo: Demo | None = None
    # What the assistant answers from the state of an invoice, by the entry of its FAQ in place of which it is said:
    # given what the invoice's page shows (an `InvoiceView`) and the day. None: nothing to say, and the entry counts.
    answers: Mapping[str, Callable[[Row, date], Answer | None]] = field(default_factory=dict)
    # Says in the reader's language what everybody who looks an invoice up should beware of now; empty: nothing.
    warning: Callable[[], str] | None = None
    core: Core = field(default_factory=Core)
    # Bodies outside that its pages and messages name: the address on the web of each, and its number or an empty text.
    bodies: Sequence[tuple[str, str]] = ()
    # Who collects claims of ours now.
    collectors: Callable[[], Sequence[Collector]] | None = None
    # Tells what practices are paid.
    payouts: Payouts | None = None
