"""The files of the toy room, and the one line that installs it."""

FILES = {
    "settings.py": """
from tests.settings import *

INSTALLED_APPS = [*INSTALLED_APPS, "toy.room.ToyRoom"]
""",
    "toy/__init__.py": "",
    "toy/room.py": """
from billing.rooms import (
    Announcement, Beat, Daily, Desk, DeskPage, Export, HandOver, Happened, HoldReason, Intake, InvoicePanel,
    MessageKind, Room, Stops
)


class ToyRoom(Room):
    name = "toy"
    default_auto_field = "django.db.models.BigAutoField"
    house_rules = {"TOY_DAYS": 3}

    def announce(self):
        from django.db.models import Exists, OuterRef
        from django.urls import path
        from billing.submission.fields import Field
        from billing.submission.values import read_flag
        from toy import rules
        from toy.models import Toy

        return Announcement(
            patient_urls=[path("rekening/<token:token>/toy/", rules.page, name="toy")],
            desk=Desk(
                ("Toy",),
                "toy/desk.html",
                rules.desk,
                (DeskPage("speelgoed/<int:toy_id>/", rules.on_the_desk, "toy_page", frozenset({"approver"})),),
            ),
            daily=[Daily(50, rules.run_day)],
            beat={"toy": Beat("toy.work", 60.0, expires=60)},
            retention=rules.retention,
            export=Export("toys", rules.facts, rules.documents),
            messages={
                "toy_note": MessageKind(
                    frozenset({"colour"}), rules.may_send, sent=rules.sent, failed=rules.failed, bounced=rules.bounced
                )
            },
            audit_labels={"toy_made": "somebody made a toy"},
            hold_reasons={"toys": HoldReason("the toys are counted", frozenset({Stops.REMINDERS}))},
            staff_tasks={"toy_broken": "a toy is broken"},
            invoice_panel=InvoicePanel(
                {"has_toy": Exists(Toy.objects.filter(invoice=OuterRef("pk")))}, below="toy/panel.html"
            ),
            timeline=lambda invoice: [Happened(toy.made_at, "toy made") for toy in Toy.objects.filter(invoice=invoice)],
            hand_over=HandOver(rules.is_lent, rules.take_back),
            intake=Intake({"toy": Field(read_flag, default=False)}, lambda *said: None, rules.accept),
        )
""",
    "toy/models.py": """
from django.db import models
from django.utils import timezone


class Toy(models.Model):
    invoice = models.ForeignKey("billing.Invoice", models.PROTECT, related_name="toys")
    what = models.CharField(max_length=40)
    made_at = models.DateTimeField(default=timezone.now)
""",
    "toy/rules.py": """
from types import SimpleNamespace

from django.conf import settings
from django.http import HttpResponse

from billing.models import OutboxMessage
from guests.pages import session_ended, visible_invoice
from toy.models import Toy


def page(request, token):
    view = visible_invoice(request, token)
    return HttpResponse(f"toys of {view.number}") if view else session_ended(request)


def desk(request):
    return SimpleNamespace(waiting=Toy.objects.count())


def on_the_desk(request, toy_id):
    return HttpResponse(f"toy {toy_id}")


def run_day(today):
    for toy in Toy.objects.filter(what="new"):
        Toy.objects.create(invoice=toy.invoice, what=f"daily {settings.TOY_DAYS}")


def retention(today):
    return {"toys": Toy.objects.filter(what="old").delete()[0]}


def facts(invoice):
    return {"toys": [toy.what for toy in Toy.objects.filter(invoice=invoice)]}


def documents(invoice):
    return [("toy.txt", b"a drawing")]


def is_lent(invoice):
    return Toy.objects.filter(invoice=invoice, what="lent").exists()


def take_back(invoices, reason, by, today):
    lent = Toy.objects.filter(invoice__in=invoices, what="lent")
    keys = set(lent.values_list("invoice_id", flat=True))
    lent.update(what=f"back by {by}")
    return keys


def may_send(message, now):
    return "no toys any more" if not Toy.objects.filter(invoice=message.invoice_id).exists() else None


def sent(messages):
    for invoice in OutboxMessage.objects.filter(pk__in=messages).values_list("invoice", flat=True):
        Toy.objects.create(invoice_id=invoice, what="sent")


def failed(message):
    Toy.objects.create(invoice_id=message.invoice_id, what="failed")


def bounced(message, by):
    Toy.objects.create(invoice_id=message.invoice_id, what=f"bounced {by}")


def accept(new, today, by):
    Toy.objects.bulk_create(Toy(invoice=invoice, what="new") for invoice, checked in new if checked.invoice["toy"])
""",
    "toy/desk/__init__.py": "",
    "toy/desk/admin.py": """
from django.contrib import admin

from billing.desk.base import TenantAdmin
from toy.models import Toy


@admin.register(Toy)
class ToyAdmin(TenantAdmin):
    provider_path = "invoice__provider"
    list_display = ["what"]
""",
    "toy/templates/toy/desk.html": "<p>{{ panel.waiting }} toys wait</p>",
    "toy/jinja2/toy/panel.html": "{% if invoice.facts.has_toy %}<p>there are toys</p>{% endif %}",
    "toy/jinja2/messages/toy_note.nl.html": """
<html><head><title>Speelgoed</title></head><body><p>Het is {{ colour }}.</p></body></html>
""",
}
