"""Approving several reports at once: each is answered by itself."""

from __future__ import annotations

from flask import Flask

from distributor.database import db
from tests.distributor.api.calling import Caller, kind, opening, version
from tests.factories import CYCLE, Story, account, member, organization
from workflows.usage_report import Role


def submitted(app: Flask, story: Story) -> str:
    """A report of a new partner, submitted at version 2."""
    msp = organization()
    other = Story()
    other.distributor, other.msp, other.account = story.distributor, msp, account(story.distributor, msp)
    report = other.open(("40", None))
    caller = Caller(app, member(msp, Role.PREPARER))
    assert caller.post(f"/reports/{report.uid}/submit", **version(1)).status_code == 200
    return str(report.uid)


def test_each_report_has_its_own_outcome(app: Flask, story: Story, reviewer: Caller) -> None:
    clean, stale = submitted(app, story), submitted(app, story)
    preparing = story.open_cycle(CYCLE, opening(CYCLE))
    foreign = Story().open_cycle()
    db.session.commit()
    wanted = [(stale, 9), (str(foreign.uid), 1), (clean, 2), (str(preparing.uid), 1)]
    answer = reviewer.post("/reports/approve", [{"id": uid, "version": number} for uid, number in wanted])
    outcomes = [(item["id"], item["status"]) for item in answer.get_json()["items"]]
    assert outcomes == [(stale, 412), (str(foreign.uid), 404), (clean, 200), (str(preparing.uid), 409)]
    assert answer.get_json()["items"][0]["problem"]["current_version"] == 2
    assert answer.get_json()["items"][2]["report"]["status"] == "approved"
    assert [reviewer.get(f"/reports/{uid}").get_json()["status"] for uid in (clean, stale)] == [
        "approved",
        "under_review",
    ]


def test_the_limit_holds_for_many_as_for_one(app: Flask, story: Story, reviewer: Caller) -> None:
    over, clean = submitted(app, story), submitted(app, story)
    shown = reviewer.get(f"/reports/{over}").get_json()["account"]["id"]
    db.session.execute(db.text("UPDATE accounts SET approval_limit = 1 WHERE uid = :uid"), {"uid": shown})
    db.session.commit()
    answer = reviewer.post("/reports/approve", [{"id": over, "version": 2}, {"id": clean, "version": 2}])
    assert [item["status"] for item in answer.get_json()["items"]] == [409, 200]
    assert answer.get_json()["items"][0]["problem"]["type"] == "endorsement-required"


def test_a_wrong_list_is_refused_whole(app: Flask, story: Story, reviewer: Caller) -> None:
    uid = submitted(app, story)
    one = {"id": uid, "version": 2}
    for wrong, field in (({}, None), ([one, one], "id"), ([{"id": uid}], "0.version"), ([{**one, "x": 1}], "0.x")):
        answer = reviewer.post("/reports/approve", wrong)
        assert kind(answer) == (422, "invalid-input")
        assert [error.get("field") for error in answer.get_json()["errors"]] == [field]
    assert kind(reviewer.post("/reports/approve", [one] * 201)) == (422, "invalid-input")
    assert reviewer.get(f"/reports/{uid}").get_json()["status"] == "under_review"


def test_nobody_approves_with_another_scope(app: Flask, story: Story) -> None:
    uid = submitted(app, story)
    caller = Caller(app, story.reviewer, "reports:read")
    assert kind(caller.post("/reports/approve", [{"id": uid, "version": 2}])) == (403, "forbidden")
