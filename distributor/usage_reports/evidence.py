"""One line and what speaks for its figures: the difference as a sum, where provisioned units come from, twelve months,
what was said before, what was changed, and what reviewer and MSP wrote to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_symbol
from flask_babel import get_locale, gettext

from distributor.charts import Chart
from distributor.delegation.names import named
from distributor.formatting import UNKNOWN, calendar_day, money, month_name, plain, units
from distributor.identity.acting import CurrentMember
from distributor.provisioning.queries import usage_delivered
from distributor.usage_reports import line_chart, line_history, queries
from distributor.usage_reports.grid import state_name
from distributor.usage_reports.line_chart import Month
from distributor.usage_reports.line_history import Place
from distributor.usage_reports.operations import carrying, roll_up_marks
from distributor.usage_reports.operations.automatic import line_state
from distributor.usage_reports.queries import LineRow, ReportRow
from distributor.usage_reports.typed_numbers import decimal_sign
from workflows.money import amount_of, line_amount
from workflows.report_cycle import Cycle
from workflows.units import (
    LineState,
    charge_automatically,
    default_chargeable,
    difference,
    figure_in_question,
    is_explained,
)
from workflows.usage_report import Side, Step, actions_for

MONTHS = 12
# How far back words are looked for that can be used again.
WORDS_WITHIN = 24
MOST_CHANGES = 30
NUMBERS = frozenset({"provisioned_units", "used_units", "chargeable_units", "unit_price", "added", "removed"})


@dataclass(frozen=True, slots=True)
class Sum:
    """The difference as a sum. `figure` is the MSP's own, `worth` the money of the difference; `idle_units` and
    `penalty` are what is charged, and how much more, where nobody explains it.
    """

    provisioned: Decimal | None
    used: Decimal | None
    figure: Decimal | None
    difference: Decimal | None
    worth: Decimal | None
    began: Decimal | None
    idle_units: Decimal | None
    penalty: Decimal


@dataclass(frozen=True, slots=True)
class Move:
    """A row of the sum of provisioned units: when, what happened, by how much it changed them."""

    at: datetime | None
    text: str
    change: Decimal


@dataclass(frozen=True, slots=True)
class Change:
    """A field of the line that changed, with its values as people read them."""

    field: str
    old: str
    new: str
    actor_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Remark:
    """What one side wrote to the other; `is_note` for the reviewer's."""

    name: str
    at: datetime
    text: str
    is_note: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the page of a line shows."""

    line: LineRow
    state: str
    sum: Sum
    place: Place
    rows: list[Move]
    months: list[Month]
    charts: tuple[Chart, Chart]
    last: Any
    changes: list[Change]
    raised: Change | None
    talk: list[Remark]
    is_outgrown: bool
    counted_at: datetime | None
    choices: list[date]
    chosen: date

    @property
    def shows_used(self) -> bool:
        return line_chart.shows_used(self.months)

    @property
    def shows_chargeable(self) -> bool:
        return line_chart.shows_chargeable(self.months)

    @property
    def sentence(self) -> str:
        """The drawing in words."""
        return line_chart.sentence(self.months)

    @property
    def price(self) -> str:
        """The price of a unit with as many decimals as it has, at least its money's."""
        price, digits = self.line.unit_price, self.line.minor_unit
        return money(price, digits) if price == round(price, digits) else units(price)

    @property
    def own_units(self) -> str:
        """The chargeable units as the reader would type them."""
        return plain(self.line.chargeable_units).replace(".", decimal_sign())


def page_of(report: ReportRow, line_uid: UUID, member: CurrentMember, at: datetime) -> dict[str, Any]:
    """The context of templates/usage_reports/line.html. Raises NotFound for a line of another report."""
    line = line_history.line_of(report, line_uid)
    actions = actions_for(queries.state_of(report), member.actor_for(report), at)
    return {
        "report": report,
        "cycle": Cycle.from_date(report.cycle),
        "line": line,
        "evidence": evidence_of(report, line),
        "symbol": get_currency_symbol(report.currency, locale=get_locale()),
        "editable": Step.SAVE in actions and not line.accepted,
        "is_msp": member.side_of(report) is Side.MSP,
        "below": roll_up_marks.below(report, member.organization_id).get(line.id)
        if line.rolled_up_units is not None
        else None,
        "edited": roll_up_marks.was_edited(line),
    }


def evidence_of(report: ReportRow, line: LineRow) -> Evidence:
    """What speaks for the line's figures; five queries, or six where its figures are unknown."""
    past = line_history.same_lines(report, line, WORDS_WITHIN)
    deeds = line_history.deeds(line)
    months = _months(report, line, past)
    choices = carrying.last_days(report.cycle)
    return Evidence(
        line=line,
        state=state_name(line),
        sum=_sum(report, line),
        place=line_history.place_of(line),
        rows=_rows(report, line, past, deeds),
        months=months,
        charts=(line_chart.chart(months), line_chart.chart(months, line_chart.NARROW)),
        last=next((row for row in past if row.comment), None),
        changes=[_change(deed) for deed in reversed(deeds) if deed.field is not None][:MOST_CHANGES],
        raised=_raised(deeds),
        talk=_talk(deeds),
        is_outgrown=line.carried_limit is not None and line.discrepancy and not is_explained(line_state(line)),
        counted_at=usage_delivered(report.account_id, report.cycle).counted_at,
        choices=choices if line.carried_until in {None, *choices} else sorted({*choices, line.carried_until}),
        chosen=line.carried_until or choices[0],
    )


