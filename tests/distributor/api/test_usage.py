"""Usage over the API, in every form it is taken in."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from flask import Flask

from distributor.database import db
from distributor.usage_reports.queries import ReportRow
from tests.distributor.api.calling import Caller, kind, version
from tests.factories import Story, member, product
from workflows.usage_report import Role

Opened = Callable[..., ReportRow]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADER = "customer_ref,customer_name,sku,provisioned_units,used_units\n"


@pytest.fixture
def path(story: Story) -> str:
    product(story.distributor, "BACKUP")
    db.session.commit()
    return f"/accounts/{story.account.uid}/usage/2026-10"


def usage(*lines: tuple[str, Any]) -> dict[str, Any]:
    rows = [{"customer_ref": ref, "customer_name": ref, "sku": "BACKUP", "provisioned_units": n} for ref, n in lines]
    return {"source": "panel", "counted_at": "2026-10-20T12:00:00Z", "lines": rows}


def test_usage_as_json_is_taken_once(path: str, reviewer: Caller) -> None:
    first = reviewer.call("PUT", path, json=usage(("a", "40"), ("b", 2))).get_json()
    assert [first[name] for name in ("rows", "added", "changed", "removed", "unchanged")] == [2, 2, 0, 0, 0]
    again = reviewer.call("PUT", path, json=usage(("a", "40"), ("b", 2))).get_json()
    assert [again[name] for name in ("rows", "added", "changed", "removed", "unchanged")] == [2, 0, 0, 0, 2]


def test_usage_as_csv_and_as_an_uploaded_file(path: str, reviewer: Caller) -> None:
    content = (HEADER + "a,Harbour Dental,BACKUP,40,\n").encode()
    sent = reviewer.call("PUT", path, data=content, Content_Type="text/csv").get_json()
    assert (sent["rows"], sent["added"]) == (1, 1)
    uploaded = reviewer.call("PUT", path, data={"file": (BytesIO(content), "usage.csv")}).get_json()
    assert (uploaded["rows"], uploaded["unchanged"]) == (1, 1)


def test_a_workbook_is_taken_as_one(path: str, reviewer: Caller) -> None:
    content = workbook(HEADER.strip().split(","), ["a", "Harbour Dental", "BACKUP", 40])
    taken = reviewer.call("PUT", path, data=content, Content_Type=XLSX)
    assert (taken.get_json()["rows"], taken.get_json()["added"]) == (1, 1)
    refused = reviewer.call("PUT", f"{path}?format=distributor-csv", data=content, Content_Type=XLSX)
    assert kind(refused) == (422, "invalid-input")
    assert "distributor-xlsx" in refused.get_json()["detail"]


def workbook(*rows: list[Any]) -> bytes:
    file = BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return file.getvalue()


def test_an_open_report_follows(path: str, story: Story, opened: Opened, reviewer: Caller, msp: Caller) -> None:
    report = opened()
    outcome = reviewer.call("PUT", path, json=usage(("a", "40"))).get_json()["report"]
    assert (outcome["id"], outcome["status"], outcome["refreshed"]) == (str(report.uid), "msp_preparing", True)
    assert msp.get(f"/reports/{report.uid}").get_json()["totals"]["provisioned_units"] == "40"


def test_a_dry_run_changes_nothing_and_names_every_refused_row(path: str, opened: Opened, reviewer: Caller) -> None:
    report = opened()
    wrong = usage(("a", "40"), ("b", "-1"), ("c", "NaN"))
    told = reviewer.call("PUT", f"{path}?dry_run=true", json=wrong)
    assert (told.status_code, told.get_json()["added"]) == (200, 1)
    assert [row["field"] for row in told.get_json()["refused"]] == ["provisioned_units", "provisioned_units"]
    assert reviewer.get(f"/reports/{report.uid}").get_json()["version"] == 1
    assert reviewer.call("PUT", path, json=usage(("a", "40"))).get_json()["added"] == 1


def test_one_wrong_row_refuses_the_whole_file(path: str, reviewer: Caller) -> None:
    content = (HEADER + "a,A,BACKUP,40,\nb,B,NOTHING,1,\nc,C,BACKUP,x,\n").encode()
    refused = reviewer.call("PUT", path, data=content, Content_Type="text/csv")
    assert kind(refused) == (422, "invalid-input")
    assert {(error["row"], error["field"]) for error in refused.get_json()["errors"]} == {
        (3, "sku"),
        (4, "provisioned_units"),
    }
    assert reviewer.call("PUT", path, json=usage(("a", "40"))).get_json()["added"] == 1


@pytest.mark.parametrize("question", ["", "?dry_run=true", "?format=json"])
def test_microsofts_name_is_refused_on_the_field_source(path: str, reviewer: Caller, question: str) -> None:
    refused = reviewer.call("PUT", path + question, json=usage(("a", "40")) | {"source": "Microsoft"})
    assert kind(refused) == (422, "invalid-input")
    assert [error["field"] for error in refused.get_json()["errors"]] == ["source"]
    assert reviewer.call("PUT", path, json=usage(("a", "40"))).get_json()["added"] == 1


def test_products_are_added_by_those_who_may_change_the_catalogue(
    app: Flask, path: str, story: Story, admin: Caller
) -> None:
    content = (HEADER + "a,A,NEW-ONE,40,\n").encode()
    usage_only = Caller(app, story.admin, "usage:write")
    refused = usage_only.call("PUT", f"{path}?add_products=true", data=content, Content_Type="text/csv")
    assert kind(refused) == (403, "forbidden")
    added = admin.call("PUT", f"{path}?add_products=true", data=content, Content_Type="text/csv").get_json()
    assert [row["sku"] for row in added["products_added"]] == ["NEW-ONE"]


def test_microsofts_file_is_read_as_it_comes(story: Story, admin: Caller) -> None:
    file = Path(__file__).parents[2] / "data" / "microsoft-nce-reconciliation.csv"
    story.account.currency = "USD"
    path = f"/accounts/{story.account.uid}/usage/2026-04?add_products=true&format=microsoft"
    answer = admin.call("PUT", path, data=file.read_bytes(), Content_Type="text/csv").get_json()
    assert (answer["added"], len(answer["products_added"])) == (98, 4)


WRONG = {
    "2026-13": (422, "invalid-cycle"),
    "october": (422, "invalid-cycle"),
    "2190-01": (422, "invalid-input"),
}


@pytest.mark.parametrize("cycle", WRONG)
def test_a_cycle_that_is_none_is_refused(cycle: str, path: str, reviewer: Caller) -> None:
    answer = reviewer.call("PUT", path.replace("2026-10", cycle), json=usage(("a", "1")))
    assert kind(answer) == WRONG[cycle]


BODIES: dict[str, tuple[bytes, str, int]] = {
    "a picture": (b"\x89PNG\r\n", "image/png", 415),
    "a form": (b"file=1", "application/x-www-form-urlencoded", 415),
    "an XLSX that is none": (b"customer_ref", XLSX, 422),
    "a zip that is no workbook": (b"PK\x03\x04" + b"x" * 100, XLSX, 422),
    "no JSON": (b'{"lines": ', "application/json", 422),
    "half a character": (b'{"lines": [{"sku": "\\ud800", "provisioned_units": 1}]}', "application/json", 422),
    "nothing": (b"", "text/csv", 422),
    "decimal commas": (HEADER.encode() + b'a,A,BACKUP,"1,5",\n', "text/csv", 422),
    "too large": (b"x" * (5 * 1024 * 1024 + 1), "text/csv", 413),
    "too many rows": (HEADER.encode() + b"a,A,BACKUP,1,\n" * 20_001, "text/csv", 422),
    "no file in the form": (b"--b--\r\n", "multipart/form-data; boundary=b", 422),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_no_usage_gets_a_clear_answer(body: str, path: str, reviewer: Caller) -> None:
    content, media, status = BODIES[body]
    answer = reviewer.call("PUT", path, data=content, Content_Type=media)
    assert kind(answer)[0] == status
    assert answer.get_json()["detail"]


def test_only_the_distributor_delivers_usage(app: Flask, path: str, story: Story, msp: Caller) -> None:
    assert kind(msp.call("PUT", path, json=usage(("a", "1")))) == (403, "forbidden")
    looks_on = Caller(app, member(story.distributor, Role.VIEWER), "reports:read")
    assert kind(looks_on.call("PUT", path, json=usage(("a", "1")))) == (403, "forbidden")
    stranger = Caller(app, Story().reviewer)
    assert kind(stranger.call("PUT", path, json=usage(("a", "1")))) == (404, "not-found")


def test_usage_of_a_submitted_report_is_kept_and_says_so(
    path: str, opened: Opened, reviewer: Caller, msp: Caller
) -> None:
    report = opened(("40", None))
    msp.post(f"/reports/{report.uid}/submit", **version(1))
    outcome = reviewer.call("PUT", path, json=usage(("a", "7"))).get_json()["report"]
    assert (outcome["status"], outcome["refreshed"]) == ("under_review", False)
    assert outcome["why"]
