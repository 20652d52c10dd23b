"""What the frame of every page shows: who the reader is, where they can go and how much waits there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Flask, has_request_context, request, url_for
from flask_babel import get_locale, gettext
from sqlalchemy import exists, func, select
from werkzeug.local import LocalProxy

from distributor.accounts.models import Account
from distributor.config import Settings
from distributor.database import db
from distributor.identity import tour
from distributor.identity.acting import Absentee, CurrentMember
from distributor.identity.current import current_member
from distributor.identity.models import Member, Organization
from distributor.usage_reports.models import UsageReport
from workflows.usage_report import EDITABLE, Role, Status

Made = TypeVar("Made")
THEMES = frozenset({"light", "dark"})
# Where people begin; a page with unsaved work that was refused answers from another endpoint.
TOUR_STARTS = frozenset({"usage_reports.index", "usage_reports.show", "review.queue", "review.show", "overview.show"})


@dataclass(frozen=True, slots=True)
class Membership:
    """An organization the reader may act for; `id` is the membership's uid."""

    id: str
    organization_name: str
    side: str
    current: bool


@dataclass(frozen=True, slots=True)
class Me:
    """The reader, as the frame shows them. `side` is "msp" or "distributor", `on_both` where the organization is an MSP
    as well; `acts_for` are colleagues who are away.
    """

    name: str
    email: str
    initials: str
    organization_name: str
    side: str
    role_label: str
    memberships: list[Membership]
    switch_href: str
    profile_href: str
    sign_out_href: str
    words_href: str
    tour: bool
    on_both: bool = False
    acts_for: tuple[Absentee, ...] = ()


@dataclass(slots=True)
class NavItem:
    """A link of the navigation. `heading` starts a part of it, `count` is how many things wait there, `root` is what
    its pages stand below where that is not `href`.
    """

    label: str
    href: str
    icon: str
    count: int = 0
    heading: str = ""
    root: str = ""
    current: bool = field(default=False)


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything the database knows for the frame, read by one query."""

    to_review: int
    to_prepare: int
    is_msp: bool
    words_unseen: bool
    memberships: list[Membership]


def register(app: Flask) -> None:
    """Give every template `me`, `nav`, `brand_name`, `locale` and `theme`; nothing is asked that no template shows."""
    settings: Settings = app.config["SETTINGS"]
    # Globals rather than context, so that macros imported without context know them, too.
    app.jinja_env.globals["brand_name"] = settings.brand_name
    app.context_processor(_context)


def _context() -> dict[str, object]:
    if not has_request_context():
        return {"me": None, "nav": []}
    theme = request.cookies.get("theme")
    return {
        "me": LocalProxy(lambda: _once("distributor.me", me)),
        "nav": LocalProxy(lambda: _once("distributor.nav", nav)),
        "locale": str(get_locale()).replace("_", "-"),
        "theme": theme if theme in THEMES else "",
    }


def _once(key: str, make: Callable[[], Made]) -> Made:
    if key not in request.environ:
        request.environ[key] = make()
    made: Made = request.environ[key]
    return made


def me() -> Me | None:
    """The reader; None when nobody is signed in."""
    member = current_member()
    if member is None:
        return None
    return Me(
        name=member.name,
        email=member.email,
        initials=initials(member.name),
        organization_name=member.organization_name,
        side=side(member.is_distributor),
        role_label=role_label(member),
        memberships=_frame_of(member).memberships,
        switch_href=url_for("identity.switch"),
        profile_href=url_for("identity.profile"),
        sign_out_href=url_for("identity.sign_out"),
        words_href=url_for("identity.words"),
        tour=request.endpoint in TOUR_STARTS and _frame_of(member).words_unseen,
        on_both=member.is_distributor and _frame_of(member).is_msp,
        acts_for=member.acts_for,
    )


def nav() -> list[NavItem]:
    """The links for the reader's side; both sides' where the organization stands on both."""
    member = current_member()
    if member is None:
        return []
    frame = _frame_of(member)
    upstream = _distributor_items(frame, member) if member.is_distributor else []
    downstream = _msp_items(frame) if _shows_msp(member, frame) else []
    if upstream and downstream:
        upstream[0].heading, downstream[0].heading = gettext("As distributor"), gettext("As MSP")
    return _with_current([*upstream, *downstream, *_own_items(member)], request.path)


def initials(name: str) -> str:
    """The first letters of the first and the last name."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def side(is_distributor: bool) -> str:
    return "distributor" if is_distributor else "msp"


