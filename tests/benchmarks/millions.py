"""Ten million invoices of five years, on PostgreSQL: `python -m tests.benchmarks.millions UPTO`, in its environment.

Rows are made by the database itself, past the rules and in the order of time, and are what the rules would have left:
each invoice with its ledger and the digest of each posting, one paid in nine of ten, a receipt for each that was paid,
and a look at every second one in the access log (whose chain is not proved). Patients come from `people`. Left out are
care, papers, payments at the gateway and letters. While rows go in, no trigger looks at them, and there is no index but
the primary keys'; all others are made when the rows are in.
"""

import json
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.benchmarks import people, volume

PATIENTS_OF, DAYS, CHUNK = 10, 1826, 250_000
FILLED = (
    "billing_invoice", "billing_ledgertransaction", "billing_posting", "billing_outboxmessage", "billing_accessevent"
)  # fmt: skip
# A number says everything about its invoice: when it came, whether it is open, and whose it is.
FACTS = """
    SELECT n, p.id AS patient, p.provider_id AS provider, days, days < 40 AND n % 2 = 0 OR n % 100 = 0 AS open, at,
        least(at + (n % 25 + 1) * interval '1 day', now()) AS paid,
        CASE rest WHEN 1 THEN '1' WHEN 0 THEN '0' ELSE (11 - rest)::text END || lpad(body::text, 15, '0') AS reference,
        left(encode(sha256(n::text::bytea), 'hex'), 24) AS token
    FROM (SELECT n, {days} - 1 - (n - 1) * {days} / {upto} AS days, (n - 1) % {patients} + 1 AS whose,
                 n * {spread} % 1000000000000000 AS body FROM generate_series({first}::bigint, {last}) n OFFSET 0) drawn
        CROSS JOIN LATERAL (SELECT ({weighed}) % 11 AS rest OFFSET 0) weighed
        CROSS JOIN LATERAL (SELECT current_date - days::int + interval '9 hours' + n % 3600 * interval '1 s' AS at) came
    JOIN billing_patient p ON p.id = whose
"""
FUNCTIONS = """
    CREATE FUNCTION pg_temp.digest_of(content text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT '{key_id}:' || encode(hmac(content::bytea, '\\x{key}', 'sha256'), 'hex') $$;
    CREATE FUNCTION pg_temp.moment(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00' $$
"""
INVOICES = """
    INSERT INTO billing_invoice (id, provider_id, patient_id, number, payment_reference, token, issued_on, due_on,
        created_at, settled_at, next_step, next_step_on, fingerprint, search_text, for_goods)
    SELECT n, provider, patient, 'V-' || n, reference, token, at::date, at::date + 30, at,
        CASE WHEN NOT open THEN paid END, CASE WHEN days < 40 THEN 1 ELSE 4 END,
        CASE WHEN days < 40 THEN at::date + 23 END, sha256(n::text::bytea), ' v' || n || ' ' || reference || ' ', false
    FROM ({facts}) f
"""
TRANSACTIONS = """
    INSERT INTO billing_ledgertransaction (id, kind, external_id, occurred_at, created_at, by, digest)
    SELECT id, kind, event, moment, moment, who, pg_temp.digest_of('["billing_ledgertransaction","' || kind || '","'
        || event || '","' || pg_temp.moment(moment) || '","' || pg_temp.moment(moment) || '","' || who || '",null]')
    FROM (SELECT 2 * n + side AS id, (array['invoiced', 'payment'])[side + 1] AS kind,
                 CASE side WHEN 0 THEN reference ELSE 'V-' || n END AS event,
                 CASE side WHEN 0 THEN at ELSE paid END AS moment, (array['import', 'volume'])[side + 1] AS who
          FROM ({facts}) f, generate_series(0, 1) side WHERE side = 0 OR NOT open) t
"""
POSTINGS = """
    INSERT INTO billing_posting (transaction_id, account, amount, provider_id, invoice_id, digest)
    SELECT 2 * n + side, account, amount, whose, n, pg_temp.digest_of('["billing_posting",' || 2 * n + side || ',"'
        || account || '",' || amount || ',' || coalesce(whose::text, 'null') || ',' || n || ']')
    FROM ({facts}) f, (VALUES (0, 'principal', 5702), (0, 'claims', -5702), (1, 'principal', -5702),
        (1, 'claims', 5702), (1, 'practice', -5702), (1, 'gateway', 5702)) posted (side, account, amount),
        LATERAL (SELECT CASE WHEN account <> 'gateway' THEN provider END AS whose) w WHERE side = 0 OR NOT open
"""
MESSAGES = """
    INSERT INTO billing_outboxmessage (kind, invoice_id, language, recipient, subject, text, html, calendar, code,
        dedupe_key, message_id, status, tries, created_at, next_try_at, claimed_at, sent_at, erased_at, error)
    SELECT 'receipt', n, 'nl', CASE WHEN days < 400 THEN 'p' || patient || '@post.example' ELSE '' END,
        CASE WHEN days < 400 THEN 'Wij hebben uw betaling ontvangen' ELSE '' END,
        CASE WHEN days < 400 THEN repeat('Wij hebben uw betaling ontvangen. ', 12) || sha512(n::text::bytea)::text
        ELSE '' END,
        CASE WHEN days < 400 THEN repeat('<p>Wij hebben uw betaling ontvangen.</p>', 40) || sha512(n::text::bytea)::text
        ELSE '' END, '', upper(lpad(to_hex(n), 8, '0')), 'payment:V-' || n,
        '<' || token || '@rekening.example>', 'sent', 1, paid, paid, paid, paid,
        CASE WHEN days >= 400 THEN paid + interval '400 days' END, ''
    FROM ({facts}) f WHERE NOT open
"""
LOOKS = """
    INSERT INTO billing_accessevent (sequence, event_id, act, action_code, at, outcome, who, role, organisation,
        purpose, address, grounds, invoice_id, data, source, request_id, digest)
    SELECT n / 2, gen_random_uuid(), 'read', 'R', at + interval '2 days', 0, 'patient', 'patient', '01012345',
        'HPAYMT', '10.0.0.1', 'sms-code', n, 'invoice.lines', 'zorgrekening/portal', md5(n::text),
        '1:' || encode(sha256(n::text::bytea), 'hex') FROM ({facts}) f WHERE n % 2 = 0
"""
STREAMS = ((INVOICES, TRANSACTIONS, LOOKS), (POSTINGS, MESSAGES))  # side by side


