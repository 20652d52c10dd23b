"""How often a call asks the database: a fixed number, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Callable

from distributor.database import db
from distributor.usage_reports.queries import ReportRow
from tests.distributor.api.calling import Caller, Counting, opening, version
from tests.factories import CYCLE, Story, product

Opened = Callable[..., ReportRow]
MOST = 8


def counted(caller: Caller, method: str, path: str, json: object = None, **headers: str) -> int:
    caller.get("/me")  # notes that the token is in use, which is done once in a while
    with Counting() as counting:
        answer = caller.call(method, path, json=json, **headers)
    assert answer.status_code < 300, answer.get_json()
    return len(counting.statements)


def test_reading_takes_a_fixed_number_of_statements(opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(*[("40", None)] * 30)
    for month in (CYCLE.next(), CYCLE.next().next()):
        story.open_cycle(month, opening(month))
    db.session.commit()
    for path in (
        f"/reports/{report.uid}",
        "/reports",
        f"/reports/{report.uid}/history",
        "/accounts",
        "/products",
        "/me",
    ):
        assert counted(msp, "GET", path) <= MOST, path


def test_steps_take_few_statements(opened: Opened, story: Story, msp: Caller, reviewer: Caller) -> None:
    report = opened(*[("40", None)] * 30)
    path, line = f"/reports/{report.uid}", str(story.lines(report)[0].uid)
    assert counted(msp, "POST", f"{path}/submit", **version(1)) <= 3
    body = {"reason": "Why", "lines": [{"id": line, "note": "Is that all?"}]}
    assert counted(reviewer, "POST", f"{path}/reject", body, Idempotency_Key="r", **version(2)) <= MOST
    assert counted(msp, "PATCH", f"{path}/lines", [{"id": line, "comment": "Yes"}], **version(3)) <= MOST
    assert counted(msp, "POST", f"{path}/submit", Idempotency_Key="s", **version(4)) <= 5
    assert counted(reviewer, "POST", f"{path}/approve", **version(5)) <= 3


def test_saving_many_lines_takes_no_more_statements_than_one(opened: Opened, story: Story, msp: Caller) -> None:
    report = opened(*[("40", None)] * 30)
    draft = [{"id": str(line.uid), "comment": "Checked"} for line in story.lines(report)]
    one = counted(msp, "PATCH", f"/reports/{report.uid}/lines", draft[:1], **version(1))
    assert counted(msp, "PATCH", f"/reports/{report.uid}/lines", draft, **version(2)) == one


def test_adding_and_removing_a_line(story: Story, opened: Opened, msp: Caller) -> None:
    manual = product(story.distributor, usage_source="manual")
    path = f"/reports/{opened(('40', None)).uid}/lines"
    body = {"sku": manual.sku, "customer_name": "Harbour Dental", "chargeable_units": "3"}
    assert counted(msp, "POST", path, body, **version(1)) <= MOST
    made = next(line for line in story.lines(story.report(1)) if line.added_by_msp)
    assert counted(msp, "DELETE", f"{path}/{made.uid}", **version(2)) <= MOST
