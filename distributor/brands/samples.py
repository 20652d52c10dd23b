"""Every kind of mail as an example, of the distributor's own newest report where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import gettext

from distributor.brands.queries import Look, SampleLine, newest_report, sample_lines
from distributor.delivery.events import ESCALATIONS
from distributor.delivery.facts import Listing, ReportFacts, ShownLine
from distributor.delivery.reader import Reader
from distributor.delivery.rendering import INVITATION, Occasion
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.notifications import AUDIENCES
from workflows.report_cycle import REMINDER_OFFSETS, Cycle
from workflows.usage_report import Side, Status

NOBODYS = UUID(int=0)
# A report of the samples is due at the end of the seventh day.
DAYS_LEFT = 8
A_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of mail to look at; `left` until the report is due, `nil` on a report without lines."""

    key: str
    event: str
    side: Side
    left: timedelta = A_WEEK
    nil: bool = False
    by_hand: bool = False


def _kinds_of(event: str, side: Side) -> tuple[Kind, ...]:
    key = f"{event}-{side}"
    if event == "reminder":
        marked = [(f"{key}-{int(left.total_seconds()) // 3600}h", left) for left in REMINDER_OFFSETS]
        by_time = tuple(Kind(name, event, side, left) for name, left in marked)
        return (*by_time, Kind(f"{key}-by-hand", event, side, timedelta(days=2), by_hand=True))
    if event == "auto_submitted":
        return Kind(key, event, side), Kind(f"{key}-nil", event, side, nil=True)
    return (Kind(key, event, side),)


INVITED = (INVITATION, [Side.MSP])
KINDS: dict[str, Kind] = {
    kind.key: kind
    for told in (
        *((event, audience.side) for event, of in AUDIENCES.items() for audience in of),
        (INVITATION, Side.MSP),
    )
    for kind in _kinds_of(*told)
}

STATUS = {
    "submitted": Status.UNDER_REVIEW,
    "auto_submitted": Status.UNDER_REVIEW,
    "waived": Status.UNDER_REVIEW,
    "endorsed": Status.UNDER_REVIEW,
    "approved": Status.APPROVED,
    "auto_approved": Status.APPROVED,
    "rejected": Status.REJECTED,
}
# Steps that the MSP takes; all others are the distributor's or the service's.
BY_MSP = frozenset({"submitted", "recalled", "reopened_by_msp"})
BETWEEN_STEPS = frozenset({"reminder", "unpriced", *ESCALATIONS})


def sample(kind: Kind, member: CurrentMember, look: Look, at: datetime, logo: str) -> Occasion:
    """The occasion of a mail of this kind. Its words are in the language that is set at the time of the call."""
    row = newest_report(member.organization_id)
    lines = sample_lines(row.id) if row is not None else _made_up_lines()
    report = _report(kind, member, row, lines, at)
    facts = None if kind.event == INVITATION else _facts(kind, report, lines, member, at)
    reader = _reader(kind, member, report)
    details: dict[str, Any] = {"reminded_by": member.name} if kind.by_hand else {}
    then = report.due_at - kind.left if kind.event == "reminder" else at
    return Occasion(kind.event, kind.side, reader, look, details, facts, then, logo=logo)


def _reader(kind: Kind, member: CurrentMember, report: Any) -> Reader:
    """The member in the place of whom the mail goes to."""
    roles = next((one.roles for one in AUDIENCES.get(kind.event, ()) if one.side is kind.side), ())
    company = report.msp_name if kind.side is Side.MSP else report.distributor_name
    return Reader(member.name, member.locale, company, frozenset(str(role) for role in roles[:1]))


def _report(kind: Kind, member: CurrentMember, row: Any, lines: Sequence[SampleLine], at: datetime) -> Any:
    base = dict(row._mapping) if row is not None else _made_up(member, lines)
    due_at = _midnight(base["time_zone"], at, days=0 if kind.event == "auto_submitted" else DAYS_LEFT)
    base |= {"due_at": due_at, "status": STATUS.get(kind.event, Status.MSP_PREPARING), "missing_prices": len(lines)}
    base |= {"rejected_before": kind.event == "rejected", "decided_at": None}
    if kind.nil:
        base |= {"line_count": 0, "amount": Decimal(0)}
    return SimpleNamespace(**base)


