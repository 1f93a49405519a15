"""What staff do at billing's own desk."""

from django.utils.translation import gettext_lazy as _

from billing.rooms import Act

_LIMITS = _("A limit is worth nothing when whoever it is for can change it.")
_FOUR_EYES = _("A second person looks at it, and that person answers for it.")
_WHO_MAY = _("Who decides who may do what can give themselves everything.")

# In the order of the table that a practice sees.
ACTS = {
    "note": Act(_("write a note"), clerks=True),
    "task": Act(_("give a task to a colleague"), clerks=True),
    "close_task": Act(_("close a task that the portal made")),
    "contact": Act(_("correct how a patient is reached"), clerks=True),
    "payer": Act(_("say who pays for a patient, or speaks for them")),
    "resend": Act(_("send an invoice or a message again, or print it as a letter"), clerks=True),
    "download": Act(_("download a list with patients, for a spreadsheet"), clerks=True),
    "settle_message": Act(_("say that a message arrived, or came back")),
    "pause": Act(_("pause an invoice"), clerks=True),
    "resume": Act(_("let reminders go on")),
    "delivered": Act(_("say that an invoice was delivered in another way")),
    "end_plan": Act(_("end a payment plan whose reminder did not arrive")),
    "receipt": Act(_("book cash, card and transfers, and undo it")),
    "move_money": Act(_("book a payment on another invoice")),
    "credit_note": Act(_("withdraw or lower an invoice")),
    "waive": Act(_("waive costs and interest")),
    "write_off": Act(_("write off a small rest, and undo it")),
    "ask_gateway": Act(_("ask the bank's gateway how a payment stands"), clerks=True),
    "refund": Act(_("pay back credit, or move it to another invoice")),
    "second_person": Act(_("approve or refuse what a colleague asked for"), fixed=_FOUR_EYES),
    "practice": Act(_("change the settings of the practice"), fixed=_LIMITS),
    "colleagues": Act(_("invite and block colleagues, and help them in again"), operations=False, fixed=_WHO_MAY),
    "rights": Act(_("change this table"), operations=False, fixed=_WHO_MAY),
}
