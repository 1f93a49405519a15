"""What of complaints is there in every language: the first page of making one, and the letters in short."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from billing.rooms.languages import Core, Explained
from complaints.models import Complaint
from complaints.pages.forms import SubjectForm

_subject: Any = SubjectForm.base_fields["subject"]

CORE = Core(
    pages=frozenset({"complain", "complain_without_invoice"}),
    templates=frozenset(f"complaints/{name}.html" for name in ("layout", "subject", "steps", "end", "invoice_below")),
    texts=(*Complaint.Subject.labels, _subject.label, *_subject.error_messages.values()),
    weighty=frozenset({
        "Your invoice rests from the moment you send it, unless we answered this before: no reminders and no costs."
        " You may pay if you want to, also a part.",
    }),
    letters={
        "complaint_received": Explained(
            _("We received your complaint. The letter says by which day you get an answer.")
        ),
        "complaint_noted": Explained(
            _("Somebody made a complaint about your invoice. Was that not you, and nobody for you? Then call us.")
        ),
        "complaint_news": Explained(
            _("There is news about your complaint. Perhaps we ask you something: the letter says until when you can"
              " answer.")
        ),
        "complaint_state": Explained(_("The letter says how it stands with your complaint.")),
        "complaint_permission": Explained(
            _("Somebody made a complaint for you. The letter says how you can tell us whether you agree.")
        ),
        "complaint_answered": Explained(
            _("We answered your complaint. The letter says what you can do when you do not agree, and until when.")
        ),
    },
)  # fmt: skip