def _made_up(member: CurrentMember, lines: Sequence[SampleLine]) -> dict[str, Any]:
    return {
        "uid": NOBODYS,
        "account_number": "ACC-1001",
        "msp_name": gettext("Example MSP"),
        "distributor_name": member.organization_name,
        "time_zone": "UTC",
        "currency": "EUR",
        "minor_unit": 2,
        "version": 3,
        "amount": sum((line.charged * line.price for line in lines), Decimal(0)),
        "line_count": len(lines),
        "discrepancies": len(lines),
        "cycle": Cycle(2026, 10).first_day,
        "corrections_allowed": True,
        "approval_limit": None,
    }


def _made_up_lines() -> list[SampleLine]:
    return [
        SampleLine(gettext("Example customer"), gettext("Mailbox, 50 GB"), Decimal(400), Decimal(300), Decimal("2.85")),
        SampleLine(
            gettext("Another customer"), gettext("Backup, per seat"), Decimal(64), Decimal(58), Decimal("18.70")
        ),
    ]


def _facts(kind: Kind, report: Any, lines: Sequence[SampleLine], member: CurrentMember, at: datetime) -> ReportFacts:
    listing = Listing() if kind.nil else _listing(kind.event, lines)
    actor = gettext("A preparer") if kind.event in BY_MSP else member.name
    return ReportFacts(
        report=report,
        action=None if kind.event in BETWEEN_STEPS else _action(report, lines, actor, at, noted=listing.count),
        side=kind.side,
        due_at=report.due_at,
        version=report.version,
        amount=report.amount,
        moved_on=False,
        listing=listing,
        idle=_listing("opened", lines) if kind.event == "rejected" else listing,
    )


def _action(report: Any, lines: Sequence[SampleLine], actor: str, at: datetime, *, noted: int) -> Any:
    waived = {"penalty": lines[0].shortfall, "line": f"{lines[0].customer or ''} {lines[0].product}".strip()}
    counts = {"notes": noted, "discrepancies": noted, "penalised": noted}
    reason = gettext("Here stands the reason that was given.")
    details = {**counts, **waived, "amount": str(report.amount)}
    return SimpleNamespace(version=report.version, actor_name=actor, at=at, reason=reason, details=details)


def _listing(event: str, lines: Sequence[SampleLine]) -> Listing:
    shown = tuple(_shown(event, line) for line in lines) if event in LISTED else ()
    return Listing(shown, len(shown), sum((line.cost for line in shown), Decimal(0)))


def _shown(event: str, line: SampleLine) -> ShownLine:
    figures, note = LISTED[event](line)
    return ShownLine(line.customer, line.product, figures, line.shortfall, note)


Shown = tuple[tuple[Decimal | None, ...], str | None]


def _idle(line: SampleLine) -> Shown:
    return (line.charged, line.provisioned), None


def _noted(line: SampleLine) -> Shown:
    return (line.provisioned, line.charged), gettext("Here stands the note on this line.")


def _explained(line: SampleLine) -> Shown:
    return (line.provisioned, line.charged), gettext("Here stands the comment of the MSP.")


def _counted(line: SampleLine) -> Shown:
    return (line.charged,), None


LISTED = {
    "opened": _idle,
    "reminder": _idle,
    "reopened_by_distributor": _idle,
    "auto_submitted": _idle,
    "rejected": _noted,
    "submitted": _explained,
    "endorsed": _explained,
    "unpriced": _counted,
}


def _midnight(zone: str, at: datetime, *, days: int) -> datetime:
    """The midnight before `at`, or that of so many days later."""
    place = ZoneInfo(zone)
    return datetime.combine(at.astimezone(place).date() + timedelta(days=days), time(), place)
