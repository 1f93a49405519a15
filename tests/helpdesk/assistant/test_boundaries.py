"""What no machine answers: health, despair, and numbers that should not have been typed."""

import pytest

from helpdesk.assistant import boundaries
from helpdesk.models import UnansweredQuestion
from tests.helpdesk.assistant.test_pages import ask

DESPAIR = [
    "ik zie het niet meer zitten", "ik wil niet meer leven", "ik wil dood", "ik ben wanhopig door al die schulden",
    "ik denk aan zelfmoord", "I want to die", "I can't go on", "I am desperate", "ik ben ten einde raad",
    "ik wil er een einde aan maken", "mijn leven heeft geen zin meer", "there is no way out",
    "was ik maar dood", "ik ben liever dood", "ik wou dat ik dood was", "ik wil doodgaan", "ik kan niet meer verder",
    "ik kan niet verder", "ik wil niet meer verder", "I want to end it", "ik wil sterven", "ik wil mezelf ophangen",
    "ik ga me van kant maken", "ik stap eruit", "ik wil van het dak springen", "dan spring ik maar voor de trein",
    "zelfmoort", "zelfmort", "ik kan niet meer ik ben op", "beter dood", "ik wil mezelf dood maken", "kill my self",
    "i wanna die", "life is not worth living", "rather be dead", "suïcide", "ik kan niet meer verder, alles is op",
    "kendimi öldürmek istiyorum", "ölmek istiyorum", "intihar", "chcę umrzeć", "nie chcę żyć", "samobójstwo",
    "اريد ان اموت", "أريد أن أموت", "انتحار", "я хочу померти", "не хочу більше жити", "самогубство",
]  # fmt: skip
MEDICAL = [
    "mijn kies doet pijn", "my gums are bleeding", "mag ik paracetamol na de behandeling", "heb ik een kroon nodig?",
    "ik ben zwanger, kan de foto kwaad", "which medication can I take", "mijn tandvlees is ontstoken",
    "mijn beugel is los", "is roken gevaarlijk", "mijn kies zit los", "mijn kies doet pijn na de dure behandeling",
    "ik heb pijn op de borst", "I have chest pain", "ik krijg geen lucht", "I can't breathe", "heb ik een hartaanval?",
]  # fmt: skip
NEITHER = [
    "ik kan niet meer betalen", "mijn man is dood, wat moet ik met de rekening", "kan ik in termijnen betalen",
    "ik kan niet meer inloggen", "waarom is de behandeling zo duur", "I can't pay any more", "de link is dood",
    "mijn vader is overleden", "ik heb een vraag over mijn behandeling", "ik kies voor uitstel",
    "mijn man is dood", "mijn man was dood", "mijn moeder ging dood", "mijn moeder is overleden",
    "ik ben weduwe mijn man is dood", "ik ben op vakantie",
    "ik kan niet verder met betalen", "ik kan niet verder op de pagina", "ik kan zelf niet betalen",
    "wanneer moet ik voor de trein betalen", "kan ik er nog uit", "I can't pay, what now",
    "is deze link gevaarlijk?", "is deze mail gevaarlijk", "is het gevaarlijk om te betalen via de link",
    "is this link dangerous", "verdoving staat dubbel op rekening", "beugel is te duur",
    "mag ik los betalen voor de vulling aan mijn kies", "wie betaalt mijn paracetamol",
    "ik ben ziek en kan niet betalen", "ik vind de kies zeer duur",
    "mijn man had een beroerte en kan niet betalen", "hand op het hart, ik heb betaald",
    "the bill for my eyes is wrong",
]  # fmt: skip


@pytest.mark.parametrize("question", DESPAIR)
def test_words_of_despair_are_heard(question):
    assert boundaries.crossed(question) is boundaries.Boundary.DESPAIR


@pytest.mark.parametrize("question", MEDICAL)
def test_a_question_about_health_is_not_ours(question):
    assert boundaries.crossed(question) is boundaries.Boundary.MEDICAL


@pytest.mark.parametrize("question", NEITHER)
def test_a_question_about_paying_is_neither(question):
    assert boundaries.crossed(question) is None


@pytest.mark.django_db
def test_despair_leads_to_people_and_nothing_is_kept(client):
    page, _status = ask(client, "Ik zie het niet meer zitten door deze rekening")
    assert 'href="tel:113"' in page
    assert "huisarts" in page
    assert "Kan ik in termijnen betalen?" not in page
    assert not UnansweredQuestion.objects.exists()


@pytest.mark.django_db
def test_health_leads_to_the_care_provider_and_nothing_is_kept(client):
    page, _status = ask(client, "Mijn kies doet pijn")
    assert "Bel uw zorgaanbieder of uw huisarts" in page
    assert 'href="tel:112"' in page
    assert not UnansweredQuestion.objects.exists()


@pytest.mark.django_db
def test_who_types_a_number_reads_that_it_is_not_needed(client):
    page, _status = ask(client, "mijn bsn is 123456782, hoeveel moet ik betalen")
    assert "U typte een getal" in page
    assert "123456782" not in page.replace('value="mijn bsn is 123456782, hoeveel moet ik betalen"', "")
