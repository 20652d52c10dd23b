"""Limits: counted for good, evenly given back, and nothing done uncounted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from structlog.testing import capture_logs

from distributor.database import db
from distributor.limits import operations
from distributor.limits.counter import network_of
from distributor.limits.operations import CannotCount, Limited, TooManyRequests, give_back, spend, spend_up_to
from distributor.limits.rates import DEFAULTS, rates
from tests.kept import administration

AT = datetime(2026, 10, 21, 9, 0, tzinfo=UTC)
MOST = DEFAULTS[Limited.SIGN_IN].most
STEP = DEFAULTS[Limited.SIGN_IN].step


def use_up(key: str, at: datetime = AT) -> None:
    for _ in range(MOST):
        spend(Limited.SIGN_IN, key, at)


def test_after_the_last_one_the_next_is_refused_with_the_time_to_wait(app: Flask) -> None:
    use_up("a")
    with pytest.raises(TooManyRequests) as refused:
        spend(Limited.SIGN_IN, "a", AT)
    assert refused.value.retry_after == STEP.total_seconds()
    assert refused.value.description == "There were too many attempts to sign in. Try again in 2 minutes."


def test_one_comes_back_with_each_step_and_all_after_the_window(app: Flask) -> None:
    use_up("a")
    spend(Limited.SIGN_IN, "a", AT + STEP)
    with pytest.raises(TooManyRequests):
        spend(Limited.SIGN_IN, "a", AT + STEP + timedelta(seconds=1))
    use_up("a", AT + STEP + DEFAULTS[Limited.SIGN_IN].window)


def test_keys_and_kinds_are_counted_apart(app: Flask) -> None:
    use_up("a")
    spend(Limited.SIGN_IN, "b", AT)
    spend(Limited.SECOND_FACTOR, "a", AT)


def test_a_request_that_is_rolled_back_has_counted(app: Flask) -> None:
    use_up("a")
    db.session.rollback()
    with pytest.raises(TooManyRequests):
        spend(Limited.SIGN_IN, "a", AT)


def test_what_is_given_back_may_be_spent_again(app: Flask) -> None:
    use_up("a")
    give_back(Limited.SIGN_IN, "a")
    spend(Limited.SIGN_IN, "a", AT)
    with pytest.raises(TooManyRequests):
        spend(Limited.SIGN_IN, "a", AT)


def test_a_refusal_takes_nothing(app: Flask) -> None:
    use_up("a")
    for _ in range(5):
        with pytest.raises(TooManyRequests):
            spend(Limited.SIGN_IN, "a", AT)
    spend(Limited.SIGN_IN, "a", AT + STEP)


def test_a_batch_gets_what_is_left(app: Flask) -> None:
    granted, free_at = spend_up_to(MOST - 3, Limited.SIGN_IN, "a", AT)
    assert (granted, free_at) == (MOST - 3, AT + (MOST - 3) * STEP)
    assert spend_up_to(20, Limited.SIGN_IN, "a", AT)[0] == 3
    with pytest.raises(TooManyRequests):
        spend_up_to(20, Limited.SIGN_IN, "a", AT)


def test_a_clock_that_was_set_back_locks_nobody_out_for_longer_than_a_window(app: Flask) -> None:
    use_up("a", AT + timedelta(days=30))
    with pytest.raises(TooManyRequests) as refused:
        spend(Limited.SIGN_IN, "a", AT)
    assert refused.value.retry_after == STEP.total_seconds()


def test_many_at_once_get_no_more_than_one_after_the_other(app: Flask) -> None:
    def attempt(_: int) -> bool:
        with app.app_context():
            try:
                spend(Limited.SIGN_IN, "a", AT)
            except TooManyRequests:
                return False
            return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(3 * MOST))) == MOST


def test_keys_are_kept_as_keyed_hashes_only(app: Flask) -> None:
    spend(Limited.SIGN_IN, "person@example.com", AT)
    before = bytes(db.session.execute(text("SELECT key_hash FROM rate_limits")).scalar_one())
    app.config["SECRET_KEY"] = "another key for tests, long enough"
    spend(Limited.SIGN_IN, "person@example.com", AT)
    assert len(before) == 32
    assert db.session.execute(text("SELECT count(*) FROM rate_limits")).scalar_one() == 2


def test_what_cannot_be_counted_is_refused(app: Flask) -> None:
    with administration(app.config["SETTINGS"].database_url) as connection:
        connection.execute("ALTER TABLE rate_limits RENAME TO lost")
    with capture_logs() as logged, pytest.raises(CannotCount, match="Try again in a moment"):
        spend(Limited.SIGN_IN, "a", AT)
    assert [entry["event"] for entry in logged] == ["requests cannot be counted"]


def test_counters_from_which_everything_came_back_are_forgotten(app: Flask) -> None:
    spend(Limited.SIGN_IN, "a", AT)
    use_up("b")
    assert operations.forget(AT + 2 * STEP) == 1
    with pytest.raises(TooManyRequests):
        spend(Limited.SIGN_IN, "b", AT)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("nonsense", "unknown"),
        (None, "unknown"),
    ],
)
def test_addresses_of_one_network_of_ipv6_count_as_one(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_rates_are_replaced_by_name() -> None:
    found = rates("sign-in=20/30m  api=7/1s")
    assert (found[Limited.SIGN_IN].most, found[Limited.SIGN_IN].window) == (20, timedelta(minutes=30))
    assert found[Limited.API].step == timedelta(seconds=1) // 7
    assert found[Limited.RESET] == DEFAULTS[Limited.RESET]


@pytest.mark.parametrize("text", ["sign-in", "sign-in=0/1m", "eat=1/1m", "api=1/2d", "api=9999999/1m", "api=1/1"])
def test_a_rate_that_means_nothing_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        rates(text)
