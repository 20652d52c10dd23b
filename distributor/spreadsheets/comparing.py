"""What a file that came back would change: line by line, beside what colleagues did meanwhile, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from flask_babel import gettext

from distributor.errors import FieldError
from distributor.formatting import plain
from distributor.saying import said
from distributor.spreadsheets.columns import DIGEST, digest, labels
from distributor.spreadsheets.reading import Row
from distributor.usage_reports.queries import LineRow
from distributor.words import plain_breaks
from workflows.errors import InvalidUnits
from workflows.units import parse_units


@dataclass(frozen=True, slots=True)
class Change:
    """A line that the file gives other figures or words; `line` is how it stands now. `takes_units` and `takes_comment`
    say which of the two the file changes.
    """

    number: int
    line: LineRow
    units: Decimal | None
    comment: str | None
    takes_units: bool
    takes_comment: bool

    @property
    def label(self) -> str:
        """The line for people."""
        return ", ".join(part for part in (self.line.customer_name, self.line.product_name) if part)


@dataclass(slots=True)
class Plan:
    """What the file comes to. `clashes` are lines that somebody else changed too since the export; `missing` lines that
    the file does not have; `ignored` columns with the number of values that differ and are not taken.
    """

    changes: list[Change] = field(default_factory=list)
    clashes: list[Change] = field(default_factory=list)
    refused: list[FieldError] = field(default_factory=list)
    missing: list[LineRow] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.changes or self.clashes)


def compare(lines: Sequence[LineRow], rows: Iterable[Row]) -> Plan:
    """Lay the rows of a file beside the lines of the report as it stands now."""
    comparing = _Comparing(lines)
    for row in rows:
        comparing.take(row)
    return comparing.done()


def foreign_report(rows: Iterable[Row], report: UUID) -> UUID | None:
    """The report that the file was exported from, where that is another one."""
    return next((row.report for row in rows if row.report not in {None, report}), None)


class _Comparing:
    def __init__(self, lines: Sequence[LineRow]) -> None:
        self.lines = lines
        self.by_uid = {line.uid: line for line in lines}
        self.by_product = {(line.customer_ref or "", line.sku): line for line in lines}
        self.labels = labels()
        self.seen: dict[UUID, int] = {}
        self.plan = Plan()

    def take(self, row: Row) -> None:
        self.plan.rows += 1
        line = self._line(row)
        if line is None:
            return
        self._note_figures(row, line)
        change = _change(row, line)
        if row.wrong and self._refuse_wrong(row, line):
            return
        if not (change.takes_units or change.takes_comment):
            return
        if why := _why_not(change):
            self.plan.refused.append(FieldError(why[1], self.labels[why[0]], row=row.number))
            return
        checked = Change(row.number, line, _units(change), row.comment, change.takes_units, change.takes_comment)
        (self.plan.clashes if _clashes(row, checked) else self.plan.changes).append(checked)

    def done(self) -> Plan:
        self.plan.missing = [line for line in self.lines if line.uid not in self.seen]
        return self.plan

    def _line(self, row: Row) -> LineRow | None:
        """The row's line, by its id, else by customer and product; refuses the row where there is none, one twice, or
        where the two name different lines: then the file was sorted without its hidden columns.
        """
        line = self.by_uid.get(row.line) if row.line is not None else None
        named = self.by_product.get((row.ref, row.sku)) if row.sku else None
        if line is not None and named is not None and named.uid != line.uid:
            self._refuse(
                row,
                gettext(
                    "Customer and SKU are those of another line than the hidden columns name: the file was sorted "
                    "without them. Nothing of this row is taken; export the report again."
                ),
            )
            return None
        line = line or named
        if line is None:
            self._refuse(row, gettext("This report has no line of this customer and product; nothing is added."))
            return None
        first = self.seen.setdefault(line.uid, row.number)
        if first != row.number:
            self._refuse(row, gettext("This is the same line as row %(row)s; only that one is taken.", row=first))
            return None
        return line

    def _refuse(self, row: Row, reason: str) -> None:
        self.plan.refused.append(FieldError(reason, row=row.number))

    def _refuse_wrong(self, row: Row, line: LineRow) -> bool:
        """Whether cells that cannot be read stand in the way: all of them, but those of a line nobody may change."""
        if line.accepted:
            return False
        self.plan.refused += [FieldError(why, self.labels[key], row=row.number) for key, why in row.wrong.items()]
        return True

    def _note_figures(self, row: Row, line: LineRow) -> None:
        for key, figure in row.figures.items():
            if figure != getattr(line, key):
                self.plan.ignored[self.labels[key]] += 1


def _words_of(line: LineRow) -> str | None:
    comment: str | None = line.comment
    return None if comment is None else plain_breaks(comment)


def _change(row: Row, line: LineRow) -> Change:
    """What the row would change: cells that still hold what was exported change nothing, whatever stands there now."""
    units_touched = not row.seen or digest(plain(row.units)) != row.seen[:DIGEST]
    comment_touched = not row.seen or digest(row.comment or "") != row.seen[DIGEST:]
    takes_units = "chargeable_units" not in row.wrong and units_touched and row.units != line.chargeable_units
    takes_comment = "comment" not in row.wrong and comment_touched and row.comment != _words_of(line)
    return Change(row.number, line, row.units, row.comment, takes_units, takes_comment)


def _why_not(change: Change) -> tuple[str, str] | None:
    """Column and reason why the line cannot take the change."""
    line = change.line
    if line.accepted:
        where = "chargeable_units" if change.takes_units else "comment"
        return where, gettext("The distributor accepted this line; it stays as it is.")
    if not change.takes_units:
        return None
    if change.units is None:
        if line.provisioned_units is None:
            return None
        return "chargeable_units", gettext("Chargeable units are needed here; write 0 where nothing is charged.")
    try:
        parse_units(change.units, line.precision, "chargeable_units")
    except InvalidUnits as error:
        return "chargeable_units", said(error)
    return None


def _units(change: Change) -> Decimal | None:
    if change.units is None or not change.takes_units:
        return change.units
    return parse_units(change.units, change.line.precision, "chargeable_units")


def _clashes(row: Row, change: Change) -> bool:
    """Whether somebody changed the same cell since the export; without the digests, anything about the line."""
    line = change.line
    if not row.seen:
        return row.version is not None and row.version != line.version
    units = change.takes_units and digest(plain(line.chargeable_units)) != row.seen[:DIGEST]
    comment = change.takes_comment and digest(line.comment or "") != row.seen[DIGEST:]
    return units or comment
