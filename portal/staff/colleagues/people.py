"""The colleagues of a practice: who they are, and what an approver does about them."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing import audit, rights
from billing.colleagues import accounts, invitations
from billing.errors import Refused
from billing.models import Invitation, Staff
from billing.text import posted
from portal.api import keys
from portal.staff import otp, sessions

ROLES = [(role.value, role.label) for role in (Staff.Role.CLERK, Staff.Role.APPROVER)]


# The codes are the words, so that the audit trail can tell them.
WHY = (
    ("works_here_no_longer", gettext_lazy("works here no longer")),
    ("away_for_a_while", gettext_lazy("away for a while")),
    ("works_here_again", gettext_lazy("works here again")),
    ("other_work", gettext_lazy("other work")),
    ("lost_the_phone", gettext_lazy("lost the phone")),
    ("account_may_be_misused", gettext_lazy("account may be misused")),
    ("spoken_to_in_person", gettext_lazy("spoken to in person")),
)


class InviteForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.EmailField(label=gettext_lazy("e-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=gettext_lazy("role"), choices=ROLES)


class SureForm(forms.Form):
    """Why somebody does this to a colleague: one of a few words, as the audit trail tells nothing about a person."""

    why = forms.ChoiceField(label=gettext_lazy("reason"), choices=[("", "–"), *WHY])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show who works for the practice; invite, block, let in again, change a role or take away a lost code app."""
    member: Any = request.user
    if member.provider_id is None:
        raise PermissionDenied
    if request.method != "POST":
        return _page(request, InviteForm())
    if not rights.may(member, accounts.ACT):
        raise PermissionDenied
    form = InviteForm(request.POST)
    act = request.POST.get("act", "")
    try:
        if act == "invite":
            if not form.is_valid():
                return _page(request, form)
            invitations.invite(form.cleaned_data["email"], form.cleaned_data["role"], by=member)
            said = _("The invitation has been sent. The link in it is good for seven days.")
        elif act == "withdraw":
            invitations.withdraw(_invitation(request, member), by=member)
            said = _("The invitation is withdrawn. Its link opens nothing any more.")
        elif act in _ACTS:
            colleague = _colleague(request, member)
            sure = SureForm(request.POST if "sure" in request.POST else None)
            if not sure.is_valid():
                return _ask(request, act, colleague, sure)
            said = str(_ACTS[act](colleague, member, request))
            because = sure.cleaned_data["why"]
            audit.record("staff_act_explained", by=audit.name_of(member), staff=colleague.pk, why=because)
        else:
            raise Http404
    except Refused as refusal:
        return _page(request, InviteForm(), refusal=str(refusal))
    messages.success(request, said)
    return HttpResponseRedirect(reverse("admin:colleagues"), status=303)


def _invitation(request: HttpRequest, member: Any) -> Invitation:
    found = Invitation.objects.filter(pk=posted.key(request, "row"), provider=member.provider_id).first()
    if found is None:
        raise Http404
    return found


def _colleague(request: HttpRequest, member: Any) -> Staff:
    key = posted.key(request, "row")
    found = next((one.staff for one in accounts.all_of(member.provider) if one.staff.pk == key), None)
    if found is None:
        raise Http404
    return found


def _block(colleague: Staff, member: Any, _request: HttpRequest) -> Any:
    accounts.block(colleague, by=member)
    done = _("Blocked. This person is signed out and can no longer see anything of this practice.")
    made = keys.made_by(audit.name_of(colleague), member.provider, now=timezone.now())
    if not made:
        return done
    names = ", ".join(f"{key.name} (…{key.public_id}…)" for key in made)
    still = _(
        "Keys of software that this person made still work: %s. Replace or revoke them under “Links with software”."
    )
    return f"{done} {still % names}"


def _unblock(colleague: Staff, member: Any, _request: HttpRequest) -> Any:
    accounts.unblock(colleague, by=member)
    return _("This person may work here again, with the same password and code app.")


def _change_role(colleague: Staff, member: Any, request: HttpRequest) -> Any:
    accounts.change_role(colleague, request.POST.get("role", ""), by=member)
    return _("The role is changed. It counts at once.")


def _reset(colleague: Staff, member: Any, _request: HttpRequest) -> Any:
    accounts.help_in_again(colleague, by=member, now=timezone.now())
    otp.reset(colleague, by=audit.name_of(member))
    sessions.end(colleague, by=audit.name_of(member))
    return _("The code app is removed. After the password this person sets up another one, and gets a mail about it.")


def _agree(colleague: Staff, member: Any, _request: HttpRequest) -> Any:
    accounts.agree(colleague, by=member)
    return _("Agreed. This person counts as one of two who decide together from now on.")


_ACTS: dict[str, Callable[[Staff, Any, HttpRequest], Any]] = {
    "block": _block,
    "unblock": _unblock,
    "role": _change_role,
    "reset": _reset,
    "agree": _agree,
}


# What is asked before an act: the question, and what it does.
_QUESTIONS = {
    "block": (
        gettext_lazy("Block %(name)s?"),
        gettext_lazy("This person is signed out at once and can no longer see anything of this practice."),
    ),
    "unblock": (
        gettext_lazy("Let %(name)s in again?"),
        gettext_lazy("This person can sign in again at once, with the same password, code app and role."),
    ),
    "role": (
        gettext_lazy("Give %(name)s another role?"),
        gettext_lazy("An approver decides about money, colleagues and settings. A clerk does what your table says."),
    ),
    "reset": (
        gettext_lazy("Remove the code app of %(name)s?"),
        gettext_lazy(
            "Do so only when you spoke to this person. They are signed out, get a mail, and set up another app after "
            "the password. Until another approver, or we, agree, they are not one of two persons who decide together."
        ),
    ),
    "agree": (
        gettext_lazy("Agree to %(name)s?"),
        gettext_lazy("Agree only when you know this person. From then on they are one of two who decide together."),
    ),
}


def _ask(request: HttpRequest, act: str, colleague: Staff, form: SureForm) -> HttpResponse:
    """Ask for a reason before something is done to a colleague; nothing has changed yet."""
    question, does = _QUESTIONS[act]
    context = {
        **admin.site.each_context(request),
        "title": question % {"name": colleague.username},
        "does": does,
        "act": act,
        "row": colleague.pk,
        "role": request.POST.get("role", ""),
        "form": form,
    }
    return render(request, "admin/practice/colleague_sure.html", context, status=422 if form.errors else 200)


def _page(request: HttpRequest, form: InviteForm, *, refusal: str = "") -> HttpResponse:
    member: Any = request.user
    people = accounts.all_of(member.provider)
    with_app = otp.who_has_a_device([one.staff.pk for one in people])
    open_ones = Invitation.objects.filter(provider=member.provider_id, ended_at=None).select_related("invited_by")
    context = {
        **admin.site.each_context(request),
        "title": _("Colleagues"),
        "people": [(one, one.staff.pk in with_app, one.staff.begins_at == member.provider_id) for one in people],
        "invitations": [(row, row.expires_at < timezone.now()) for row in open_ones.order_by("-pk")],
        "may_change": rights.may(member, accounts.ACT),
        "form": form,
        "refusal": refusal,
    }
    return render(request, "admin/practice/colleagues.html", context, status=422 if refusal or form.errors else 200)
