"""How a page of the core speaks: translated, with the Dutch beside what weighs, and Dutch that says it is Dutch."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template import defaultfilters
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_noop
from jinja2 import Template, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from billing.rooms import Text
from portal.languages import EASY, OF_THE_CORE, WHOLE, as_tag, core

CERTIFIED = "certified"  # the context of a catalogue's entry that says so: see `portal.languages.compiling`
ELSEWHERE = gettext_noop("This page is not in your language yet. You read it in Dutch. Ask somebody who reads Dutch.")
BY_MACHINE = gettext_noop(
    "A computer made this translation. Where it says what you pay, until when and what your rights are, the Dutch text"
    " is beside it. The Dutch text counts."
)
_DUTCH = Markup('<span class="dutch" lang="nl" dir="ltr">{}</span>')
_PHRASE = Markup('<span class="dutch phrase" lang="nl" dir="ltr">{}</span>')
_ADDRESS = Markup('<bdi class="address" dir="ltr">{}</bdi>')
_ORDERED = Markup('<bdi class="ordered" dir="ltr">{}</bdi>')


def of_the_core() -> bool:
    """Return whether the page is in a language that has the core only."""
    return translation.get_language() in OF_THE_CORE


def gettext(message: str) -> str:
    """Return a text as markup, with the Dutch behind it where that counts; `{% trans %}` fills both in."""
    said = translation.gettext(message)
    if not _is_beside(message):
        return said
    with translation.override("nl"):
        return f"{said} {_DUTCH.format(Markup(translation.gettext(message)))}"  # noqa: S704  what our translators write


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return a text with a number in it, as `gettext`."""
    said = translation.ngettext(singular, plural, number)
    if not _is_beside(singular):
        return said
    with translation.override("nl"):
        return f"{said} {_DUTCH.format(Markup(translation.ngettext(singular, plural, number)))}"  # noqa: S704


def _is_beside(message: str) -> bool:
    return message in core.weighty() and of_the_core() and translation.pgettext(CERTIFIED, message) == message


def said(text: Text) -> Text | Markup:
    """Return what a rule says: with the Dutch beside it, and marked as Dutch when it has no translation."""
    if not of_the_core() or not isinstance(text, Promise):
        return text
    shown = str(text)
    with translation.override("nl"):
        dutch = str(text)
    if shown == dutch:
        return in_dutch(dutch)
    if dutch.endswith((".", "?")):
        return Markup("{} {}").format(shown, _DUTCH.format(dutch))
    return Markup("{} ({})").format(shown, _PHRASE.format(dutch))  # a part of a sentence, which goes on behind it


def in_dutch(text: Text) -> Text | Markup:
    """Return a sentence that no catalogue of the core has, marked as Dutch for who reads another language."""
    return Markup('<span lang="nl" dir="ltr">{}</span>').format(text) if text and of_the_core() else text


@pass_context
def piece(context: Context, template: str) -> Markup:
    """Render what a room shows within a page: in Dutch, and marked so, where the page is in a language of the core."""
    environment = context.environment
    if core.is_core(template) or not of_the_core():
        return _rendered(context, environment.get_template(template))
    with translation.override("nl"):
        dutch = (environment.linked_to or environment).get_template(template)
        return Markup('<div lang="nl" dir="ltr">{}</div>').format(_rendered(context, dutch))


def _rendered(context: Context, drawn: Template) -> Markup:
    """Render in this context: one of its own costs as much as the piece."""
    return Markup("".join(drawn.root_render_func(context)))  # noqa: S704  a template of ours, which escapes


def ordered(shown: Any) -> Any:
    """Return an amount, a day or a number so that a text from right to left can't turn it around."""
    return _ORDERED.format(shown) if shown and of_the_core() else shown


def capfirst(shown: Any) -> Any:
    """Return a text that begins with a capital: in Turkish an i becomes İ, and never I, which is another letter."""
    text = str(shown)
    turkish = text.startswith("i") and translation.get_language() == "tr"
    return f"İ{text[1:]}" if turkish else defaultfilters.capfirst(shown)


def address(shown: Any) -> Any:
    """Return an address of mail or web as `ordered`; a narrow page may break it, and no amount or day."""
    return _ADDRESS.format(shown) if shown and of_the_core() else shown


def page_language() -> str:
    """Return the tag of the language of this page."""
    return as_tag(translation.get_language() or settings.LANGUAGE_CODE)


def direction() -> Markup:
    """Return the attribute of a page that is read from right to left."""
    return Markup(' dir="rtl"') if translation.get_language_bidi() else Markup("")


def reader_of(request: HttpRequest) -> str:
    """Return the language that this person reads, which a page outside the core is not in."""
    return str(getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE))


def readers_choice(request: HttpRequest) -> Markup:
    """Return the name of the language that this person reads, as its speakers call it."""
    return _name_of(reader_of(request))


@cache
def _name_of(reads: str) -> Markup:
    return Markup('<span lang="{}">{}</span>').format(as_tag(reads), dict(settings.READERS)[reads])


@cache
def menu(reads: str) -> Markup:
    """Return a button for each language that a reader can choose from, `reads` marked as the one of now."""
    button = Markup('<li><button name="language" value="{}" lang="{}"{}>{}</button></li>\n')
    rows: Sequence[tuple[str, str]] = settings.READERS
    current = {reads: Markup(' aria-current="true"')}
    return Markup("").join(button.format(code, as_tag(code), current.get(code, ""), name) for code, name in rows)


def page_is_dutch(request: HttpRequest) -> Markup:
    """Return, in the reader's language, that this page is in Dutch; empty on a page that they can read."""
    reads = reader_of(request)
    return Markup("") if reads in WHOLE or translation.get_language() == reads else _remark(reads, ELSEWHERE)


def remark(request: HttpRequest) -> Markup:
    """Return, in the reader's language, that a computer translated this page; empty on any other page."""
    reads = reader_of(request)
    is_translated = reads not in WHOLE and reads != EASY and translation.get_language() == reads
    return _remark(reads, BY_MACHINE) if is_translated else Markup("")


def _remark(reads: str, message: str) -> Markup:
    with translation.override(reads):
        says = translation.gettext(message)
    return Markup('<p class="remark" lang="{}" dir="auto">{}</p>').format(as_tag(reads), says)
