"""One-time codes and recovery codes: what they are worth, and how often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select, text

from distributor.database import db
from distributor.identity import codes, recovery
from distributor.identity.acting import CurrentMember
from distributor.identity.factor_models import CodeSeed, RecoveryCode
from tests.distributor.identity.conftest import Clock
from tests.distributor.identity.people import enrolled, seed_of


def test_codes_are_those_of_rfc_6238() -> None:
    seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # the RFC's own secret, in Base32 (appendix B)
    at = datetime(2005, 3, 18, 1, 58, 29, tzinfo=UTC)
    assert codes._step_of(seed, "081804", at) == 0x23523EC
    assert codes._step_of(seed, " 081 804 ", at) == 0x23523EC


def test_a_code_works_once(aoife: CurrentMember, clock: Clock) -> None:
    app = enrolled(aoife, clock)
    assert codes.spend(aoife.user_id, app.code(), clock.at)
    assert not codes.spend(aoife.user_id, app.code(), clock.at)


def test_the_code_that_switched_codes_on_is_used_up(aoife: CurrentMember, clock: Clock) -> None:
    codes.begin(aoife.user_id, clock.at)
    code = pyotp.TOTP(seed_of(aoife)).at(clock.at)
    assert codes.confirm(aoife.user_id, code, clock.at)
    assert not codes.spend(aoife.user_id, code, clock.at)


@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_a_clock_may_be_one_step_off(aoife: CurrentMember, clock: Clock, seconds: int) -> None:
    assert codes.spend(aoife.user_id, enrolled(aoife, clock).code(seconds), clock.at)


@pytest.mark.parametrize("seconds", [-300, -60, 60, 300])
def test_a_clock_further_off_is_refused(aoife: CurrentMember, clock: Clock, seconds: int) -> None:
    assert not codes.spend(aoife.user_id, enrolled(aoife, clock).code(seconds), clock.at)


def test_after_a_later_code_an_earlier_one_is_worth_nothing(aoife: CurrentMember, clock: Clock) -> None:
    app = enrolled(aoife, clock)
    assert codes.spend(aoife.user_id, app.code(30), clock.at)
    assert not codes.spend(aoife.user_id, app.code(), clock.at)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "\0\0\0\0\0\0", "1" * 10_000])
def test_what_is_no_code_is_refused(aoife: CurrentMember, clock: Clock, code: str) -> None:
    enrolled(aoife, clock)
    assert not codes.spend(aoife.user_id, code, clock.at)
    assert not recovery.spend(aoife.user_id, code, clock.at)


def test_of_two_uses_at_once_one_wins(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    code = enrolled(aoife, clock).code()
    db.session.commit()

    def use(_: int) -> bool:
        with app.app_context():
            won = codes.spend(aoife.user_id, code, clock.at)
            db.session.commit()
            return won

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == [False, False, False, True]


def test_a_seed_is_kept_locked(aoife: CurrentMember, clock: Clock) -> None:
    codes.begin(aoife.user_id, clock.at)
    kept = db.session.scalars(select(CodeSeed.seed)).one()
    assert seed_of(aoife).encode() not in bytes(kept)
    assert pyotp.TOTP(seed_of(aoife)).at(clock.at).isdigit()


def test_a_seed_of_another_key_opens_nothing(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    code = enrolled(aoife, clock).code()
    app.config["SECRET_KEY"] = "another key, as after a move to another server"
    assert not codes.spend(aoife.user_id, code, clock.at)


def test_a_seed_that_was_left_for_an_hour_is_good_for_nothing(aoife: CurrentMember, clock: Clock) -> None:
    codes.begin(aoife.user_id, clock.at)
    seed = seed_of(aoife)
    clock.forward(hours=1)
    assert codes.waiting_seed(aoife.user_id, clock.at) is None
    assert not codes.confirm(aoife.user_id, pyotp.TOTP(seed).at(clock.at), clock.at)


def test_a_seed_in_use_is_not_replaced(aoife: CurrentMember, clock: Clock) -> None:
    app = enrolled(aoife, clock)
    assert not codes.begin(aoife.user_id, clock.at)
    assert codes.spend(aoife.user_id, app.code(), clock.at)


def test_an_unconfirmed_seed_asks_nobody_for_codes(aoife: CurrentMember, clock: Clock) -> None:
    codes.begin(aoife.user_id, clock.at)
    assert not codes.spend(aoife.user_id, pyotp.TOTP(seed_of(aoife)).at(clock.at), clock.at)


def test_ten_recovery_codes_work_once_each_however_they_are_typed(aoife: CurrentMember, clock: Clock) -> None:
    made = recovery.make(aoife.user_id, clock.at)
    assert len(set(made)) == recovery.left(aoife.user_id) == 10
    assert recovery.spend(aoife.user_id, f" {made[0].upper().replace('-', ' ')} ", clock.at)
    assert not recovery.spend(aoife.user_id, made[0], clock.at)
    assert recovery.left(aoife.user_id) == 9


def test_recovery_codes_are_kept_as_hashes_and_belong_to_one_person(
    aoife: CurrentMember, clock: Clock, niamh: CurrentMember
) -> None:
    made = recovery.make(aoife.user_id, clock.at)
    assert not recovery.spend(niamh.user_id, made[0], clock.at)
    assert {len(kept) for kept in db.session.scalars(select(RecoveryCode.code_hash))} == {32}
    kept = db.session.scalar(text("SELECT string_agg(r::text, ' ') FROM recovery_codes r"))
    assert made[0].replace("-", "") not in str(kept)


def test_new_recovery_codes_end_those_before(aoife: CurrentMember, clock: Clock) -> None:
    before = recovery.make(aoife.user_id, clock.at)
    recovery.make(aoife.user_id, clock.at + timedelta(days=1))
    assert not recovery.spend(aoife.user_id, before[0], clock.at)
    assert recovery.left(aoife.user_id) == 10
