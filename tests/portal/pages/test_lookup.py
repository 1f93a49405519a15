"""The front door: what people type into the one field, and what they are told."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.invoices import references
from billing.invoices.typed_references import read_reference
from billing.models import Invoice
from guests.models import Throttle
from tests import factories

VALID = "5000056789012345"  # the example of the Betaalvereniging


@pytest.mark.parametrize(
    "typed",
    [
        VALID,
        "5000 0567 8901 2345",
        "5000.0567.8901.2345",
        "5000-0567-8901-2345",
        "  5000 0567 8901 2345\n",
        "Betalingskenmerk: 5000 0567 8901 2345",
        "betalingskenmerk:5000056789012345.",
        "Kenmerk 5000 0567 8901 2345, te betalen € 45,50",
        "Betaal € 128,51 op NL91 ABNA 0417 1643 00 o.v.v. 5000 0567 8901 2345",
        "5000\u00a00567\u20098901\u202f2345",
        "5000\u20130567\u20138901\u20132345",
        "5000\u200b0567\u200b8901\u200b2345",
        "５０００ ０５６７ ８９０１ ２３４５",  # full-width digits
        "5000/0567/8901/2345",
        "5000,0567,8901,2345",
        "5000_0567_8901_2345",
        "5000 0567 89 01 2345",
        "5000 0567 8901 2345 6",
        "5000 0567 8901 2345 10-12-2026",
        "10-12-2026 5000 0567 8901 2345",
        "2026-0001 5000056789012345",
        "2026-0001 5000-0567-8901-2345 12345678",
        "45.00 5000 0567 8901 2345",
        "€ 45,00 5000 0567 8901 2345, 10/12/2026",
        "Factuur 2026-00123\r\n10-12-2026\n5000 0567 8901 2345\n€ 45,00\n",
        "5000 0567 8901 2345\n5000 0567 8901 2345",
        "5000\x000567\t8901 2345",
        "DE89 3704 0044 0532 0130 00 5000 0567 8901 2345",
        "RF18 5390 0754 7034, 5000 0567 8901 2345",
        "5OOO 0567 8901 2345",
        "5ooo-o567-89oI-2345",
        "50000567890l2345",
        "Kenmerk 5000 O567 8901 2345 te betalen",
    ],
)
def test_a_reference_is_read_however_it_is_written(typed):
    assert read_reference(typed) == VALID


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("5000 0567 8901 2346", "mistyped"),
        ("5000 0567 8910 2345", "mistyped"),
        ("Betalingskenmerk 5000 0567 8901 2354", "mistyped"),
        ("NL91 ABNA 0417 1643 00", "iban"),
        ("nl91abna0417164300", "iban"),
        ("NL91 ABNA 0417 1643 01", "iban"),  # mistyped, yet clearly one
        ("BE68 5390 0754 7034", "iban"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("12 2345 3462 2567", "other_party"),
        ("12 2345 3462 2568", "other_party"),  # no need to tell its typing mistakes
        ("82202600000017", "other_party"),
        ("2026-00123", "invoice_number"),
        ("F2026123", "invoice_number"),
        ("5000 0567 8901 234", "too_few"),
        ("5000 0567", "too_few"),
        ("1", "too_few"),
        ("50000567890123456", "too_many"),
        ("5000 0567 8901 2346 10-12-2026", "mistyped"),
        ("5OOO 0567 8901 2346", "mistyped"),
        ("RF18 5390 0754 7034", "rf"),
        ("rf18539007547034", "rf"),
        ("lol", "no_digits"),
        ("kwijt", "no_digits"),
        ("???", "no_digits"),
        ("5000 0567 8901 2345 of 5010 0021 6701 0010", "several"),
    ],
)
def test_every_mistake_gets_its_own_sentence(typed, code):
    with pytest.raises(ValidationError) as error:
        read_reference(typed)
    assert error.value.code == code


def test_any_single_wrong_digit_is_told_unless_the_check_digit_is_blind_to_it():
    wrong = [VALID[:place] + digit + VALID[place + 1 :] for place in range(16) for digit in "0123456789"]
    wrong = [typed for typed in wrong if typed != VALID]
    noticed = [typed for typed in wrong if not references.reference_is_valid(typed)]
    assert len(wrong) - len(noticed) <= 2
    for typed in noticed:
        with pytest.raises(ValidationError, match=r"typefout|typing mistake"):
            read_reference(typed)


def look_up(client, typed, **extra):
    return client.post(reverse("lookup"), {"reference": typed}, **extra)


def unknown_reference():
    while Invoice.objects.filter(payment_reference=(reference := references.new_reference())).exists():
        pass
    return reference


def without_secrets(response, typed):
    """The page without what differs by chance: CSRF masks and what was typed."""
    return re.sub(r'csrfmiddlewaretoken" value="\w+"', "", response.content.decode()).replace(typed, "TYPED")


@pytest.mark.django_db
class TestPage:
    def test_it_is_there_for_everybody(self, client):
        response = client.get("/")
        assert response.status_code == 200
        assert response.content.count(b"<input") - response.content.count(b'type="hidden"') == 1, "one field"
        assert "zorgrekening" not in response.cookies, "no session before there is a reason for one"

    def test_the_right_reference_opens_the_invoice_with_a_new_session(self, client):
        invoice = factories.invoice()
        client.session.save()
        before = client.session.session_key
        response = look_up(client, f"Betalingskenmerk: {invoice.payment_reference}")
        assert (response.status_code, response["Location"]) == (303, f"/rekening/{invoice.token}/")
        assert invoice.payment_reference not in response["Location"]
        assert client.session.session_key != before
        assert client.get(response["Location"]).status_code == 200

    @pytest.mark.parametrize("planted", ["a" * 32, "nobody-made-this"])
    def test_an_id_that_a_stranger_chose_is_never_taken(self, client, planted):
        client.cookies["zorgrekening"] = planted
        look_up(client, factories.invoice().payment_reference)
        assert client.session.session_key != planted

    def test_an_id_planted_before_is_worth_nothing_afterwards(self, client):
        invoice = factories.invoice()
        client.get("/")
        look_up(client, invoice.payment_reference)
        planted = client.session.session_key
        look_up(client, factories.invoice().payment_reference)
        client.cookies["zorgrekening"] = planted
        assert client.get(f"/rekening/{invoice.token}/").status_code == 303

    def test_the_reference_of_a_withdrawn_invoice_opens_the_page_that_says_so(self, client):
        withdrawn = factories.invoice(withdrawn_at=timezone.now())
        page = client.get(look_up(client, withdrawn.payment_reference)["Location"]).content.decode()
        assert "U hoeft deze rekening niet te betalen." in page

    def test_unknown_and_erased_are_the_same_to_the_byte(self, client, django_assert_num_queries):
        erased = factories.invoice(erased_at=timezone.now())
        answers = {}
        look_up(client, unknown_reference())  # the row of everybody is there, as always
        for number, typed in enumerate((unknown_reference(), erased.payment_reference)):
            with django_assert_num_queries(9):  # both limits, a search, three uses, a sweep, a warning, a transaction
                response = look_up(client, typed, REMOTE_ADDR=f"198.51.100.{number}")
            assert response.status_code == 200
            answers[typed] = without_secrets(response, typed)
        assert len(set(answers.values())) == 1
        assert "kennen dit betalingskenmerk niet" in response.content.decode()
        assert "zorgrekening" not in response.cookies

    def test_a_paid_invoice_can_still_be_opened(self, client):
        invoice = factories.invoice(amount="45.00", insurer_paid="45.00")
        assert look_up(client, invoice.payment_reference).status_code == 303

    def test_mistakes_are_explained_beside_the_field_and_above_it(self, client):
        page = look_up(client, "5000 0567 8901 2346").content.decode()
        assert "<title>Fout: " in page
        assert 'href="#id_reference"' in page
        assert 'aria-describedby="id_reference_helptext id_reference_error"' in page
        assert 'aria-invalid="true"' in page
        assert page.count("typefout") == 2
        assert 'value="5000 0567 8901 2346"' in page

    @pytest.mark.parametrize("typed", ["", "   ", "9 " * 490, "9" * 5000, "<script>", "'; DROP TABLE", "😀" * 20])
    def test_nonsense_is_answered_kindly(self, client, typed):
        response = look_up(client, typed)
        assert response.status_code == 200
        assert 'role="alert"' in response.content.decode()
        assert "<script>" not in response.content.decode()

    @pytest.mark.parametrize("typed", ["\x00", "kwijt\x00", "\x1b[2J"])
    def test_control_characters_get_no_sentence_of_their_own(self, client, typed):
        page = look_up(client, typed).content.decode()
        assert "betalingskenmerk" in page.lower()
        assert "Null" not in page

    def test_a_nul_in_a_right_reference_is_refused_and_opens_nothing(self, client):
        invoice = factories.invoice()
        assert look_up(client, f"{invoice.payment_reference}\x00").status_code == 400
        assert client.get(f"/rekening/{invoice.token}/").status_code == 303

    def test_other_verbs_are_refused(self, client):
        assert client.put("/").status_code == 405
        assert client.delete("/").status_code == 405


@pytest.mark.django_db
class TestLimit:
    def test_typing_mistakes_cost_nothing(self, client):
        for _ in range(20):
            look_up(client, "5000 0567 8901 2346")
        assert Throttle.objects.count() == 0

    def test_after_five_failures_a_page_says_when_to_come_back(self, client):
        invoice = factories.invoice()
        for _ in range(5):
            assert look_up(client, unknown_reference()).status_code == 200
        response = look_up(client, invoice.payment_reference)
        assert response.status_code == 429
        assert 0 < int(response["Retry-After"]) <= 15 * 60
        assert "Over 10 minuten kunt u het opnieuw proberen" in response.content.decode()
        assert look_up(client, invoice.payment_reference, REMOTE_ADDR="198.51.100.7").status_code == 303

    def test_right_look_ups_without_a_cookie_make_few_sessions(self, settings):
        settings.LOOKUP_SESSIONS_PER_HOUR = 5
        invoice = factories.invoice()
        found = [look_up(Client(), invoice.payment_reference).status_code for _ in range(12)]
        assert found == [303] * 5 + [429] * 7
        forged = Client()
        forged.cookies["zorgrekening"] = "a" * 32
        refused = look_up(forged, invoice.payment_reference)
        assert refused.status_code == 429
        assert "niet lukten" not in refused.content.decode(), "none of them failed"
        assert Session.objects.count() == 5
        assert look_up(Client(), invoice.payment_reference, REMOTE_ADDR="198.51.100.7").status_code == 303
        assert look_up(Client(), factories.invoice().payment_reference).status_code == 303

    def test_finding_invoices_never_runs_out(self, client):
        invoice = factories.invoice()
        for _ in range(15):
            assert look_up(client, invoice.payment_reference).status_code == 303
