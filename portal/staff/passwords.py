"""Which passwords of staff are too easy to guess."""

import re
from itertools import pairwise
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# What somebody who knows this house tries first. The name and the city of the own practice count too.
WORDS = (
    "zorgrekening",
    "rekening",
    "factuur",
    "betaling",
    "coulance",
    "incasso",
    "praktijk",
    "patient",
    "patiënt",
    "beheer",
    "admin",
    "wachtwoord",
    "password",
    "welkom",
    "geheim",
)
LEFT_AT_LEAST = 8  # characters beside such words
DIFFERENT_AT_LEAST = 5  # characters
_SHORTEST_NAME = 4
_CORE = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)  # from the first letter to the last one


class EasyToGuessValidator(CommonPasswordValidator):
    """No password of our own words with little beside them, none that is a row or a repetition, and none of Django's
    20,000 common ones, as it is or with digits or marks around it."""

    def validate(self, password: str, user: Any = None) -> None:
        left = password.lower()
        for word in sorted((*WORDS, *_names_around(user)), key=len, reverse=True):
            left = left.replace(word, "")
        if len(left) < min(LEFT_AT_LEAST, len(password)):
            raise ValidationError(
                _("Other people can guess this password. Use words that have nothing to do with your work."),
                code="password_of_our_words",
            )
        if _is_a_pattern(password):
            raise ValidationError(
                _("Other people can guess this password: it is a row or a repetition. Use a few words."),
                code="password_is_a_pattern",
            )
        super().validate(password, user)
        if core := _CORE.search(password):
            super().validate(core[0], user)


def _is_a_pattern(password: str) -> bool:
    """Whether it is a few characters again and again, or a row such as abcdef and 654321."""
    steps = [ord(after) - ord(before) for before, after in pairwise(password)]
    in_a_row = sum(step in (-1, 0, 1) for step in steps)
    period = (password + password).find(password, 1)
    return (
        len(set(password)) < DIFFERENT_AT_LEAST
        or in_a_row >= len(steps) - 2
        or period < min(LEFT_AT_LEAST, len(password))
    )


class NotThePresentOneValidator:
    """Choosing the password that one has already is no change: somebody else may have made it."""

    def validate(self, password: str, user: Any = None) -> None:
        if user and user.pk and user.check_password(password):
            raise ValidationError(_("You have this password now. Choose another one."), code="password_unchanged")

    def get_help_text(self) -> str:
        return _("Your password can't be the one that you have now.")


def _names_around(user: Any) -> list[str]:
    provider = getattr(user, "provider", None)
    names = f"{provider.name} {provider.city}".lower() if provider else ""
    return [name for name in re.findall(r"\w+", names) if len(name) >= _SHORTEST_NAME]
