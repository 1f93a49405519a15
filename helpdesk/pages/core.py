"""What of the helpdesk is there in every language: is it real, the first page of help, and the letters in short."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from billing.rooms.languages import Core, Explained
from helpdesk.assistant.pages import (
    IN_YOUR_LANGUAGE,
    IN_YOUR_LANGUAGE_OF_INVOICE,
    LABELS,
    TOO_MANY,
    QuestionForm,
)

_field: Any = QuestionForm.base_fields["question"]
_question = (_field.label, _field.help_text, _field.error_messages["required"])

CORE = Core(
    pages=frozenset({"genuine", "genuine_paid", "assistant", "assistant_of_invoice"}),
    templates=frozenset(f"helpdesk/{name}.html" for name in (
        "genuine", "found", "paid", "assistant", "reply", "in_your_language", "invoice_below",
    )),
    sources=frozenset({
        "helpdesk/genuine/ours.py", "helpdesk/genuine/messages.py", "helpdesk/genuine/fraud.py",
        "helpdesk/genuine/forms.py", "helpdesk/genuine/pasted.py", "helpdesk/pages/genuine.py",
    }),
    texts=(*_question, TOO_MANY, *(LABELS[page] for page in (*IN_YOUR_LANGUAGE, *IN_YOUR_LANGUAGE_OF_INVOICE))),
    weighty=frozenset({
        "Your real invoice is not paid yet. For %(days)s days we send you no reminders, and no costs are added. You can"
        " do this once for each invoice.",
        "Your invoice rests until and including %(day)s. You get an e-mail that says so.",
        "Not ours: do not pay",
        "Compare this with your message. Is the day or the address different? Then it is not ours: do not pay.",
    }),
    letters={
        "message_answered": Explained(
            _("We answered your message. You can read the answer on the page of your invoice.")
        ),
        "helpdesk_fraud": Explained(
            _("You told us that you paid a swindler. Your invoice rests until the day in the letter: no reminders come,"
              " and no costs are added. After that you get a new last day to pay.")
        ),
    },
)  # fmt: skip
