"""Members come and go."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from distributor.database import db
from distributor.errors import Conflict, InputRefused, NotFound
from distributor.identity import operations, passwords, queries
from distributor.identity.models import Organization, User
from tests.distributor.identity.conftest import PASSWORD, Clock, member_row, user_of
from tests.factories import Story
from workflows.usage_report import Role


def test_the_first_distributor_gets_an_admin_who_reviews_and_can_sign_in(app: Flask, clock: Clock) -> None:
    made = operations.init_distributor("Meridian", "Tomas@Example.com", PASSWORD, clock.at)
    found = queries.member_by_email("tomas@example.com")
    assert (found.organization_name, found.is_distributor, found.name) == ("Meridian", True, "Tomas")
    assert found.roles == {Role.ADMIN, Role.REVIEWER}
    assert passwords.is_right(PASSWORD, made.user.password_hash)


def test_there_is_only_one_first_distributor(app: Flask, clock: Clock) -> None:
    operations.init_distributor("Meridian", "a@example.com", PASSWORD, clock.at)
    with pytest.raises(Conflict, match="a distributor already"):
        operations.init_distributor("Other", "b@example.com", PASSWORD, clock.at)


@pytest.mark.parametrize(
    ("name", "email", "password"),
    [
        ("", "a@example.com", PASSWORD),
        ("Meridian", "nonsense", PASSWORD),
        ("Meridian", "a@example.com", "eleven char"),
    ],
)
def test_a_distributor_with_bad_input_is_not_made(
    app: Flask, clock: Clock, name: str, email: str, password: str
) -> None:
    with pytest.raises(InputRefused):
        operations.init_distributor(name, email, password, clock.at)
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Organization)) == 0


def test_a_new_address_makes_a_user_and_a_known_one_does_not(story: Story, clock: Clock) -> None:
    msp = member_row(story.preparer).organization
    first = operations.add_member(msp, " New@Example.com ", " Nora New ", [Role.VIEWER], clock.at)
    distributor = member_row(story.admin).organization
    second = operations.add_member(distributor, "new@example.com", "Someone else", [Role.VIEWER], clock.at)
    assert first.user is second.user
    assert (first.user.email, first.user.name) == ("new@example.com", "Nora New")
    assert [one.organization_id for one in queries.members_of(first.user_id)] == [msp.id, distributor.id]


def test_adding_a_member_again_adds_the_roles(story: Story, clock: Clock) -> None:
    msp = member_row(story.preparer).organization
    again = operations.add_member(msp, story.preparer.email, "x", [Role.ADMIN, Role.PREPARER], clock.at)
    assert (again.id, again.roles) == (story.preparer.member_id, ["admin", "preparer"])


def test_somebody_who_comes_back_has_the_new_roles_only(story: Story, clock: Clock) -> None:
    row = member_row(story.preparer)
    operations.remove_member(row, clock.at)
    with pytest.raises(NotFound):
        queries.member_by_email(story.preparer.email)
    operations.add_member(row.organization, story.preparer.email, "x", [Role.VIEWER], clock.at)
    assert queries.member_by_email(story.preparer.email).roles == {Role.VIEWER}


@pytest.mark.parametrize("roles", [[], ["king"], ["admin", "king"]])
def test_a_member_needs_roles_that_exist(story: Story, clock: Clock, roles: list[str]) -> None:
    with pytest.raises(InputRefused, match="admin, preparer, reviewer, viewer"):
        operations.add_member(member_row(story.preparer).organization, "n@example.com", "N", roles, clock.at)


@pytest.mark.parametrize(
    "email",
    ["", "a", "a@", "@b", "a b@example.com", "a@b@c", "a@example.com\nBcc: x@y", "<a@b>", "a\0@b", "é" * 253 + "@b"],
)
def test_what_is_no_address_makes_no_user(story: Story, clock: Clock, email: str) -> None:
    before = db.session.scalar(select(func.count()).select_from(User))
    with pytest.raises(InputRefused, match="no e-mail address"):
        operations.add_member(member_row(story.preparer).organization, email, "N", [Role.VIEWER], clock.at)
    assert db.session.scalar(select(func.count()).select_from(User)) == before


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "Eve\r\nBcc: all@example.com", "Eve\u2028x"])
def test_a_name_is_one_line_of_at_most_200_characters(story: Story, clock: Clock, name: str) -> None:
    with pytest.raises(InputRefused, match="1 to 200 characters"):
        operations.add_member(member_row(story.preparer).organization, "n@example.com", name, [Role.VIEWER], clock.at)


def test_who_is_in_several_organizations_is_asked_for_one(story: Story, clock: Clock) -> None:
    email = user_of(story.preparer).email
    operations.add_member(member_row(story.admin).organization, email, "x", [Role.VIEWER], clock.at)
    with pytest.raises(InputRefused, match="Kestrel IT Services, Meridian Cloud Distribution"):
        queries.member_by_email(email)
    assert queries.member_by_email(email, " kestrel it services").organization_name == "Kestrel IT Services"
