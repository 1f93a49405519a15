"""Staff accounts: adding a member of staff with a generated password."""

import secrets

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.models import Provider, Staff

PASSWORD_BYTES = 15  # 120 bits, 20 characters


def new_password() -> str:
    """Return a random initial password, which the person must replace."""
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
    """Create a member of staff; return them and their initial password, which is stored nowhere in plain text.

    At the first sign-in they choose their own, except with `keeps_password` (a demo, whose passwords are shown).

    Raises Refused when the name is taken or invalid, or when role and provider do not match.
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
