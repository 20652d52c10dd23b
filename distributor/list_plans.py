"""What a file would change, worked out before anything is changed: shown first, confirmed after, all or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import ngettext

from distributor.errors import FieldError, InputRefused
from distributor.provisioning.formats.shapes import RefusedRow


@dataclass(frozen=True, slots=True)
class Change:
    """A field with its value before (None for something new) and after, in words."""

    field: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What becomes of one row: something new, or something changed. `columns`: what is written."""

    row: int
    key: str
    name: str
    is_new: bool
    changes: tuple[Change, ...]
    columns: Mapping[str, Any]
    present: Any = None


@dataclass(slots=True)
class Plan:
    """What a whole file would do. With a refused row it does nothing. `held`: what was locked for it."""

    planned: list[Planned] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    unchanged: int = 0
    held: Sequence[Any] | None = None

    @property
    def added(self) -> list[Planned]:
        return [one for one in self.planned if one.is_new]

    @property
    def changed(self) -> list[Planned]:
        return [one for one in self.planned if not one.is_new]

    @property
    def fingerprint(self) -> str:
        """Equal for equal effects: what was shown is what is confirmed."""
        said = repr([(one.key, one.is_new, one.changes) for one in self.planned])
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def refuse(self, row: int, errors: list[FieldError]) -> None:
        """Note what is wrong with a row."""
        self.refused.extend(RefusedRow(row, error.field, error.reason) for error in errors)

    def check(self) -> None:
        """Raise InputRefused with every refused row, if there is one."""
        if not self.refused:
            return
        said = ngettext(
            "%(num)s row was refused. Nothing was changed.",
            "%(num)s rows were refused. Nothing was changed.",
            len({one.row for one in self.refused}),
        )
        raise InputRefused(said, [FieldError(one.reason, one.field, row=one.row) for one in self.refused])

    def as_dict(self) -> dict[str, Any]:
        """The counts and the refused rows, for programs."""
        refused = [FieldError(one.reason, one.field, row=one.row).as_dict() for one in self.refused]
        return {
            "added": len(self.added), "changed": len(self.changed), "unchanged": self.unchanged, "refused": refused
        }  # fmt: skip
