"""The patient's pages of complaints. Paths are Dutch, names English."""

from django.urls import path
from django.views.generic import RedirectView

from complaints.pages import figures, file, intake, procedure, proof, signal

STEPS = {"story": "verhaal", "proof": "bewijs", "who": "wie-bent-u", "check": "controleren"}
_to_begin = RedirectView.as_view(pattern_name="complain", permanent=True)
_BEGIN = "rekening/<token:token>/klacht/"

urlpatterns = [
    path(_BEGIN, intake.subject, name="complain"),
    # Older mails and bookmarks lead here: one page for one wish.
    path("rekening/<token:token>/klopt-niet/", _to_begin, name="not_right"),
    path("rekening/<token:token>/klopt-niet/terug/", _to_begin, name="not_right_back"),
    path("klacht/signaal/", signal.give, name="complaint_signal"),
    path("klachtenregeling/", procedure.show, name="complaints_procedure"),
    path("klacht/cijfers/", figures.show, name="complaint_figures"),
    path("klacht/", intake.subject, name="complain_without_invoice"),
    *(path(f"{_BEGIN}{at}/", getattr(intake, step), name=f"complain_{step}") for step, at in STEPS.items()),
    *(
        path(f"klacht/{at}/", getattr(intake, step), name=f"complain_{step}_without_invoice")
        for step, at in STEPS.items()
    ),
    path(f"{_BEGIN}bewijs/<token:name>/terug/", intake.take_back, name="complain_file_back"),
    path("klacht/bewijs/<token:name>/terug/", intake.take_back, name="complain_file_back_without_invoice"),
    path(f"{_BEGIN}dossier/", file.of_invoice, name="complaints_of_invoice"),
    path("klacht/<token:complaint>/", file.show, name="complaint"),
    path("klacht/<token:complaint>/ontvangst.pdf", file.receipt_pdf, name="complaint_receipt"),
    path("klacht/<token:complaint>/bestanden/", proof.add, name="complaint_files"),
    path("klacht/<token:complaint>/bestanden/<token:name>/", proof.download, name="complaint_file"),
    path("klacht/<token:complaint>/bestanden/<token:name>/terug/", proof.take_back, name="complaint_file_back"),
    path(f"{_BEGIN}machtiging/<token:complaint>/", file.permission_of_invoice, name="complaint_permission_of_invoice"),
    path("klacht/<token:complaint>/namens/<token:name>/", file.spoken_for, name="complaint_spoken_for"),
    path("klacht/<token:complaint>/machtiging/", file.permission, name="complaint_permission"),
    path("klacht/<token:complaint>/antwoord/", file.reply, name="complaint_reply"),
    path("klacht/<token:complaint>/niet-eens/", file.escalate, name="complaint_escalate"),
    path("klacht/<token:complaint>/intrekken/", file.withdraw, name="complaint_withdraw"),
]
