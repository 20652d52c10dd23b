"""The calendar's address: whoever has it reads it, so it tells no more than deadlines and sums. It knows no cookies."""

from __future__ import annotations

from flask import Blueprint, Response, current_app
from flask_babel import force_locale, gettext

from distributor import clock
from distributor.calendars import operations, queries
from distributor.calendars.deadlines import events
from distributor.calendars.icalendar import calendar
from distributor.config import Settings
from distributor.database import db
from distributor.delivery.rendering import known_locale
from distributor.errors import NotFound
from distributor.identity.current import public

blueprint = Blueprint("calendars", __name__)
LONGEST_TOKEN = 100


@blueprint.get("/calendar/<token>.ics")
@public
def feed(token: str) -> Response:
    """The coming deadlines of the member whose address this is; every other address does not exist."""
    at = clock.now()
    found = queries.member_by_link(token[:LONGEST_TOKEN])
    if found is None:
        raise NotFound(gettext("This calendar"))
    member, last_used_at = found
    settings: Settings = current_app.config["SETTINGS"]
    with force_locale(known_locale(member.locale)):
        name = gettext("Usage reports, %(organization)s", organization=member.organization_name)
        content = calendar(name, events(member, at, settings.public_url), at)
    if operations.note_use(member.member_id, last_used_at, at):
        db.session.commit()
    return Response(
        content,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'inline; filename="usage-reports.ics"', "Cache-Control": "no-store"},
    )
