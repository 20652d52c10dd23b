"""The usual ways of preparing, submitting and reviewing, each as the happenings it consists of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from random import Random

from distributor.demo.catalogue import ITEMS
from distributor.demo.course import Report
from distributor.demo.figures import CYCLES, Counted, Key
from distributor.demo.happening import Act, By, Happening, Words
from distributor.demo.names import ANSWER, NOTES
from distributor.demo.partners import Partner, terms_of


def does(report: Report, at: datetime, act: Act, by: By, **more: object) -> Happening:
    return Happening(at, act, by, report.partner.account, report.cycle, **more)  # type: ignore[arg-type]  # by name


def chance(report: Report) -> Random:
    return Random(f"deeds {report.partner.number} {report.back}")


def said(report: Report) -> dict[Key, Words]:
    """All that the MSP types on a report; in the cycle in which hand-counted lines are added they hold their figure."""
    added = report.back == CYCLES - 1
    return {
        line.key: Words(line.declared, line.comment)
        for line in report.lines
        if (line.declared is not None or line.comment) and not (added and line.provisioned is None)
    }


def by_hand(report: Report) -> dict[Key, Words]:
    return {line.key: Words(line.declared) for line in report.lines if line.provisioned is None}


REASONS = (
    "The total moved further than your customers did. Please look through it once more.",
    "One line does not match the provisioning history. Everything else is accepted.",
    "Two lines do not match the provisioning history. Everything else is accepted.",
)


def _flagged(report: Report) -> list[Counted]:
    return [line for line in report.lines if line.differs][:2]


def draft(report: Report, at: datetime, words: Mapping[Key, Words]) -> Iterator[Happening]:
    if words:
        yield does(report, at, Act.DRAFT, By.PREPARER, words=words)


def submit(report: Report, day: int) -> Iterator[Happening]:
    """Drafted the evening before, handed in at some time of the day."""
    random = chance(report)
    yield from draft(report, report.on(day - 1, random.randint(14, 17), random.randint(0, 59)), said(report))
    yield from handed_in(report, report.on(day, random.randint(9, 17), random.randint(0, 59)))


def handed_in(report: Report, at: datetime) -> Iterator[Happening]:
    yield does(report, at, Act.SUBMIT, By.PREPARER)
    yield from _under_policy(report, at)


def submit_automatically(report: Report) -> Iterator[Happening]:
    yield from draft(report, report.on(6, 15, report.partner.number % 60), said(report))
    yield does(report, report.due_at, Act.AUTO_SUBMIT, By.SERVICE)
    yield from _under_policy(report, report.due_at)


def _under_policy(report: Report, submitted_at: datetime) -> Iterator[Happening]:
    if terms_of(report.partner)["auto_approve_max_change_percent"] is not None:
        yield does(report, submitted_at + timedelta(minutes=1), Act.AUTO_APPROVE, By.SERVICE)


def approve(report: Report, day: int) -> Iterator[Happening]:
    """In one go with others of that morning; what may be over the limit is endorsed by the other reviewer first."""
    if _may_exceed_limit(report):
        yield endorse(report, day)
    yield does(report, _morning(report, day, 9), Act.APPROVE, reviewers(report.partner)[0])


def endorse(report: Report, day: int) -> Happening:
    return does(report, _morning(report, day, 8), Act.ENDORSE, reviewers(report.partner)[1])


def _morning(report: Report, day: int, hour: int) -> datetime:
    """Reviewers sit down together on Tuesdays and Fridays; in the newest cycle they do not wait for that."""
    wanted = report.on(day, 12).date()
    while report.back and wanted.isoweekday() not in {2, 5}:
        wanted += timedelta(days=1)
    return datetime.combine(wanted, time(hour, 15), UTC)


def _may_exceed_limit(report: Report) -> bool:
    """Judged on the dearest it can get: every penalty charged, every missing figure estimated a tenth higher."""
    terms = terms_of(report.partner)
    most = sum(
        max(line.charged, Decimal(line.provisioned or 0)) * (ITEMS[line.sku].price(terms["currency"]) or 0)
        for line in report.lines
    )
    return bool(most * 11 > terms["approval_limit"] * 10)


def reviewers(partner: Partner) -> tuple[By, By]:
    return (By.REVIEWER, By.SECOND) if partner.number % 3 else (By.SECOND, By.REVIEWER)


def reject(report: Report, at: datetime) -> Happening:
    notes = {line.key: NOTES[number % len(NOTES)] for number, line in enumerate(_flagged(report))}
    reason = REASONS[len(notes)]
    return does(report, at, Act.REJECT, reviewers(report.partner)[0], reason=reason, notes=notes)


def answer(report: Report, at: datetime) -> Iterator[Happening]:
    flagged = _flagged(report)
    said = {line.key: Words(comment=ANSWER.format(n=abs((line.provisioned or 0) - line.charged))) for line in flagged}
    yield from draft(report, at, said)
    yield from handed_in(report, at + timedelta(minutes=25))
