"""The blueprint of these pages, and what a sign-in through a provider may not change."""

from __future__ import annotations

from flask import Blueprint, request
from flask_babel import gettext

from distributor.errors import Forbidden
from distributor.identity import queries
from distributor.identity.acting import CurrentMember
from distributor.identity.current import member_if_known

blueprint = Blueprint("single_sign_on", __name__)

PERSONAL = ("/profile", "/switch")
# What of the profile belongs to the membership, or opens nothing.
ALLOWED = frozenset(
    {
        "identity.change_notifications", "identity.make_calendar", "identity.revoke_calendar", "identity.make_token",
        "identity.revoke_token", "identity.revoke_sign_in", "identity.revoke_other_sign_ins",
    }
)  # fmt: skip
# What other organizations see of the person, if there are any.
SHOWN = frozenset({"identity.save_details", "identity.change_language"})


@blueprint.before_app_request
def keep_to_the_organization() -> None:
    """A provider speaks for its organization: through it nobody changes how a person gets in anywhere else.

    Otherwise an organization could vouch for a member, give them a passkey of its own, and use it at their other ones.
    """
    member = member_if_known()
    if member is None or member.vouched_by is None or request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    if request.path.startswith(PERSONAL) and not _may(member, request.endpoint or ""):
        why = gettext(
            "You came in through %(organization)s's own sign-in, which opens %(organization)s only. For this, sign out "
            "and sign in with your password; without one, ask for a new one at “Forgot your password?”.",
            organization=member.organization_name,
        )
        raise Forbidden(why)


def _may(member: CurrentMember, endpoint: str) -> bool:
    return endpoint in ALLOWED or (endpoint in SHOWN and len(queries.members_of(member.user_id)) == 1)