def _sum(report: ReportRow, line: LineRow) -> Sum:
    state = line_state(line)
    figure = figure_in_question(state)
    apart = difference(line.provisioned_units, figure)
    after = state if line.penalised else _without_words(report, line)
    return Sum(
        provisioned=line.provisioned_units,
        used=line.used_units,
        figure=figure,
        difference=apart,
        worth=line_amount(abs(apart), line.unit_price, line.minor_unit)
        if apart is not None and line.unit_price is not None
        else None,
        began=default_chargeable(line.used_units, line.provisioned_units),
        idle_units=after.chargeable_units,
        penalty=line.penalty if line.penalised else (amount_of(after) or Decimal(0)) - line.amount,
    )


def _without_words(report: ReportRow, line: LineRow) -> LineState:
    """The line as automatic submission would leave it if nobody said anything."""
    silent = replace(line_state(line), comment=None, carried_limit=None)
    unknown = line.chargeable_units is None or line.provisioned_units is None
    earlier = queries.earlier_units([line.id]).get(line.id) if unknown else None
    return charge_automatically(silent, earlier, report.uplift_percent, report.rejected_before)


def _months(report: ReportRow, line: LineRow, past: Sequence[Any]) -> list[Month]:
    """Twelve cycles up to the report's, oldest first."""
    known = {row.cycle: row for row in past}
    cycles = [Cycle.from_date(report.cycle)]
    while len(cycles) < MONTHS:
        cycles.append(cycles[-1].previous())
    return [_month(cycle, line if cycle == cycles[0] else known.get(cycle.first_day)) for cycle in reversed(cycles)]


def _month(cycle: Cycle, line: Any) -> Month:
    if line is None:
        return Month(cycle)
    return Month(cycle, line.provisioned_units, line.used_units, line.chargeable_units)


def _rows(report: ReportRow, line: LineRow, past: Sequence[Any], deeds: Sequence[Any]) -> list[Move]:
    """How provisioned units came from the report before to where they are; empty where they are unknown."""
    if line.provisioned_units is None:
        return []
    moves = [deed for deed in deeds if deed.field == "provisioned_units"]
    opened = Decimal(moves[0].old or 0) if moves else line.provisioned_units
    before = past[0] if past and past[0].provisioned_units is not None else None
    start = Decimal(0) if before is None else before.provisioned_units
    rows = [] if before is None else [Move(None, _on_report(before.cycle), start)]
    rows.append(Move(report.opened_at, gettext("Counted when this report opened"), opened - start))
    return rows + [_moved(move) for move in moves]


def _on_report(cycle: date) -> str:
    return gettext("On the report of %(month)s", month=month_name(cycle))


def _moved(move: Any) -> Move:
    change = Decimal(move.new or 0) - Decimal(move.old or 0)
    return Move(move.at, gettext("Newer usage, brought by %(name)s", name=named(move)), change)


def _change(deed: Any) -> Change:
    return Change(deed.field, _read(deed.field, deed.old), _read(deed.field, deed.new), named(deed), deed.at)


def _read(field: str, value: str | None) -> str:
    """A value of the history, which keeps numbers and days as plain texts, as people read it."""
    if not value:
        return UNKNOWN
    if field in NUMBERS:
        return units(Decimal(value))
    return calendar_day(date.fromisoformat(value)) if field == "carried_until" else f"“{value}”"


def _raised(deeds: Sequence[Any]) -> Change | None:
    """The last time the MSP changed the chargeable units."""
    own = [deed for deed in deeds if deed.field == "chargeable_units" and deed.actor_side == Side.MSP]
    return _change(own[-1]) if own else None


def _talk(deeds: Sequence[Any]) -> list[Remark]:
    """Notes and what the MSP answered, oldest first. Each rejection replaces all notes: one that did not change the
    line's note gave it the same again.
    """
    talk: list[Remark] = []
    note: str | None = None
    for _version, grouped in groupby(deeds, key=lambda deed: deed.version):
        done = list(grouped)
        note = next((deed.new for deed in done if deed.field == "reviewer_note"), note)
        if done[0].step == Step.REJECT and note:
            talk.append(Remark(named(done[0]), done[0].at, note, is_note=True))
        elif talk and done[0].actor_side == Side.MSP:
            talk += [Remark(named(deed), deed.at, words, is_note=False) for deed in done if (words := _answer(deed))]
    return talk


def _answer(deed: Any) -> str:
    if deed.field == "comment":
        return deed.new or gettext("Took the comment away.")
    if deed.field == "chargeable_units":
        change = _change(deed)
        return gettext("Changed chargeable units from %(old)s to %(new)s.", old=change.old, new=change.new)
    return ""
