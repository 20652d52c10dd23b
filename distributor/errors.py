"""Refusals of the service itself, beside those of the rules: each says what was wrong and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, ngettext

from workflows.errors import Refused


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with the input: where it stands and why it was refused."""

    reason: str
    field: str | None = None
    line: str | None = None
    row: int | None = None

    def as_dict(self) -> dict[str, Any]:
        where = {"line": self.line, "row": self.row, "field": self.field}
        return {**{key: value for key, value in where.items() if value is not None}, "reason": self.reason}


class NotFound(Refused):
    """What was asked for does not exist or is not the caller's; both look the same."""

    type = "not-found"

    def __init__(self, what: str | None = None) -> None:
        name = what or gettext("This page")
        super().__init__(gettext("%(what)s does not exist, or is not yours to see.", what=name))


class Forbidden(Refused):
    """The caller's role or scope does not allow it."""

    type = "forbidden"


class InputRefused(Refused):
    """Input that was refused whole; `errors` names each place."""

    type = "invalid-input"

    def __init__(self, message: str, errors: list[FieldError] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or []


class StaleLines(Refused):
    """Lines that somebody else changed meanwhile; `lines` are their present values, nothing was saved."""

    type = "stale-line"

    def __init__(self, lines: list[dict[str, Any]]) -> None:
        said = ngettext(
            "%(num)s line was changed by somebody else meanwhile. Nothing was saved: compare and save again.",
            "%(num)s lines were changed by somebody else meanwhile. Nothing was saved: compare and save again.",
            len(lines),
        )
        super().__init__(said)
        self.lines = lines


class Conflict(Refused):
    """The thing is not in a state in which this can be done."""

    type = "conflict"


class VersionRequired(Refused):
    """The call changes a report and does not say which version of it the caller saw."""

    type = "version-required"

    def __init__(self, message: str | None = None) -> None:
        said = gettext('Say which version you saw: If-Match: "<version>", as the ETag of the report gave it.')
        super().__init__(message or said)
