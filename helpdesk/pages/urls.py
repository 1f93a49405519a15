"""The pages of the helpdesk. Paths are Dutch, names English."""

from django.urls import URLPattern, path

from helpdesk.assistant import pages as assistant
from helpdesk.pages import callbacks, genuine, messages

urlpatterns: list[URLPattern] = [
    path("hulp/", assistant.general, name="assistant"),
    path("rekening/<token:token>/hulp/", assistant.of_invoice, name="assistant_of_invoice"),
    path("rekening/<token:token>/bericht/", messages.show, name="message"),
    path("echt/", genuine.check, name="genuine"),
    path("echt/betaald/", genuine.paid, name="genuine_paid"),
    path("terugbellen/", callbacks.general, name="callback_general"),
    path("terugbellen/<token:token>/", callbacks.show, name="callback"),
    path("rekening/<token:token>/terugbellen/", callbacks.of_invoice, name="callback_of_invoice"),
]
