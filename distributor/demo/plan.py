"""What everybody does with their reports, and when: a list of happenings, each a deed of one person or of the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random

from distributor.demo import kestrel
from distributor.demo.catalogue import ITEMS
from distributor.demo.course import Report
from distributor.demo.figures import CYCLES, Counted, Key, Kind, habit
from distributor.demo.names import ANSWER, NOTES
from distributor.demo.partners import Now, Partner, terms_of
from workflows.report_cycle import Cycle


class Act(StrEnum):
    """Deeds, in the order in which they are done where they fall on one instant."""

    OPEN = "open"
    REMIND = "remind"
    ADD_LINES = "add lines"
    DRAFT = "draft"
    RECALL = "recall"
    SUBMIT = "submit"
    AUTO_SUBMIT = "auto submit"
    AUTO_APPROVE = "auto approve"
    WAIVE = "waive"
    ENDORSE = "endorse"
    APPROVE = "approve"
    REJECT = "reject"
    REOPEN = "reopen"
    INVOICE = "invoice"


class By(StrEnum):
    """Who does it; preparers are those of the report's MSP."""

    SERVICE = "service"
    PREPARER = "preparer"
    REVIEWER = "reviewer"
    SECOND = "second reviewer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Words:
    """What is typed on a line; None leaves the field as it is."""

    units: Decimal | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """A deed on one report. `words` are the MSP's by line; `notes` the distributor's remarks or waivers by line."""

    at: datetime
    act: Act
    by: By
    account: str = ""
    cycle: Cycle | None = None
    words: Mapping[Key, Words] = field(default_factory=dict)
    notes: Mapping[Key, str] = field(default_factory=dict)
    reason: str | None = None

    @property
    def order(self) -> tuple[datetime, int, str, str]:
        return self.at, list(Act).index(self.act), self.by, self.account


def happenings(report: Report, at: datetime) -> Iterator[Happening]:
    """Everything that happens to one report until `at`."""
    yield _does(report, report.opened_at, Act.OPEN, By.SERVICE)
    if report.back == CYCLES - 1 and any(line.provisioned is None for line in report.lines):
        yield _does(report, report.on(1, 10, 20), Act.ADD_LINES, By.PREPARER, words=_by_hand(report))
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
    yield _does(report, _invoiced_at(report.cycle), Act.INVOICE, By.ADMIN)


def _kind(report: Report) -> Kind:
    if report.partner.now is Now.KESTREL:
        return kestrel.MONTHS[report.back - 1].kind
    return habit(report.partner, report.back).kind


def _does(report: Report, at: datetime, act: Act, by: By, **more: object) -> Happening:
    return Happening(at, act, by, report.partner.account, report.cycle, **more)  # type: ignore[arg-type]  # by name


def _invoiced_at(cycle: Cycle) -> datetime:
    """On the fifth of the month after next."""
    return datetime.combine(cycle.next().next().first_day.replace(day=5), time(6), UTC)


def _random(report: Report) -> Random:
    return Random(f"deeds {report.partner.number} {report.back}")


def _said(report: Report) -> dict[Key, Words]:
    """All that the MSP types on a report; in the cycle in which hand-counted lines are added they hold their figure."""
    added = report.back == CYCLES - 1
    return {
        line.key: Words(line.declared, line.comment)
        for line in report.lines
        if (line.declared is not None or line.comment) and not (added and line.provisioned is None)
    }


def _by_hand(report: Report) -> dict[Key, Words]:
    return {line.key: Words(line.declared) for line in report.lines if line.provisioned is None}


def _flagged(report: Report) -> list[Counted]:
    return [line for line in report.lines if line.differs][:2]


def _draft(report: Report, at: datetime, words: Mapping[Key, Words]) -> Iterator[Happening]:
    if words:
        yield _does(report, at, Act.DRAFT, By.PREPARER, words=words)


def _submit(report: Report, day: int) -> Iterator[Happening]:
    """Drafted the evening before, handed in at some time of the day."""
    random = _random(report)
    yield from _draft(report, report.on(day - 1, random.randint(14, 17), random.randint(0, 59)), _said(report))
    yield from _handed_in(report, report.on(day, random.randint(9, 17), random.randint(0, 59)))


def _handed_in(report: Report, at: datetime) -> Iterator[Happening]:
    yield _does(report, at, Act.SUBMIT, By.PREPARER)
    yield from _under_policy(report, at)


def _submit_automatically(report: Report) -> Iterator[Happening]:
    yield from _draft(report, report.on(6, 15, report.partner.number % 60), _said(report))
    yield _does(report, report.due_at, Act.AUTO_SUBMIT, By.SERVICE)
    yield from _under_policy(report, report.due_at)


def _under_policy(report: Report, submitted_at: datetime) -> Iterator[Happening]:
    if terms_of(report.partner)["auto_approve_max_change_percent"] is not None:
        yield _does(report, submitted_at + timedelta(minutes=1), Act.AUTO_APPROVE, By.SERVICE)


def _approve(report: Report, day: int) -> Iterator[Happening]:
    """In one go with others of that morning; what may be over the limit is endorsed by the other reviewer first."""
    if _may_exceed_limit(report):
        yield _endorse(report, day)
    yield _does(report, _morning(report, day, 9), Act.APPROVE, _reviewers(report.partner)[0])


