"""Whose address counts, how many tries there are, and how long a browser may look."""

import threading
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from billing.models import StaffTask
from guests import access, throttle
from guests.models import Throttle
from guests.throttle import Limit
from tests.billing.outbox.test_outbox_races import in_threads

NOW = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
FIVE = Limit("test", tries=5, seconds=600)


def request(remote="203.0.113.9", forwarded=None):
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded is not None else {}
    made = RequestFactory().get("/", REMOTE_ADDR=remote, **headers)
    made.session = SessionStore()
    return made


def after(seconds):
    return NOW + timedelta(seconds=seconds)


class TestAddress:
    @pytest.mark.parametrize(
        ("proxies", "forwarded", "expected"),
        [
            (0, None, "203.0.113.9"),
            (0, "198.51.100.1", "203.0.113.9"),  # nobody vouches for the header
            (1, None, "203.0.113.9"),
            (1, "198.51.100.1", "198.51.100.1"),
            (1, "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # what the client made up stands left
            (2, "1.1.1.1, 198.51.100.1, 192.0.2.7", "198.51.100.1"),
            (3, "198.51.100.1", "198.51.100.1"),
            (1, "nonsense", "203.0.113.9"),
            (1, "198.51.100.1:4711", "198.51.100.1"),
            (1, "[2001:db8::1]:4711", "2001:db8::1"),
            (1, "::ffff:198.51.100.1", "198.51.100.1"),
            (1, "", "203.0.113.9"),
        ],
    )
    def test_the_nth_from_the_right_is_the_client(self, settings, proxies, forwarded, expected):
        settings.TRUSTED_PROXIES = proxies
        assert access.client_address(request(forwarded=forwarded)) == expected

    def test_a_unix_socket_has_an_address_too(self):
        assert access.client_address(request(remote="")) == "0.0.0.0"  # noqa: S104

    def test_ipv6_counts_per_household(self):
        first, second, other = (
            access.client_network(request(remote=address))
            for address in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1")
        )
        assert first == second == "2001:db8:1:2::/64"
        assert other != first


@pytest.mark.django_db
@pytest.mark.both_databases
class TestThrottle:
    def test_five_in_any_ten_minutes(self):
        assert [throttle.take(FIVE, "a", now=after(n)) for n in (0, 60, 120, 180, 240, 241)] == [0] * 5 + [359]
        assert throttle.take(FIVE, "a", now=after(599)) == 1
        assert throttle.take(FIVE, "a", now=after(600)) == 0
        assert throttle.take(FIVE, "a", now=after(600)) == 60
        assert throttle.take(FIVE, "b", now=NOW) == 0

    @given(gaps=st.lists(st.integers(0, 400), min_size=1, max_size=40))
    def test_never_more_and_never_later_than_said(self, gaps):
        with transaction.atomic():
            taken, moment = [], 0
            for gap in gaps:
                moment += gap
                wait = throttle.take(FIVE, "h", now=after(moment))
                recent = [at for at in taken if at > moment - 600]
                assert (wait == 0) == (len(recent) < 5)
                if wait == 0:
                    taken.append(moment)
                else:
                    assert wait == throttle.wait(FIVE, "h", now=after(moment)) == recent[-5] + 600 - moment
            transaction.set_rollback(True)

    def test_a_limit_of_many_is_never_exceeded_and_its_row_stays_small(self):
        many = throttle.Limit("many", 1000, 3600)
        answers = [throttle.take(many, "", now=after(n * 2)) for n in range(1100)]
        assert answers.count(0) == 1000
        assert len(Throttle.objects.get().used) <= 65
        assert throttle.take(many, "", now=after(3600 + 60)) == 0

    def test_a_refusal_uses_nothing_and_a_pause_restores_all(self):
        for _ in range(50):
            throttle.take(FIVE, "a", now=NOW)
        assert [throttle.take(FIVE, "a", now=after(600)) for _ in range(6)] == [0, 0, 0, 0, 0, 600]

    @pytest.mark.parametrize("ask", [throttle.take, throttle.wait])
    def test_a_clock_that_ran_ahead_and_came_back_locks_nobody_longer_than_the_window(self, ask):
        for _ in range(5):
            throttle.take(FIVE, "a", now=after(2 * 86_400))
        assert ask(FIVE, "a", now=NOW) == 600
        assert ask(FIVE, "a", now=after(599)) == 1
        assert throttle.take(FIVE, "a", now=after(600)) == 0

    def test_the_first_try_costs_one_query_and_where_none_is_allowed_there_is_no_first(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert throttle.take(FIVE, "new", now=NOW) == 0
        assert throttle.take(throttle.Limit("none", 0, 600), "new", now=NOW) > 0

    def test_a_refunded_try_can_be_used_again(self):
        for _ in range(20):
            assert throttle.take(FIVE, "a", now=NOW) == 0
            throttle.refund(FIVE, "a")

    def test_the_table_holds_no_address_and_idle_rows_are_deleted(self):
        throttle.take(FIVE, "203.0.113.9", now=NOW)
        assert "203.0.113.9" not in str(Throttle.objects.values())
        throttle.delete_idle(now=after(600))
        assert Throttle.objects.count() == 1
        throttle.delete_idle(now=after(601))
        assert Throttle.objects.count() == 0


def test_nothing_is_held_outside_a_transaction():
    """On both databases: the row would be free again before anybody looked at it."""
    with pytest.raises(TransactionManagementError):
        throttle.hold(FIVE, "somebody", now=NOW)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_sweep_passes_over_what_somebody_holds_and_keeps_nobody_waiting():
    """It would wait with other rows deleted, which the one who holds this one may want next: a deadlock."""
    if connection.vendor == "sqlite":
        pytest.skip("one lock for all who write")
    for who in ("held", "idle"):
        throttle.take(FIVE, who, now=NOW)

    def sweep():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1ms'")
        throttle.delete_idle(now=after(601))

    with transaction.atomic():
        throttle.hold(FIVE, "held", now=after(601))
        assert in_threads(sweep) == [None]
    assert [row.key for row in Throttle.objects.all()] == [throttle._key(FIVE, "held")]


def _two_steps(limit, who, *, now):
    """The same arithmetic with the lock off: read, decide, write."""
    now_us = int(now.timestamp() * 1_000_000)
    row = Throttle.objects.filter(key=throttle._key(limit, who)).first()
    used = throttle._counting(limit, row.used if row else [], now_us)
    _everyone_has_read.wait(timeout=20)
    if len(used) >= limit.tries:
        return 1
    key, new = throttle._key(limit, who), [*used, [now_us, 1]]
    Throttle.objects.update_or_create(key=key, defaults={"used": new, "over_at_us": now_us + limit.window_us})
    return 0


_THREADS = 12
_everyone_has_read = threading.Barrier(_THREADS)


def _overwrite(row, limit, used):
    """What a try writes, whoever has written meanwhile."""
    over = {"used": used, "over_at_us": used[-1][0] + limit.window_us}
    Throttle.objects.update_or_create(key=row.key, defaults=over)


def _in_parallel(take):
    answers, start = [], threading.Barrier(_THREADS)

    def guess():
        start.wait(timeout=20)
        answers.append(take(FIVE, "guesser", now=NOW))
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers.count(0)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_parallel_guesses_share_no_try(self):
        assert _in_parallel(throttle.take) == FIVE.tries

    def test_without_the_lock_they_would(self):
        """The twin: it proves that the test above would notice."""
        assert _in_parallel(_two_steps) > FIVE.tries


@pytest.mark.django_db
class TestLookupLimit:
    def test_only_failures_count(self):
        for _ in range(12):
            assert succeeds() == access.LookedUp("token")
        for _ in range(5):
            assert fails() == 0
        assert 0 < fails() <= 10 * 60
        assert 0 < succeeds().wait <= 10 * 60
        assert fails(remote="198.51.100.1") == 0

    def test_a_refused_one_is_not_searched(self):
        for _ in range(5):
            fails()
        access.look_up(request(), lambda: pytest.fail("searched"), now=NOW)

    def test_the_breaker_stops_many_addresses_tells_staff_once_and_closes_again(self, settings):
        settings.LOOKUP_FAILURES_GLOBAL, settings.LOOKUP_GLOBAL_SECONDS = 20, 3600
        for _ in range(2):
            for n in range(1, 11):
                assert fails(remote=f"198.51.100.{n}") == 0
        waits = [fails(remote=f"198.51.100.{n}") for n in range(1, 11)]
        assert all(0 < wait <= 60 * 60 for wait in waits)
        item = StaffTask.objects.get()
        assert item.kind == "lookup_breaker"
        assert fails(remote="198.51.100.1", now=after(max(waits))) == 0

    def test_the_breaker_does_not_use_up_the_tries_of_an_address(self, settings):
        settings.LOOKUP_FAILURES_GLOBAL, settings.LOOKUP_GLOBAL_SECONDS = 1, 60
        fails()
        for _ in range(10):
            assert fails() == 60
        assert fails(now=after(60)) == 0

    @pytest.mark.usefixtures("breaker_is_open")
    def test_while_the_breaker_is_open_a_fresh_address_has_one_try(self):
        assert fails(remote="192.0.2.1") == 0
        assert fails(remote="192.0.2.1") > 0
        assert fails(remote="192.0.2.1", now=after(1)) > 0
        assert fails(remote="192.0.2.2") == 0
        assert StaffTask.objects.count() == 1

    @pytest.mark.usefixtures("breaker_is_open")
    def test_who_types_right_is_served_while_the_breaker_is_open_and_opens_it_for_nobody(self):
        before = throttle.wait(access._breaker(), "", now=NOW)
        for _ in range(3):
            assert succeeds(remote="192.0.2.1").token
        assert throttle.wait(access._breaker(), "", now=NOW) == before

    @pytest.mark.usefixtures("breaker_is_open")
    def test_who_failed_before_it_opened_has_no_reserve(self):
        assert fails(remote="203.0.113.9") > 0


def fails(remote="203.0.113.9", now=NOW):
    """One look-up that finds nothing; the seconds to wait when it was refused."""
    found = access.look_up(request(remote=remote), lambda: None, now=now)
    assert found.token is None
    return found.wait


def succeeds(remote="203.0.113.9"):
    return access.look_up(request(remote=remote), lambda: "token", now=NOW)


@pytest.fixture
def breaker_is_open(settings):
    settings.LOOKUP_FAILURES_GLOBAL, settings.LOOKUP_GLOBAL_SECONDS = 1, 3600
    assert fails() == 0


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
class TestReserveRace:
    @staticmethod
    def _wrong(_limit, _who, *, now):
        return access.look_up(request(remote="192.0.2.1"), lambda: None, now=now).wait

    @pytest.mark.usefixtures("breaker_is_open")
    def test_parallel_guesses_share_one_reserve(self):
        assert _in_parallel(self._wrong) == 1

    def test_parallel_guesses_from_a_fresh_network_share_no_try(self, settings):
        assert _in_parallel(self._wrong) == settings.LOOKUP_FAILURES_PER_ADDRESS

    def test_without_the_lock_they_would_share_all_of_them(self, settings, monkeypatch):
        """The twin: rows that are read and not locked, and on SQLite no transaction that waits."""
        met = threading.Barrier(_THREADS)

        def unlocked(keys, now_us):
            there = Throttle.objects.in_bulk(keys)
            if len(keys) == 2:  # the limits of everybody and of this network
                met.wait(timeout=20)
            return [there.get(key) or Throttle(key=key) for key in keys]

        monkeypatch.setattr(throttle, "_locked", unlocked)
        monkeypatch.setattr(access, "transaction", SimpleNamespace(atomic=nullcontext))
        monkeypatch.setattr(throttle, "_write", _overwrite)
        assert _in_parallel(self._wrong) > settings.LOOKUP_FAILURES_PER_ADDRESS

    @pytest.mark.usefixtures("breaker_is_open")
    def test_without_the_lock_they_would_not(self):
        """The twin: the same reserve with its lock off."""
        assert _in_parallel(lambda _limit, who, *, now: _two_steps(access._reserve(), who, now=now)) > 1


@pytest.mark.django_db
class TestGrant:
    def test_it_opens_one_invoice_in_a_session_with_a_new_id(self):
        guest = request()
        guest.session.create()
        before = guest.session.session_key
        access.open_invoice(guest, "token-a", now=NOW)
        assert guest.session.session_key != before
        assert access.may_see(guest, "token-a", now=NOW)
        assert not access.may_see(guest, "token-b", now=NOW)

    def test_it_ends_when_idle_and_lives_on_while_used(self, settings):
        guest = request()
        access.open_invoice(guest, "a", now=NOW)
        for minutes in range(10, 51, 10):
            assert access.may_see(guest, "a", now=after(minutes * 60))
        assert not access.may_see(guest, "a", now=after(50 * 60 + settings.GUEST_IDLE_SECONDS + 1))
        assert not access.may_see(guest, "a", now=after(50 * 60)), "what ended does not come back"

    def test_it_ends_for_good_after_the_absolute_limit(self, settings):
        guest = request()
        access.open_invoice(guest, "a", now=NOW)
        for seconds in range(0, settings.GUEST_ABSOLUTE_SECONDS + 1, 300):
            assert access.may_see(guest, "a", now=after(seconds))
        assert not access.may_see(guest, "a", now=after(settings.GUEST_ABSOLUTE_SECONDS + 1))

    def test_a_family_may_have_several_open_but_not_without_end(self):
        guest = request()
        for number in range(15):
            access.open_invoice(guest, f"token-{number}", now=after(number))
        assert not access.may_see(guest, "token-4", now=after(20))
        assert all(access.may_see(guest, f"token-{n}", now=after(20)) for n in range(5, 15))
