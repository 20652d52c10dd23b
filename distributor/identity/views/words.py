"""The words of the service, each with its example: a page of their own, and the end of the tour that shows four."""

from __future__ import annotations

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from distributor import clock
from distributor.database import db
from distributor.identity import tour
from distributor.identity.current import require_member, signed_in
from distributor.identity.views.blueprint import blueprint
from distributor.paths import local_path


@blueprint.get("/words")
@signed_in
def words() -> str:
    """What provisioned, used, chargeable and the rest mean."""
    return render_template("identity/words.html")


@blueprint.post("/words/seen")
@signed_in
def words_seen() -> Response:
    """Do not show the tour again, and go back to where it stood."""
    tour.close(require_member(), clock.now())
    db.session.commit()
    return redirect(local_path(request.form.get("back")) or "/", 303)
