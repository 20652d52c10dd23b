"""Refusals: why something may not happen, in words for people, with a stable ``type`` for programs.

``type`` is the last part of the problem type in the REST API; it never changes once published.
"""

from collections.abc import Sequence
from typing import ClassVar

from workflows.vocabulary import LineRef, Status, Step

NAMED_LINES = 5


class Refused(Exception):  # noqa: N818 - refusals are ordinary answers and read as sentences
    """Something may not happen. ``message`` is a sentence for people."""

    type: ClassVar[str] = "refused"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TransitionNotAllowed(Refused):
    """The step does not start from this status, or the report does not meet its conditions now."""

    type = "transition-not-allowed"

    def __init__(self, step: Step, status: Status, allowed: tuple[Step, ...], why: str) -> None:
        super().__init__(why)
        self.step, self.status, self.allowed, self.why = step, status, allowed, why


class NotPermitted(Refused):
    """This side or role may never take this step; ``who`` says who may."""

    type = "not-permitted"

    def __init__(self, step: Step, who: str = "") -> None:
        hint = f" That is for: {who}." if who else ""
        super().__init__(f"Your role does not include the step “{step.replace('_', ' ')}”.{hint}")
        self.step = step


class StaleVersion(Refused):
    """Somebody changed the report since the caller read it."""

    type = "stale-version"

    def __init__(self, given: int, current: int) -> None:
        super().__init__(
            f"This report changed meanwhile: you saw version {given}, it is now version {current}. "
            "Reload it and try again."
        )
        self.given, self.current = given, current


class ReasonRequired(Refused):
    """The step needs a reason that is more than white space."""

    type = "reason-required"

    def __init__(self, step: Step) -> None:
        super().__init__(f"Give a reason for the step “{step.replace('_', ' ')}”; the other side reads it.")
        self.step = step


class EndorsementRequired(Refused):
    """The total is over the account's approval limit and no second person has endorsed the report."""

    type = "endorsement-required"

    def __init__(self, why: str = "another reviewer has to endorse it first") -> None:
        super().__init__(f"The total is over the account's approval limit: {why}.")


class NilNotConfirmed(Refused):
    """A report without lines says that nothing was used; that is submitted only when confirmed."""

    type = "nil-not-confirmed"

    def __init__(self) -> None:
        super().__init__("This report has no lines. Confirm that nothing was used in this cycle.")


class LinesRefused(Refused):
    """Base of the refusals that name lines. ``count`` exceeds ``len(lines)`` where not all are at hand."""

    demand: ClassVar[str] = "cannot stay as they are"

    def __init__(self, lines: Sequence[LineRef], count: int | None = None) -> None:
        self.lines = tuple(lines)
        self.count = len(self.lines) if count is None else count
        super().__init__(f"{_counted(self.count)} {self.demand}{_named(self.lines, self.count)}.")


class CommentRequired(LinesRefused):
    """Lines are unexplained: a discrepancy or an open reviewer note without the MSP's answer."""

    type = "comment-required"
    demand = "still to be explained by a comment or another figure"


class FiguresMissing(LinesRefused):
    """Lines have no chargeable units."""

    type = "figures-missing"
    demand = "without chargeable units"


class PricesMissing(LinesRefused):
    """Lines have no unit price; the distributor fills it in."""

    type = "prices-missing"
    demand = "without a price, which the distributor has to fill in"


class InvalidInput(Refused, ValueError):  # noqa: N818 - as above
    """Input that can't be read or is out of range; ``field`` names it, ``value`` is what was given."""

    type = "invalid-input"

    def __init__(self, message: str, field: str, value: object = None) -> None:
        super().__init__(message)
        self.field, self.value = field, value


class InvalidTerms(InvalidInput):
    """A term of an account (a day, a time zone, a currency) that makes no sense."""

    type = "invalid-terms"


class InvalidUnits(InvalidInput):
    """A number of units that is none."""

    type = "invalid-units"


class InvalidCycle(InvalidInput):
    """A report cycle that is not a month of the years 2000 to 2199."""

    type = "invalid-cycle"


def _counted(count: int) -> str:
    return "1 line is" if count == 1 else f"{count} lines are"


def _named(lines: tuple[LineRef, ...], count: int) -> str:
    if not lines:
        return ""
    shown = "; ".join(str(line) for line in lines[:NAMED_LINES])
    rest = max(count, len(lines)) - len(lines[:NAMED_LINES])
    return f": {shown}; and {rest} more" if rest else f": {shown}"
