"""Units: reading them, tolerance and discrepancies, and what automatic submission charges.

Source of the rules: "What is counted" and "Automatic submission and its penalty" in ``docs/workflow.md``. The
database holds the same rules as functions; a test compares the two. Percentages are numbers like 5 for 5 %.
"""

import re
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Context, Decimal

from workflows.errors import InvalidUnits
from workflows.words import Words, counted, words

LONGEST_NUMBER = 60
MOST_INTEGER_DIGITS = 12
# A float holds 15 decimal digits truly; with more it is no longer what somebody wrote.
TRUE_FLOAT_DIGITS = 15
ZERO, ONE_HUNDRED = Decimal(0), Decimal(100)
EXACT = Context(prec=100)
VAST = 10**40

WRITE_A_NUMBER = words("write a number")
WRITE_A_POINT = words("write the decimals after a point, without separators")
NEVER_NEGATIVE = words("units can't be negative")

# Everything that shows as nothing, listed so that the database can use the same characters in any locale.
BLANKS = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
_NEGATIVE = re.compile(r"[-\u2212][0-9.]+")


@dataclass(frozen=True, slots=True)
class LineState:
    """What the rules need to know of one line. Unknown figures are None, never 0.

    ``usage_source``: "feed" or "manual". ``precision``: decimals of the product's units. ``declared_units``:
    the MSP's own figure, kept while the line is penalised or estimated. ``minor_unit``: the money's decimals.
    ``carried_limit``: the difference that the comment was once given for, where it was carried here from an earlier
    cycle.
    """

    provisioned_units: Decimal | None = None
    used_units: Decimal | None = None
    chargeable_units: Decimal | None = None
    declared_units: Decimal | None = None
    comment: str | None = None
    carried_limit: Decimal | None = None
    usage_source: str = "feed"
    reviewer_note: str | None = None
    note_answered: bool = False
    penalised: bool = False
    estimated: bool = False
    waived_reason: str | None = None
    tolerance_units: Decimal = ZERO
    tolerance_percent: Decimal = ZERO
    precision: int = 0
    unit_price: Decimal | None = None
    minor_unit: int = 2


def parse_units(given: str | Decimal | int | float, precision: int, field: str = "units") -> Decimal:
    """Read units, giving them ``precision`` decimals. Precision is judged by value: "19.000" is 19.

    Raises InvalidUnits for no number, negative, not finite, more than 12 integer digits, too precise.
    """
    value = _read(given, field)
    if value < 0:
        raise _invalid(given, field, NEVER_NEGATIVE)
    if value and value.adjusted() >= MOST_INTEGER_DIGITS:
        raise _invalid(given, field, _too_long())
    rounded = value.quantize(Decimal(1).scaleb(-precision), context=EXACT)
    if rounded != value:
        raise _invalid(given, field, _too_precise(precision))
    return rounded.copy_abs()


def tolerance_limit(provisioned: Decimal, tolerance_units: Decimal, tolerance_percent: Decimal) -> Decimal:
    """The largest difference that is no discrepancy: units or percent of provisioned, whichever is larger."""
    return max(tolerance_units, EXACT.multiply(provisioned, tolerance_percent) / ONE_HUNDRED)


def difference(provisioned: Decimal | None, figure: Decimal | None) -> Decimal | None:
    """Figure − provisioned; None when either is unknown."""
    return None if provisioned is None or figure is None else figure - provisioned


def is_discrepancy(
    provisioned: Decimal | None, figure: Decimal | None, tolerance_units: Decimal, tolerance_percent: Decimal
) -> bool:
    """Whether the figure lies further from provisioned than tolerated, either way. Unknown is none."""
    if provisioned is None or figure is None:
        return False
    return abs(figure - provisioned) > tolerance_limit(provisioned, tolerance_units, tolerance_percent)


def is_blank(text: str | None) -> bool:
    """Whether a text says nothing: None, empty, or only characters of ``BLANKS``."""
    return text is None or not text.strip(BLANKS)


def over_provisioned_percent(provisioned: Decimal | None, used: Decimal | None) -> Decimal | None:
    """(provisioned − used) ÷ provisioned × 100, unrounded; None when unknown or nothing is provisioned."""
    if not provisioned or used is None:
        return None
    return (provisioned - used) * ONE_HUNDRED / provisioned


def default_chargeable(used: Decimal | None, provisioned: Decimal | None) -> Decimal | None:
    """What chargeable units start as: used units where known, else provisioned units."""
    return provisioned if used is None else used


def figure_in_question(line: LineState) -> Decimal | None:
    """The MSP's own figure: what was declared where the system charged another."""
    return line.declared_units if line.penalised or line.estimated else line.chargeable_units


def has_discrepancy(line: LineState) -> bool:
    """``is_discrepancy`` of a line, judged on the MSP's own figure."""
    figure = figure_in_question(line)
    return is_discrepancy(line.provisioned_units, figure, line.tolerance_units, line.tolerance_percent)


def has_open_note(line: LineState) -> bool:
    """Whether the reviewer's note still waits for an answer."""
    return line.reviewer_note is not None and not line.note_answered


def is_covered(limit: Decimal, difference: Decimal | None) -> bool:
    """Whether words once given for the difference ``limit`` still explain ``difference``: the same direction and no
    larger. An unknown difference is never covered.
    """
    return difference is not None and min(limit, ZERO) <= difference <= max(limit, ZERO)


def is_explained(line: LineState) -> bool:
    """Whether the line's comment explains it: words carried here do only as far as they were given."""
    if is_blank(line.comment):
        return False
    return line.carried_limit is None or is_covered(
        line.carried_limit, difference(line.provisioned_units, figure_in_question(line))
    )


