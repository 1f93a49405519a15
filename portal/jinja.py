"""How guests' pages and mails are rendered: Jinja2 through Django's backend, escaped, in the reader's language.

The staff site is Django's admin and stays on Django's templates (templates/staff).
"""

import re
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache, partial
from typing import Any

from django.conf import settings
from django.template import defaultfilters
from django.templatetags.static import static as django_static
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from jinja2 import Environment, StrictUndefined, Template, nodes
from jinja2.ext import Extension, InternationalizationExtension
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser
from markupsafe import Markup, escape
from phonenumber_field.phonenumber import to_python

from billing import office_hours, rooms
from billing.invoices.references import grouped
from billing.templatetags.money import euro, euro_in
from guests.converters import TokenConverter
from guests.gate import session_end
from guests.kept import page_of
from portal.languages import OF_THE_CORE, words

_LONG = Decimal(100_000)
_INCLUDED = re.compile(r'{% include "([^"]+)" %}\n?')
_OF_A_DAY = (None, "Y-m-d", "j F", "SHORT_DATE_FORMAT")  # forms without a time
_OF_A_MINUTE = (None, "H:i")  # forms of a time without its seconds
_NO_INVOICE = "of-no-invoice"  # no secret: where the token stands in a path
_PLACE = re.compile(r"%\((\w+)\)s")  # of a value in a sentence
_is_token = re.compile(TokenConverter.regex).fullmatch
# Functions that with a literal alone are always the same.
_SAME_FOR_A_LANGUAGE = ("_", "url", "static", "icon", "logo", "page_language", "direction")


class OfLanguages(Environment):
    """Compiles each template once for each language, with `Literals` in it; `language` is that of an overlay."""

    language = ""

    def get_template(self, name: str | Template, parent: str | None = None, globals: Any = None) -> Template:
        """Return the template, compiled for the reader's language, or for the language of the one that includes it."""
        of = self if self.language else self._overlays.get(translation.get_language() or "", self)
        return super(OfLanguages, of).get_template(name, parent, globals)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return what a template may use as one mapping: Jinja's chain of two takes longer to copy, for every page."""
        return {**self.globals, **(d or {})}

    @cached_property
    def _overlays(self) -> Mapping[str, "OfLanguages"]:
        made = {}
        for language, _name in settings.READERS:
            made[language] = self.overlay()
            made[language].language = language
            if language not in OF_THE_CORE:
                made[language].filters = self.filters | _filters_of_a_whole_language(language)
        return made


class Literals(Extension):
    """Writes what is the same for all readers of a language into the compiled template: `{{ _("To pay") }}`.

    Half of the page of an invoice is such texts, and looking each up for each request took a fifth of its time.
    """

    environment: OfLanguages

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Write what a template includes by its name into it: a context for each of twenty parts took a tenth."""
        return _INCLUDED.sub(self._included, source) if self.environment.language else source

    def _included(self, found: re.Match[str]) -> str:
        loader: Any = self.environment.loader
        source, _filename, _uptodate = loader.get_source(self.environment, found[1])
        return _INCLUDED.sub(self._included, source.removesuffix("\n"))

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Replace each expression that is a function with a literal, or the address of what a token names."""
        held: list[Token] = []
        for token in stream:
            if token.type == "variable_begin" and self.environment.language:
                yield from held
                held = []
            elif not held:
                yield token
                continue
            held.append(token)
            if token.type == "variable_end":
                yield from self._written(held)
                held = []
        yield from held

    def _written(self, tokens: list[Token]) -> list[Token]:
        begin, function, *call, end = tokens
        kinds = [token.type for token in call]
        of_one = kinds[:3] == ["lparen", "string", "comma"] and kinds.count("comma") == 1
        if function.value == "url" and of_one and call[-2].value == "token":  # {{ url("…", ….token) }}
            before, after = (Token(function.lineno, "data", part) for part in _around_token(call[1].value))
            return [before, begin, *call[3:-1], end, after]
        if function.value not in _SAME_FOR_A_LANGUAGE or kinds not in (
            ["lparen", "string", "rparen"],
            ["lparen", "rparen"],
        ):
            return tokens
        literal = [token.value for token in call[1:-1]]
        known: Any = self.environment.globals[function.value]
        with translation.override(self.environment.language):
            return [Token(function.lineno, "data", str(escape(known(*literal))))]


