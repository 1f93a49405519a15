"""The house rules of billing in place of which a practice may choose its own values, and within which bounds.

What the law fixes is not here: the term of the 14-day letter, costs and interest, the hours of reminders, limitation.
Nor what has to be one for all patients: limits against guessing, how long links, sessions and codes last.
"""

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from billing.rooms import Choice, Unit

TERMS, LATER = _("Terms of payment"), _("Paying later")
HOURS, GUARDS = _("Messages"), _("When a second person decides too")
_TOGETHER = format_lazy(
    _("Without a second person all of a practice together decide about at most {times} times as much in 24 hours."),
    times=settings.ALONE_A_DAY_TIMES,
)

CHOICES = (
    Choice(
        "PAYMENT_TERM_DAYS", TERMS, _("days to pay"), Unit.DAYS, 14, 90,
        _("From the date of the invoice, where your software names no last day. A patient always has 14 days."),
    ),
    Choice(
        "DEFERRAL_DAYS", LATER, _("days that a patient may pay later"), Unit.DAYS, 14, 60,
        _("After the last day to pay, once for each invoice, without asking you."),
    ),
    Choice(
        "PLAN_FROM_AMOUNT", LATER, _("payment plan from"), Unit.EUROS, 10, 100,
        _("Below it a patient can pay later, but not in instalments."),
    ),
    Choice("PLAN_SMALL_AMOUNT", LATER, _("a small amount is at most"), Unit.EUROS, 30, 500),
    Choice("PLAN_MAX_INSTALLMENTS_SMALL", LATER, _("most instalments for a small amount"), Unit.COUNT, 2, 12),
    Choice(
        "PLAN_MAX_INSTALLMENTS", LATER, _("most instalments for a larger amount"), Unit.COUNT, 2, 12,
        _("Each month one. It costs the patient nothing: credit at a charge would need a licence."),
    ),
    Choice("PLAN_FIRST_WITHIN_DAYS", LATER, _("days until the first instalment at most"), Unit.DAYS, 14, 60),
    Choice(
        "NOTICE_FROM_HOUR", HOURS, _("announce invoices from (hour)"), Unit.HOUR, 7, 12,
        _("Reminders leave in the hours of the law: from 7 to 20, not on Sundays and holidays."),
        instead=lambda: settings.NOTICE_HOURS[0],
    ),
    Choice(
        "NOTICE_UNTIL_HOUR", HOURS, _("and before (hour)"), Unit.HOUR, 13, 22,
        instead=lambda: settings.NOTICE_HOURS[1],
    ),
    Choice(
        "REFUND_AUTOMATICALLY_UP_TO", GUARDS, _("refund without approval up to"), Unit.EUROS, 0, 100,
        _("With 0 somebody approves each refund."), column="refund_automatically_up_to",
    ),
    Choice(
        "REFUND_SECOND_PERSON_ABOVE", GUARDS, _("two people approve a refund above"), Unit.EUROS, 0, 2500,
        _TOGETHER, guard=True, column="refund_second_person_above",
    ),
    Choice(
        "RECEIPT_SECOND_PERSON_ABOVE", GUARDS, _("two people report a payment above"), Unit.EUROS, 0, 2500,
        format_lazy("{} {}", _("Cash, card or a transfer to your own account."), _TOGETHER), guard=True,
        column="receipts_confirmed_above",
    ),
    Choice(
        "REALLOCATION_SECOND_PERSON_ABOVE", GUARDS, _("two people move a payment to another invoice above"),
        Unit.EUROS, 0, 2500, _TOGETHER, guard=True,
    ),
)  # fmt: skip
