"""The migrations of each app make the tables that the models describe, and the triggers that guard them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

OURS = (
    "billing",
    "guests",
    "banking",
    "coulance",
    "complaints",
    "debt_collection",
    "forbearance",
    "helpdesk",
    "portal",
    "sandbox",
)
GUARDED = {
    "banking_feeinvoice",
    "billing_ledgertransaction",
    "billing_posting",
    "billing_auditevent",
    "billing_accessevent",
    "billing_practicechange",
    "coulance_decision",
}
# Rows that are refused because of others: who judges a complaint.
JUDGED_APART = {
    "complaints_answer": ("complaints_second_line", "complaints_own_judge"),
    "complaints_complaint": ("complaints_judged",),
}
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def is_table(model: Any) -> bool:
    """Tell a table from a view, which no migration makes."""
    return bool(model._meta.managed)


def shapes(database: BaseDatabaseWrapper) -> dict[str, Any]:
    """Every table of ours as the database itself describes it: columns, keys, indexes and checks."""
    found = {}
    introspection: Any = database.introspection
    with database.cursor() as cursor:
        for app in OURS:
            for model in filter(is_table, apps.get_app_config(app).get_models(include_auto_created=True)):
                table = model._meta.db_table
                columns = {column.name: column[1:] for column in introspection.get_table_description(cursor, table)}
                found[table] = (columns, _rules(introspection.get_constraints(cursor, table)))
    return found


def _rules(constraints: dict[str, Any]) -> list[str]:
    """Keys, indexes and checks with their names; SQLite numbers those without one in the order of the columns."""
    return sorted(
        f"{'' if name.startswith(('fk_', '__unnamed')) else name} {rule}".replace(" ON beside.", " ON public.")
        for name, rule in constraints.items()
        if not name.endswith("_search")  # of trigrams, which only PostgreSQL has and no model can describe: below
    )


@pytest.fixture
def beside() -> Iterator[Any]:
    """A connection to an empty place of the same kind of database as the one that was migrated."""
    migrated = connections["default"]
    place = {"NAME": ":memory:"} if migrated.vendor == "sqlite" else {}
    connections["beside"] = made = type(migrated)(migrated.settings_dict | place, alias="beside")
    if made.vendor == "postgresql":
        with made.cursor() as cursor:
            cursor.execute("CREATE SCHEMA beside; SET search_path TO beside")
    yield made
    if made.vendor == "postgresql":
        with made.cursor() as cursor:
            cursor.execute("DROP SCHEMA beside CASCADE")
    made.close()
    del connections["beside"]


def test_the_migrations_make_what_the_models_describe(beside):
    beside.disable_constraint_checking()  # as SQLite's editor of tables wants it
    with beside.schema_editor() as editor:
        for model in filter(is_table, apps.get_models(include_auto_created=False)):
            editor.create_model(model)
    assert shapes(beside) == shapes(connections["default"])


def test_postgresql_has_an_index_for_each_text_that_is_searched():
    searched = {model._meta.db_table for model in apps.get_models() if hasattr(model, "search_words")}
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT tablename FROM pg_indexes WHERE indexdef LIKE '%USING gin (search_text gin_trgm_ops)'"
            )
            assert {table for (table,) in cursor.fetchall()} == searched
    assert searched == {"billing_patient", "billing_payer", "billing_invoice"}


def test_no_change_of_a_model_is_without_a_migration():
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def test_each_app_begins_with_one_migration_and_its_triggers():
    """Nothing is released: `bin/migrations` makes the first one anew, and the second is written by hand."""
    for app in OURS:
        folder = settings.ROOT / app / "migrations"
        assert {path.name for path in folder.glob("0*.py")} <= {"0001_initial.py", "0002_guards.py"}, app


def test_the_triggers_stand():
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute(
                "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE NOT tgisinternal"
            )
        stand: dict[str, list[str]] = {}
        for table, name in cursor.fetchall():
            stand.setdefault(table, []).append(name.rpartition("_no_")[2])
    other = {"sqlite": "replace", "postgresql": "truncate"}[connection.vendor]
    assert {table: sorted(verbs) for table, verbs in stand.items()} == {
        table: sorted(("delete", "update", other)) for table in GUARDED
    } | {
        table: sorted(f"{name}_{verb}" for name in names for verb in ("insert", "update"))
        for table, names in JUDGED_APART.items()
    }
