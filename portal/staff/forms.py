"""The forms of the staff site: signing in, codes."""

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.signals import user_login_failed
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.staff import otp
from portal.staff.sign_in import known_browsers, limits, wrong_codes


def _code_input(**attrs: str) -> forms.TextInput:
    return forms.TextInput(
        attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false", **attrs}
    )


class StaffLoginForm(AdminAuthenticationForm):
    """User name, password and code at once. The error is the same whichever of the three was wrong."""

    code = forms.CharField(
        label=_("code"), required=False, max_length=20, widget=_code_input(**{"aria-describedby": "code-hint"})
    )
    error_messages = {
        "invalid_login": _(
            "This user name, password or code is not right. After a few wrong attempts you have to wait a little. "
            "Are you sure of all three? Then use a recovery code, a browser in which you signed in before, or ask the "
            "people who run the portal for a new password."
        ),
        "inactive": _("This user name, password or code is not right."),
    }

    def clean(self) -> Any:
        """Check password and code; without a code app the password alone gives access to its setup only."""
        cleaned = super().clean()  # the password: counted and throttled per user name and address by axes
        member: Any = self.get_user()
        if member is None:
            return cleaned
        if not otp.has_device(member):
            if cleaned.get("code"):
                self._refuse()
            return cleaned
        request: Any = self.request  # the view always gives it
        now, code, browser = timezone.now(), cleaned.get("code") or "", known_browsers.of(request)
        allowed = limits.of_codes(request, member, browser=browser)
        looked_at = not (otp.is_of_app(code) and limits.codes_wait(allowed, now=now))
        member.otp_device = otp.verify(member, code, limits=allowed, now=now)
        if member.otp_device is None:
            if browser is None and code and looked_at:
                wrong_codes.tell(member, used_up=bool(limits.codes_wait(allowed, now=now)), now=now)
            self._refuse()
        return cleaned

    def _refuse(self) -> None:
        """Count a wrong code like a wrong password: else the lock-out would reveal that the password was right."""
        self.user_cache = None
        credentials = {"username": self.cleaned_data.get("username"), "password": "…"}
        user_login_failed.send(sender=__name__, credentials=credentials, request=self.request)
        raise self.get_invalid_login_error()


class CodeForm(forms.Form):
    """A code: of the app that is being set up, or to confirm who is there."""

    code = forms.CharField(label=_("code from your app"), max_length=20, widget=_code_input())
