"""Pages about the tokens of an organization for its admins, and the one on which anybody reports a leaked token."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from distributor import clock
from distributor.api_tokens import operations, queries
from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.identity.current import public, require_member, signed_in
from distributor.identity.tokens import found_in
from distributor.limits import operations as limits
from distributor.limits.operations import Limited

blueprint = Blueprint("api_tokens", __name__)
LONGEST_SEARCH = 200


@blueprint.get("/tokens")
@signed_in
def index() -> str:
    """The tokens of all members, reported ones first."""
    member, search = _admin(), request.args.get("q", "").strip()[:LONGEST_SEARCH]
    found = queries.of_organization(member.organization_id, search)
    return render_template(
        "api_tokens/index.html", tokens=found, search=search, most=queries.MOST, now=clock.now(), member=member
    )


@blueprint.post("/tokens/<uuid:uid>/revoke")
@signed_in
def revoke(uid: UUID) -> Response:
    """End a colleague's token."""
    row = operations.revoke(_admin(), uid, clock.now())
    db.session.commit()
    flash(gettext("%(token)s is revoked: the next call with it is refused.", token=row.name), "success")
    return redirect(url_for(".index"))


@blueprint.get("/report-token")
@public
def report() -> str:
    """The form for whoever found a token where it should not be."""
    return render_template("api_tokens/report.html", error="", done=False)


@blueprint.post("/report-token")
@public
def send_report() -> str | tuple[str, int]:
    """Take the report; the answer is the same whether there is such a token or not."""
    at, text = clock.now(), request.form.get("token", "")[: operations.LONGEST_REPORT]
    limits.spend(Limited.TOKEN_REPORT, limits.network_of(request.remote_addr), at)
    if found_in(text) is None:
        why = gettext("This is no API token of ours. One begins with dst_ and eight letters or digits.")
        return render_template("api_tokens/report.html", error=why, done=False), 422
    operations.report(text, at)
    db.session.commit()
    return render_template("api_tokens/report.html", error="", done=True)


def _admin() -> CurrentMember:
    member = require_member()
    operations.check_admin(member)
    return member
