"""Reading what the pages post: the grid as a plain form or as JSON, steps with their version and reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from flask import Request
from flask_babel import gettext

from distributor.errors import FieldError, InputRefused
from distributor.usage_reports.operations.carrying import KEPT, Kept, day_of
from distributor.usage_reports.operations.drafts import LineDraft, NewLine
from distributor.usage_reports.typed_numbers import plain_number


def version_of(request: Request) -> int:
    """The version of the report that the page showed. Raises InputRefused when it is missing or no number."""
    text = request.form.get("version", "")
    if not text:
        message = gettext(
            "The form does not say which version of the report it shows. Nothing was changed: reload the page."
        )
        raise InputRefused(message, [FieldError(message, "version")])
    return whole(text, "version")


def drafts_of_form(request: Request) -> list[LineDraft]:
    """Drafts from fields named u-<id>, c-<id>, v-<id>, units as they were typed: `in_plain_numbers` reads them."""
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


def new_line(request: Request) -> NewLine:
    """A hand-counted line. Raises InputRefused where its number can be read two ways."""
    form = request.form
    return NewLine(
        sku=form.get("sku", "").strip(),
        chargeable_units=plain_number(form.get("chargeable_units", "").strip()),
        customer_ref=form.get("customer_ref"),
        customer_name=form.get("customer_name"),
        comment=form.get("comment"),
    )


def in_plain_numbers(drafts: list[LineDraft]) -> list[LineDraft]:
    """Drafts with their units read in the reader's locale. Raises InputRefused that names each line whose number could
    be read two ways.
    """
    errors: list[FieldError] = []
    read = [_in_plain_numbers(draft, errors) for draft in drafts]
    if errors:
        raise InputRefused(errors[0].reason, errors)
    return read


def _in_plain_numbers(draft: LineDraft, errors: list[FieldError]) -> LineDraft:
    if not isinstance(draft.chargeable_units, str):
        return draft
    try:
        return replace(draft, chargeable_units=plain_number(draft.chargeable_units, line=str(draft.uid)))
    except InputRefused as refused:
        errors += refused.errors
        return draft


def drafts_of_json(body: Any) -> list[LineDraft]:
    """Drafts from {"lines": [{"id", "version", "chargeable_units", "comment", "carry_until"?}]}. Raises InputRefused
    for all else.
    """
    lines = body.get("lines") if isinstance(body, dict) else None
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise InputRefused(gettext("The draft could not be read: a list of lines was expected."))
    return [_draft(line) for line in lines]


def _draft(line: dict[str, Any]) -> LineDraft:
    units, comment, version = line.get("chargeable_units", KEPT), line.get("comment", KEPT), line.get("version")
    wrong_units = not (units is KEPT or units is None or isinstance(units, str | int)) or isinstance(units, bool)
    if wrong_units or not (comment is KEPT or comment is None or isinstance(comment, str)) or type(version) is not int:
        raise InputRefused(gettext("The draft could not be read: units and comments are text, versions whole numbers."))
    return LineDraft(line_uid(line.get("id")), version, units, comment, _day(line.get("carry_until", KEPT)))


def _day(given: Any) -> date | Kept | None:
    """A day as "2026-12-31"; None for none. Raises InputRefused."""
    if given is None or given is KEPT:
        return None if given is None else KEPT
    day = day_of(given) if isinstance(given, str) else None
    if day is None:
        raise InputRefused(gettext("The draft could not be read: a day is written as 2026-12-31."))
    return day


def line_uid(text: Any, what: str = "line") -> UUID:
    """The id of a line, or of `what`. Raises InputRefused."""
    try:
        return UUID(text)
    except (ValueError, TypeError, AttributeError) as error:
        message = gettext("The form names something that does not exist: “%(given)s”.", given=str(text)[:40])
        raise InputRefused(message, [FieldError(message, what)]) from error


def whole(text: str, field: str) -> int:
    """A whole number from a form. Raises InputRefused."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        why = gettext("“%(given)s” is no whole number.", given=text[:40])
        raise InputRefused(why, [FieldError(why, field)])
    return int(text)
