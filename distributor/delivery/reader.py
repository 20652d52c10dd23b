"""Who a mail goes to, and in whose name it comes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, select

from distributor.brands.queries import Look, look_of
from distributor.database import db
from distributor.identity.models import Member, Organization, User
from workflows.usage_report import Role, Side


@dataclass(frozen=True, slots=True)
class Reader:
    """A mail's recipient; `organization` is the one on whose side it reaches them, `roles` those held there."""

    name: str
    locale: str
    organization: str
    roles: frozenset[str]


def reader_of(notification: Any) -> Reader:
    """The recipient of a notification (any row with its columns)."""
    home = home_of(notification)
    if notification.user_id is None:
        company = db.session.scalar(select(Organization.name).where(Organization.id == home))
        return Reader(notification.details["name"], notification.details["locale"], company or "", frozenset())
    at_home = and_(Member.user_id == User.id, Member.organization_id == home, Member.removed_at.is_(None))
    row = db.session.execute(
        select(User.name, User.locale, Organization.name.label("organization"), Member.roles)
        .select_from(User)
        .outerjoin(Organization, Organization.id == home)
        .outerjoin(Member, at_home)
        .where(User.id == notification.user_id)
    ).one()
    return Reader(row.name, row.locale, row.organization or "", frozenset(row.roles or ()))


def name_of(notification: Any) -> str:
    """The recipient's name; whoever is invited is no user yet."""
    if notification.user_id is None:
        return str(notification.details["name"])
    return db.session.get_one(User, notification.user_id).name


def home_of(notification: Any) -> int:
    """The organization whose member is told."""
    if notification.report_id is None:
        return int(notification.details["organization_id"])
    return int(notification.msp_id if notification.side == Side.MSP else notification.distributor_id)


def look_for(notification: Any) -> Look | None:
    """The looks of the distributor that speaks; None where a company invites its own people."""
    if notification.report_id is not None:
        return look_of(notification.distributor_id)
    details = notification.details
    return look_of(details.get("invited_by") or details["organization_id"])


def received_as(reader: Reader, asked: Iterable[Role], absent: str = "") -> str:
    """Why somebody gets a mail: the first of the roles it goes to that they hold, or whom they act for."""
    if absent:
        return gettext("You receive this because you act for %(name)s at present.", name=absent)
    held = next((role for role in asked if role in reader.roles), None)
    company = reader.organization
    if held is Role.PREPARER:
        return gettext("You receive this as a preparer of %(organization)s.", organization=company)
    if held is Role.REVIEWER:
        return gettext("You receive this as a reviewer of %(organization)s.", organization=company)
    if held is Role.ADMIN:
        return gettext("You receive this as an admin of %(organization)s.", organization=company)
    return gettext("You receive this as a contact of %(organization)s.", organization=company)
