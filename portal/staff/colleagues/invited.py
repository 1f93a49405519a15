"""The page behind the link of an invitation: make an account, or add the practice to the one that is signed in."""

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

from billing.colleagues import invitations
from billing.errors import Refused
from billing.models import Invitation
from portal.staff import idle

_NEW = forms.PasswordInput(attrs={"autocomplete": "new-password"})


class NewPasswordForm(forms.Form):
    """A password that somebody chooses, typed twice."""

    password = forms.CharField(label=gettext_lazy("password"), max_length=200, strip=False, widget=_NEW)
    again = forms.CharField(label=gettext_lazy("the password again"), max_length=200, strip=False, widget=_NEW)

    def clean(self) -> dict[str, Any]:
        """Compare both."""
        cleaned = super().clean() or {}
        if cleaned.get("password") and cleaned.get("again") and cleaned["password"] != cleaned["again"]:
            self.add_error("again", _("The two passwords are not the same."))
        return cleaned


class AccountForm(NewPasswordForm):
    """The account of somebody new."""

    username = forms.CharField(
        label=gettext_lazy("user name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("username", "password", "again")


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, link: str) -> HttpResponse:
    """Show who invites to what, and accept. Looking consumes nothing: mail servers look, too."""
    idle.end_when_idle(request, now=timezone.now())
    invitation = invitations.read(link, now=timezone.now())
    if invitation is None:
        context = {**admin.site.each_context(request), "title": _("This invitation does not work any more")}
        return render(request, "admin/practice/invitation_over.html", context, status=410)
    member: Any = request.user
    if request.method == "POST" and "mine" in request.POST and member.is_authenticated and member.is_verified():
        return _accept(request, invitation, member)
    form = AccountForm(request.POST if "username" in request.POST else None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            invitations.accept_anew(invitation, username=given["username"], password=given["password"])
        except (ValidationError, Refused) as wrong:
            _add(form, wrong)
        else:
            messages.success(request, _("Your account is made. Sign in; after that you set up your code app."))
            return redirect("admin:login")
    return _page(request, invitation, form)


def _add(form: forms.Form, wrong: ValidationError | Refused) -> None:
    """Show each sentence at its field; one about no field of this form stands above all of them."""
    if isinstance(wrong, Refused):
        form.add_error(None, str(wrong))
        return
    for name, sentences in wrong.message_dict.items():
        for sentence in sentences:
            form.add_error(name if name in form.fields else None, sentence)


def _accept(request: HttpRequest, invitation: Invitation, member: Any) -> HttpResponse:
    try:
        invitations.accept(invitation, member)
    except Refused as refusal:
        return _page(request, invitation, AccountForm(), refusal=str(refusal))
    said = _("Added. Choose above for which practice you work: %(name)s.") % {"name": invitation.provider.name}
    messages.success(request, said)
    return redirect("admin:index")


def _page(request: HttpRequest, invitation: Invitation, form: forms.Form, *, refusal: str = "") -> HttpResponse:
    member: Any = request.user
    context = {
        **admin.site.each_context(request),
        "title": _("You are invited by %(name)s") % {"name": invitation.provider.name},
        "invitation": invitation,
        "form": form,
        "refusal": refusal,
        "signed_in": member.is_authenticated and member.is_verified(),
    }
    return render(request, "admin/practice/invitation.html", context, status=422 if refusal or form.errors else 200)
