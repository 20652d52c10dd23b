"""The Notifications page: what was sent to whom, how often it was tried, and sending it again."""

from __future__ import annotations

from uuid import UUID

import structlog
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from distributor import clock
from distributor.config import Settings
from distributor.database import db
from distributor.delivery import operations, queries
from distributor.delivery.events import INVITED
from distributor.delivery.rendering import Mail, rendered
from distributor.errors import FieldError, Forbidden, InputRefused
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member, signed_in
from distributor.limits import operations as limits
from distributor.limits.operations import Limited
from workflows.usage_report import Role

blueprint = Blueprint("delivery", __name__, url_prefix="/notifications")
log = structlog.get_logger("distributor.delivery")


@blueprint.get("")
@signed_in
def index() -> str:
    """Mails to the own organization and, for a distributor's admins and reviewers, whether its MSPs' mails arrived."""
    member = require_member()
    status = _status(request.args.get("status", ""))
    page = queries.notifications(member, status=status, before=_uid(request.args.get("before", "")))
    return render_template(
        "delivery/index.html",
        page=page,
        status=status,
        may_resend=may_resend(member),
        mail_server=_settings().mail.server,
    )


@blueprint.get("/<uuid:uid>")
@signed_in
def show(uid: UUID) -> str:
    """The words of one mail: as sent or, before that, as they would be now."""
    member = require_member()
    found = queries.notification(uid, member)
    return render_template(
        "delivery/show.html",
        notification=found,
        mail=_words(found),
        attempts=queries.attempts(found.id),
        may_resend=may_resend(member),
        mail_server=_settings().mail.server,
    )


@blueprint.post("/<uuid:uid>/resend")
@signed_in
def resend(uid: UUID) -> Response:
    """Send one mail again."""
    member = require_member()
    found = queries.notification_for_update(uid, member)
    if not may_resend(member):
        raise Forbidden(gettext("Sending a mail again needs another role than viewer."))
    if found.event == INVITED:
        _check_may_invite(member, found)
    limits.spend(Limited.MAIL, f"organization {member.organization_id}", clock.now())
    operations.resend(found, clock.now())
    db.session.commit()
    log.info("mail to be sent again", notification=str(uid), by=str(member.member_uid))
    if _settings().mail.server:
        flash(gettext("The mail to %(recipient)s is sent again.", recipient=found.recipient), "success")
    else:
        flash(gettext("The mail waits: no mail server is set."), "warning")
    return redirect(url_for("delivery.index"))


def _check_may_invite(member: CurrentMember, invitation: queries.NotificationRow) -> None:
    """What lets somebody in asks for what inviting them asks for. Raises Forbidden, StepUpRequired."""
    if Role.ADMIN not in member.own_roles:
        raise Forbidden(gettext("Members and invitations are the business of your organization's admins."))
    if Role.ADMIN in invitation.details["roles"]:
        step_up.require(member, clock.now())


def may_resend(member: CurrentMember) -> bool:
    """Whoever does more than read."""
    return bool(member.roles - {Role.VIEWER})


def _words(found: queries.NotificationRow) -> Mail:
    return Mail(found.subject, found.body_text, found.body_html) if found.subject else rendered(found)


def _status(given: str) -> str | None:
    if given and given not in queries.STATUSES:
        why = gettext("“%(given)s” is no status of a mail.", given=given[:40])
        raise InputRefused(why, [FieldError(why, "status")])
    return given or None


def _uid(given: str) -> UUID | None:
    try:
        return UUID(given) if given else None
    except ValueError:
        why = gettext("This page of the list does not exist. Start with the newest.")
        raise InputRefused(why, [FieldError(why, "before")]) from None


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
