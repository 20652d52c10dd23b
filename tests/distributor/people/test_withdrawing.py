"""Invitations end with the rights of the admin who made them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from distributor.database import db
from distributor.delivery.queries import why_not
from distributor.identity import operations as identity
from distributor.identity.acting import CurrentMember
from distributor.people.models import Invitation, InvitationLink
from distributor.people.operations import invitations
from distributor.people.operations.invitations import Invited
from tests import clients
from tests.clients import Browser
from tests.distributor.identity.conftest import PASSWORD, Clock, member_row, user_of
from tests.distributor.identity.people import trail
from tests.distributor.people.conftest import INVITED, link_of, mails
from tests.factories import Story, member
from workflows.usage_report import Role

OWN = {"Sec-Fetch-Site": "same-origin"}
PRIVATE = "private@example.net"


@pytest.fixture
def boss(story: Story) -> CurrentMember:
    """The admin who stays."""
    found = member(story.msp, Role.ADMIN)
    identity.set_password(user_of(found), PASSWORD)
    return found


@pytest.fixture
def bosses(app: Flask, boss: CurrentMember) -> Browser:
    return clients.sign_in(app, boss)


@pytest.fixture
def back_door(app: Flask, admin: CurrentMember, clock: Clock) -> str:
    """The link of an invitation that an admin sent to another address of their own."""
    form = {"name": "Me Again", "email": PRIVATE, "roles": "admin"}
    assert clients.sign_in(app, admin).post("/members/invitations", data=form, headers=OWN).status_code == 302
    return link_of(mails("invited")[-1], clock.at)


def remove(browser: Browser, who: CurrentMember) -> None:
    assert browser.post(f"/members/{who.member_uid}/remove", data={"sure": "yes"}, headers=OWN).status_code == 302


def demote(browser: Browser, who: CurrentMember) -> None:
    form = {"seen": "admin", "roles": "viewer"}
    assert browser.post(f"/members/{who.member_uid}/roles", data=form, headers=OWN).status_code == 302


def open_ones() -> list[str]:
    db.session.rollback()
    query = select(Invitation.email).where(Invitation.revoked_at.is_(None), Invitation.accepted_at.is_(None))
    return list(db.session.scalars(query.order_by(Invitation.id)))


def test_the_page_of_an_admin_says_so_first(admin: CurrentMember, bosses: Browser, story: Story) -> None:
    words = "Invitations by {} that are still open are revoked."
    for who, is_said in ((admin, True), (story.preparer, False)):
        page = bosses.get(f"/members/{who.member_uid}").text
        assert (words.format(who.name) in page) is is_said
        assert ("Without the role of admin, invitations by" in page) is is_said


@pytest.mark.parametrize("act", [remove, demote])
def test_whoever_is_no_admin_any_more_lets_nobody_in(
    app: Flask, admin: CurrentMember, bosses: Browser, back_door: str, act: object
) -> None:
    assert callable(act)
    act(bosses, admin)
    typed = {"name": "Me Again", "password": "nine purple kettles sing", "again": "nine purple kettles sing"}
    visitor = clients.visitor(app)
    assert [visitor.get(back_door).status_code, visitor.post(back_door, data=typed).status_code] == [404, 404]
    assert open_ones() == []
    assert db.session.scalars(select(InvitationLink).filter_by(ended_at=None)).all() == []
    assert trail(admin).count("member.invitation_revoked") == 1


def test_whoever_leaves_themselves_leaves_no_invitation(
    app: Flask, admin: CurrentMember, boss: CurrentMember, back_door: str
) -> None:
    remove(clients.sign_in(app, admin), admin)
    assert clients.visitor(app).get(back_door).status_code == 404
    assert trail(boss).count("member.invitation_revoked") == 1


def test_one_that_has_expired_cannot_be_sent_again_either(
    app: Flask, admin: CurrentMember, boss: CurrentMember, back_door: str, clock: Clock
) -> None:
    uid = db.session.scalars(select(Invitation.uid)).one()
    clock.forward(days=8)
    bosses = clients.sign_in(app, boss)
    remove(bosses, admin)
    assert bosses.post(f"/members/invitations/{uid}/resend", headers=OWN).status_code == 404


def test_a_mail_that_waits_is_not_sent_any_more(
    admin: CurrentMember, bosses: Browser, back_door: str, clock: Clock
) -> None:
    remove(bosses, admin)
    assert why_not(mails("invited")[-1], clock.at) is not None


def test_an_invitation_to_the_address_of_who_is_removed_ends(
    app: Flask, story: Story, bosses: Browser, boss: CurrentMember, clock: Clock
) -> None:
    asked = Invited("Nora New", "nora@example.com", ("preparer",))
    invitations.invite(boss, asked, clock.at)
    link = link_of(mails("invited")[-1], clock.at)
    put = identity.add_member(story.msp, "nora@example.com", "Nora New", [Role.VIEWER], clock.at)
    assert bosses.post(f"/members/{put.uid}/remove", headers=OWN).status_code == 302
    assert clients.visitor(app).get(link).status_code == 404
    assert open_ones() == []


def test_others_invitations_and_those_of_other_organizations_stay(
    story: Story, admin: CurrentMember, bosses: Browser, back_door: str, clock: Clock
) -> None:
    assert bosses.post("/members/invitations", data=INVITED, headers=OWN).status_code == 302
    row = identity.add_member(story.distributor, admin.email, "", [Role.ADMIN], clock.at)
    elsewhere = Invitation(
        organization_id=row.organization_id, email="kim@example.com", name="Kim", roles=["viewer"],
        invited_by=admin.user_id, locale="en", created_at=clock.at, mailed_at=clock.at,
        expires_at=clock.at + timedelta(days=7),
    )  # fmt: skip
    db.session.add(elsewhere)
    db.session.commit()
    remove(bosses, admin)
    assert open_ones() == [INVITED["email"], "kim@example.com"]


def test_an_admin_who_gets_another_role_beside_keeps_theirs(
    admin: CurrentMember, bosses: Browser, back_door: str
) -> None:
    form = {"seen": "admin", "roles": ["admin", "viewer"]}
    assert bosses.post(f"/members/{admin.member_uid}/roles", data=form, headers=OWN).status_code == 302
    assert open_ones() == [PRIVATE]


def test_an_answered_invitation_stays_answered(
    app: Flask, admin: CurrentMember, bosses: Browser, back_door: str, clock: Clock
) -> None:
    token = back_door.rpartition("/")[2]
    joined = invitations.accept_as_new(token, "Me Again", "nine purple kettles sing", clock.at, language=None)
    assert joined is not None
    remove(bosses, admin)
    assert db.session.scalars(select(Invitation)).one().revoked_at is None
    assert member_row(joined).removed_at is None


def test_sending_an_admins_invitation_again_asks_for_a_proof_and_another_does_not(
    app: Flask, admin: CurrentMember, boss: CurrentMember, back_door: str, clock: Clock
) -> None:
    everyday = invitations.invite(admin, Invited("Nora", "nora@example.com", ("viewer",)), clock.at).uid
    weighty = db.session.scalars(select(Invitation.uid).filter_by(email=PRIVATE)).one()
    clock.forward(minutes=2)
    browser = clients.sign_in(app, boss, proved=False)
    answers = [browser.post(f"/members/invitations/{uid}/resend", headers=OWN) for uid in (weighty, everyday)]
    assert ["/confirm" in answer.location for answer in answers] == [True, False]
    assert len(mails("invited")) == 3
    assert clients.visitor(app).get(back_door).status_code == 200  # refused: the link of before still works
