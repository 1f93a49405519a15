"""Who may judge a complaint, as the database keeps it: the second line is others, and nobody judges themselves."""

import pytest
from django.db import IntegrityError, transaction

from complaints import answers, handling
from complaints.models import Answer, Complaint
from tests import factories
from tests.complaints.test_files import TODAY, drafted, filed, fresh, point

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def people():
    return [factories.staff(role="operations", provider=None) for _ in range(5)]


@pytest.fixture
def second_line(people, settings):
    """Return a file in the second line: the first wrote the answer, the second agreed, the third acknowledged it."""
    settings.COMPLAINTS_SECOND_PERSON_ABOVE = 0
    writer, agreed, handler = people[:3]
    complaint = filed(factories.invoice(amount="100.00"))
    handling.acknowledge(complaint.pk, text="Ik kijk ernaar.", staff=handler)
    draft = drafted([point("partly")], wanted=answers.remedies.Wanted(lower_to=answers.Decimal(50)))
    answers.answer(complaint.pk, draft, staff=writer)
    answers.confirm(complaint.pk, staff=agreed)
    handling.escalate(complaint.pk, text="", today=TODAY)
    return fresh(complaint)


def refused(act):
    with pytest.raises(IntegrityError), transaction.atomic():
        act()
    return True


def given(complaint, **by):
    return lambda: Answer.objects.create(complaint=complaint, line=2, **by)


def test_the_database_refuses_a_second_answer_of_whoever_had_part_in_the_first(second_line, people):
    writer, agreed, _handler, other, another = people
    for person in (writer, agreed):
        assert refused(given(second_line, written_by=person))
        assert refused(given(second_line, written_by=other, confirmed_by=person))
        assert refused(lambda p=person: Complaint.objects.filter(pk=second_line.pk).update(second_handler=p))
        with pytest.raises(answers.Refused):
            answers.answer(second_line.pk, drafted([point()]), staff=person)
    row = given(second_line, written_by=other, confirmed_by=another)()
    assert refused(lambda: Answer.objects.filter(pk=row.pk).update(confirmed_by=agreed))
    Complaint.objects.filter(pk=second_line.pk).update(second_handler=other)


def test_the_database_refuses_an_answer_of_whom_it_is_about(second_line, people):
    writer, agreed, _handler, other, another = people
    for person in (writer, agreed):
        assert refused(lambda p=person: Complaint.objects.filter(pk=second_line.pk).update(about=p))
        with pytest.raises(answers.Refused):
            handling.set_about(second_line.pk, person=person, staff=other)
    handling.set_about(second_line.pk, person=other, staff=another)
    assert refused(given(second_line, written_by=other))
    assert refused(given(second_line, written_by=another, confirmed_by=other))
    assert refused(lambda: Complaint.objects.filter(pk=second_line.pk).update(second_handler=other))
    given(second_line, written_by=another)()
