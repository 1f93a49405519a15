"""Who helps people with money: only those of this list are named, since look-alikes of them exist."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from billing.rooms import Text


@dataclass(frozen=True, slots=True)
class Body:
    """Somebody who helps: what they do, how to call them (empty: not by one number), and their address on the web."""

    name: Text
    what: Text
    phone: str
    url: str


BODIES = (
    Body(
        "Geldfit",
        _("Geldfit listens, and tells you which help there is for you. You do not have to say your name."),
        "0800 8115",
        "https://geldfit.nl/",
    ),
    Body(
        _("Your municipality"),
        _("Each municipality helps with debts (“schuldhulpverlening”). The first talk is within four weeks."),
        "",
        "https://organisaties.overheid.nl/Gemeenten/",
    ),
)
