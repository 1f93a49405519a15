"""The pages of the helpdesk. Paths are Dutch, names English."""

from django.urls import URLPattern, path

from helpdesk.assistant import pages as assistant

urlpatterns: list[URLPattern] = [
    path("hulp/", assistant.general, name="assistant"),
    path("rekening/<token:token>/hulp/", assistant.of_invoice, name="assistant_of_invoice"),
]
