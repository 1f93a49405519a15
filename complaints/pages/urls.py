"""The patient's pages of complaints. Paths are Dutch, names English."""

from django.urls import path

from complaints.pages import file, intake

STEPS = {"story": "verhaal", "who": "wie-bent-u", "check": "controleren"}
_BEGIN = "rekening/<token:token>/klacht/"

urlpatterns = [
    path(_BEGIN, intake.subject, name="complain"),
    path("klacht/", intake.subject, name="complain_without_invoice"),
    *(path(f"{_BEGIN}{at}/", getattr(intake, step), name=f"complain_{step}") for step, at in STEPS.items()),
    *(
        path(f"klacht/{at}/", getattr(intake, step), name=f"complain_{step}_without_invoice")
        for step, at in STEPS.items()
    ),
    path(f"{_BEGIN}dossier/", file.of_invoice, name="complaints_of_invoice"),
    path("klacht/<token:complaint>/", file.show, name="complaint"),
    path("klacht/<token:complaint>/ontvangst.pdf", file.receipt_pdf, name="complaint_receipt"),
    path("klacht/<token:complaint>/antwoord/", file.reply, name="complaint_reply"),
    path("klacht/<token:complaint>/niet-eens/", file.escalate, name="complaint_escalate"),
    path("klacht/<token:complaint>/intrekken/", file.withdraw, name="complaint_withdraw"),
]
