"""What of sparing people is there in every language: what an invoice's page says of it, and the letters in short."""

from django.utils.translation import gettext_lazy as _

from billing.rooms.languages import Core, Explained

CORE = Core(
    templates=frozenset({
        "forbearance/invoice_above.html", "forbearance/invoice_below.html", "forbearance/invoice_on_hold.html",
    }),
    weighty=frozenset({
        "It lasts up to and including <strong>%(day)s</strong>. Until then you get no letters, and no costs or interest"
        " are added. After it we tell you your new last day to pay.",
        "Our condolences. You do not have to do anything now. You get no reminders, and no costs are added.",
        "Do not pay this yet. Whoever pays a debt of somebody who died may accept the estate by it, with all its debts."
        " First ask a notary. You have three months to think it over.",
    }),
    letters={
        "forbearance_begun": Explained(
            _("You have a breathing space. Until the day in the letter you get no reminders, and no costs or interest"
              " are added.")
        ),
        "forbearance_over": Explained(
            _("Your breathing space is over. The letter says how much you pay, and until when. If you don't pay, you"
              " first get a free reminder.")
        ),
        "forbearance_heirs": Explained(
            _("We were told of a death. You do not have to do anything now. Do not pay yet: first ask a notary.")
        ),
        "forbearance_of_age": Explained(
            _("Your child is 18 now. New invoices go to your child, and not to you.")
        ),
    },
)  # fmt: skip
