"""What the forms of these pages have in common."""

from __future__ import annotations

from flask_babel import gettext

from distributor.errors import FieldError, InputRefused


def by_field(refused: InputRefused) -> dict[str, str]:
    """What is wrong, by the field it stands beside."""
    return {error.field or "": error.reason for error in refused.errors}


def same_twice(password: str, again: str) -> None:
    """Raises InputRefused when the second password is not the first."""
    if password != again:
        why = gettext("The two passwords are not the same. Type both again.")
        raise InputRefused(why, [FieldError(why, "again")])
