"""Reading what the pages post: the grid as a plain form or as JSON, steps with their version and reason."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Request

from distributor.errors import FieldError, InputRefused
from distributor.usage_reports.operations.drafts import KEPT, LineDraft


def version_of(request: Request) -> int:
    """The version of the report that the page showed. Raises InputRefused when it is missing or no number."""
    text = request.form.get("version", "")
    if not text:
        message = "The form does not say which version of the report it shows. Nothing was changed: reload the page."
        raise InputRefused(message, [FieldError(message, "version")])
    return whole(text, "version")


def drafts_of_form(request: Request) -> list[LineDraft]:
    """Drafts from fields named u-<id>, c-<id>, v-<id>."""
    ids = [name[2:] for name in request.form if name.startswith("v-")]
    return [
        LineDraft(
            line_uid(line),
            whole(request.form[f"v-{line}"], "version"),
            request.form.get(f"u-{line}", "").strip() if f"u-{line}" in request.form else KEPT,
            request.form.get(f"c-{line}", KEPT),
        )
        for line in ids
    ]


def drafts_of_json(body: Any) -> list[LineDraft]:
    """Drafts from {"lines": [{"id", "version", "chargeable_units", "comment"}]}. Raises InputRefused for all else."""
    lines = body.get("lines") if isinstance(body, dict) else None
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise InputRefused("The draft could not be read: a list of lines was expected.")
    return [_draft(line) for line in lines]


def _draft(line: dict[str, Any]) -> LineDraft:
    units, comment, version = line.get("chargeable_units", KEPT), line.get("comment", KEPT), line.get("version")
    wrong_units = not (units is KEPT or units is None or isinstance(units, str | int)) or isinstance(units, bool)
    if wrong_units or not (comment is KEPT or comment is None or isinstance(comment, str)) or type(version) is not int:
        raise InputRefused("The draft could not be read: units and comments are text, versions whole numbers.")
    return LineDraft(line_uid(line.get("id")), version, units, comment)


def line_uid(text: Any, what: str = "line") -> UUID:
    """The id of a line, or of `what`. Raises InputRefused."""
    try:
        return UUID(text)
    except (ValueError, TypeError, AttributeError) as error:
        message = f"The form names a {what} that does not exist."
        raise InputRefused(message, [FieldError(message, what)]) from error


def local_path(text: str | None) -> str | None:
    """`text` when it is a path of this site, so that a form cannot send people elsewhere."""
    return text if text and text.startswith("/") and not text.startswith(("//", "/\\")) else None


def whole(text: str, field: str) -> int:
    """A whole number from a form. Raises InputRefused."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputRefused(f"The {field} must be a whole number.", [FieldError("Not a whole number.", field)])
    return int(text)
