"""Saving a draft in which every line of a long report changed: as the grid sends it, as an operation, as plain SQL."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import select

from benchmarks import databases
from benchmarks.batches import seconds
from benchmarks.figures import Figure, multiple
from benchmarks.load import ask
from benchmarks.pages import PREPARER, newest_report
from benchmarks.pile import Pile
from benchmarks.service import Web, application
from benchmarks.sizes import Sizes
from benchmarks.visitor import Visitor, sign_in
from distributor import clock
from distributor.database import db
from distributor.identity.acting import CurrentMember, acting
from distributor.identity.queries import member_by_email
from distributor.usage_reports import queries
from distributor.usage_reports.operations import drafts
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import LINE, REPORT

SAVE = (Path(__file__).parent / "sql" / "save.sql").read_bytes()
BUMP = b"UPDATE usage_reports SET version = version + 1, endorsed_by = NULL, endorsed_at = NULL WHERE id = %s"


def measure(pile: Pile, web: Web, sizes: Sizes) -> list[Figure]:
    """Each round saves the same report three times, other units and comments each time."""
    uid = UUID(newest_report(pile.url, "LONG-0"))
    visitor = sign_in(pile.url, web.port, PREPARER)
    ways: dict[str, list[float]] = {"page": [], "operation": [], "floor": []}
    for number in range(0, 3 * sizes.rounds, 3):
        ways["page"].append(_by_page(pile, web, visitor, uid, number + 1))
        ways["operation"].append(_by_operation(pile, uid, number + 2))
        ways["floor"].append(_by_sql(pile, uid, number + 3))
        databases.settle(pile.url)
    what = f"save a draft of {sizes.long_lines:,} changed lines"
    return [
        Figure(f"{what}, from the grid", median(ways["page"]) * 1000, "ms", 500, 150),
        multiple(f"{what}, the operation against one SQL statement", ways["operation"], ways["floor"], 3.5, 2),
    ]


def _lines(uid: UUID) -> list[Any]:
    query = select(LINE.c.id, LINE.c.uid, LINE.c.version, LINE.c.provisioned_units)
    return list(db.session.execute(query.join(REPORT, REPORT.c.id == LINE.c.report_id).where(REPORT.c.uid == uid)))


def _by_page(pile: Pile, web: Web, visitor: Visitor, uid: UUID, number: int) -> float:
    with application(pile.url):
        lines = [
            {
                "id": str(line.uid), "version": line.version, "comment": f"Counted again, {number}",
                "chargeable_units": str(int(line.provisioned_units) + number),
            }
            for line in _lines(uid)
        ]  # fmt: skip
    save = visitor.post_json(f"/reports/{uid}", f"/reports/{uid}/save", {"lines": lines})
    return ask(web.port, [save], 1).seconds


def _by_operation(pile: Pile, uid: UUID, number: int) -> float:
    with application(pile.url):
        member = member_by_email(PREPARER)
        given = [
            LineDraft(line.uid, line.version, str(int(line.provisioned_units) + number), f"Counted again, {number}")
            for line in _lines(uid)
        ]
        db.session.rollback()
        return seconds(lambda: _save(uid, member, given))


def _save(uid: UUID, member: CurrentMember, given: list[LineDraft]) -> None:
    report = queries.report_for_update(uid, member)
    drafts.save_lines(report, given, acting(member, report), clock.now())
    db.session.commit()


def _by_sql(pile: Pile, uid: UUID, number: int) -> float:
    with application(pile.url):
        report = db.session.scalars(select(REPORT.c.id).where(REPORT.c.uid == uid)).one()
        user, lines = member_by_email(PREPARER).user_id, _lines(uid)
    given = {
        "ids": [line.id for line in lines],
        "units": [line.provisioned_units + Decimal(number) for line in lines],
        "comments": [f"Counted again, {number}"] * len(lines),
        "report": report,
        "user": user,
    }
    with databases.service_role(pile.url) as connection:

        def save() -> None:
            connection.execute(SAVE, given)
            connection.execute(BUMP, [report])
            connection.commit()

        return seconds(save)
