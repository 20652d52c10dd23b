"""What rolling up partners' approved reports would make of the report that their distributor owes upwards.

An organization in the middle is the MSP of one account and the distributor of others. Each of its partners is one
customer of the report above, known by the number of the partner's account; products of both catalogues meet by SKU.
Quantities are carried and nothing else: end customers, comments and prices stay below.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from flask_babel import gettext

from distributor.errors import NotFound
from distributor.formatting import plain
from distributor.identity.acting import CurrentMember
from distributor.provisioning.queries import usage_is_missing
from distributor.usage_reports.operations.roll_up_findings import Pair, Source, pairs_of, sources_of
from distributor.usage_reports.queries import ReportRow
from workflows.errors import InvalidUnits
from workflows.money import line_amount
from workflows.units import MOST_INTEGER_DIGITS, is_discrepancy, parse_units
from workflows.usage_report import Side

ZERO = Decimal(0)


class Fate(StrEnum):
    """What becomes of a partner's units of one product."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    LEFT = "left"


class Why(StrEnum):
    """Why units are not carried up."""

    NO_PRODUCT = "no-product"
    OTHER_UNIT = "other-unit"
    TOO_PRECISE = "too-precise"
    TOO_MANY = "too-many"
    ACCEPTED = "accepted"
    COUNTED_ABOVE = "counted-above"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Carried:
    """A partner's units of one product: what is found of them (`pair`), and the `units` that would be charged above,
    None where they are left. `amounts` of the line are those before and after, as far as there is a price.
    """

    pair: Pair
    fate: Fate
    why: Why | None
    units: Decimal | None
    amounts: tuple[Decimal, Decimal]
    needs_comment: bool

    @property
    def is_marked(self) -> bool:
        """Whether the line holds these units and says already that they came from the report below as it is."""
        return self.fate is Fate.SAME and self.pair.is_current and self.pair.marked_units == self.units

    @property
    def was_edited(self) -> bool:
        """Whether somebody wrote another figure over the one that was carried."""
        return self.fate is Fate.CHANGED and self.pair.marked_units not in {None, self.pair.held_units}

    @property
    def lacks_usage(self) -> bool:
        """Whether this is a new line of a product that a feed counts, but has not delivered: it needs a comment."""
        return self.fate is Fate.NEW and self.pair.usage_source == "feed"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a roll-up would do now, in the order in which it is shown."""

    report: ReportRow
    sources: tuple[Source, ...]
    carried: tuple[Carried, ...]

    def of(self, *fates: Fate) -> list[Carried]:
        return [one for one in self.carried if one.fate in fates]

    @property
    def marking(self) -> list[Carried]:
        """Lines whose mark is missing or no longer says what is."""
        return [one for one in self.carried if one.fate is not Fate.LEFT and not one.is_marked]

    @property
    def approved(self) -> list[Source]:
        return [source for source in self.sources if source.is_carried]

    @property
    def is_news(self) -> bool:
        return bool(self.marking)

    @property
    def needs_words(self) -> bool:
        """Whether there are new lines that need a comment."""
        return any(one.lacks_usage for one in self.carried)

    @property
    def amount(self) -> Decimal:
        """The report's total afterwards; lines without a price add nothing."""
        return sum((after - before for before, after in (one.amounts for one in self.carried)), self.report.amount)

    @property
    def digest(self) -> str:
        """What tells this plan from another one: the reports it stands on, and each line as it was shown."""
        sources = [[str(source.uid), source.version, source.status] for source in self.sources]
        return hashlib.sha256(json.dumps([sources, *map(_told, self.carried)]).encode()).hexdigest()[:32]


def _told(one: Carried) -> list[Any]:
    pair = one.pair
    figures = [plain(value) for value in (pair.held_units, one.units, pair.price)]
    return [pair.ref, pair.sku, one.fate, one.why, *figures, one.is_marked]


def check_owed(report: ReportRow, member: CurrentMember) -> None:
    """Only the MSP that owes a report rolls up into it. Raises NotFound for everybody else, its distributor too."""
    if member.side_of(report) is not Side.MSP:
        raise NotFound(gettext("This roll-up"))


def plan_of(report: ReportRow) -> Plan:
    """The plan for a report of the reader's own organization, as everything stands now."""
    sources = sources_of(report)
    pairs = pairs_of(report, sources)
    missing = bool(pairs) and usage_is_missing(report.account_id, report.cycle)
    return Plan(report, sources, tuple(_judged(report, pair, missing) for pair in pairs))


def _judged(report: ReportRow, pair: Pair, usage_missing: bool) -> Carried:
    why, units = _units(pair)
    if units is not None:
        why = _why_line_stays(pair, units) if pair.line else _why_no_new_line(pair, units, usage_missing)
    if why or units is None:
        return Carried(pair, Fate.LEFT, why, None, (pair.amount, pair.amount), needs_comment=False)
    fate = Fate.NEW if not pair.line else Fate.SAME if units == pair.held_units else Fate.CHANGED
    after = ZERO if pair.price is None else line_amount(units, pair.price, report.minor_unit)
    return Carried(pair, fate, None, units, (pair.amount, after), _needs_comment(report, pair, units))


def _units(pair: Pair) -> tuple[Why | None, Decimal | None]:
    """The units in the measure of the line or product above, or why there are none."""
    if pair.measure is None:
        return Why.NO_PRODUCT, None
    unit, precision = pair.measure
    if not pair.is_one_unit or pair.unit_below != unit:
        return Why.OTHER_UNIT, None
    try:
        return None, parse_units(pair.units_below, precision)
    except InvalidUnits:
        return (Why.TOO_PRECISE if pair.units_below.adjusted() < MOST_INTEGER_DIGITS else Why.TOO_MANY), None


def _why_line_stays(pair: Pair, units: Decimal) -> Why | None:
    accepted = pair.line is not None and pair.line.accepted
    return Why.ACCEPTED if accepted and units != pair.held_units else None


def _why_no_new_line(pair: Pair, units: Decimal, usage_missing: bool) -> Why | None:
    if not units:
        return Why.NOTHING
    return Why.COUNTED_ABOVE if pair.usage_source == "feed" and not usage_missing else None


def _needs_comment(report: ReportRow, pair: Pair, units: Decimal) -> bool:
    """Whether a line that is there would have to be explained before the report is submitted."""
    line = pair.line
    if line is None or line.comment is not None:
        return False
    if line.usage_source == "feed" and line.provisioned_units is None:
        return True
    return is_discrepancy(line.provisioned_units, units, report.tolerance_units, report.tolerance_percent)
