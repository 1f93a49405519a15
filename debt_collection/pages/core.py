"""What of collection agencies is there in every language: what an invoice's page says, and the letters in short."""

from django.utils.translation import gettext_lazy as _

from billing.rooms.languages import Core, Explained

_NOT_THEM = Explained(
    _("The collection agency no longer has your invoice. Do not pay the agency any more. The letter says what is left"
      " to pay, and until when.")
)  # fmt: skip

CORE = Core(
    templates=frozenset({"debt_collection/invoice_on_hold.html"}),
    weighty=frozenset({
        "You need not pay meanwhile, and nothing is added.",
        "The collection agency <strong>%(name)s</strong> takes care of this invoice now. The agency writes to you from"
        " now on. Pay the agency, and nobody else.",
    }),
    letters={
        "agency_handed_over": Explained(
            _("A collection agency has your invoice now. From now on you pay the agency, not us. The letter says which"
              " agency, how much and to which account.")
        ),
        "agency_resumed": Explained(
            _("The collection agency waited with your invoice, and does not wait any more. The letter says how much you"
              " pay to the agency, and until when.")
        ),
        "agency_account": Explained(
            _("The collection agency has another account number. Do you doubt it? Check it on our website before you"
              " pay.")
        ),
        "agency_returned": _NOT_THEM,
        "agency_recalled": _NOT_THEM,
    },
)  # fmt: skip
