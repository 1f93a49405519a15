"""Parts of Python, Django and browsers that turn data into code are not used, or in named places only."""

import re

import pytest
from django.conf import settings
from django.template import engines
from django.utils import translation
from jinja2 import UndefinedError

from portal.celery import app
from tests.test_architecture import ROOT, SOURCES, name_of, reached

SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Help texts are Django's own and ours; the drawings are made by segno of what is ours.
MARKED_SAFE = {
    "templates/django/forms/field.html": ["field.help_text|safe"],
    "templates/pdf/invoice.html": ["qr|safe", "transfer_qr|safe"],
}
# Two write XML of our own facts; one reads that of strangers, and one in the sandbox our own orders. Both of these
# refuse every DOCTYPE and entity before it is parsed.
XML = {
    "banking/orders/pain001.py", "banking/writing/camt053.py", "billing/text/xml.py", "sandbox/current_account.py"
}  # fmt: skip
IN_SCRIPTS = (
    r"\beval\(", r"new Function", "innerHTML", "outerHTML", "insertAdjacentHTML", r"document\.write", "javascript:",
    "localStorage", "sessionStorage", "indexedDB", r"document\.cookie", "postMessage", "__proto__",
    r"https?://",
)  # fmt: skip


def test_no_source_reads_code_out_of_data():
    parts = ("pickle", "marshal", "shelve", "yaml", "xml", "lxml", "importlib.util", "ctypes.pythonapi")
    reading = {name_of(path): found for path in SOURCES if (found := reached(path, *parts))}
    assert set(reading) <= XML
    assert all(" xml." in what for name in reading for what in reading[name])
    made = re.compile(r"(?<![\w.])(eval|exec|compile)\(|((?<!message_)from_string|\bTemplate)\(")  # a message is parsed
    assert [name_of(path) for path in SOURCES if made.search(path.read_text())] == [], "no code or template from text"


def test_no_script_makes_markup_of_text_or_keeps_anything():
    assert SCRIPTS
    found = {name_of(path): [word for word in IN_SCRIPTS if re.search(word, path.read_text())] for path in SCRIPTS}
    assert {name: words for name, words in found.items() if words} == {}


def test_templates_escape_all_but_drawings_of_our_own():
    marked = {name_of(path): path.read_text() for path in TEMPLATES if re.search(r"\|\s*safe\b", path.read_text())}
    assert set(marked) == set(MARKED_SAFE)
    for name, words in MARKED_SAFE.items():
        assert re.findall(r"[\w.]+\s*\|\s*safe\b", marked[name]) == words
    for path in TEMPLATES:
        assert not re.search(r"autoescape\s+(off|false)|safeseq", path.read_text()), name_of(path)


def test_jinja2_escapes_and_only_our_own_words_are_translated():
    """A translation may hold markup, so what is looked up in the catalogue is never something that came in."""
    environment = engines["jinja2"].env
    assert environment.autoescape is True
    text = "{{ name }} {% trans who=name %}To {{ who }}{% endtrans %}"
    assert environment.from_string(text).render(name="<b>").count("&lt;b&gt;") == 2
    for path in TEMPLATES:
        assert not re.search(r"\b_\((?![\"'])", path.read_text()), name_of(path)


def test_only_what_is_the_same_for_a_language_is_written_into_its_templates():
    of = {}
    for language in ("nl", "en"):
        with translation.override(language):
            of[language] = engines["jinja2"].env.get_template("base.html").environment
    assert of["nl"] is not of["en"]
    once, anew = '{{ _("Terms") }} {{ url("contact") }}', '{{ _("Terms")|capfirst }} {{ url(name) }}'
    with translation.override("en"):
        made = of["nl"].from_string(f"{once} {anew} {{{{ word }}}}").render(name="terms", word="<b>")
    assert made == "Voorwaarden /contact/ Terms /voorwaarden/ &lt;b&gt;"


def test_a_name_that_a_template_was_not_given_is_an_error():
    for text in ("{{ amount }}", "{% if amount %}1{% endif %}", "{{ invoice.amount }}"):
        with pytest.raises(UndefinedError):
            engines["jinja2"].env.from_string(text).render(invoice={})


def test_what_is_kept_or_sent_between_processes_is_json():
    assert list(app.conf.accept_content) == ["json"]
    assert app.conf.task_serializer == "json"
    assert settings.SESSION_SERIALIZER.endswith(".JSONSerializer")


def test_no_cache_holds_what_was_on_a_page():
    assert settings.CACHES == {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    using = [name_of(path) for path in SOURCES if reached(path, "django.core.cache")]
    assert using == []
    assert not [name for name in settings.MIDDLEWARE if "cache" in name.lower()]
