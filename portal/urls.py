"""All addresses of the site. Paths are Dutch, names English."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from billing import rooms
from portal import about
from portal.api import described, page, site
from portal.pages import (
    arrangement,
    document,
    health,
    invoice,
    language,
    lookup,
    payment,
    proof,
    statement,
    steps,
    together,
)
from portal.pages.credit import views as credit
from portal.staff.practice import logo

urlpatterns = [
    path("", lookup.lookup, name="lookup"),
    path("rekening/<token:token>/", invoice.show, name="invoice"),  # Django looks from above, and most come here
    path("mollie/<str:token>/", payment.webhook, name="mollie_webhook"),
    *(path(f"{address}/", about.show, {"page": page}, name=page) for page, address in about.PAGES.items()),
    path("klaar/", invoice.finish, name="finish"),
    path("openen/<token:link>/", lookup.open_link, name="link"),
    path("openen/<token:link>/samen/", lookup.open_link, {"together": True}, name="link_together"),
    path("samen-betalen/", together.basket, name="pay_together"),
    *(url for room in rooms.announcements() for url in room.patient_urls),
    path("rekening/<token:token>/code/", document.code, name="code"),
    path("rekening/<token:token>/rekening.pdf", document.pdf, name="invoice_pdf"),
    path("rekening/<token:token>/creditnota/<int:note_id>.pdf", document.credit_note, name="credit_note_pdf"),
    path("rekening/<token:token>/inzage/", document.access_list, name="access_list"),
    path("rekening/<token:token>/betaalbewijs/", proof.show, name="proof"),
    path("rekening/<token:token>/betaalbewijs.pdf", proof.download, name="proof_pdf"),
    path("rekening/<token:token>/stappen/", steps.show, name="steps"),
    path("rekening/<token:token>/overzicht/", statement.show, name="statement"),
    path("rekening/<token:token>/overzicht/alles/", statement.all_invoices, name="statement_all"),
    path("rekening/<token:token>/overzicht.pdf", statement.pdf, name="statement_pdf"),
    path("rekening/<token:token>/overzicht.csv", statement.csv, name="statement_csv"),
    path("rekening/<token:token>/tegoed/", credit.show, name="credit"),
    path("rekening/<token:token>/tegoed/terug/", credit.ask, name="credit_back"),
    path("rekening/<token:token>/tegoed/gebruiken/", credit.use, name="credit_use"),
    path("rekening/<token:token>/langer/", document.extend_session, name="stay"),
    path("rekening/<token:token>/betalen/", payment.start, name="pay"),
    path("rekening/<token:token>/overmaken.svg", invoice.transfer_code, name="transfer_code"),
    path("rekening/<token:token>/uitstel/", arrangement.deferral, name="deferral"),
    path("rekening/<token:token>/betalingsregeling/", arrangement.plan, name="plan"),
    path("rekening/<token:token>/betaaldagen.ics", arrangement.calendar, name="plan_calendar"),
    path("betaling/<token:token>/", payment.returned, name="payment_return"),
    path("betaling/<token:token>/naar-uw-bank/", payment.bank, name="payment_bank"),
    path("betaling/<token:token>/status.json", payment.status, name="payment_status"),
    path("bestand/<token:file>/", document.file, name="file_of_a_moment"),
    path("logo/<token:token>/", logo.picture, name="practice_logo"),
    path("taal/", language.choose, name="set_language"),
    path("beheer/", admin.site.urls),
    path("api/", page.show, name="api_page"),
    path("api/v1/openapi.json", described.openapi, name="openapi"),
    path("api/v1/", site.urls()),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path(".well-known/security.txt", health.security_txt, name="security_txt"),
]
if settings.SANDBOX:
    urlpatterns.append(path("sandbox/", include("sandbox.urls")))

handler400 = "portal.pages.errors.bad_request"
handler403 = "portal.pages.errors.forbidden"
handler404 = "portal.pages.errors.not_found"
handler500 = "portal.pages.errors.server_error"
