"""Our letters in short, for who reads no Dutch: what each is about, and what comes when nothing is done."""

from django.utils.translation import gettext_lazy as _

from billing.rooms.languages import Explained

_MONEY_BACK = Explained(_("You get money back. You don't have to do anything, unless the letter asks you something."))
_REMINDED = _("If you don't pay by that day, you first get a free reminder. Nothing is added before that.")

LETTERS = {
    "invoice_notice": Explained(_("You have a new invoice from %(provider)s."), "total", "due_on", _REMINDED),
    "friendly_note": Explained(
        _("The last day to pay this invoice is near. Nothing extra is added."), "total", "due_on", _REMINDED
    ),
    "reminder": Explained(
        _("This invoice is not paid yet. This reminder is free."), "total", "last_day",
        _("If you don't pay by that day, you get another letter. That letter says which costs may be added."),
    ),
    "final_notice": Explained(
        _("This invoice was not paid on time. If it is not paid by the day in this letter, costs or interest are"
          " added."),
        "principal", "last_day",
        _("Does the money arrive by that day? Then you pay nothing extra. If you pay too late, you must pay more: the"
          " Dutch letter says how much."),
    ),
    "notice_of_costs": Explained(
        _("This invoice was not paid on time. Costs, interest or both were added. The letter says how much."),
        "total", "last_day",
        _("If you don't pay by that day, you get one more letter from us."),
    ),
    "final": Explained(
        _("This is our last letter about this invoice. It is not paid yet."), "total", "last_day",
        _("If you don't pay by that day, one of our staff decides with your care provider what happens next. Call"
          " first: there is often a solution."),
    ),
    "invoice_again": Explained(_("We send you the link to your invoice again. It is not a new invoice.")),
    "statement_copy": Explained(_("You get a list of what you owed and paid. You don't have to do anything.")),
    "receipt": Explained(_("We received your payment. The letter says whether anything is left to pay.")),
    "payment_reversed": Explained(_("Your bank took your payment back. The invoice is not paid any more.")),
    "payment_moved": Explained(_("We booked a payment on another invoice. The letter says what you have to pay now.")),
    "credit_moved": Explained(_("Money that was yours paid another invoice. The letter says which one.")),
    "refund_under_way": _MONEY_BACK,
    "refund_by_bank": _MONEY_BACK,
    "refund_done": Explained(_("You got money back. You don't have to do anything.")),
    "refund_failed": Explained(_("We could not send your money back. It is still yours, and you hear from us.")),
    "charges_taken_off": Explained(
        _("Costs or interest were taken off your invoice. The letter says what is left to pay.")
    ),
    "invoice_credited": Explained(_("Your care provider lowered this invoice. The letter says what is left to pay.")),
    "invoice_withdrawn": Explained(_("Your care provider withdrew this invoice. You don't have to pay it.")),
    "hold_placed": Explained(_("Your invoice is paused. Do not pay yet. No costs are added.")),
    "hold_ended": Explained(
        _("Your invoice is not paused any more. The letter says whether you have to pay, and until when.")
    ),
    "deferral_agreed": Explained(_("You got a later day to pay."), "amount", "until", _REMINDED, has_chosen=True),
    "plan_agreed": Explained(
        _("You agreed to pay in instalments. The letter has each amount and each day."), "", "",
        _("If you miss an instalment, you get one free reminder and one more week. If you don't pay then, the plan"
          " ends."),
    ),
    "plan_undone": Explained(
        _("What you arranged about paying later was undone today."), "outstanding", "due_on"
    ),
    "plan_completed": Explained(_("You paid all instalments. You don't have to do anything any more.")),
    "plan_broken": Explained(
        _("An instalment was not paid, so your payment plan ended. You have to pay the rest."), "outstanding", "due_on",
        has_chosen=True,
    ),
    "installment_due": Explained(
        _("Soon it is the last day to pay what you arranged. You are not late."), "amount", "due_on",
        has_chosen=True,
    ),
    "installment_missed": Explained(
        _("You missed an instalment. This reminder is free."), "amount", "grace_until",
        _("If you don't pay by that day, your payment plan ends and you have to pay the rest at once."),
        has_chosen=True,
    ),
    "contact_changed": Explained(
        _("Your care provider gave us other details of you, such as another e-mail address. Are they wrong? Then call"
          " your care provider at once.")
    ),
}  # fmt: skip
