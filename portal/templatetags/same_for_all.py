"""`{% same_for_all %}…{% endsame_for_all %}`: a part of a page that says the same to everybody, drawn once a language.

It is drawn with nothing of the request: what a page knows of a person can't get in, and so not out to another one.
"""

from typing import Any

from django import template
from django.conf import settings
from django.template.base import NodeList, Parser, Token
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from portal.context import facts

register = template.Library()


class SameForAll(template.Node):
    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist
        self._drawn: dict[tuple[Any, ...], SafeString] = {}

    def render(self, context: template.Context) -> SafeString:
        key = (get_language(), settings.PUBLIC_URL, settings.SANDBOX)  # two requests may draw it both: that is harmless
        if key not in self._drawn:
            blank = template.Context(facts())
            blank.template = context.template
            blank.render_context = context.render_context
            self._drawn[key] = self.nodelist.render(blank)
        return self._drawn[key]


@register.tag
def same_for_all(parser: Parser, token: Token) -> SameForAll:
    nodelist = parser.parse(("endsame_for_all",))
    parser.delete_first_token()
    return SameForAll(nodelist)
