"""The logo of a practice: an approver uploads it, it is rewritten like a stranger's file, and everybody may see it."""

import io
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from PIL import Image

from billing import audit, rights
from billing.errors import Refused
from billing.models import Staff
from billing.practices import logos
from billing.rooms import DeskPage
from guests.files import cleaning
from guests.files.row import GuestFile
from guests.uploads import takes_files_of_staff

MAX_UPLOAD = 2 * 1024 * 1024
MAX_WIDTH, MAX_HEIGHT = 1800, 900  # dots: three times what is shown
_PICTURES = (GuestFile.Kind.PNG, GuestFile.Kind.JPEG)


class LogoForm(forms.Form):
    """A picture."""

    logo = forms.FileField(
        label=gettext_lazy("Your logo"),
        help_text=gettext_lazy("PNG or JPEG, at most 2 MB. On white it looks best: about 600 by 200 dots."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
    )


@takes_files_of_staff
@never_cache
def show(request: HttpRequest) -> HttpResponse:
    """Show the logo and the form; POST takes another one, or removes it."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    member: Any = request.user
    may_act = rights.may(member, "practice")
    if request.method == "POST" and not may_act:
        raise PermissionDenied
    practice, by = member.provider, audit.name_of(member)
    if "remove" in request.POST:
        logos.remove(practice, by=by)
        return _done(request, _("The logo is removed."))
    form = LogoForm(request.POST, request.FILES) if request.method == "POST" else LogoForm()
    if request.method == "POST" and form.is_valid():
        try:
            kind, content = _rewritten(form.cleaned_data["logo"])
            logos.put(practice, content, kind, by=by)
        except Refused as refusal:
            form.add_error("logo", str(refusal))
        else:
            return _done(request, _("Patients see the new logo from now on."))
    context = {
        **admin.site.each_context(request),
        "title": _("Logo of the practice"),
        "practice": practice,
        "form": form,
        "may_act": may_act,
    }
    return render(request, "admin/practice/logo.html", context, status=422 if form.errors else 200)


def _rewritten(upload: Any) -> tuple[str, bytes]:
    """Return kind and bytes of a new picture. Raises Refused, with a sentence for staff."""
    if upload.size > MAX_UPLOAD:
        raise Refused(_("This file is larger than 2 MB. Save the picture smaller, and send that."))
    content = upload.read()
    kind = cleaning.kind_of(content)
    if kind not in _PICTURES:
        raise Refused(_("This is not a PNG or a JPEG. Save the picture as one of them, and send that."))
    try:
        clean = cleaning.clean(content, kind)
    except cleaning.FileRejected as rejected:
        raise Refused(str(rejected.reason.label)) from None
    except cleaning.SanitizerError:
        raise Refused(_("Something went wrong on our side. Try again in a minute.")) from None
    with Image.open(io.BytesIO(clean)) as picture:  # reads the size alone: a phone would have to draw all of it
        if picture.width > MAX_WIDTH or picture.height > MAX_HEIGHT:
            most = {"width": MAX_WIDTH, "height": MAX_HEIGHT}
            raise Refused(_("This picture is too large: at most %(width)d by %(height)d dots. Save it smaller.") % most)
    return kind.value, clean


def _done(request: HttpRequest, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    return HttpResponseRedirect(reverse("admin:practice_logo"), status=303)


@require_safe
def picture(request: HttpRequest, token: str) -> HttpResponse:
    """Send the logo with this token, of whichever practice; a browser may keep it, as another one has another token."""
    logo = logos.find(token)
    if logo is None:
        raise Http404
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Disposition": "inline"}
    return HttpResponse(bytes(logo.content), content_type=f"image/{logo.kind}", headers=headers)


def pages() -> tuple[DeskPage, ...]:
    """Return the address under /beheer/, for staff of a practice."""
    own = frozenset({str(Staff.Role.CLERK), str(Staff.Role.APPROVER)})
    return (DeskPage("praktijk/logo/", show, "practice_logo", own),)
