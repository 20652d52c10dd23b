"""The audit trail for admins: their organization's chain and those of its accounts, filtered in the address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, render_template, request, stream_with_context, url_for
from flask_babel import gettext

from distributor.audit import exports, queries, wording
from distributor.audit.queries import PAGE_SIZE, Asked
from distributor.errors import FieldError, Forbidden, InputRefused
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member, signed_in
from distributor.limits.operations import Limited
from distributor.limits.routes import limited
from distributor.words import is_storable
from workflows.units import BLANKS
from workflows.usage_report import Role

blueprint = Blueprint("audit", __name__, url_prefix="/audit")
WHAT = re.compile(r"[a-z0-9_]+([.][a-z0-9_]+)*")
PLACE = re.compile(r"((?:account|organization)/[0-9a-f-]{36}):([0-9]{1,18})")
LONGEST = 200


@blueprint.get("")
@signed_in
def index() -> str:
    """What happened, newest first."""
    member, asked = _admin(), _asked(request.args)
    rows = queries.entries(member.organization_id, asked, limit=PAGE_SIZE + 1)
    shown, here = rows[:PAGE_SIZE], _address(asked)
    return render_template(
        "audit/index.html",
        entries=shown,
        own=member.organization_id,
        asked=asked,
        here=here,
        older=_link(here, shown[-1]) if len(rows) > PAGE_SIZE else None,
        kinds=wording.kinds(),
        wording=wording,
    )


@blueprint.get("/entries.<any(csv, json):kind>")
@signed_in
@limited(Limited.EXPORT)
def export(kind: str) -> Response:
    """Every entry of the filter as a file."""
    member, asked = _admin(), _asked(request.args)
    write = exports.csv_of if kind == "csv" else exports.json_of
    found = queries.all_entries(member.organization_id, asked)
    answer = Response(stream_with_context(write(found)), mimetype=exports.MIME_TYPES[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="audit-trail.{kind}"'
    return answer


def _admin() -> CurrentMember:
    member = require_member()
    if Role.ADMIN not in member.roles:
        raise Forbidden(gettext("The audit trail is read by admins."))
    return member


def _asked(given: Mapping[str, str]) -> Asked:
    """The filter of the address. Raises InputRefused."""
    errors: list[FieldError] = []
    asked = Asked(
        what=_what(given.get("what", ""), errors),
        person=_words("person", given, errors),
        account=_words("account", given, errors),
        since=_day("since", given, errors),
        until=_day("until", given, errors),
        before=_place(given.get("before", ""), errors),
    )
    if errors:
        raise InputRefused(errors[0].reason, errors)
    return asked


def _what(given: str, errors: list[FieldError]) -> str:
    if given and not WHAT.fullmatch(given):
        errors.append(FieldError(gettext("“%(given)s” is nothing that is recorded.", given=given[:40]), "what"))
        return ""
    return given


def _words(name: str, given: Mapping[str, str], errors: list[FieldError]) -> str:
    words = given.get(name, "").strip(BLANKS)
    if len(words) > LONGEST or not is_storable(words):
        errors.append(FieldError(gettext("Write at most %(most)s characters on one line.", most=LONGEST), name))
        return ""
    return words


def _day(name: str, given: Mapping[str, str], errors: list[FieldError]) -> date | None:
    text = given.get(name, "").strip(BLANKS)
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        day = date.max
    if day is not None and not date(2000, 1, 1) <= day < date(2200, 1, 1):
        errors.append(FieldError(gettext("“%(given)s” is no day; write it like 2026-10-20.", given=text[:40]), name))
        return None
    return day


def _place(given: str, errors: list[FieldError]) -> tuple[str, int] | None:
    found = PLACE.fullmatch(given)
    if given and found is None:
        errors.append(FieldError(gettext("This page of the list does not exist. Start with the newest."), "before"))
    return (found[1], int(found[2])) if found else None


def _address(asked: Asked) -> dict[str, Any]:
    """The filter as it stands in an address, page aside."""
    kept = {"what": asked.what, "person": asked.person, "account": asked.account}
    days = {"since": asked.since and asked.since.isoformat(), "until": asked.until and asked.until.isoformat()}
    return {name: value for name, value in {**kept, **days}.items() if value}


def _link(here: Mapping[str, Any], last: Any) -> str:
    return url_for(".index", **here, before=f"{last.chain}:{last.number}")
