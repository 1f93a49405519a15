"""A connection that the server ended is seen without a question to the server, and the next query has a new one."""

import time

import pytest
from django.db import connection

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="it is about PostgreSQL"),
    pytest.mark.both_databases,
    pytest.mark.django_db(transaction=True),
]
PATIENCE = 30


@pytest.fixture
def other():
    one = connection.copy()
    one.ensure_connection()
    one.health_check_enabled = True
    yield one
    one.close()


def asked_last(pid):
    with connection.cursor() as cursor:
        cursor.execute("SELECT query, query_start FROM pg_stat_activity WHERE pid = %s", [pid])
        return cursor.fetchone()


def test_the_check_asks_the_server_nothing(other):
    with other.cursor() as cursor:
        cursor.execute("SELECT 'the last question'")
    before = asked_last(other.connection.info.backend_pid)
    other.close_if_unusable_or_obsolete()
    other.close_if_health_check_failed()
    assert other.health_check_done
    assert asked_last(other.connection.info.backend_pid) == before
    assert before[0] == "SELECT 'the last question'"


def test_one_that_the_server_ended_is_replaced_before_the_next_query(other):
    pid = other.connection.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    until = time.monotonic() + PATIENCE
    while other.is_usable():
        assert time.monotonic() < until
        time.sleep(0.01)
    other.close_if_unusable_or_obsolete()
    with other.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert other.connection.info.backend_pid != pid


def test_after_an_error_the_server_is_asked(other):
    other.errors_occurred = True
    other.close_if_unusable_or_obsolete()
    assert asked_last(other.connection.info.backend_pid)[0] == "SELECT 1"
    assert not other.errors_occurred


def test_a_server_that_is_gone_without_a_word_is_given_up_within_half_a_minute():
    given = connection.get_connection_params()
    assert given["connect_timeout"] == 5
    assert given["tcp_user_timeout"] == 20_000
    assert given["keepalives_idle"] + given["keepalives_interval"] < 30
