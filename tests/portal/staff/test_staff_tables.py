"""What Django draws in the tables of the desk, in words."""

import pytest
from django.utils import translation

from portal.templatetags.staff_tables import in_words


@pytest.mark.parametrize("name", ["icon-{}.svg", "icon-{}.0c4b6a4d5a8f.svg"])
@pytest.mark.parametrize(("icon", "words"), [("yes", "ja"), ("no", "nee"), ("unknown", "–")])
def test_yes_and_no_are_words(name, icon, words):
    drawn = f'<td><img src="/static/admin/img/{name.format(icon)}" alt="True"></td>'
    with translation.override("nl"):
        assert in_words(drawn) == f"<td>{words}</td>"