def _endorse(report: Report, day: int) -> Happening:
    return _does(report, _morning(report, day, 8), Act.ENDORSE, _reviewers(report.partner)[1])


def _morning(report: Report, day: int, hour: int) -> datetime:
    """Reviewers sit down together on Tuesdays and Fridays; in the newest cycle they do not wait for that."""
    wanted = report.on(day, 12).date()
    while report.back and wanted.isoweekday() not in {2, 5}:
        wanted += timedelta(days=1)
    return datetime.combine(wanted, time(hour, 15), UTC)


def _may_exceed_limit(report: Report) -> bool:
    terms = terms_of(report.partner)
    most = sum(
        max(line.charged, Decimal(line.provisioned or 0)) * (ITEMS[line.sku].price(terms["currency"]) or 0)
        for line in report.lines
    )
    return bool(most * 2 > terms["approval_limit"])


def _reviewers(partner: Partner) -> tuple[By, By]:
    return (By.REVIEWER, By.SECOND) if partner.number % 3 else (By.SECOND, By.REVIEWER)


def _reject(report: Report, at: datetime) -> Happening:
    notes = {line.key: NOTES[number % len(NOTES)] for number, line in enumerate(_flagged(report))}
    count = "One line does" if len(notes) == 1 else "Two lines do"
    reason = f"{count} not match the provisioning history. Everything else is accepted."
    return _does(report, at, Act.REJECT, _reviewers(report.partner)[0], reason=reason, notes=notes)


def _answer(report: Report, at: datetime) -> Iterator[Happening]:
    flagged = _flagged(report)
    said = {line.key: Words(comment=ANSWER.format(n=abs((line.provisioned or 0) - line.charged))) for line in flagged}
    yield from _draft(report, at, said)
    yield from _handed_in(report, at + timedelta(minutes=25))


# Ordinary cycles


def _usual_by_hand(report: Report) -> Iterator[Happening]:
    day = _random(report).randint(4, 9)
    if report.partner.now is Now.KESTREL:
        day = kestrel.MONTHS[report.back - 1].submitted
    yield from _submit(report, day)
    yield from _approve(report, day + 3)


def _usual_automatic(report: Report) -> Iterator[Happening]:
    yield from _submit_automatically(report)
    yield from _approve(report, 13)


def _usual_sent_back(report: Report) -> Iterator[Happening]:
    yield from _submit(report, 5)
    yield _reject(report, report.on(7, 11, 40))
    yield from _answer(report, report.on(9, 10, 5))
    yield from _approve(report, 11)


def _usual_recalled(report: Report) -> Iterator[Happening]:
    yield from _submit(report, 5)
    yield _does(report, report.on(5, 19, 10), Act.RECALL, By.PREPARER)
    yield from _handed_in(report, report.on(6, 9, 30))
    yield from _approve(report, 8)


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
    words = dict(list(_said(report).items())[:5]) if report.lines[0].provisioned is None else _said(report)
    yield from _draft(report, report.on(4, 14, 15), words)


def _untouched(_report: Report, _at: datetime) -> Iterator[Happening]:
    return iter(())


def _waiting(report: Report, _at: datetime) -> Iterator[Happening]:
    yield from _submit(report, 7 + report.partner.number % 4)


def _just_in(report: Report, at: datetime) -> Iterator[Happening]:
    yield _does(report, at - timedelta(minutes=36), Act.SUBMIT, By.PREPARER)


def _automatic(report: Report, _at: datetime) -> Iterator[Happening]:
    yield from _submit_automatically(report)


def _endorsed(report: Report, _at: datetime) -> Iterator[Happening]:
    yield from _submit(report, 8)
    yield _endorse(report, 10)


def _rejected(report: Report, at: datetime) -> Iterator[Happening]:
    yield from _submit(report, 6)
    yield _reject(report, at - timedelta(hours=15 + report.partner.number % 9))


def _approved(report: Report, _at: datetime) -> Iterator[Happening]:
    yield from _submit(report, 5 + report.partner.number % 5)
    yield from _approve(report, 11)


def _waived(report: Report, _at: datetime) -> Iterator[Happening]:
    """One penalty is let go, the other stands, and the report is approved."""
    yield from _submit_automatically(report)
    silent = next(line for line in report.lines if line.differs and line.comment is None)
    notes = {silent.key: "The vendor confirmed a fault in its feed on the last three days."}
    yield _does(report, report.on(12, 8, 40), Act.WAIVE, _reviewers(report.partner)[0], notes=notes)
    yield from _approve(report, 13)


def _reopened(report: Report, _at: datetime) -> Iterator[Happening]:
    yield from _submit(report, 4)
    yield from _approve(report, 6)
    reason = "A customer told us today that 12 seats were handed back in the cycle."
    yield _does(report, report.on(8, 16, 5), Act.REOPEN, By.PREPARER, reason=reason)


def _story(report: Report, _at: datetime) -> Iterator[Happening]:
    """Aoife Brennan has explained four lines and typed two figures; three comments are missing."""
    said = {(line.customer, line.sku): (line.key, Words(line.declared, line.comment)) for line in report.lines}
    for day, hour, minute, keys in ((5, 10, 40, kestrel.FIRST_DRAFT), (6, 14, 15, kestrel.THREE_CHANGES)):
        words = dict(said[key] for key in sorted(kestrel.keys(*keys)))
        yield from _draft(report, report.on(day, hour, minute), words)


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
