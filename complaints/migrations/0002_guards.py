"""Triggers that keep apart who judges: the second line is other people, and never whom the complaint is about."""

from django.db import migrations

from billing.guards import refuse_rows

# Whoever wrote the first answer or agreed to it, or said why there is none, has no part in the second.
SAME_PERSON = """
NEW.line = 2 AND (
    EXISTS (
        SELECT 1 FROM complaints_answer first
        WHERE first.complaint_id = NEW.complaint_id AND first.line = 1 AND first.given_at IS NOT NULL
        AND (
            NEW.written_by_id IN (first.written_by_id, first.confirmed_by_id)
            OR NEW.confirmed_by_id IN (first.written_by_id, first.confirmed_by_id)
        )
    )
    OR EXISTS (
        SELECT 1 FROM complaints_complaint file
        WHERE file.id = NEW.complaint_id AND file.handler_id IN (NEW.written_by_id, NEW.confirmed_by_id)
    )
)
"""
JUDGES_THEMSELVES = """
EXISTS (
    SELECT 1 FROM complaints_complaint file
    WHERE file.id = NEW.complaint_id AND file.about_id IN (NEW.written_by_id, NEW.confirmed_by_id)
)
"""
# The same two, from the side of the file.
JUDGED_ALREADY = """
EXISTS (
    SELECT 1 FROM complaints_answer given
    WHERE given.complaint_id = NEW.id AND given.given_at IS NOT NULL
    AND (
        NEW.about_id IN (given.written_by_id, given.confirmed_by_id)
        OR (given.line = 1 AND NEW.second_handler_id IN (given.written_by_id, given.confirmed_by_id))
    )
)
"""


class Migration(migrations.Migration):
    dependencies = [("complaints", "0001_initial")]
    operations = [
        refuse_rows(
            "complaints_answer",
            name="complaints_second_line",
            when=SAME_PERSON,
            says="the second answer is of other people than the first",
        ),
        refuse_rows(
            "complaints_answer",
            name="complaints_own_judge",
            when=JUDGES_THEMSELVES,
            says="nobody answers a complaint about themselves",
        ),
        refuse_rows(
            "complaints_complaint",
            name="complaints_judged",
            when=JUDGED_ALREADY,
            says="this person answered the complaint",
        ),
    ]