def fill(upto: int) -> None:
    """Make so many invoices in an empty database, with all that came of them."""
    patients = upto // PATIENTS_OF
    people.fill(patients, invoices=False)
    _say(f"{patients:,} patients")
    with _without_indexes(), ThreadPoolExecutor(len(STREAMS)) as pool:
        list(pool.map(lambda statements: _write(statements, upto, patients), STREAMS))


def _write(statements: tuple[str, ...], upto: int, patients: int) -> None:
    from django.conf import settings
    from django.db import connection, transaction

    from billing.integrity import keyed
    from billing.invoices.references import _WEIGHTS

    key_id = keyed.current_key_id()
    key = keyed._keys(settings.DIGEST_KEYS)[key_id].hex()
    weighed = " + ".join(f"body / {10**place} % 10 * {_WEIGHTS[place % 10]}" for place in range(15))
    constants = {"days": DAYS, "spread": volume.SPREAD, "weighed": weighed}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(FUNCTIONS.format(key_id=key_id, key=key))
        for statement in statements:
            for first in range(1, upto + 1, CHUNK):
                last = min(first + CHUNK - 1, upto)
                facts = FACTS.format(first=first, last=last, upto=upto, patients=patients, **constants)
                with transaction.atomic():
                    cursor.execute(statement.format(facts=facts))
            _say(statement.split("(")[0].strip())
    connection.close()


@contextmanager
def _without_indexes() -> Iterator[None]:
    """Take all indexes but those of primary keys from the tables, and make them again; then gather statistics."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pgcrypto")
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'u' AND conrelid = ANY (%s::regclass[])",
            [list(FILLED)],
        )
        unique = cursor.fetchall()
        for table, name, _definition in unique:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE NOT indisprimary AND indrelid = ANY (%s::regclass[])",
            [list(FILLED)],
        )
        plain = cursor.fetchall()
        for name, _definition in plain:
            cursor.execute(f"DROP INDEX {name}")
    yield
    again = [definition for _name, definition in plain]
    again += [f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}' for table, name, definition in unique]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_run, again))
    with connection.cursor() as cursor:
        for table in FILLED:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")  # noqa: S608
        cursor.execute("UPDATE billing_accesschain SET length = (SELECT max(sequence) FROM billing_accessevent)")
        cursor.execute("VACUUM ANALYZE")
    _say("indexes and statistics")


def _run(statement: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute(statement)
    connection.close()


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)  # noqa: T201


def to_ask_for(upto: int) -> list[tuple[str, str]]:
    """References and tokens of open invoices, from all over the table."""
    from billing.models import Invoice

    drawn = random.Random(upto).sample(range(100, upto + 1, 100), min(volume.ASKED_FOR, upto // 100))
    return list(Invoice.objects.filter(pk__in=drawn).values_list("payment_reference", "token"))


if __name__ == "__main__":
    import django

    django.setup()
    fill(int(sys.argv[1]))
    print(json.dumps({"known": to_ask_for(int(sys.argv[1])), "megabytes": volume.megabytes()}))  # noqa: T201
