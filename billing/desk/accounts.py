"""Who works here: adding a member of staff, with a password that a machine made."""

import secrets

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.models import Provider, Staff

PASSWORD_BYTES = 15  # 120 bits, 20 characters


def new_password() -> str:
    """A random first password, for a person to replace."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def add_member(
    username: str,
    *,
    role: Staff.Role,
    provider: Provider | None,
    by: str,
    email: str = "",
    keeps_password: bool = False,
) -> tuple[Staff, str]:
    """A new member of staff and their first password, which is stored nowhere in clear.

    At the first sign-in they choose one of their own, but for `keeps_password` (a demo, whose passwords are shown).

    Raises Refused when the name is taken or not usable, or when role and provider do not go together.
    """
    password = new_password()
    member = Staff(username=username, role=role, provider=provider, email=email, is_staff=True)
    member.password_given = not keeps_password
    member.set_password(password)
    if (role == Staff.Role.OPERATIONS) != (provider is None):
        raise Refused(_("Operations belong to no provider; every other role belongs to one."))
    try:
        member.full_clean()
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error
    with transaction.atomic():
        member.save(force_insert=True)
        audit.record("staff_added", by=by, staff=member.pk, role=str(role))
    return member, password
