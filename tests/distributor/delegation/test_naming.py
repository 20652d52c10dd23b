"""Naming a substitute: who may, for which days, and how it ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from distributor.database import db
from distributor.delegation import operations, queries
from distributor.errors import Forbidden, InputRefused, NotFound
from distributor.identity import tokens
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member
from distributor.identity.operations import remove_member
from tests.distributor.delegation.conftest import AT, FIRST, LAST, seen_at, stand_in
from tests.distributor.people.conftest import mails
from tests.factories import Story, account, member, organization
from workflows.usage_report import Role

DAY = timedelta(days=1)


def entries(what: str) -> list[Any]:
    db.session.commit()
    return list(
        db.session.execute(text("SELECT subject, details, actor_name FROM audit_entries WHERE what = :w"), {"w": what})
    )


def test_a_substitute_holds_the_roles_of_both_from_the_first_day_to_the_end_of_the_last(
    story: Story, viewer: CurrentMember
) -> None:
    stand_in(viewer, story.reviewer, first=date(2026, 10, 22), last=date(2026, 10, 23))
    held = {
        hour: seen_at(viewer, datetime(2026, 10, day, hour, 59, tzinfo=UTC)).roles for day, hour in ((21, 23), (22, 0))
    }
    assert held == {23: {Role.VIEWER}, 0: {Role.VIEWER, Role.REVIEWER}}
    assert Role.REVIEWER in seen_at(viewer, datetime(2026, 10, 23, 23, 59, 59, tzinfo=UTC)).roles
    assert seen_at(viewer, datetime(2026, 10, 24, tzinfo=UTC)).roles == {Role.VIEWER}


def test_who_is_away_keeps_their_roles_and_lends_only_their_own(story: Story, viewer: CurrentMember) -> None:
    other = member(story.distributor, Role.VIEWER)
    stand_in(viewer, story.reviewer)
    stand_in(other, viewer)
    assert seen_at(story.reviewer, AT).roles == {Role.REVIEWER}
    assert seen_at(other, AT).roles == {Role.VIEWER}


def test_days_are_those_of_most_accounts_in_auckland_too(story: Story) -> None:
    msp = organization("Tui Services")
    for zone in ("Pacific/Auckland", "Pacific/Auckland", "Europe/Dublin"):
        account(organization(is_distributor=True), msp, time_zone=zone)
    away, substitute = member(msp, Role.PREPARER), member(msp, Role.VIEWER)
    row = operations.name_substitute(
        away, operations.Absence(away.member_uid, substitute.member_uid, date(2026, 10, 31), date(2026, 11, 1)), AT
    )
    assert row.time_zone == "Pacific/Auckland"
    assert row.starts_at == datetime(2026, 10, 30, 11, tzinfo=UTC)
    assert row.ends_at == datetime(2026, 11, 1, 11, tzinfo=UTC)


def test_the_last_day_is_judged_where_the_accounts_are(story: Story) -> None:
    msp = organization("Tui Services")
    account(story.distributor, msp, time_zone="Pacific/Auckland")
    away, substitute = member(msp, Role.PREPARER), member(msp, Role.VIEWER)
    already_tomorrow = datetime(2026, 10, 21, 12, tzinfo=UTC)
    with pytest.raises(InputRefused):
        stand_in(substitute, away, first=FIRST, last=FIRST, at=already_tomorrow)
    stand_in(substitute, away, first=FIRST, last=FIRST, at=already_tomorrow - timedelta(hours=2))


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (LAST, FIRST, "last_day"),
        (FIRST - 9 * DAY, FIRST - DAY, "last_day"),
        (FIRST, FIRST + 366 * DAY, "last_day"),
        (FIRST + 367 * DAY, FIRST + 368 * DAY, "first_day"),
    ],
)
def test_days_that_make_no_sense_are_refused_where_they_stand(
    story: Story, viewer: CurrentMember, first: date, last: date, field: str
) -> None:
    with pytest.raises(InputRefused) as refused:
        stand_in(viewer, story.reviewer, first=first, last=last)
    assert [error.field for error in refused.value.errors] == [field]


def test_only_a_colleague_can_be_named(story: Story, viewer: CurrentMember) -> None:
    for stranger in (story.preparer, story.reviewer):
        with pytest.raises(InputRefused):
            stand_in(stranger, story.reviewer)
    with pytest.raises(InputRefused):
        operations.name_substitute(
            story.reviewer, operations.Absence(story.reviewer.member_uid, uuid4(), FIRST, LAST), AT
        )


def test_admins_name_substitutes_for_others_and_nobody_else_does(story: Story, viewer: CurrentMember) -> None:
    with pytest.raises(Forbidden):
        stand_in(viewer, story.reviewer, by=viewer)
    stand_in(viewer, story.reviewer, by=story.admin)
    assert seen_at(viewer, AT).roles == {Role.VIEWER, Role.REVIEWER}
    assert {mail.user_id for mail in mails("substitute_named")} == {viewer.user_id, story.reviewer.user_id}


def test_an_admin_elsewhere_names_nobody_here(story: Story, viewer: CurrentMember) -> None:
    stranger = member(organization(is_distributor=True), Role.ADMIN)
    with pytest.raises(InputRefused):
        stand_in(viewer, story.reviewer, by=stranger)


def test_the_same_two_overlap_once_only(story: Story, viewer: CurrentMember) -> None:
    stand_in(viewer, story.reviewer)
    with pytest.raises(InputRefused, match="Nobody|already"):
        stand_in(viewer, story.reviewer, first=LAST, last=LAST + DAY)
    stand_in(viewer, story.reviewer, first=LAST + DAY, last=LAST + DAY)


def test_revoking_works_at_once_for_either_of_the_two_and_an_admin(story: Story, viewer: CurrentMember) -> None:
    for who in (viewer, story.reviewer, story.admin):
        uid: Any = stand_in(viewer, story.reviewer)
        operations.revoke(who, uid, AT)
        assert seen_at(viewer, AT).roles == {Role.VIEWER}


def test_nobody_else_revokes_and_a_stranger_finds_nothing(story: Story, viewer: CurrentMember) -> None:
    uid: Any = stand_in(viewer, story.reviewer)
    with pytest.raises(Forbidden):
        operations.revoke(member(story.distributor, Role.REVIEWER), uid, AT)
    with pytest.raises(NotFound):
        operations.revoke(story.preparer, uid, AT)


def test_a_removed_member_acts_for_nobody_and_nobody_for_them(story: Story, viewer: CurrentMember) -> None:
    stand_in(viewer, story.reviewer)
    remove_member(db.session.get_one(Member, story.reviewer.member_id), AT)
    assert seen_at(viewer, AT).roles == {Role.VIEWER}
    assert queries.of_organization(story.distributor.id, AT) == []
    assert len(entries("substitute.ended")) == 1


def test_the_trail_keeps_both_and_the_days(story: Story, viewer: CurrentMember) -> None:
    uid: Any = stand_in(viewer, story.reviewer)
    operations.revoke(viewer, uid, AT)
    (named,), (ended,) = entries("substitute.named"), entries("substitute.ended")
    assert named.subject == ended.subject == f"{viewer.name} for {story.reviewer.name}"
    assert named.details["last_day"] == "2026-12-12"
    assert (named.actor_name, ended.actor_name) == (story.reviewer.name, viewer.name)


def test_tokens_keep_their_owners_own_roles(story: Story, viewer: CurrentMember) -> None:
    token, _row = tokens.create_token(viewer, "Export", ("reports:read",), None, AT)
    stand_in(viewer, story.reviewer)
    found = tokens.find(token, AT, "192.0.2.1")
    assert found is not None
    assert found.member.roles == {Role.VIEWER}
    with pytest.raises(InputRefused):
        tokens.create_token(seen_at(viewer, AT), "Review", ("reports:review",), None, AT)
