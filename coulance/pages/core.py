"""What of coulance is there in every language: what the page of an invoice says of it, and its letters in short."""

from django.utils.translation import gettext_lazy as _

from billing.rooms.languages import Core, Explained
from coulance import notices

_SEND = Explained(
    _("Your care provider may lower your invoice (coulance). For that you have to send something. The letter and our"
      " website say what, and until when. Do not pay yet, unless the letter says so.")
)  # fmt: skip
_LOOKS = Explained(
    _("Your care provider looks at what you sent. Do not pay yet. You get an e-mail when your care provider decides.")
)
_NOT_LOWERED = Explained(
    _("Your care provider does not lower your invoice. The letter says how much you pay, and until when.")
)
_STAYS = Explained(_("The earlier decision stays. The letter says how much you pay."))
_NEW_AMOUNT = Explained(
    _("The amount of your invoice has changed. The letter says how much you pay now, and until when.")
)
_WITHDRAWN = Explained(
    _("You pay the whole amount, without coulance. The letter says how much you pay, and until when.")
)

CORE = Core(
    templates=frozenset({"coulance/invoice_below.html", "coulance/invoice_on_hold.html"}),
    texts=notices.TOLD,
    weighty=frozenset({"Do not pay yet, and don't ask for a payment plan."}),
    letters={
        **dict.fromkeys(
            ("coulance_begun", "coulance_nudge", "coulance_more_needed", "coulance_file_refused",
             "coulance_taken_back"), _SEND
        ),
        **dict.fromkeys(("coulance_received", "coulance_answered", "coulance_on_paper"), _LOOKS),
        **dict.fromkeys(("coulance_refused", "coulance_expired"), _NOT_LOWERED),
        **dict.fromkeys(("coulance_kept", "coulance_stands"), _STAYS),
        **dict.fromkeys(("coulance_adjusted", "coulance_corrected"), _NEW_AMOUNT),
        "coulance_withdrawn": _WITHDRAWN,
    },
)  # fmt: skip
