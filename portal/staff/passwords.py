"""Validators for passwords of staff; zxcvbn estimates how many guesses a password takes.

Of its two living ports the one in Rust was chosen: it judges the first 100 characters in milliseconds, while the one in
Python refuses long passwords or takes as long as they are.
"""

import re
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from zxcvbn_rs_py import zxcvbn

from billing.rooms import Room

# What an attacker who knows this product tries first. The names of the person and of their practice count too.
WORDS = (
    "zorgrekening",
    "rekening",
    "factuur",
    "betaling",
    "incasso",
    "praktijk",
    "tandarts",
    "huisarts",
    "mondzorg",
    "fysiotherapie",
    "patient",
    "patiënt",
    "beheer",
    "admin",
    "wachtwoord",
    "password",
    "welkom",
    "geheim",
)
MIN_GUESSES_LOG10 = 10  # zxcvbn's own best score: what a stolen, slowly hashed password should take
SHORTEST = 12
_SHORTEST_NAME = 4


def _rooms() -> list[str]:
    return [room.label for room in apps.get_app_configs() if isinstance(room, Room)]


class LengthValidator:
    """Refuse short passwords. Django's own sentence about it has no Dutch."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError when the password is too short."""
        if len(password) < SHORTEST:
            raise ValidationError(
                ngettext(
                    "This password is too short. Use at least %(count)d character.",
                    "This password is too short. Use at least %(count)d characters.",
                    SHORTEST,
                ),
                code="password_too_short",
                params={"count": SHORTEST},
            )

    def get_help_text(self) -> str:
        """Return the advice above the form."""
        text = ngettext("Use at least %(count)d character.", "Use at least %(count)d characters.", SHORTEST)
        return text % {"count": SHORTEST}


class EasyToGuessValidator:
    """Refuse passwords that take too few guesses: as they are, and without the words that others try first."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError when the password takes too few guesses."""
        words = sorted((*WORDS, *_rooms(), *_names_around(user)), key=len, reverse=True)
        left = password.lower()
        for word in words:  # zxcvbn knows each of them, but counts several in a row as hard to guess
            left = left.replace(word, "")
        if min(_guesses_log10(password, words), _guesses_log10(left, words)) < MIN_GUESSES_LOG10:
            raise ValidationError(
                _("Other people can guess this password. Use words that have nothing to do with your work."),
                code="password_easy_to_guess",
            )

    def get_help_text(self) -> str:
        """Return the advice above the form."""
        return _("Use words that have nothing to do with your work.")


def _guesses_log10(password: str, words: list[str]) -> float:
    return zxcvbn(password, words).guesses_log10 if password else 0


class UnchangedPasswordValidator:
    """Refuse the present password: it may have been chosen by somebody else."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError when this is the present password."""
        if user and user.pk and user.check_password(password):
            raise ValidationError(_("You have this password now. Choose another one."), code="password_unchanged")

    def get_help_text(self) -> str:
        """Return the advice above the form."""
        return _("Your password can't be the one that you have now.")


def _names_around(user: Any) -> list[str]:
    """Return the words of the person's and the practice's names, in lower case."""
    if user is None:
        return []
    provider = getattr(user, "provider", None)
    names = [user.get_username(), user.get_full_name(), *((provider.name, provider.city) if provider else ())]
    return [name for name in re.findall(r"[^\W_]+", " ".join(names).lower()) if len(name) >= _SHORTEST_NAME]
