"""Pages of the staff site that are not tables: signing in, the code app, recovery codes."""

from datetime import datetime, timedelta
from math import ceil
from typing import Any

import django_otp
import segno
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from billing import audit
from billing.errors import Refused
from billing.models import Staff
from portal.staff import idle, otp, sessions
from portal.staff.forms import CodeForm, StaffLoginForm
from portal.staff.sign_in import known_browsers, limits

KEY_IN_SESSION = "enrolment_key"  # per session, so that nobody is offered a secret that somebody else has seen
FEW_CODES = 3


class StaffLogin(LoginView):
    """The sign-in page. Django gives the session a new id when it succeeds."""

    authentication_form = StaffLoginForm
    template_name = "admin/login.html"
    next_page = "admin:index"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check what was typed, unless there were too many tries or too many people are signing in just now (429)."""
        now = timezone.now()
        browser = known_browsers.find(request, request.POST.get("username", ""))
        wait, used = limits.take(request, browser=browser, now=now)
        if wait:
            return _try_later(request, wait)
        if browser and (wait := _codes_used_up(request, browser, now=now)):
            limits.refund(used)
            return _codes_later(request, now + timedelta(seconds=wait))
        with limits.password_check(known=browser is not None) as may_check:
            if not may_check:
                limits.refund(used)
                return _try_later(request, limits.BUSY_SECONDS)
            response = super().post(request, *args, **kwargs)
        if request.user.is_authenticated:
            limits.refund(used)
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        """Sign in and record it."""
        member = form.get_user()
        response = super().form_valid(form)
        idle.begin(self.request, now=timezone.now())
        otp.record_sign_in(member)
        if getattr(member, "otp_device", None):
            known_browsers.remember(self.request, response, member)
            if otp.has_recovery_codes(member):
                _warn_when_few_codes(self.request, otp.recovery_codes_left(member))
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        """Record the failure and show the form again."""
        otp.record_failed_sign_in(form.data.get("username", ""))
        return super().form_invalid(form)


def _codes_used_up(request: HttpRequest, browser: known_browsers.KnownBrowser, *, now: datetime) -> int:
    """Return the seconds until a code of the app is looked at again in this known browser; 0 when it is now.

    Strangers never hear that their codes are used up. Only codes after the right password count, so that the answer,
    whenever it came, would tell them that the password they tried before was right.
    """
    if not otp.is_of_app(request.POST.get("code", "")):
        return 0
    member = Staff.objects.get(username=browser.username)
    return limits.codes_wait(limits.of_codes(request, member, browser=browser), now=now)


def _codes_later(request: HttpRequest, until: datetime) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": _("Sign in in another way"), "until": until}
    response = render(request, "admin/codes_used_up.html", context, status=429)
    response.headers["Retry-After"] = str(ceil((until - timezone.now()).total_seconds()))
    return response


def _try_later(request: HttpRequest, seconds: int) -> HttpResponse:
    response = render(request, "429.html", {"minutes": -(-seconds // 60), "staff": True}, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def _warn_when_few_codes(request: HttpRequest, left: int) -> None:
    if left <= FEW_CODES:
        text = ngettext("You have %(left)d recovery code left.", "You have %(left)d recovery codes left.", left)
        messages.warning(request, text % {"left": left} + " " + _("Make new ones under “Recovery codes”."))


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Set up the code app: the only page accessible with a password alone, and only while there is no app."""
    idle.end_when_idle(request, now=timezone.now())
    member: Any = request.user
    if not (member.is_authenticated and member.is_staff) or otp.has_device(member):
        return redirect("admin:index" if member.is_authenticated and member.is_verified() else "admin:login")
    key = request.session.setdefault(KEY_IN_SESSION, otp.new_key())
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            device, codes = otp.enrol(member, key=key, code=form.cleaned_data["code"])
        except Refused as refusal:
            form.add_error("code", str(refusal))
        else:
            del request.session[KEY_IN_SESSION]
            request.session.cycle_key()  # more rights: a new session id, against session fixation
            django_otp.login(request, device)
            response = _show_codes(request, codes)
            known_browsers.remember(request, response, member)
            return response
    drawing = segno.make(otp.app_address(member, key), error="m").svg_inline(border=3, light="#fff", omitsize=True)
    context = {"form": form, "secret": otp.secret_text(key), "qr": mark_safe(drawing)}  # noqa: S308  drawn here
    return _page(request, "admin/enrol.html", _("Set up your code app"), context)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Show how many recovery codes are left; POST with a code of the app makes ten new ones."""
    member: Any = request.user
    form = CodeForm(request.POST or None)
    if form.is_valid():
        allowed = limits.of_codes_in_session(request)
        if otp.verify(member, form.cleaned_data["code"], limits=allowed, now=timezone.now()):
            codes = otp.new_recovery_codes(member)
            sessions.end(member, by=audit.name_of(member), exclude=request.session.session_key)
            return _show_codes(request, codes)
        form.add_error("code", _("This code is not right. Wait for the next code in your app and try again."))
    context = {"form": form, "left": otp.recovery_codes_left(member)}
    return _page(request, "admin/recovery_codes.html", _("Recovery codes"), context)


@never_cache
@require_http_methods(["GET", "POST"])
def extend_session(request: HttpRequest) -> HttpResponse:
    """Extend the session and return to the page, or return the seconds left as JSON for the script.

    GET only tells the seconds left, without extending. (Signing in again also leads here.)
    """
    now = timezone.now()
    if request.method == "POST":
        idle.extend_session(request, now=now)
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"seconds": idle.seconds_left(request, now=now)})
    back = request.POST.get("next", "")
    own = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    return HttpResponseRedirect(back if own else reverse("admin:index"), status=303)


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponseRedirect:
    """Sign out, also somebody without a code app: Django's own view would refuse them, still signed in."""
    logout(request)
    return redirect("admin:login")


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    return _page(request, "admin/recovery_codes_shown.html", _("Your recovery codes"), {"codes": codes})


def _page(request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, {**admin.site.each_context(request), "title": title, **context})