def is_unexplained(line: LineState) -> bool:
    """Whether the line still needs the MSP's word: the rule on which submission and penalties hang."""
    if line.waived_reason is not None:
        return False
    return has_open_note(line) or (not is_explained(line) and (has_discrepancy(line) or _is_unbacked(line)))


def penalise(line: LineState, last_approved: Decimal | None = None) -> LineState:
    """Charge an unexplained line on at least what is provisioned, keeping the MSP's figure as declared.

    With provisioned unknown a feed line is charged at least ``last_approved`` (the chargeable units of the
    last approved line of that customer and product); a hand-counted one keeps its figure.
    """
    floor = line.provisioned_units
    if floor is None and line.usage_source == "feed":
        floor = last_approved
    known = [units for units in (line.chargeable_units, floor) if units is not None]
    return replace(
        line,
        chargeable_units=max(known, default=None),
        declared_units=figure_in_question(line),
        penalised=True,
    )


def estimate(
    last_approved_chargeable: Decimal | None, uplift_percent: Decimal, precision: int, rejected_before: bool
) -> Decimal | None:
    """Chargeable units for a missing figure: the last approved ones plus the uplift, rounded up.

    Without them None (such a report may be rejected, not approved), and 0 once the report was rejected.
    """
    if last_approved_chargeable is None:
        return ZERO if rejected_before else None
    raised = EXACT.multiply(last_approved_chargeable, ONE_HUNDRED + uplift_percent) / ONE_HUNDRED
    return raised.quantize(Decimal(1).scaleb(-precision), ROUND_CEILING, context=EXACT)


def charge_automatically(
    line: LineState, last_approved: Decimal | None, uplift_percent: Decimal, rejected_before: bool
) -> LineState:
    """The line as automatic submission leaves it: estimated without a figure, penalised if unexplained."""
    if line.chargeable_units is not None:
        return penalise(line, last_approved) if is_unexplained(line) else line
    units = estimate(last_approved, uplift_percent, line.precision, rejected_before)
    charged = line if units is None else replace(line, chargeable_units=units, declared_units=None, estimated=True)
    return penalise(charged, last_approved) if is_unexplained(line) else charged


def restore(line: LineState) -> LineState:
    """The line with the MSP's own figure again, penalty and estimate gone (reject, recall, reopen)."""
    own = figure_in_question(line)
    return replace(line, chargeable_units=own, declared_units=None, penalised=False, estimated=False)


def waive(line: LineState, reason: str) -> LineState:
    """The line without its penalty: the MSP's own figure counts, explained by the distributor's reason."""
    return replace(restore(line), waived_reason=reason)


def is_accepted_by_rejection(line: LineState, *, any_notes: bool) -> bool:
    """Whether a rejection freezes the line: ``reviewer_note`` is the one it gives, figures as under review.

    A rejection without any notes freezes nothing.
    """
    settled = not (line.penalised or line.estimated or line.chargeable_units is None)
    return any_notes and settled and line.reviewer_note is None


def _is_unbacked(line: LineState) -> bool:
    # The feed should know the provisioned units and does not, so the MSP's figure stands on its word alone.
    figure = figure_in_question(line)
    return line.usage_source == "feed" and line.provisioned_units is None and figure is not None


def _read(given: object, field: str) -> Decimal:
    if isinstance(given, Decimal):
        return _read_decimal(given, field)
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise _invalid(given, field, WRITE_A_NUMBER)
    if isinstance(given, int):
        return Decimal(min(given, 10**MOST_INTEGER_DIGITS))
    return _read_float(given, field) if isinstance(given, float) else _read_text(given, given, field)


def _read_decimal(given: Decimal, field: str) -> Decimal:
    digits = len(given.as_tuple().digits)
    if not given.is_finite() or max(abs(given.adjusted()), digits) > LONGEST_NUMBER:
        raise _invalid(given, field, WRITE_A_NUMBER)
    return given


def _read_float(given: float, field: str) -> Decimal:
    value = _read_text(repr(given), given, field)
    if len(value.normalize().as_tuple().digits) > TRUE_FLOAT_DIGITS:
        raise _invalid(given, field, words("it is not exact; give the number as text"))
    return value


def _read_text(text: str, given: object, field: str) -> Decimal:
    # Length and pattern come first: Decimal takes "1_000", Arabic digits and exponents that never end.
    plain = text.strip(" \t\r\n") if len(text) <= LONGEST_NUMBER else ""
    if _NEGATIVE.fullmatch(plain):
        raise _invalid(given, field, NEVER_NEGATIVE)
    if not _NUMBER.fullmatch(plain):
        raise _invalid(given, field, WRITE_A_POINT if "," in plain else WRITE_A_NUMBER)
    return Decimal(plain)


def _too_precise(precision: int) -> Words:
    if not precision:
        return words("this product takes whole units only")
    return counted(
        "this product takes at most %(num)s decimal", "this product takes at most %(num)s decimals", precision
    )


def _too_long() -> Words:
    return words("there are more than %(most)s digits before the decimal point", most=MOST_INTEGER_DIGITS)


def _invalid(given: object, field: str, why: Words) -> InvalidUnits:
    # Python does not write integers of thousands of digits, and nobody would read them.
    is_vast = isinstance(given, int) and abs(given) > VAST
    shown = words("A very long number") if is_vast else words("“%(given)s”", given=str(given)[:40])
    return InvalidUnits(words("%(given)s can't be taken: %(why)s.", given=shown, why=why), field, given)
