"""A forgotten password: ask for a link by mail, and choose another password with link and code app."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from billing.colleagues import passwords
from billing.models import Staff
from guests import throttle
from guests.access import client_network
from portal.staff import idle, otp
from portal.staff.colleagues.invited import NewPasswordForm
from portal.staff.sign_in import limits

_OF_NETWORK = throttle.Limit("password-link", 10, 3600)
_OF_NAME = throttle.Limit("password-link-name", 3, 24 * 3600)


class NameForm(forms.Form):
    """Whose password was forgotten."""

    username = forms.CharField(
        label=gettext_lazy("user name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )


class AnewForm(NewPasswordForm):
    """The new password, and the code of the app."""

    code = forms.CharField(
        label=gettext_lazy("code from your app, or a recovery code"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Take a user name, and say the same whether there is such an account or not. 429 after many from one network."""
    idle.end_when_idle(request, now=timezone.now())
    form = NameForm(request.POST or None)
    asked = form.is_valid()
    if asked:
        now = timezone.now()
        if wait := throttle.take(_OF_NETWORK, client_network(request), now=now):
            response = render(request, "429.html", {"minutes": -(-wait // 60), "staff": True}, status=429)
            response.headers["Retry-After"] = str(wait)
            return response
        name = form.cleaned_data["username"]
        may_send = throttle.take(_OF_NAME, name, now=now) == 0  # its mailbox is nobody's to fill
        passwords.queue_link(name, may_send=may_send, now=now)
    context = {**admin.site.each_context(request), "title": _("Forgot your password?"), "form": form, "asked": asked}
    return render(request, "admin/practice/forgotten.html", context, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters("password", "again", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, link: str) -> HttpResponse:
    """Take another password from whoever has the link and a code; without an app, one is set up afterwards."""
    idle.end_when_idle(request, now=timezone.now())
    member = passwords.read(link)
    if member is None:
        context = {**admin.site.each_context(request), "title": _("This link does not work any more")}
        return render(request, "admin/practice/link_over.html", context, status=410)
    form = AnewForm(request.POST or None)
    with_app = otp.has_device(member)
    if not with_app:
        del form.fields["code"]
    if form.is_valid() and _is_right(request, form, member, with_app=with_app):
        messages.success(request, _("Your new password counts. Sign in with it."))
        return redirect("admin:login")
    context = {**admin.site.each_context(request), "title": _("Choose a new password"), "form": form, "member": member}
    return render(request, "admin/practice/new_password.html", context, status=422 if form.errors else 200)


def _is_right(request: HttpRequest, form: forms.Form, member: Staff, *, with_app: bool) -> bool:
    """Check the code and set the password; say at its field what is wrong. A right code needs a right password."""
    given: dict[str, Any] = form.cleaned_data
    now = timezone.now()
    try:
        passwords.check(member, given["password"])
    except ValidationError as error:
        form.add_error("password", error)
        return False
    if with_app:
        allowed = limits.of_codes(request, member, browser=None)
        if otp.verify(member, given["code"], limits=allowed, now=now) is None:
            form.add_error("code", _wrong(limits.codes_wait(allowed, now=now)))
            return False
    passwords.choose(member, given["password"], now=now)
    return True


def _wrong(seconds: int) -> str:
    """Return what is wrong with a code: when no more are looked at for so long, a right one is refused, too."""
    if not seconds:
        return _("This code is not right. Wait for the next code in your app and try again.")
    hours = -(-seconds // 3600)
    said = _("Too many wrong codes. Try again within %(hours)d hours, or use a recovery code now.")
    return said % {"hours": hours}
