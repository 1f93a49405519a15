"""One indexed query, one template, and one row written: what everybody's page and everybody's inbox cost at least."""

import os

from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.bare.settings")
application = get_wsgi_application()


class Bill(models.Model):
    """The table of our invoices, with the columns that the template shows."""

    token = models.CharField(max_length=32, unique=True)
    number = models.CharField(max_length=40)
    payment_reference = models.CharField(max_length=16, unique=True)
    issued_on = models.DateField()
    due_on = models.DateField()

    class Meta:
        app_label, managed, db_table = "bare", False, "billing_invoice"

    def __str__(self) -> str:
        return self.number


def show(request: HttpRequest, page: str, token: str) -> HttpResponse:
    return render(request, f"{page}.html", {"bill": get_object_or_404(Bill, token=token)})


urlpatterns = [path("<str:page>/<str:token>/", show)]
