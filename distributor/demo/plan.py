"""What everybody does with their reports: by habit in ordinary cycles, in the newest one so that all can be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta

from distributor.demo import kestrel
from distributor.demo.course import Report
from distributor.demo.deeds import (
    answer,
    approve,
    by_hand,
    chance,
    does,
    draft,
    endorse,
    handed_in,
    reject,
    reviewers,
    said,
    submit,
    submit_automatically,
)
from distributor.demo.figures import CYCLES, Kind, habit
from distributor.demo.happening import Act, By, Happening, Words
from distributor.demo.partners import Now
from workflows.report_cycle import Cycle


def happenings(report: Report, at: datetime) -> Iterator[Happening]:
    """Everything that happens to one report until `at`."""
    yield does(report, report.opened_at, Act.OPEN, By.SERVICE)
    if report.back == CYCLES - 1 and any(line.provisioned is None for line in report.lines):
        yield does(report, report.on(1, 10, 20), Act.ADD_LINES, By.PREPARER, words=by_hand(report))
    for deed in _deeds(report, at):
        if deed.at <= at:
            yield deed


def reminding(at: datetime, days: int = 10) -> Iterator[Happening]:
    """The mornings on which the service asked whom to remind."""
    for ago in range(days):
        morning = datetime.combine((at - timedelta(days=ago)).date(), time(7), UTC)
        if morning <= at:
            yield Happening(morning, Act.REMIND, By.SERVICE)


def _deeds(report: Report, at: datetime) -> Iterator[Happening]:
    if report.back == 0 and report.partner.now is not Now.USUAL:
        yield from NEWEST[report.partner.now](report, at)
        return
    yield from USUAL[_kind(report)](report)
    yield does(report, _invoiced_at(report.cycle), Act.INVOICE, By.ADMIN)


def _kind(report: Report) -> Kind:
    if report.partner.now is Now.KESTREL:
        return kestrel.MONTHS[report.back - 1].kind
    return habit(report.partner, report.back).kind


def _invoiced_at(cycle: Cycle) -> datetime:
    """On the fifth of the month after next."""
    return datetime.combine(cycle.next().next().first_day.replace(day=5), time(6), UTC)


# Ordinary cycles


def _usual_by_hand(report: Report) -> Iterator[Happening]:
    day = chance(report).randint(4, 9)
    if report.partner.now is Now.KESTREL:
        day = kestrel.MONTHS[report.back - 1].submitted
    yield from submit(report, day)
    yield from approve(report, day + 3)


def _usual_automatic(report: Report) -> Iterator[Happening]:
    yield from submit_automatically(report)
    yield from approve(report, 13)


def _usual_sent_back(report: Report) -> Iterator[Happening]:
    yield from submit(report, 5)
    yield reject(report, report.on(7, 11, 40))
    yield from answer(report, report.on(9, 10, 5))
    yield from approve(report, 11)


def _usual_recalled(report: Report) -> Iterator[Happening]:
    yield from submit(report, 5)
    yield does(report, report.on(5, 19, 10), Act.RECALL, By.PREPARER)
    yield from handed_in(report, report.on(6, 9, 30))
    yield from approve(report, 8)


USUAL: dict[Kind, Callable[[Report], Iterator[Happening]]] = {
    Kind.BY_HAND: _usual_by_hand,
    Kind.AUTOMATIC: _usual_automatic,
    Kind.PENALTY: _usual_automatic,
    Kind.SENT_BACK: _usual_sent_back,
    Kind.RECALLED: _usual_recalled,
}


# The newest cycle


def _preparing(report: Report, _at: datetime) -> Iterator[Happening]:
    """Some of it is written: of hand-counted lines the first five, of the rest what has an explanation or a figure."""
    words = dict(list(said(report).items())[:5]) if report.lines[0].provisioned is None else said(report)
    yield from draft(report, report.on(4, 14, 15), words)


def _untouched(_report: Report, _at: datetime) -> Iterator[Happening]:
    return iter(())


def _waiting(report: Report, _at: datetime) -> Iterator[Happening]:
    yield from submit(report, 7 + report.partner.number % 4)


def _just_in(report: Report, at: datetime) -> Iterator[Happening]:
    yield does(report, at - timedelta(minutes=36), Act.SUBMIT, By.PREPARER)


def _automatic(report: Report, _at: datetime) -> Iterator[Happening]:
    yield from submit_automatically(report)


def _endorsed(report: Report, _at: datetime) -> Iterator[Happening]:
    yield from submit(report, 8)
    yield endorse(report, 10)


def _rejected(report: Report, at: datetime) -> Iterator[Happening]:
    yield from submit(report, 6)
    yield reject(report, at - timedelta(hours=15 + report.partner.number % 9))


def _approved(report: Report, _at: datetime) -> Iterator[Happening]:
    yield from submit(report, 5 + report.partner.number % 5)
    yield from approve(report, 11)


def _waived(report: Report, _at: datetime) -> Iterator[Happening]:
    """One penalty is let go, the other stands, and the report is approved."""
    yield from submit_automatically(report)
    silent = next(line for line in report.lines if line.differs and line.comment is None)
    notes = {silent.key: "The vendor confirmed a fault in its feed on the last three days."}
    yield does(report, report.on(12, 8, 40), Act.WAIVE, reviewers(report.partner)[0], notes=notes)
    yield from approve(report, 13)


def _reopened(report: Report, _at: datetime) -> Iterator[Happening]:
    yield from submit(report, 4)
    yield from approve(report, 6)
    reason = "A customer told us today that 12 seats were handed back in the cycle."
    yield does(report, report.on(8, 16, 5), Act.REOPEN, By.PREPARER, reason=reason)


def _story(report: Report, _at: datetime) -> Iterator[Happening]:
    """Aoife Brennan has explained four lines and typed two figures; three comments are missing."""
    said = {(line.customer, line.sku): (line.key, Words(line.declared, line.comment)) for line in report.lines}
    for day, hour, minute, keys in ((5, 10, 40, kestrel.FIRST_DRAFT), (6, 14, 15, kestrel.THREE_CHANGES)):
        words = dict(said[key] for key in sorted(kestrel.keys(*keys)))
        yield from draft(report, report.on(day, hour, minute), words)


NEWEST: dict[Now, Callable[[Report, datetime], Iterator[Happening]]] = {
    Now.PREPARING: _preparing,
    Now.UNTOUCHED: _untouched,
    Now.REOPENED: _reopened,
    Now.WAITING: _waiting,
    Now.JUST_IN: _just_in,
    Now.AUTOMATIC: _automatic,
    Now.PENALTY: _automatic,
    Now.ESTIMATED: _automatic,
    Now.ENDORSED: _endorsed,
    Now.REJECTED: _rejected,
    Now.APPROVED: _approved,
    Now.WAIVED: _waived,
    Now.KESTREL: _story,
}
