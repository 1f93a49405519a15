"""Who runs this site and by which rules: privacy, terms, contact, accessibility. For everybody, without an invoice."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe

PAGES = ("privacy", "terms", "contact", "accessibility")


@require_safe
def show(request: HttpRequest, page: str) -> HttpResponse:
    """Show one of PAGES in the reader's language; the numbers in it are those by which the product works."""
    return render(request, f"about/{page}.{translation.get_language()}.html", {"house": settings})
