"""Rolling up over the API: a dry run with its version, then exactly that, once for each key."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from distributor.database import db
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from tests.distributor.api.calling import Caller
from tests.distributor.roll_ups.tiers import AT, Partner, Tiers
from tests.factories import member
from workflows.usage_report import Role


@pytest.fixture
def fenland(tiers: Tiers) -> Partner:
    partner = tiers.partner("Fenland", "FEN-1", ("MAIL", "40"), ("DISK", "3"))
    tiers.approve(partner)
    db.session.commit()
    return partner


@pytest.fixture
def kestrel(app: Flask, tiers: Tiers) -> Caller:
    return Caller(app, tiers.kestrel)


def path(tiers: Tiers, rest: str = "/roll-up") -> str:
    return f"/reports/{tiers.above.uid}{rest}"


def headers(version: int, key: str | None = None) -> dict[str, str]:
    return {"If_Match": f'"{version}"', **({"Idempotency_Key": key} if key else {})}


def line_of(caller: Caller, tiers: Tiers, sku: str = "MAIL") -> dict[str, Any]:
    (line,) = [line for line in caller.get(path(tiers, "")).get_json()["lines"] if line["sku"] == sku]
    found: dict[str, Any] = line
    return found


def test_the_dry_run_shows_sources_lines_and_money(kestrel: Caller, tiers: Tiers, fenland: Partner) -> None:
    answer = kestrel.get(path(tiers))
    assert answer.headers["ETag"] == '"1"'
    body = answer.get_json()
    assert (body["changes"], body["comment_required"], body["amount_to"]) == (True, False, "86.00")
    assert [(one["account"], one["status"]) for one in body["sources"]] == [("FEN-1", "approved")]
    mail = next(line for line in body["lines"] if line["sku"] == "MAIL")
    assert (mail["fate"], mail["units_from"], mail["units_to"], mail["line"]) == ("new", None, "40", None)


def test_what_was_shown_is_done(kestrel: Caller, tiers: Tiers, fenland: Partner) -> None:
    plan = kestrel.get(path(tiers)).get_json()["plan"]
    answer = kestrel.post(path(tiers), {"plan": plan}, **headers(1))
    assert (answer.status_code, answer.headers["ETag"], answer.get_json()["version"]) == (200, '"2"', 2)
    assert line_of(kestrel, tiers)["rolled_up"] == {
        "units": "40", "at": "2026-10-21T00:00:00Z", "edited": False,
        "report": {"id": str(fenland.report.uid), "version": 3, "account": "FEN-1", "is_current": True},
    }  # fmt: skip


def test_the_same_key_rolls_up_once(kestrel: Caller, tiers: Tiers, fenland: Partner) -> None:
    body = {"plan": kestrel.get(path(tiers)).get_json()["plan"]}
    first = kestrel.post(path(tiers), body, **headers(1, "a"))
    again = kestrel.post(path(tiers), body, **headers(1, "a"))
    assert (first.json, first.headers["ETag"]) == (again.json, again.headers["ETag"])
    assert kestrel.get(path(tiers)).get_json()["changes"] is False


def test_rolling_up_what_is_there_leaves_the_version(kestrel: Caller, tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    plan = kestrel.get(path(tiers)).get_json()["plan"]
    assert kestrel.post(path(tiers), {"plan": plan}, **headers(2)).get_json()["version"] == 2


@pytest.mark.parametrize(
    ("body", "given", "status"),
    [
        ({}, {"If_Match": '"1"'}, 422),
        ({"plan": 7}, {"If_Match": '"1"'}, 422),
        ({"plan": "x"}, {}, 428),
        ({"plan": "x"}, {"If_Match": '"9"'}, 412),
        ({"plan": "x"}, {"If_Match": '"1"'}, 409),
        ({"plan": "x", "report": "00000000-0000-4000-8000-000000000000"}, {"If_Match": '"1"'}, 422),
    ],
)
@pytest.mark.usefixtures("fenland")
def test_bad_input_changes_nothing(
    kestrel: Caller, tiers: Tiers, body: dict[str, Any], given: dict[str, str], status: int
) -> None:
    assert kestrel.post(path(tiers), body, **given).status_code == status
    assert tiers.lines() == {}


def test_what_moved_is_a_problem_of_its_own(kestrel: Caller, tiers: Tiers, fenland: Partner) -> None:
    plan = kestrel.get(path(tiers)).get_json()["plan"]
    tiers.correct(fenland, "MAIL", "25")
    answer = kestrel.post(path(tiers), {"plan": plan}, **headers(1))
    assert (answer.status_code, answer.get_json()["type"].rsplit("/", 1)[-1]) == (409, "roll-up-moved")


def test_words_are_needed_where_the_dry_run_says_so(kestrel: Caller, tiers: Tiers) -> None:
    tiers.sell("FED", usage_source="feed")
    tiers.approve(tiers.partner("Fenland", "FEN-1", ("FED", "6")))
    shown = kestrel.get(path(tiers)).get_json()
    assert shown["comment_required"]
    refused = kestrel.post(path(tiers), {"plan": shown["plan"]}, **headers(1))
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "comment")
    given = {"plan": shown["plan"], "comment": "Counted by Fenland."}
    assert kestrel.post(path(tiers), given, **headers(1)).status_code == 200


def test_the_distributor_reads_the_mark_and_not_what_is_below(app: Flask, tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    line = tiers.lines()["FEN-1", "MAIL"]
    drafts.save_lines(tiers.now(tiers.above), [LineDraft(line.uid, chargeable_units="38")], tiers.me, AT)
    steps.submit(tiers.now(tiers.above), tiers.me, AT)
    reviewer = Caller(app, tiers.reviewer)
    assert line_of(reviewer, tiers)["rolled_up"] == {
        "units": "40", "at": "2026-10-21T00:00:00Z", "edited": True, "report": None,
    }  # fmt: skip
    assert str(fenland.report.uid) not in reviewer.get(path(tiers, "/history")).text
    assert reviewer.get(path(tiers)).status_code == 404
    assert reviewer.get(f"/reports/{fenland.report.uid}").status_code == 404


def test_a_partner_sees_nothing_above_and_a_viewer_rolls_nothing_up(
    app: Flask, kestrel: Caller, tiers: Tiers, fenland: Partner
) -> None:
    plan = kestrel.get(path(tiers)).get_json()["plan"]
    partner = Caller(app, fenland.preparer)
    assert [partner.get(path(tiers)).status_code, partner.get(path(tiers, "")).status_code] == [404, 404]
    assert partner.post(path(tiers), {"plan": plan}, **headers(1)).status_code == 404
    viewer = Caller(app, member(tiers.middle, Role.VIEWER))
    assert viewer.get(path(tiers)).status_code == 200
    assert viewer.post(path(tiers), {"plan": plan}, **headers(1)).status_code == 403


def test_the_lists_of_reports_and_accounts_hold_both_sides_and_nothing_further(
    app: Flask, kestrel: Caller, tiers: Tiers, fenland: Partner
) -> None:
    def seen(who: Caller) -> set[str]:
        return {row["id"] for row in who.get("/reports").get_json()["items"]}

    above, below = str(tiers.above.uid), str(fenland.report.uid)
    assert seen(kestrel) == {above, below}
    assert seen(Caller(app, tiers.reviewer)) == {above}
    assert seen(Caller(app, fenland.preparer)) == {below}
