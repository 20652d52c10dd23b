"""Keyset pages: a page starts after the last thing of the one before, so that rows added meanwhile move
nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from flask_babel import gettext

from distributor.api.fields import Fields, Text, Whole
from distributor.errors import FieldError, InputRefused

Row = TypeVar("Row")
DEFAULT_LIMIT, HIGHEST_LIMIT = 50, 200


class PageQuery(Fields):
    """What every list takes."""

    cursor = Text(200, metadata={"description": "`next_cursor` of the page before; opaque."})
    limit = Whole(
        1, HIGHEST_LIMIT, digits=True, load_default=DEFAULT_LIMIT, metadata={"description": "How many at most."}
    )


def page(
    rows: Sequence[Row], limit: int, shape: Callable[[Row], dict[str, Any]], mark: Callable[[Row], object]
) -> dict[str, Any]:
    """The page of `limit` items out of rows that were asked for with one more; `mark` names the row a cursor
    points at.
    """
    shown = rows[:limit]
    following = cursor(str(mark(shown[-1]))) if len(rows) > limit else None
    return {"items": [shape(row) for row in shown], "next_cursor": following}


def cursor(mark: str) -> str:
    """An opaque cursor for `mark`."""
    return base64.urlsafe_b64encode(mark.encode()).decode().rstrip("=")


def mark_of(given: str | None) -> str | None:
    """What `cursor` was made from. Raises InputRefused for a cursor that this service never gave."""
    if given is None:
        return None
    try:
        padded = given + "=" * (-len(given) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise wrong_cursor() from error


def uid_of(given: str | None) -> UUID | None:
    """The id a cursor points at. Raises InputRefused."""
    mark = mark_of(given)
    try:
        return None if mark is None else UUID(mark)
    except ValueError as error:
        raise wrong_cursor() from error


def wrong_cursor() -> InputRefused:
    message = gettext("This cursor is not one that was given out. Start again without a cursor.")
    return InputRefused(message, [FieldError(message, "cursor")])
