"""Every mishap has a page of ours, in both languages, that says what to do."""

import threading

import psycopg
import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError, connection
from django.template.loader import render_to_string
from django.test import Client
from django.urls import include, path

from portal.pages import errors
from portal.pages.health import alive


def _raise(error):
    def view(request):
        raise error

    return view


def _away(error: psycopg.Error) -> OperationalError:
    """What Django makes of an error of the driver."""
    found = OperationalError(str(error))
    found.__cause__ = error
    return found


urlpatterns = [
    path("herstart/", _raise(_away(psycopg.errors.AdminShutdown("terminating connection")))),
    path("weg/", _raise(_away(psycopg.OperationalError("connection refused")))),
    path("verstrengeld/", _raise(_away(psycopg.errors.DeadlockDetected("deadlock detected")))),
    path("kapot/", _raise(RuntimeError("boom 123456782"))),
    path("geen-database/", _raise(OperationalError("down"))),
    path("verdacht/", _raise(SuspiciousOperation("odd"))),
    path("verboden/", _raise(PermissionDenied)),
    path("druk/", lambda request: errors.too_many(request, wait_seconds=61, failed=True)),
    path("healthz", alive),
    path("", include("portal.urls")),
]
handler400, handler403 = "portal.pages.errors.bad_request", "portal.pages.errors.forbidden"
handler404, handler500 = "portal.pages.errors.not_found", "portal.pages.errors.server_error"

PAGES = {
    "/verdacht/": (400, "Uw browser stuurde iets wat wij niet begrijpen", "Your browser sent something"),
    "/verboden/": (403, "U mag deze pagina niet bekijken", "You may not see this page"),
    "/bestaat-niet/": (404, "Deze pagina bestaat niet", "This page does not exist"),
    "/druk/": (429, "Over 2 minuten kunt u het opnieuw proberen", "You can try again in 2 minutes"),
    "/kapot/": (500, "Er ging bij ons iets mis", "Something went wrong on our side"),
    "/herstart/": (503, "Er ging bij ons iets mis", "Something went wrong on our side"),
    "/weg/": (503, "Er ging bij ons iets mis", "Something went wrong on our side"),
    "/verstrengeld/": (500, "Er ging bij ons iets mis", "Something went wrong on our side"),
    "/geen-database/": (500, "Er ging bij ons iets mis", "Something went wrong on our side"),
}


@pytest.fixture(autouse=True)
def _with_broken_pages(settings):
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_designed_page_without_touching_the_database(visitor, address, language):
    """No database mark: a query would fail this test."""
    status, dutch, english = PAGES[address]
    visitor.cookies["language"] = language
    response = visitor.get(address)
    page = response.content.decode()
    assert response.status_code == status
    assert response.headers.get("Retry-After") == {503: "5", 429: "61"}.get(status)
    assert (dutch if language == "nl" else english) in page
    assert f'<html lang="{language}">' in page
    assert 'href="/"' in page, "there is always a way out"
    assert "boom" not in page
    assert "testserver" in page or "127.0.0.1" in page, "the safety hints name our address"


def test_a_form_without_its_key_is_explained(visitor):
    strict = Client(enforce_csrf_checks=True)
    response = strict.post("/", {"reference": "1"})
    assert response.status_code == 403
    assert "Er is niets veranderd en niets betaald" in response.content.decode()


def test_a_host_that_is_not_ours_gets_400_without_its_name(visitor):
    response = visitor.get("/", headers={"host": "boos.example"})
    assert response.status_code == 400
    assert "boos.example" not in response.content.decode()


def test_the_page_of_the_lock_on_staff_names_a_time_too(rf):
    """django-axes renders it with a context of its own."""
    assert "15 minuten" in render_to_string("locked_out.html", {"username": "x"}, request=rf.get("/beheer/login/"))


def test_machines_get_short_answers(visitor):
    response = visitor.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_ready_while_the_database_answers(visitor):
    response = visitor.get("/readyz")
    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_not_ready_when_it_does_not(visitor, tmp_path):
    """In a thread, because a thread has a connection of its own: this one to a folder, or a name, of no database."""
    answers, nowhere = [], str(tmp_path) if connection.vendor == "sqlite" else "nowhere"

    def ask():
        connection.settings_dict = connection.settings_dict | {"NAME": nowhere}
        answers.append(visitor.get("/readyz"))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert [(a.status_code, a.content) for a in answers] == [(503, b"database\n")]


def test_security_txt_says_where_to_report(visitor):
    response = visitor.get("/.well-known/security.txt")
    assert response["Content-Type"].startswith("text/plain")
    lines = dict(line.split(": ", 1) for line in response.content.decode().splitlines())
    assert lines["Contact"].startswith("mailto:")
    assert {"Expires", "Canonical", "Preferred-Languages"} <= set(lines)