class Sentences(InternationalizationExtension):
    """Writes a sentence with values into the compiled template: `{% trans %}Pay {{ amount }}{% endtrans %}`.

    It becomes text and values, as if the translator had written the template. One with a plural is looked up as it was.
    """

    environment: OfLanguages

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """Replace the call that looks the sentence up, where the language is known."""
        parsed = super().parse(parser)
        match parsed:
            case nodes.Output(
                nodes=[nodes.Call(node=nodes.Name(name="gettext"), args=[nodes.Const(value=message)], kwargs=values)]
            ) if self.environment.language:
                return self._written(message, {value.key: value.value for value in values}, parsed.lineno)
        return parsed

    def _written(self, message: str, values: Mapping[str, nodes.Expr], lineno: int) -> nodes.Output:
        with translation.override(self.environment.language):
            said = words.gettext(message)
        parts = enumerate(_PLACE.split(said))  # a text, a name, a text, …
        shown = [
            values[part] if place % 2 else nodes.TemplateData(part.replace("%%", "%"), lineno=lineno)
            for place, part in parts
        ]
        return nodes.Output(shown, lineno=lineno)


def environment(**options: Any) -> Environment:
    """Return the environment of all Jinja2 templates.

    An undefined name is an error and never an empty string: on a bill that string may be the amount.
    """
    options |= {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    made = OfLanguages(**options, extensions=[Sentences, Literals])
    made.install_gettext_callables(  # type: ignore[attr-defined]  # by the extension
        words.gettext,
        words.ngettext,
        newstyle=True,
        pgettext=translation.pgettext,
        npgettext=translation.npgettext,
    )
    made.globals |= _globals()
    made.filters |= _filters()
    drawings: Any = made.get_template("components/drawings.html").module
    made.globals |= {"icon": drawings.icon, "logo": drawings.logo}
    return made


def _globals() -> dict[str, Any]:
    """Return the functions that every template may call."""
    return {
        "_": text,
        "amount_class": amount_class,
        "direction": words.direction,
        "get_language": translation.get_language,
        "has_the_core_only": words.of_the_core,
        "language_menu": words.menu,
        "page_language": words.page_language,
        "piece": words.piece,
        "reader_of": words.reader_of,
        "readers_choice": words.readers_choice,
        "page_is_dutch": words.page_is_dutch,
        "remark": words.remark,
        "session_end": session_end,
        "open_now": open_now,
        "page_of": page_of,
        "page_if_wrong": rooms.page_if_wrong,
        "page_if_unable": rooms.page_if_unable,
        "static": static,
        "url": url,
        "warnings": rooms.warnings,
    }


def _filters() -> dict[str, Any]:
    """Return the filters of every template."""
    return {
        "address": words.address,
        "capfirst": words.capfirst,
        "date": show_date,
        "days_left": days_left,
        "email": email,
        "euro": show_euro,
        "floatformat": show_number,
        "grouped": show_grouped,
        "in_dutch": words.in_dutch,
        "phone": phone,
        "phone_address": phone_address,
        "linebreaksbr": defaultfilters.linebreaksbr,
        "ordered": words.ordered,
        "said": words.said,
        "time": show_time,
        "truncatechars": defaultfilters.truncatechars,
        "urlize": defaultfilters.urlize,
    }


def _filters_of_a_whole_language(language: str) -> dict[str, Any]:
    """Return those filters that have nothing to add in a language in which every text is there, and need not ask it."""
    return {
        "date": partial(written_date, language=language),
        "euro": partial(euro_in, language=language),
        "grouped": grouped,
        "in_dutch": as_it_is,
        "ordered": as_it_is,
        "said": as_it_is,
    }


def as_it_is(shown: Any) -> Any:
    """Return what is shown."""
    return shown


def text(message: str) -> Markup:
    """The translation of a text without values; of one with values `{% trans %}` makes the sentence."""
    return Markup(words.gettext(message))  # noqa: S704  what our translators write is markup


@cache  # what collectstatic made does not change while we run
def static(path: str) -> str:
    """The address of a static file, with its hash."""
    return django_static(path)


def url(name: str, *arguments: Any) -> str:
    """Return the path of the page `name`; most are about what one token names."""
    if not arguments:
        return _path(name)
    if len(arguments) == 1 and isinstance(arguments[0], str) and _is_token(arguments[0]):
        before, after = _around_token(name)
        return f"{before}{arguments[0]}{after}"
    return reverse(name, args=arguments)


def _around_token(name: str) -> tuple[str, str]:
    """Return what stands before and after the token in the path of the page `name`."""
    before, _token, after = _path(name, _NO_INVOICE).partition(_NO_INVOICE)
    return before, after


@cache  # by the names of our pages, and of no token but one that names nothing
def _path(name: str, *arguments: str) -> str:
    return reverse(name, args=arguments)


def show_date(day: date | datetime | None, form: str | None = None) -> Any:
    """Return `day` as `written_date` writes it, safe from a text that turns it around."""
    written = written_date(day, form)
    return words.ordered(written) if form is None else written


def written_date(day: date | datetime | None, form: str | None = None, *, language: str | None = None) -> str:
    """Return `day` in the date format of `language`, that of the reader, or in the Django format `form`.

    Empty for None.
    """
    local = _as_local(day)
    if isinstance(local, datetime) and form in _OF_A_DAY:
        local = local.date()
    if type(local) is date:
        return _written(local, form, language or translation.get_language())
    return defaultfilters.date(local, form)


def show_euro(amount: Decimal) -> Any:
    """Return an amount as `euro` writes it."""
    return words.ordered(euro(amount))


def show_grouped(reference: str) -> Any:
    """Return a payment reference in its four groups."""
    return words.ordered(grouped(reference))


@lru_cache(maxsize=4096)  # the lines of a statement share their days, and each day costs a third of a millisecond
def _written(day: date, form: str | None, _language: str | None) -> str:
    return defaultfilters.date(day, form)


def show_time(moment: datetime | time | None, form: str | None = None) -> str:
    """Return the local time of `moment` in the format of the reader's language; empty for None."""
    local = _as_local(moment)
    if local is None or form not in _OF_A_MINUTE:
        return defaultfilters.time(local, form)
    return _written_time(time(local.hour, local.minute), form, translation.get_language())


@lru_cache(maxsize=4096)  # each page says when it closes
def _written_time(moment: time, form: str | None, _language: str | None) -> str:
    return defaultfilters.time(moment, form)


def show_number(number: Decimal | int) -> str:
    """Return a number, such as a rate of interest, as the reader's language writes it."""
    return _written_number(number, translation.get_language())


@lru_cache(maxsize=256)  # there are few rates
def _written_number(number: Decimal | int, _language: str | None) -> str:
    return defaultfilters.floatformat(number)


def _as_local(value: Any) -> Any:
    return localtime(value, timezone.get_default_timezone()) if isinstance(value, datetime) else value


def phone(number: Any) -> Any:
    """Return the phone number of a practice or an agency as people in the Netherlands write it."""
    return words.ordered(_forms(str(number))[0]) if number else ""


def phone_address(number: Any) -> str:
    """Return the address (tel:…) that calls the phone number of a practice or an agency."""
    return _forms(str(number))[1] if number else ""


@lru_cache(maxsize=4096)  # numbers that everybody may call; to read one and write it takes a third of a millisecond
def _forms(number: str) -> tuple[str, str]:
    read = to_python(number)
    return str(read.as_national), str(read.as_rfc3966)


def email(address: str) -> Markup:
    """Return an e-mail address that a narrow page breaks behind its @ or before a dot, not before its last letter."""
    if not address:
        return Markup("")
    local, at, domain = str(escape(str(address))).rpartition("@")
    return Markup(f"{local}{at}<wbr>{domain.replace('.', '<wbr>.')}")  # noqa: S704  escaped above


def open_now() -> str:
    """Say whether somebody answers our telephone now; empty where no hours are set."""
    return office_hours.now_in_words(timezone.now())


def amount_class(value: Decimal) -> str:
    """Return the class of an amount in large type: `long` when it needs smaller digits to stay in one line."""
    return "amount long" if value >= _LONG else "amount"


def days_left(due_on: date, today: date) -> str:
    """Return the number of days until the due date, in brackets."""
    days = (due_on - today).days
    if days == 0:
        return _("(that is today)")
    return ngettext("(%(days)d more day)", "(%(days)d more days)", days) % {"days": days}
