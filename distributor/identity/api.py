"""Who a token is."""

from __future__ import annotations

from flask import Response
from flask_smorest import Blueprint

from distributor.api.answers import Answer, respond
from distributor.api.calls import call
from distributor.identity import schemas
from distributor.identity.current import require_member

blueprint = Blueprint("Identity", __name__, url_prefix="/api/v1", description="Who a token is and what it may do.")


@blueprint.route("/me", methods=["GET"])
@call("whoAmI", schemas.Me)
def me() -> Response:
    """Who am I

    The member and organization behind the token, and the scopes it has left: a role that was taken away takes
    its scopes along.
    """
    member = require_member()
    person = {
        "id": str(member.member_uid),
        "email": member.email,
        "name": member.name,
        "locale": member.locale,
        "roles": sorted(member.roles),
    }
    organization = {
        "id": str(member.organization_uid),
        "name": member.organization_name,
        "is_distributor": member.is_distributor,
    }
    return respond(Answer({"member": person, "organization": organization, "scopes": sorted(member.scopes or ())}))
