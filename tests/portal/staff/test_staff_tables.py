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


def test_a_day_or_a_moment_stays_on_one_line():
    moment = '<th class="field-moment"><a href="/beheer/x/">29-11-2026 15:22</a></th>'
    assert '<span class="whole">29-11-2026 15:22</span></a>' in in_words(moment)
    assert in_words("<td>29-11-2026</td>") == '<td><span class="whole">29-11-2026</span></td>'
    assert in_words("<td>rekening 29-11-2026 1</td>") == "<td>rekening 29-11-2026 1</td>"
