"""What is drawn once for everybody is drawn in each language, and can hold nothing of one person."""

from django.template import engines
from django.utils import translation

PAGE = (
    "{% load i18n same_for_all %}{% same_for_all %}"
    "<p>{% translate 'Yes' %}|{{ name }}|{% csrf_token %}|{{ site_host }}</p>"
    "{% endsame_for_all %}{{ name }}"
)


def drawn(template, language, name):
    with translation.override(language):
        return template.render({"name": name, "csrf_token": "secret"})


def test_what_a_page_knows_of_a_person_never_gets_in(settings):
    settings.PUBLIC_URL = "https://rekening.example"
    template = engines["django"].from_string(PAGE)
    assert drawn(template, "nl", "Jansen") == "<p>Ja|||rekening.example</p>Jansen"
    assert drawn(template, "nl", "Bakker") == "<p>Ja|||rekening.example</p>Bakker"


def test_each_language_and_each_address_has_its_own(settings):
    template = engines["django"].from_string(PAGE)
    for host in ("a.example", "b.example"):
        settings.PUBLIC_URL = f"https://{host}"
        assert drawn(template, "nl", "") == f"<p>Ja|||{host}</p>"
        assert drawn(template, "en", "") == f"<p>Yes|||{host}</p>"
