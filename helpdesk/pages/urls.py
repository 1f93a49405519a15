"""The pages of the helpdesk. Paths are Dutch, names English."""

from django.urls import URLPattern, path

from helpdesk.assistant import pages as assistant
from helpdesk.pages import genuine, messages

urlpatterns: list[URLPattern] = [
    path("hulp/", assistant.general, name="assistant"),
    path("rekening/<token:token>/hulp/", assistant.of_invoice, name="assistant_of_invoice"),
    path("rekening/<token:token>/bericht/", messages.show, name="message"),
    path("echt/", genuine.check, name="genuine"),
    path("echt/betaald/", genuine.paid, name="genuine_paid"),
]