def role_label(member: CurrentMember) -> str:
    """The member's roles in words, the strongest first."""
    labels = {
        Role.ADMIN: gettext("Admin"),
        Role.REVIEWER: gettext("Reviewer"),
        Role.PREPARER: gettext("Preparer"),
        Role.VIEWER: gettext("Viewer"),
    }
    return ", ".join(label for role, label in labels.items() if role in member.roles)


def _shows_msp(member: CurrentMember, frame: Frame) -> bool:
    return frame.is_msp or not member.is_distributor


def _distributor_items(frame: Frame, member: CurrentMember) -> list[NavItem]:
    items = [
        NavItem(gettext("Cycle overview"), "/overview", "layout-dashboard"),
        NavItem(gettext("Review queue"), "/review", "inbox", frame.to_review),
        NavItem(gettext("All reports"), "/review/reports", "list-check"),
        NavItem(gettext("Accounts"), "/accounts", "building-store"),
        NavItem(gettext("Catalogue and prices"), "/catalogue", "packages", heading=gettext("Set up")),
        NavItem(gettext("Usage feeds"), "/usage/coverage", "plug-connected", root="/usage"),
    ]
    if Role.ADMIN in member.roles:
        items += [
            NavItem(gettext("Approval policy"), "/policy", "checks"),
            NavItem(gettext("E-mails and brand"), "/brand", "mail"),
        ]
    return items


def _msp_items(frame: Frame) -> list[NavItem]:
    return [
        NavItem(gettext("Usage reports"), "/reports", "report-money", frame.to_prepare),
        NavItem(gettext("Trends"), "/trends", "chart-line"),
        NavItem(gettext("Terms and contacts"), "/terms", "adjustments"),
    ]


def _own_items(member: CurrentMember) -> list[NavItem]:
    items = [
        NavItem(gettext("Notifications"), "/notifications", "bell", heading=gettext("You")),
        NavItem(gettext("Profile and API tokens"), "/profile", "user"),
    ]
    members = NavItem(gettext("Members"), "/members", "users", heading=gettext("Organization"))
    sign_in = NavItem(gettext("Sign-in"), "/organization/sign-in", "building")
    tokens = NavItem(gettext("API tokens"), "/tokens", "key")
    trail = NavItem(gettext("Audit trail"), "/audit", "history")
    return [members, sign_in, tokens, trail, *items] if Role.ADMIN in member.own_roles else items


def _with_current(items: list[NavItem], path: str) -> list[NavItem]:
    """The item nearest to where the reader is, marked."""
    around = [item for item in items if f"{path}/".startswith(f"{item.root or item.href}/")]
    if around:
        max(around, key=lambda item: len(item.href)).current = True
    return items


def _frame_of(member: CurrentMember) -> Frame:
    return _once("distributor.frame", lambda: _frame(member))


def _frame(member: CurrentMember) -> Frame:
    here = member.organization_id
    row = db.session.execute(
        select(
            _count(UsageReport.distributor_id == here, UsageReport.status == Status.UNDER_REVIEW).label("to_review"),
            _count(UsageReport.msp_id == here, UsageReport.status.in_(EDITABLE)).label("to_prepare"),
            exists().where(Account.msp_id == here).label("is_msp"),
            tour.is_unseen(member.user_id).label("words_unseen"),
            _memberships_of(member.user_id).label("memberships"),
        )
    ).one()
    memberships = [
        Membership(one["id"], one["name"], side(one["is_distributor"]), one["id"] == str(member.member_uid))
        for one in row.memberships or []
    ]
    return Frame(row.to_review, row.to_prepare, row.is_msp, row.words_unseen, memberships)


def _count(*conditions: Any) -> Any:
    return select(func.count()).where(*conditions).scalar_subquery()


def _memberships_of(user_id: int) -> Any:
    one = func.json_build_object(
        "id", Member.uid, "name", Organization.name, "is_distributor", Organization.is_distributor
    )
    return (
        select(func.json_agg(one))
        .join_from(Member, Organization, Organization.id == Member.organization_id)
        .where(Member.user_id == user_id, Member.removed_at.is_(None))
        .scalar_subquery()
    )
