"""Refusals: why something may not happen, in words for people, with a stable ``type`` for programs.

``type`` is the last part of the problem type in the REST API; it never changes once published. Messages are
``Words``, so that who answers a person can say them in the person's language.
"""

from collections.abc import Sequence
from typing import ClassVar

from workflows.vocabulary import LineRef, Status, Step
from workflows.words import Words, counted, words

NAMED_LINES = 5


class Refused(Exception):  # noqa: N818 - refusals are ordinary answers and read as sentences
    """Something may not happen. ``message`` is a sentence for people, in English where it is one of ``Words``."""

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

    def __init__(self, step: Step, who: tuple[str, ...] = ()) -> None:
        super().__init__(
            words("Your role does not include the step “%(step)s”. That is for: %(who)s.", step=step.label, who=who)
            if who
            else words("Your role does not include the step “%(step)s”.", step=step.label)
        )
        self.step = step


class StaleVersion(Refused):
    """Somebody changed the report since the caller read it."""

    type = "stale-version"

    def __init__(self, given: int, current: int) -> None:
        super().__init__(
            words(
                "This report changed meanwhile: you saw version %(given)s, it is now version %(current)s. "
                "Reload it and try again.",
                given=given,
                current=current,
            )
        )
        self.given, self.current = given, current


class ReasonRequired(Refused):
    """The step needs a reason that is more than white space."""

    type = "reason-required"

    def __init__(self, step: Step) -> None:
        super().__init__(words("Give a reason for the step “%(step)s”; the other side reads it.", step=step.label))
        self.step = step


class EndorsementRequired(Refused):
    """The total is over the account's approval limit and no second person has endorsed the report."""

    type = "endorsement-required"

    def __init__(self, why: str = words("another reviewer has to endorse it first")) -> None:
        super().__init__(words("The total is over the account's approval limit: %(why)s.", why=why))


class NilNotConfirmed(Refused):
    """A report without lines says that nothing was used; that is submitted only when confirmed."""

    type = "nil-not-confirmed"

    def __init__(self) -> None:
        super().__init__(words("This report has no lines. Confirm that nothing was used in this cycle."))


class LinesRefused(Refused):
    """Base of the refusals that name lines. ``count`` exceeds ``len(lines)`` where not all are at hand."""

    def __init__(self, lines: Sequence[LineRef], count: int | None = None) -> None:
        self.lines = tuple(lines)
        self.count = len(self.lines) if count is None else count
        super().__init__(_naming(self.of_lines(self.count), self.lines, self.count))

    @staticmethod
    def of_lines(count: int) -> Words:
        """What is wrong with so many lines, without a full stop."""
        return counted("%(num)s line cannot stay as it is", "%(num)s lines cannot stay as they are", count)

    @staticmethod
    def of_line(line: LineRef) -> Words:
        """What is wrong with this line, as a sentence."""
        return words("%(line)s cannot stay as it is.", line=line)


class CommentRequired(LinesRefused):
    """Lines are unexplained: a discrepancy or an open reviewer note without the MSP's answer."""

    type = "comment-required"

    @staticmethod
    def of_lines(count: int) -> Words:
        return counted(
            "%(num)s line is still to be explained by a comment or another figure",
            "%(num)s lines are still to be explained by a comment or another figure",
            count,
        )

    @staticmethod
    def of_line(line: LineRef) -> Words:
        return words("%(line)s is still to be explained by a comment or another figure.", line=line)


class FiguresMissing(LinesRefused):
    """Lines have no chargeable units."""

    type = "figures-missing"

    @staticmethod
    def of_lines(count: int) -> Words:
        return counted("%(num)s line is without chargeable units", "%(num)s lines are without chargeable units", count)

    @staticmethod
    def of_line(line: LineRef) -> Words:
        return words("%(line)s is without chargeable units.", line=line)


class PricesMissing(LinesRefused):
    """Lines have no unit price; the distributor fills it in."""

    type = "prices-missing"

    @staticmethod
    def of_lines(count: int) -> Words:
        return counted(
            "%(num)s line is without a price, which the distributor has to fill in",
            "%(num)s lines are without a price, which the distributor has to fill in",
            count,
        )

    @staticmethod
    def of_line(line: LineRef) -> Words:
        return words("%(line)s is without a price, which the distributor has to fill in.", line=line)


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


def _naming(demand: Words, lines: tuple[LineRef, ...], count: int) -> Words:
    shown = lines[:NAMED_LINES]
    rest = max(count, len(lines)) - len(shown)
    if not shown:
        return words("%(demand)s.", demand=demand)
    if not rest:
        return words("%(demand)s: %(lines)s.", demand=demand, lines=shown)
    return words("%(demand)s: %(lines)s; and %(rest)s more.", demand=demand, lines=shown, rest=rest)
