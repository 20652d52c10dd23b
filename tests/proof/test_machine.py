"""The state machine in its short form, and proof that it finds what it is for."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from distributor.usage_reports.operations import automatic, steps, taking
from tests.proof.lives import live

SEED = 20261101
# The long form (tests/proof/lives.py) has 2,000 runs.
RUNS, STEPS = 100, 50


def test_the_service_does_what_the_model_says(app: Flask) -> None:
    led = live(app, RUNS, STEPS, SEED, shrink=False)
    assert led.lives >= RUNS
    taken = {step for step, refusal in led.came_to if refusal is None}
    assert {"save", "submit", "approve", "reject", "invoice"} <= taken


def leave_unexplained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automatic, "charge_automatically", lambda line, *_: line)


def keep_penalties(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "restore_declared", lambda *_: None)


def overlook_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    take = taking.take

    def blind(*given: Any, version: int | None = None, **more: Any) -> Any:
        return take(*given, **more)

    monkeypatch.setattr(steps, "take", blind)


@pytest.mark.parametrize("break_it", [leave_unexplained, keep_penalties, overlook_versions])
def test_what_goes_another_way_than_the_model_is_found(
    app: Flask, monkeypatch: pytest.MonkeyPatch, break_it: Any
) -> None:
    break_it(monkeypatch)
    # Where the service's word differs, the model notices; where it breaks a promise, the database does.
    with pytest.raises((AssertionError, IntegrityError)):
        live(app, 40, STEPS, SEED, shrink=False)
