"""What these pages share: the blueprint, who may look after members, and the answer to a link that no longer works."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member
from distributor.people.dead_links import Kind
from distributor.people.operations.members import check_admin
from distributor.refusals import links

blueprint = Blueprint("people", __name__)


def admin() -> CurrentMember:
    """The admin who asks. Raises Forbidden for every other member."""
    member = require_member()
    check_admin(member)
    return member


def gone(kind: Kind, token: str) -> ResponseReturnValue:
    """Used, expired, revoked, altered and invented links get one and the same answer, which says what to do."""
    links.refused(kind, token)
    return render_template("people/gone.html", me=None, kind=kind), HTTPStatus.NOT_FOUND
