"""The view of the database from which the page of an invoice is read: one document of JSON for each invoice.

In it are the invoice, its practice, what happened as one list for each table, and the facts that the rooms' panels ask.
So the page needs one query of one column, and Django makes no SQL for the rest: a third of the page's time was that.
The view is made of the models as they are, after each `migrate`, and dropped before anything is migrated, because
neither database changes a table that a view reads. So no migration has to know of it.

PostgreSQL plans a query anew each time, which for this view takes ten times as long as answering it. What a function of
plpgsql asks it plans once for each connection; so there a function reads the view.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.loader import MigrationLoader
from django.db.models import Exists, F, Func, JSONField, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.db.models.signals import post_migrate, pre_migrate

from billing import rooms
from billing.models import (
    CreditNote,
    Hold,
    Invoice,
    InvoiceHistory,
    Payment,
    PaymentPlan,
    PaymentShare,
    Posting,
    ReminderStep,
)
from billing.models.ledger import OF_INVOICE

SHOWN = ("token", "number", "payment_reference", "issued_on", "due_on", "withdrawn_at")
OF_PRACTICE = (
    "name", "email", "phone", "phone_hours", "contact_text", "logo", "website", "vat_on_costs", "iban", "transfers_to",
)  # fmt: skip


FUNCTION = "billing_invoice_told"
_FUNCTION = f"""CREATE OR REPLACE FUNCTION {FUNCTION}(asked text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$ BEGIN
RETURN (SELECT told FROM {InvoiceHistory._meta.db_table} WHERE token = asked); END $$"""  # noqa: S608  our own names


class JsonRows(Subquery):
    """All rows of a query in one value: a JSON list with a list of the columns of each row, in the query's order."""

    _SQLITE = "json((SELECT json_group_array(json_array({columns})) FROM (%(subquery)s) found))"
    _POSTGRESQL = "(SELECT coalesce(json_agg(json_build_array({columns})), '[]') FROM (%(subquery)s) found)"

    def __init__(self, rows: QuerySet[Any], *columns: str) -> None:
        named = {f"c{place}": F(column) for place, column in enumerate(columns)}
        self._columns = ", ".join(f"found.{name}" for name in named)
        super().__init__(rows.values(**named), output_field=JSONField())

    def as_sql(self, compiler: Any, connection: Any, template: Any = None, **extra: Any) -> Any:
        """Return the SQL, in the functions of this database."""
        form = self._SQLITE if connection.vendor == "sqlite" else self._POSTGRESQL
        return super().as_sql(compiler, connection, form.format(columns=self._columns), **extra)


class StoredJson(Func):
    """A column of JSON as a part of other JSON: SQLite has it as text."""

    function = "json"

    def as_postgresql(self, compiler: Any, connection: Any, **_extra: Any) -> Any:
        """Return the column as it is."""
        (column,) = self.get_source_expressions()
        return compiler.compile(column)


def rows() -> QuerySet[Invoice, Any]:
    """Return the query that the view is, in the order of the columns of `InvoiceHistory`."""
    of_invoice = {"invoice": OuterRef("pk")}
    postings = Posting.objects.filter(account__in=OF_INVOICE, **of_invoice).order_by("pk")
    steps = ReminderStep.objects.filter(**of_invoice).order_by("pk")
    live = {"status__in": Payment.LIVE, "superseded_at": None}
    payments = Payment.objects.filter(**live, **of_invoice).order_by("pk")
    shares = PaymentShare.objects.filter(**{f"payment__{name}": value for name, value in live.items()}, **of_invoice)
    plans = PaymentPlan.objects.filter(**of_invoice).exclude(status=PaymentPlan.Status.UNDONE).order_by("pk")
    holds = Hold.objects.filter(released_at=None, **of_invoice).order_by("placed_at", "pk")
    of_transaction = (f"transaction__{name}" for name in ("reverses_id", "kind", "occurred_at"))
    of_letter = ("letter__sent_on", "letter__costs_announced", "principal", "letter__principal")
    of_payment = (f"payment__{name}" for name in ("status", "created_at"))
    told = JSONObject(
        **{name: F(name) for name in ("pk", *SHOWN)},
        practice=JSONObject(
            **{name: F(f"provider__{name}") for name in OF_PRACTICE}, chosen=StoredJson("provider__chosen")
        ),
        booked=JsonRows(postings, "transaction_id", *of_transaction, "amount"),
        sent=JsonRows(steps, "step", "status", *of_letter, "letter__message__sent_at"),
        live=JsonRows(payments, "token", "amount", "status", "created_at"),
        live_shares=JsonRows(shares.order_by("payment"), "payment__token", "amount", *of_payment),
        plans=JsonRows(plans, "pk", "kind", "status", "agreed_at"),
        holds=JsonRows(holds, "reason", "until"),
        has_credit_notes=Exists(CreditNote.objects.filter(**of_invoice)),
        facts=JSONObject(**{name: fact for panel in rooms.invoice_panels() for name, fact in panel.facts.items()}),
    )
    return Invoice.objects.filter(erased_at=None).values_list("pk", "token", told)


def keep_up(app: AppConfig) -> None:
    """Let each `migrate` drop the view of `app` before it changes anything, and make it when it is done."""
    pre_migrate.connect(before_migrating, sender=app)
    post_migrate.connect(after_migrating, sender=app)


def before_migrating(sender: AppConfig, using: str, plan: Sequence[Any], **_rest: Any) -> None:
    """Drop the view when there is something to migrate."""
    if plan:
        with connections[using].schema_editor() as editor:
            _drop(editor)


def after_migrating(sender: AppConfig, using: str, **_rest: Any) -> None:
    """Make the view anew when all migrations are there, of the rooms too; else its tables may not be."""
    made = MigrationLoader(connections[using])
    if made.applied_migrations and set(made.graph.leaf_nodes()) <= set(made.applied_migrations):
        with connections[using].schema_editor() as editor:
            _drop(editor)
            _make(editor)


def _drop(editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute(f"DROP VIEW IF EXISTS {InvoiceHistory._meta.db_table}")


def _make(editor: BaseDatabaseSchemaEditor) -> None:
    """Make the view. Its values are written into it, as Django does for the condition of an index."""
    sql, values = rows().query.get_compiler(connection=editor.connection).as_sql()
    written = sql % tuple(editor.quote_value(value) for value in values)
    columns = ", ".join(str(field.column) for field in InvoiceHistory._meta.concrete_fields)
    editor.execute(f"CREATE VIEW {InvoiceHistory._meta.db_table} ({columns}) AS {written}", params=None)
    if editor.connection.vendor == "postgresql":
        editor.execute(_FUNCTION, params=None)
