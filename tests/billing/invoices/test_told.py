"""The view that the page of an invoice is read from: made after each migration, out of the way of the next one."""

import re

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import rooms
from billing.invoices import state, told
from billing.models import Hold, InvoiceHistory
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
VIEW = InvoiceHistory._meta.db_table


def before(plan):
    told.before_migrating(apps.get_app_config("billing"), connection.alias, plan=plan)


def after():
    told.after_migrating(apps.get_app_config("billing"), connection.alias)


@pytest.fixture(autouse=True)
def _made_again():
    yield
    after()


def views():
    with connection.cursor() as cursor:
        return [table.name for table in connection.introspection.get_table_list(cursor) if table.type == "v"]


def alter(*, back=False):
    """Change a column that the view reads, as a later migration may, or change it back."""
    reason = Hold._meta.get_field("reason")
    longer = models.CharField(max_length=reason.max_length + 6)
    longer.set_attributes_from_name("reason")
    with connection.schema_editor() as editor:
        editor.alter_field(Hold, *((longer, reason) if back else (reason, longer)))


def test_it_is_dropped_before_a_table_changes_and_made_anew_after_it():
    invoice = factories.invoice(amount="100.00")
    with pytest.raises(DatabaseError):
        alter()
    assert views() == [VIEW]
    before(["a migration"])
    assert views() == []
    alter()
    alter(back=True)
    after()
    assert views() == [VIEW]
    assert [amount for *_rest, amount in InvoiceHistory.objects.get(invoice=invoice).told["booked"]] == [10000]


def test_it_stays_where_nothing_is_migrated_and_is_not_made_before_its_tables():
    before([])
    assert views() == [VIEW]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP VIEW {VIEW}")
        cursor.execute("UPDATE django_migrations SET name = 'aside' WHERE app = 'billing' AND name = '0002_guards'")
    after()
    assert views() == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_migrations SET name = '0002_guards' WHERE app = 'billing' AND name = 'aside'")
    after()
    assert views() == [VIEW]


def test_the_page_searches_it_by_keys_and_never_makes_it_whole():
    """A view of which a database makes all rows first would cost a page the more, the more invoices there are."""
    for _ in range(100):  # of so few rows that a whole index costs nothing, any index may be the cheapest
        factories.invoice()
    with CaptureQueriesContext(connection) as queries:
        assert state.look_at("one", today=timezone.localdate()) is None
    (asked,) = [query["sql"] for query in queries if "told" in query["sql"]]
    if connection.vendor == "postgresql":  # what the function asks
        assert told.FUNCTION in asked
        asked = f"SELECT told FROM {VIEW} WHERE token = 'one'"  # noqa: S608  our own names
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # which reads tables whole where they are empty, as most are here
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("ANALYZE")
        how = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{how} {asked}")
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert re.search("billing_posting_invoice|posting_by_", plan), plan
    assert set(re.findall(r"(?:SCAN|Seq Scan on|MATERIALIZE) (\w+)", plan)) <= {"found"}, plan


def test_a_connection_that_looked_before_a_migration_looks_after_it_too():
    """PostgreSQL keeps the plan of the function from the sixth look on, and has to make it anew."""
    invoice, today = factories.invoice(amount="100.00"), timezone.localdate()
    for _ in range(7):
        assert state.look_at(invoice.token, today=today).outstanding == 100
    before(["a migration"])
    alter()
    after()
    assert state.look_at(invoice.token, today=today).outstanding == 100
    before(["a migration"])
    alter(back=True)
    after()
    several = state.look_at_several(["unknown", invoice.token, invoice.token], today=today)
    assert [view.token for view in several] == [invoice.token]


def test_it_tells_what_each_room_asks():
    invoice = factories.invoice()
    asked = {name for panel in rooms.invoice_panels() for name in panel.facts}
    assert asked
    assert set(InvoiceHistory.objects.get(invoice=invoice).told["facts"]) == asked
