"""Lists, one report, its history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from flask import Flask

from distributor.database import db
from distributor.usage_reports.queries import ReportRow
from tests.distributor.api.calling import Caller, kind, opening, version
from tests.factories import CYCLE, OPENED_AT, Story, account, customer, member, organization, product, usage
from workflows.usage_report import Role

Opened = Callable[..., ReportRow]


def test_a_report_shows_figures_as_plain_decimals_and_times_in_utc(opened: Opened, msp: Caller, story: Story) -> None:
    report = opened(("400", "290"))
    shown = msp.get(f"/reports/{report.uid}").get_json()
    assert shown["account"] == {"id": str(story.account.uid), "number": story.account.number}
    assert (shown["cycle"], shown["starts_on"], shown["ends_on"]) == ("2026-10", "2026-10-01", "2026-10-31")
    assert (shown["opened_at"], shown["due_at"]) == ("2026-10-20T00:00:00Z", "2026-10-31T00:00:00Z")
    assert shown["totals"]["amount"] == "826.50"
    assert (shown["totals"]["discrepancies"], shown["totals"]["uncommented"], shown["totals"]["penalised"]) == (1, 1, 0)
    (line,) = shown["lines"]
    assert (line["provisioned_units"], line["chargeable_units"], line["difference"]) == ("400", "290", "-110")
    assert (line["unit_price"], line["amount"], line["discrepancy"], line["unexplained"]) == (
        "2.85",
        "826.50",
        True,
        True,
    )


def test_unknown_figures_are_null_and_never_zero(opened: Opened, story: Story, msp: Caller) -> None:
    opened(("40", None))
    later = story.open_cycle(CYCLE.next(), OPENED_AT + timedelta(days=31))
    db.session.commit()
    (line,) = msp.get(f"/reports/{later.uid}").get_json()["lines"]
    assert (line["provisioned_units"], line["chargeable_units"], line["amount"]) == (None, None, None)


def test_each_side_sees_its_own_steps(opened: Opened, msp: Caller, reviewer: Caller, viewer: Caller) -> None:
    report = opened(("40", None))
    assert msp.get(f"/reports/{report.uid}").get_json()["allowed_actions"] == ["save", "submit"]
    assert reviewer.get(f"/reports/{report.uid}").get_json()["allowed_actions"] == []
    assert viewer.get(f"/reports/{report.uid}").get_json()["allowed_actions"] == []


def test_lines_can_be_narrowed(opened: Opened, msp: Caller) -> None:
    report = opened(("400", "290"), ("40", None))
    numbers = {
        which: len(msp.get(f"/reports/{report.uid}?lines={which}").get_json()["lines"])
        for which in ("all", "discrepancies", "needs-comment", "none")
    }
    assert numbers == {"all": 2, "discrepancies": 1, "needs-comment": 1, "none": 0}


def test_usage_that_arrived_since_is_told_of_although_the_version_is_the_same(
    opened: Opened, story: Story, msp: Caller
) -> None:
    report = opened(("40", None))
    first = msp.get(f"/reports/{report.uid}")
    rows = [(customer(story.account), product(story.distributor), "7", None)]
    usage(story.account, rows, at=OPENED_AT + timedelta(1))
    again = msp.get(f"/reports/{report.uid}", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.headers["ETag"]) == (200, '"1"')
    assert again.get_json()["pending_usage"] is not None


def test_usage_that_arrived_late_is_offered(opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(("40", None))
    usage(
        story.account, [(customer(story.account), product(story.distributor), "7", None)], at=OPENED_AT + timedelta(1)
    )
    db.session.commit()
    assert msp.get(f"/reports/{report.uid}").get_json()["pending_usage"] == "2026-10-21T00:00:00Z"
    (listed,) = msp.get("/reports").get_json()["items"]
    assert listed["pending_usage"] == "2026-10-21T00:00:00Z"


def test_pages_stay_put_while_reports_are_added(story: Story, msp: Caller) -> None:
    months = [CYCLE, CYCLE.next(), CYCLE.next().next()]
    for month in months:
        story.open_cycle(month, opening(month))
    db.session.commit()
    first = msp.get("/reports?limit=2").get_json()
    assert [item["cycle"] for item in first["items"]] == ["2026-12", "2026-11"]
    story.open_cycle(CYCLE.next().next().next(), opening(CYCLE.next().next().next()))
    db.session.commit()
    second = msp.get(f"/reports?limit=2&cursor={first['next_cursor']}").get_json()
    assert ([item["cycle"] for item in second["items"]], second["next_cursor"]) == (["2026-10"], None)


def test_reports_are_filtered_by_cycle_status_and_account(opened: Opened, story: Story, reviewer: Caller) -> None:
    report = opened(("40", None))
    number = story.account.number
    hits = ("", "cycle=2026-10", "status=msp_preparing", f"account={number}", f"account={story.account.uid}")
    for wanted in hits:
        assert [item["id"] for item in reviewer.get(f"/reports?{wanted}").get_json()["items"]] == [str(report.uid)]
    for wanted in ("cycle=2026-09", "status=approved", "account=nobody"):
        assert reviewer.get(f"/reports?{wanted}").get_json()["items"] == []


def test_a_wrong_query_names_the_field(story: Story, msp: Caller) -> None:
    wrong = {
        "cursor=zzz": "cursor", "cursor=!": "cursor", "limit=0": "limit", "limit=201": "limit", "limit=x": "limit",
        "cycle=2026-13": "cycle", "status=lost": "status", "stauts=approved": "stauts", "limit=1&limit=2": "limit",
        "account=%00": "account",
    }  # fmt: skip
    for query, field in wrong.items():
        answer = msp.get(f"/reports?{query}")
        assert kind(answer) == (422, "invalid-input"), query
        assert [error["field"] for error in answer.get_json()["errors"]] == [field]


def test_a_cursor_of_a_foreign_report_is_refused(app: Flask, opened: Opened, msp: Caller) -> None:
    other = Story()
    foreign = [other.open_cycle(month, opening(month)) for month in (CYCLE, CYCLE.next())]
    db.session.commit()
    cursor = Caller(app, other.preparer).get("/reports?limit=1").get_json()["next_cursor"]
    assert len(foreign) == 2
    assert kind(msp.get(f"/reports?cursor={cursor}")) == (422, "invalid-input")


def test_an_organization_in_the_middle_sees_both_its_sides_once(app: Flask, story: Story, opened: Opened) -> None:
    opened(("40", None))
    below = organization()
    lower = account(story.msp, below)
    lower_story = Story()
    lower_story.distributor, lower_story.msp, lower_story.account = story.msp, below, lower
    lower_story.open_cycle()
    db.session.commit()
    caller = Caller(app, member(story.msp, Role.VIEWER))
    numbers = [item["account"]["number"] for item in caller.get("/reports").get_json()["items"]]
    assert sorted(numbers) == sorted([story.account.number, lower.number])


def test_history_tells_each_action_with_its_changes_in_pages(opened: Opened, msp: Caller, story: Story) -> None:
    report = opened(("400", "290"))
    line = str(story.lines(report)[0].uid)
    msp.call("PATCH", f"/reports/{report.uid}/lines", json=[{"id": line, "comment": "A trial"}], **version(1))
    first = msp.get(f"/reports/{report.uid}/history?limit=1").get_json()
    (saved,) = first["items"]
    assert (saved["step"], saved["version"], saved["via"], saved["actor"]["name"]) == (
        "save",
        2,
        "api",
        story.preparer.name,
    )
    assert [(c["line"]["id"], c["field"], c["old"], c["new"]) for c in saved["changes"]] == [
        (line, "comment", None, "A trial")
    ]
    second = msp.get(f"/reports/{report.uid}/history?cursor={first['next_cursor']}").get_json()
    assert ([action["step"] for action in second["items"]], second["next_cursor"]) == (["open"], None)


def test_internal_ids_never_leave(opened: Opened, story: Story, msp: Caller, reviewer: Caller) -> None:
    story.account.approval_limit = Decimal(1)
    report = opened(("40", None))
    msp.post(f"/reports/{report.uid}/submit", **version(1))
    endorsed = reviewer.post(f"/reports/{report.uid}/endorse", **version(2)).get_json()
    assert endorsed["endorsed_by"]["name"] == story.reviewer.name
    (newest, *_) = reviewer.get(f"/reports/{report.uid}/history").get_json()["items"]
    assert "endorsed_by" not in newest["details"]
