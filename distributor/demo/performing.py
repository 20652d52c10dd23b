"""Each deed of the plan, done by the operation that people and the scheduler use, at its own instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import select

from distributor.database import db
from distributor.demo.figures import Key
from distributor.demo.happening import Act, By, Happening
from distributor.demo.partners import PARTNERS
from distributor.demo.people import ADMIN, REVIEWER, SECOND, Person, preparer
from distributor.demo.stage import Stage
from distributor.identity.acting import Acting, system
from distributor.usage_reports.operations import automatic, drafts, opening, steps
from distributor.usage_reports.operations.carrying import KEPT
from distributor.usage_reports.operations.drafts import LineDraft, NewLine
from distributor.usage_reports.queries import LINE, REPORT, ReportRow, reports_for_update
from workflows.report_cycle import Cycle
from workflows.usage_report import RULES, Actor, Role, Step

STAFF = {By.REVIEWER: REVIEWER, By.SECOND: SECOND, By.ADMIN: ADMIN}
PREPARERS = {partner.account: preparer(partner) for partner in PARTNERS}


@dataclass(slots=True)
class Performance:
    """The stage, and the reports that have opened on it so far."""

    stage: Stage
    reports: dict[tuple[str, Cycle], int] = field(default_factory=dict)


def perform(stage: Stage, happenings: Iterable[Happening]) -> None:
    """Do everything in order; deeds of one kind and instant are done together."""
    performance = Performance(stage)
    ordered = sorted(happenings, key=lambda one: one.order)
    for (at, act, _), together in groupby(ordered, key=lambda one: (one.at, one.act, one.by)):
        DEEDS[act](performance, list(together), at)


def _open(performance: Performance, deeds: Sequence[Happening], at: datetime) -> None:
    numbers = {performance.stage.accounts[deed.account].id: deed.account for deed in deeds}
    opening.open_next(list(numbers), at, system())
    query = select(REPORT.c.id, REPORT.c.account_id, REPORT.c.cycle).where(
        REPORT.c.account_id.in_(numbers), REPORT.c.opened_at == at
    )
    for row in db.session.execute(query):
        performance.reports[numbers[row.account_id], Cycle.from_date(row.cycle)] = row.id


def _remind(_performance: Performance, _deeds: Sequence[Happening], at: datetime) -> None:
    automatic.remind(at)


def _submit_automatically(performance: Performance, deeds: Sequence[Happening], at: datetime) -> None:
    automatic.submit_due(_ids(performance, deeds), at, system())


def _approve_automatically(performance: Performance, deeds: Sequence[Happening], at: datetime) -> None:
    automatic.approve_by_policy(_ids(performance, deeds), at, system())


Deed = Callable[[ReportRow, Happening, Acting, datetime], object]


def _each(step: Step, deed: Deed, performance: Performance, deeds: Sequence[Happening], at: datetime) -> None:
    """Reports that have moved on meanwhile, say by automatic approval, are passed over."""
    wanted = dict(zip(_ids(performance, deeds), deeds, strict=True))
    for report in reports_for_update(list(wanted)):
        if report.status in RULES[step].sources:
            deed(report, wanted[report.id], _acting(performance, wanted[report.id]), at)


def _ids(performance: Performance, deeds: Sequence[Happening]) -> list[int]:
    return [performance.reports[deed.account, deed.cycle] for deed in deeds if deed.cycle]


def _acting(performance: Performance, deed: Happening) -> Acting:
    who: Person = STAFF[deed.by] if deed.by in STAFF else PREPARERS[deed.account]
    roles = frozenset(Role(role) for role in who.roles)
    return Acting(Actor(who.side, roles, performance.stage.users[who.email].id), who.name, "web")


def _add_lines(report: ReportRow, deed: Happening, acting: Acting, at: datetime) -> None:
    for (customer, sku), words in deed.words.items():
        if words.units is not None:
            drafts.add_line(report, NewLine(sku, words.units, customer), acting, at)
        (report,) = reports_for_update([report.id])


def _draft(report: ReportRow, deed: Happening, acting: Acting, at: datetime) -> None:
    uids = _uids(report)
    changes = [
        LineDraft(
            uids[key],
            chargeable_units=KEPT if words.units is None else words.units,
            comment=KEPT if words.comment is None else words.comment,
        )
        for key, words in deed.words.items()
    ]
    drafts.save_lines(report, changes, acting, at)


def _submit(report: ReportRow, _deed: Happening, acting: Acting, at: datetime) -> None:
    steps.submit(report, acting, at)


def _recall(report: ReportRow, _deed: Happening, acting: Acting, at: datetime) -> None:
    steps.recall(report, acting, at)


def _waive(report: ReportRow, deed: Happening, acting: Acting, at: datetime) -> None:
    uids = _uids(report)
    for key, reason in deed.notes.items():
        steps.waive(report, uids[key], acting, at, reason=reason)


def _endorse(report: ReportRow, _deed: Happening, acting: Acting, at: datetime) -> None:
    if report.approval_limit is not None and report.amount > report.approval_limit:
        steps.endorse(report, acting, at)


def _approve(report: ReportRow, _deed: Happening, acting: Acting, at: datetime) -> None:
    steps.approve(report, acting, at)


def _reject(report: ReportRow, deed: Happening, acting: Acting, at: datetime) -> None:
    uids = _uids(report)
    notes = {uids[key]: note for key, note in deed.notes.items()}
    steps.reject(report, acting, at, reason=deed.reason or "", notes=notes)


def _reopen(report: ReportRow, deed: Happening, acting: Acting, at: datetime) -> None:
    steps.reopen(report, acting, at, reason=deed.reason or "")


def _invoice(report: ReportRow, _deed: Happening, acting: Acting, at: datetime) -> None:
    steps.invoice(report, acting, at)


def _uids(report: ReportRow) -> dict[Key, Any]:
    query = select(LINE.c.uid, LINE.c.customer_ref, LINE.c.sku).where(LINE.c.report_id == report.id)
    return {(row.customer_ref, row.sku): row.uid for row in db.session.execute(query)}


DEEDS: dict[Act, Callable[[Performance, Sequence[Happening], datetime], None]] = {
    Act.OPEN: _open,
    Act.REMIND: _remind,
    Act.AUTO_SUBMIT: _submit_automatically,
    Act.AUTO_APPROVE: _approve_automatically,
    Act.ADD_LINES: partial(_each, Step.SAVE, _add_lines),
    Act.DRAFT: partial(_each, Step.SAVE, _draft),
    Act.SUBMIT: partial(_each, Step.SUBMIT, _submit),
    Act.RECALL: partial(_each, Step.RECALL, _recall),
    Act.WAIVE: partial(_each, Step.WAIVE, _waive),
    Act.ENDORSE: partial(_each, Step.ENDORSE, _endorse),
    Act.APPROVE: partial(_each, Step.APPROVE, _approve),
    Act.REJECT: partial(_each, Step.REJECT, _reject),
    Act.REOPEN: partial(_each, Step.REOPEN, _reopen),
    Act.INVOICE: partial(_each, Step.INVOICE, _invoice),
}
