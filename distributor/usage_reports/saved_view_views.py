"""Keeping, renaming and deleting one's own views of the review queue."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from distributor import clock
from distributor.database import db
from distributor.identity.current import signed_in
from distributor.paths import local_path
from distributor.usage_reports import review_queue, saved_views
from distributor.usage_reports.queue_address import address_of, wanted_of
from distributor.usage_reports.review_desk import blueprint, reviewing_member


@blueprint.post("/views")
@signed_in
def save_view() -> Response:
    """Keep the filter of the address that the form carries under a name."""
    member = reviewing_member()
    cycles = review_queue.cycles(member)
    wanted = wanted_of(saved_views.parameters(request.form.get("query", "")), cycles)
    # The newest cycle is what the queue shows anyhow: such a view moves on with the months.
    changes: dict[str, str | None] = {"cycle": None} if cycles and wanted.cycle == cycles[0] else {}
    query = urlencode(address_of(wanted, **changes))
    name = saved_views.save(member, request.form.get("name", ""), query, clock.now())
    db.session.commit()
    told = gettext("View “%(name)s” saved. Only you see it; colleagues can be sent its address.", name=name)
    flash(told, "success")
    return redirect(f"{url_for('.queue')}?{query}")


@blueprint.post("/views/<uuid:uid>")
@signed_in
def rename_view(uid: UUID) -> Response:
    """Give one's view another name."""
    member = reviewing_member()
    name = saved_views.rename(member, uid, request.form.get("name", ""))
    db.session.commit()
    flash(gettext("The view is called “%(name)s” now.", name=name), "success")
    return redirect(local_path(request.form.get("back")) or url_for(".queue"))


@blueprint.post("/views/<uuid:uid>/delete")
@signed_in
def delete_view(uid: UUID) -> Response:
    """Delete one's view; the reports in it stay as they are."""
    name = saved_views.drop(reviewing_member(), uid)
    db.session.commit()
    flash(gettext("View “%(name)s” deleted.", name=name), "success")
    return redirect(url_for(".queue"))
