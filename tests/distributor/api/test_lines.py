"""Drafts, hand-counted lines, and usage that arrived late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from distributor.database import db
from distributor.usage_reports.queries import ReportRow
from tests.distributor.api.calling import Caller, kind, version
from tests.factories import OPENED_AT, Story, customer, member, product, usage
from workflows.usage_report import Role

Opened = Callable[..., ReportRow]


def uids(story: Story, report: ReportRow) -> list[str]:
    return [str(line.uid) for line in story.lines(report)]


def test_saving_answers_the_lines_that_changed(opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(("400", "290"), ("40", None))
    first, second = uids(story, report)
    draft = [{"id": first, "chargeable_units": "300", "comment": "A trial"}, {"id": second, "chargeable_units": 40}]
    saved = msp.call("PATCH", f"/reports/{report.uid}/lines", json=draft, **version(1))
    assert saved.headers["ETag"] == '"2"'
    assert [(line["id"], line["version"], line["comment"]) for line in saved.get_json()["lines"]] == [
        (first, 2, "A trial")
    ]
    assert saved.get_json()["totals"]["amount"] == "969.00"


def test_a_comment_is_carried_forward_until_a_day_and_no_further_with_null(
    opened: Opened, story: Story, msp: Caller
) -> None:
    report = opened(("400", "290"))
    path, line = f"/reports/{report.uid}/lines", uids(story, report)[0]
    given = [{"id": line, "comment": "A depot", "carry_until": "2026-12-31"}]
    saved = msp.call("PATCH", path, json=given, **version(1)).get_json()
    assert saved["lines"][0]["carried_until"] == "2026-12-31"
    stopped = msp.call("PATCH", path, json=[{"id": line, "carry_until": None}], **version(2)).get_json()
    assert stopped["lines"][0]["carried_until"] is None


@pytest.mark.parametrize("day", ["31.12.2026", "2026-13-01", 20261231, True, ""])
def test_what_is_no_day_is_refused_with_its_place(opened: Opened, story: Story, msp: Caller, day: Any) -> None:
    report = opened(("400", "290"))
    given = [{"id": uids(story, report)[0], "comment": "A depot", "carry_until": day}]
    refused = msp.call("PATCH", f"/reports/{report.uid}/lines", json=given, **version(1))
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "0.carry_until")


def test_a_draft_that_changes_nothing_leaves_the_version(opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(("40", None))
    draft = [{"id": uids(story, report)[0], "chargeable_units": "40.000"}]
    saved = msp.call("PATCH", f"/reports/{report.uid}/lines", json=draft, **version(1))
    assert (saved.headers["ETag"], saved.get_json()["lines"]) == ('"1"', [])


def test_two_people_on_different_lines_do_not_collide(app: Flask, opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(("400", None), ("40", None))
    colleague = Caller(app, member(story.msp, Role.PREPARER))
    for caller, line in zip((msp, colleague), uids(story, report), strict=True):
        draft = [{"id": line, "version": 1, "comment": "Mine"}]
        assert caller.call("PATCH", f"/reports/{report.uid}/lines", json=draft).status_code == 200
    assert [line.comment for line in story.lines(report)] == ["Mine", "Mine"]


def test_two_people_on_one_line_are_told_what_stands_there_now(
    app: Flask, opened: Opened, story: Story, msp: Caller
) -> None:
    report = opened(("400", None), ("40", None))
    first, second = uids(story, report)
    colleague = Caller(app, member(story.msp, Role.PREPARER))
    colleague.call(
        "PATCH", f"/reports/{report.uid}/lines", json=[{"id": first, "version": 1, "chargeable_units": "390"}]
    )
    mine = [{"id": first, "version": 1, "comment": "Mine"}, {"id": second, "version": 1, "comment": "Mine"}]
    refused = msp.call("PATCH", f"/reports/{report.uid}/lines", json=mine)
    assert kind(refused) == (409, "stale-line")
    assert refused.get_json()["lines"] == [
        {"id": first, "version": 2, "chargeable_units": "390", "comment": None, "carried_until": None}
    ]
    assert [line.comment for line in story.lines(report)] == [None, None]


def test_a_draft_needs_a_version_of_the_report_or_of_each_line(opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(("400", None), ("40", None))
    first, second = uids(story, report)
    path, half = f"/reports/{report.uid}/lines", [{"id": first, "version": 1, "comment": "x"}, {"id": second}]
    assert kind(msp.call("PATCH", path, json=half)) == (428, "version-required")
    assert kind(msp.call("PATCH", path, json=half, **version(5))) == (412, "stale-version")
    assert msp.call("PATCH", path, json=half, **version(1)).status_code == 200


WRONG_UNITS: tuple[Any, ...] = (
    "-1",
    "1.5",
    "NaN",
    "Infinity",
    "1e400",
    "1_000",
    "١٢",
    "12,5",
    "",
    "1" * 70,
    1.5,
    -1,
    10**15,
    True,
    [],
    {},
)


@pytest.mark.parametrize("units", WRONG_UNITS)
def test_units_that_are_none_are_refused_with_their_line(units: Any, opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(("40", None))
    (line,) = uids(story, report)
    draft = [{"id": line, "chargeable_units": units}]
    refused = msp.call("PATCH", f"/reports/{report.uid}/lines", json=draft, **version(1))
    assert kind(refused) == (422, "invalid-input")
    assert [error["line"] for error in refused.get_json()["errors"]] == [line]
    assert story.report(report).version == 1


@pytest.mark.parametrize("units", [38, "38", "38.0", 38.0, "3.8e1"])
def test_exact_numbers_are_taken_as_text_or_number(units: Any, opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(("40", None))
    draft = [{"id": uids(story, report)[0], "chargeable_units": units}]
    saved = msp.call("PATCH", f"/reports/{report.uid}/lines", json=draft, **version(1)).get_json()
    assert saved["lines"][0]["chargeable_units"] == "38"


def test_every_wrong_place_of_a_draft_is_named(opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(("40", None))
    (line,) = uids(story, report)
    draft = [{"id": line, "price": "1"}, {"id": "x"}, {"id": line, "version": "1"}, {"id": line, "comment": "a\u0007b"}]
    refused = msp.call("PATCH", f"/reports/{report.uid}/lines", json=draft, **version(1))
    assert kind(refused) == (422, "invalid-input")
    named = [error["field"] for error in refused.get_json()["errors"]]
    assert named == ["0.price", "1.id", "2.version", "3.comment"]


def test_lines_of_other_reports_and_lines_named_twice_are_refused(opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(("40", None))
    (line,) = uids(story, report)
    stranger = "00000000-0000-0000-0000-000000000001"
    for draft in ([{"id": stranger}], [{"id": line}, {"id": line}], {"id": line}, [line]):
        refused = msp.call("PATCH", f"/reports/{report.uid}/lines", json=draft, **version(1))
        assert kind(refused) == (422, "invalid-input")


def test_a_hand_counted_line_is_added_for_a_new_customer_and_removed(story: Story, opened: Opened, msp: Caller) -> None:
    manual = product(story.distributor, usage_source="manual")
    report = opened(("40", None))
    path = f"/reports/{report.uid}/lines"
    body = {"sku": manual.sku, "customer_name": "Harbour Dental", "chargeable_units": "3"}
    added = msp.post(path, body, **version(1))
    line = added.get_json()
    assert (added.status_code, added.headers["ETag"], line["added_by_msp"]) == (201, '"2"', True)
    assert (line["customer_name"], line["chargeable_units"], line["provisioned_units"]) == ("Harbour Dental", "3", None)
    assert kind(msp.post(path, body, **version(2))) == (409, "conflict")
    removed = msp.call("DELETE", f"{path}/{line['id']}", **version(2))
    assert (removed.headers["ETag"], removed.get_json()["totals"]["lines"]) == ('"3"', 1)


def test_lines_that_the_feed_counts_are_neither_added_nor_removed(story: Story, opened: Opened, msp: Caller) -> None:
    counted = product(story.distributor)
    report = opened(("40", None))
    path = f"/reports/{report.uid}/lines"
    refused = msp.post(path, {"sku": counted.sku, "chargeable_units": "3"}, **version(1))
    assert (kind(refused), refused.get_json()["errors"][0]["field"]) == ((422, "invalid-input"), "sku")
    assert kind(msp.call("DELETE", f"{path}/{uids(story, report)[0]}", **version(1))) == (409, "conflict")


def test_a_new_line_names_its_wrong_fields(opened: Opened, msp: Caller) -> None:
    report = opened(("40", None))
    wrong = {"chargeable_units": True, "customer_ref": 7, "units": "3"}
    refused = msp.post(f"/reports/{report.uid}/lines", wrong, **version(1))
    assert kind(refused) == (422, "invalid-input")
    assert {e["field"] for e in refused.get_json()["errors"]} == {"sku", "chargeable_units", "customer_ref", "units"}


def test_usage_that_arrived_late_is_taken_over(story: Story, opened: Opened, msp: Caller) -> None:
    report = opened(("40", None))
    line = story.lines(report)[0]
    who, what = db.session.get_one(type(customer(story.account)), line.customer_id), line.product_id
    row = (who, db.session.get_one(type(product(story.distributor)), what), "50", None)
    usage(story.account, [row], at=OPENED_AT + timedelta(hours=1))
    db.session.commit()
    applied = msp.post(f"/reports/{report.uid}/apply-usage", **version(1)).get_json()
    assert (applied["version"], applied["totals"]["provisioned_units"], applied["totals"]["amount"]) == (
        2,
        "50",
        "142.50",
    )
    assert msp.get(f"/reports/{report.uid}").get_json()["pending_usage"] is None
