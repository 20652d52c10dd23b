"""Submissions by day against due dates, as a drawing: what came in by hand, what by itself, when the rest is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from flask_babel import gettext, ngettext

from distributor import charts
from distributor.charts import Chart, Frame, Mark, Point, Shape, Tick
from distributor.formatting import short_day, units
from distributor.usage_reports.overview import Day
from workflows.usage_report import SubmissionKind

WIDE = Frame(700, 262, left=34, right=16, top=22, bottom=28)
NARROW = Frame(340, 240, left=28, right=12, top=22, bottom=28)
# Due dates further apart than this share of all reports get words of their own.
WORTH_A_WORD = 0.08
MOST_WORDS = 3
# What words take in the drawing.
LINE_HEIGHT, DATE_WIDTH, TODAY_WIDTH = 18, 56, 84


@dataclass(frozen=True, slots=True)
class Step:
    """The state of a cycle at the end of a day: reports submitted by hand and by themselves so far, and due so far."""

    day: date
    manual: int
    automatic: int
    due: int

    @property
    def submitted(self) -> int:
        return self.manual + self.automatic


@dataclass(frozen=True, slots=True)
class Submissions:
    """The drawing for wide pages and for phones, what it says in words, and the figures for a table: of each day on
    which something changed. `penalised` are the automatic submissions with a penalty.
    """

    wide: Chart
    narrow: Chart
    label: str
    steps: list[Step]
    penalised: int


def submissions(days: Sequence[Day], opened: date, today: date, number: int) -> Submissions:
    """The chart of a cycle of `number` reports that opened on `opened`."""
    steps = running(days, opened, today)
    told = [step for step in steps if step.day <= today]
    return Submissions(
        wide=_drawn(WIDE, steps, today, number, 7),
        narrow=_drawn(NARROW, steps, today, number, 4),
        label=_in_words(told[-1] if told else steps[0], number),
        steps=[step for step, news in zip(steps, _eventful(steps), strict=True) if news],
        penalised=sum(day.kinds[SubmissionKind.AUTOMATIC_WITH_PENALTY] for day in days),
    )


def running(days: Sequence[Day], opened: date, today: date) -> list[Step]:
    """Every day from the opening to the last due date or submission, with the sums up to its end."""
    by_day = {day.day: day for day in days}
    first = min([opened, *by_day])
    last = max([opened, *by_day])
    manual = automatic = due = 0
    found = []
    for number in range((last - first).days + 1):
        here = by_day.get(first + timedelta(days=number))
        if here:
            manual += here.kinds[SubmissionKind.MANUAL]
            automatic += here.kinds.total() - here.kinds[SubmissionKind.MANUAL]
            due += here.due
        found.append(Step(first + timedelta(days=number), manual, automatic, due))
    return found


def _eventful(steps: Sequence[Step]) -> list[bool]:
    sums = [(step.manual, step.automatic, step.due) for step in steps]
    return [place == 0 or sums[place] != sums[place - 1] for place in range(len(sums))]


def _in_words(now: Step, number: int) -> str:
    said = ngettext(
        "%(submitted)s of %(num)s report submitted by %(day)s: %(manual)s by hand, %(automatic)s automatically.",
        "%(submitted)s of %(num)s reports submitted by %(day)s: %(manual)s by hand, %(automatic)s automatically.",
        number,
        submitted=now.submitted,
        day=short_day(now.day),
        manual=now.manual,
        automatic=now.automatic,
    )
    due = ngettext("%(num)s was due by then.", "%(num)s were due by then.", now.due)
    return gettext("%(submissions)s %(due)s", submissions=said, due=due)


def _drawn(frame: Frame, steps: Sequence[Step], today: date, number: int, words: int) -> Chart:
    values = charts.steps_to(number, whole=True)
    last = len(steps) - 1
    told = [(place, step) for place, step in enumerate(steps) if step.day <= today] or [(0, steps[0])]

    def line_of(figure: str) -> list[Point]:
        return [(frame.across(place, last), frame.y(getattr(step, figure), values[-1])) for place, step in told]

    manual, everything = line_of("manual"), line_of("submitted")
    ground = [(x, frame.floor) for x, _ in manual]
    due = [(frame.across(place, last), frame.y(step.due, values[-1])) for place, step in enumerate(steps)]
    present = everything[-1][0] if steps[0].day <= today < steps[-1].day else None
    return Chart(
        frame,
        rows=charts.grid(frame, values, units),
        words=_dates(frame, steps, today, words),
        shapes=[
            Shape(charts.area(manual, ground), "area-brand"),
            Shape(charts.area(everything, manual), "fill-soft"),
            Shape(charts.stairs([(due[0][0], frame.floor), *due]), "stroke-due"),
            Shape(charts.line(everything), "stroke-brand"),
        ],
        marks=_marks(frame, steps, due, _submitted_mark(frame, told[-1][1], everything[-1])),
        now=present,
    )


def _marks(frame: Frame, steps: Sequence[Step], due: Sequence[Point], submitted: Mark) -> list[Mark]:
    """The marks of due dates, without words where they would lie under those of what is submitted."""
    marks = [
        replace(mark, label="")
        if abs(mark.label_y - submitted.label_y) < LINE_HEIGHT and _is_near(mark, submitted)
        else mark
        for mark in _due_marks(frame, steps, due)
    ]
    return [*marks, submitted]


def _is_near(mark: Mark, other: Mark) -> bool:
    return abs(mark.x - other.x) < 2 * TODAY_WIDTH


def _due_marks(frame: Frame, steps: Sequence[Step], points: Sequence[Point]) -> list[Mark]:
    """The days by which many reports are due, in words beside their step; the last says when all are."""
    rises = [(after.due - before.due, place) for place, (before, after) in enumerate(pairwise(steps), 1)]
    last = max((place for rise, place in rises if rise), default=0)
    worth = [place for rise, place in sorted(rises, reverse=True)[:MOST_WORDS] if rise > steps[-1].due * WORTH_A_WORD]
    marks = [_due_mark(frame, steps[last], points[last], is_last=True)]
    for place in sorted(each for each in worth if each != last):
        told = all(abs(points[place][1] - mark.y) > LINE_HEIGHT for mark in marks)
        marks.append(_due_mark(frame, steps[place], points[place], is_last=False, told=told))
    return marks


def _due_mark(frame: Frame, step: Step, point: Point, *, is_last: bool, told: bool = True) -> Mark:
    x, y = point
    words = gettext("%(number)s due %(day)s", number=units(step.due), day=short_day(step.day)) if told else ""
    if is_last:
        return Mark(x, y, words, "amber", "end", frame.end, y - 10)
    return Mark(x, y, words, "amber", "start", x + 8, y + 17)


def _submitted_mark(frame: Frame, step: Step, point: Point) -> Mark:
    x, y = point
    label = ngettext("%(num)s submitted", "%(num)s submitted", step.submitted)
    near_left = x < frame.left + 90
    return Mark(x, y, label, "strong", "start" if near_left else "end", x + 10 if near_left else x - 10, y - 6)


def _dates(frame: Frame, steps: Sequence[Step], today: date, most: int) -> list[Tick]:
    """The first and the last day, today where there is room for it, and some of those between."""
    last = len(steps) - 1
    room = (frame.end - frame.left) / max(last, 1)
    here = (today - steps[0].day).days
    has_today = TODAY_WIDTH < here * room < frame.end - frame.left - TODAY_WIDTH
    taken = [(0, DATE_WIDTH / 2), (last, DATE_WIDTH / 2)] + ([(here, TODAY_WIDTH - DATE_WIDTH)] if has_today else [])
    between = [
        place
        for place in charts.thinned(len(steps), most)
        if all(abs(place - other) * room >= DATE_WIDTH + more for other, more in taken)
    ]
    ticks = [Tick(frame.across(place, last), short_day(steps[place].day)) for place in between]
    if has_today:
        ticks.append(Tick(frame.across(here, last), gettext("today, %(day)s", day=short_day(today))))
    ends = [Tick(frame.left, short_day(steps[0].day), "start"), Tick(frame.end, short_day(steps[-1].day), "end")]
    return [*ends[: 1 if last == 0 else 2], *ticks]
