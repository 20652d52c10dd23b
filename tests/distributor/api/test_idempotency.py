"""Idempotency-Key: one effect and one answer per member, key and request."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import text

from distributor import create_app
from distributor.config import Settings
from distributor.database import db
from distributor.usage_reports.queries import ReportRow
from tests.distributor.api.calling import Caller, kind, version
from tests.distributor.api.conftest import AT
from tests.factories import Story, member, product
from workflows.usage_report import Role

Opened = Callable[..., ReportRow]
CLAIM = text("""INSERT INTO idempotent_answers (member_id, key, request_hash, status, body)
                VALUES (:member, 'a', :hash, 0, '')""")


def test_the_same_key_and_body_give_the_same_answer_and_one_effect(opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(("40", None))
    first = msp.post(f"/reports/{report.uid}/submit", Idempotency_Key="a", **version(1))
    again = msp.post(f"/reports/{report.uid}/submit", Idempotency_Key="a", **version(1))
    assert (first.status_code, again.status_code) == (200, 200)
    assert (again.data, again.headers["ETag"]) == (first.data, first.headers["ETag"])
    assert story.report(report).version == 2


def test_a_made_line_is_answered_as_made_again(opened: Opened, story: Story, msp: Caller) -> None:
    manual = product(story.distributor, usage_source="manual")
    report = opened()
    body = {"sku": manual.sku, "chargeable_units": "3"}
    answers = [msp.post(f"/reports/{report.uid}/lines", body, Idempotency_Key="k", **version(1)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].data == answers[1].data
    assert len(story.lines(report)) == 1


def test_another_body_or_address_with_the_key_is_refused(opened: Opened, msp: Caller) -> None:
    report = opened(("40", None))
    msp.post(f"/reports/{report.uid}/submit", Idempotency_Key="a", **version(1))
    other = msp.post(f"/reports/{report.uid}/submit", {"nil": True}, Idempotency_Key="a", **version(2))
    assert kind(other) == (409, "idempotency-key-reused")
    assert kind(msp.post(f"/reports/{report.uid}/recall", Idempotency_Key="a", **version(2)))[0] == 409


def test_a_replay_comes_before_the_version_and_the_state(opened: Opened, msp: Caller) -> None:
    report = opened(("40", None))
    msp.post(f"/reports/{report.uid}/submit", Idempotency_Key="a", **version(1))
    assert msp.post(f"/reports/{report.uid}/submit", Idempotency_Key="a").status_code == 200
    assert kind(msp.post(f"/reports/{report.uid}/submit", Idempotency_Key="b")) == (428, "version-required")


def test_a_refused_request_leaves_its_key_free(opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(("400", "290"))
    line = str(story.lines(report)[0].uid)
    assert msp.post(f"/reports/{report.uid}/submit", Idempotency_Key="a", **version(1)).status_code == 409
    msp.call("PATCH", f"/reports/{report.uid}/lines", json=[{"id": line, "comment": "A trial"}], **version(1))
    assert msp.post(f"/reports/{report.uid}/submit", Idempotency_Key="a", **version(2)).status_code == 200


def test_keys_are_each_members_own(app: Flask, opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(("40", None))
    msp.post(f"/reports/{report.uid}/submit", Idempotency_Key="a", **version(1))
    colleague = Caller(app, member(story.msp, Role.PREPARER))
    assert colleague.post(f"/reports/{report.uid}/submit", Idempotency_Key="a", **version(1)).status_code == 412


def test_of_two_at_once_one_acts_and_both_get_its_answer(
    app: Flask, opened: Opened, story: Story, admin: Caller
) -> None:
    body = {"number": "ACC-900", "msp": {"name": "Twice at once"}}

    def create(_: int) -> tuple[int, bytes]:
        answer = app.test_client().post(
            "/api/v1/accounts", json=body, headers={"Authorization": f"Bearer {admin.token}", "Idempotency-Key": "a"}
        )
        return answer.status_code, answer.data

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(create, range(4)))
    assert {status for status, _ in answers} == {201}
    assert len(set(answers)) == 1


def test_a_second_request_waits_for_the_first_and_gives_up_politely(
    settings: Settings, opened: Opened, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = opened(("40", None))
    monkeypatch.setattr("distributor.LOCK_TIMEOUT_MS", 100)
    impatient = create_app(settings)
    impatient.config["CLOCK"] = lambda: AT
    caller = Caller(impatient, story.preparer)
    with db.engine.connect() as first:
        given = {"member": story.preparer.member_id, "hash": bytes(32)}
        first.execute(CLAIM, given)
        busy = caller.post(f"/reports/{report.uid}/submit", Idempotency_Key="a", **version(1))
    with impatient.app_context():
        db.engine.dispose()
    assert kind(busy) == (409, "idempotency-key-in-use")


def test_a_key_is_printable_and_not_endless(opened: Opened, msp: Caller) -> None:
    report = opened(("40", None))
    for key in ("", "x" * 256, "ä"):
        refused = msp.post(f"/reports/{report.uid}/submit", Idempotency_Key=key, **version(1))
        assert (kind(refused), refused.get_json()["errors"][0]["field"]) == ((422, "invalid-input"), "Idempotency-Key")
