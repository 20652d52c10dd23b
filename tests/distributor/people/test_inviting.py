"""Admins invite people, again and no more."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from distributor.database import db
from distributor.identity import operations as identity
from distributor.identity import queries as people
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, User
from distributor.people.models import Invitation, InvitationLink
from distributor.people.operations import invitations
from distributor.people.operations.invitations import Invited
from tests import clients
from tests.clients import Browser
from tests.distributor.identity.conftest import Clock, member_row
from tests.distributor.people.conftest import INVITED, link_of, mails
from tests.factories import Story, member
from workflows.usage_report import Role

GONE = "This link no longer works"
CYRILLIC_A = "\u0430"


@pytest.fixture
def browser(app: Flask, admin: CurrentMember) -> Browser:
    return clients.sign_in(app, admin)


@pytest.fixture
def invitation(browser: Browser) -> Invitation:
    assert browser.post("/members/invitations", data=INVITED).status_code == 302
    return db.session.scalars(select(Invitation)).one()


def test_an_invitation_goes_out_by_mail_and_stands_in_the_list(browser: Browser, invitation: Invitation) -> None:
    (mail,) = mails("invited")
    assert (mail.recipient, mail.user_id) == ("nora@example.com", None)
    page = browser.get("/members").text
    assert "nora@example.com is invited." in page
    assert "Nora New" in page
    assert "Mail waits" in page
    assert db.session.scalar(select(User.id).where(User.email == "nora@example.com")) is None


def test_the_secret_is_made_with_the_mail_and_kept_as_a_hash_alone(invitation: Invitation, clock: Clock) -> None:
    assert not db.session.scalars(select(InvitationLink.token_hash)).all()
    token = link_of(mails("invited")[-1], clock.at).rpartition("/")[2]
    assert len(token) >= 43
    assert [len(one) for one in db.session.scalars(select(InvitationLink.token_hash))] == [32]


def test_a_second_click_invites_nobody_twice(browser: Browser, invitation: Invitation) -> None:
    assert browser.post("/members/invitations", data=INVITED).status_code == 302
    assert len(mails("invited")) == 1


def test_another_invitation_of_the_same_address_is_refused(browser: Browser, invitation: Invitation) -> None:
    refused = browser.post("/members/invitations", data={**INVITED, "roles": ["admin"]})
    assert refused.status_code == 422
    assert "nora@example.com is invited already" in refused.text
    assert 'value="Nora New"' in refused.text


def test_an_expired_invitation_gives_way_to_a_new_one(browser: Browser, invitation: Invitation, clock: Clock) -> None:
    clock.forward(days=7)
    browser = clients.sign_in(browser.application, people.member_by_email(member_email(browser)))
    assert "Expired" in browser.get("/members").text
    assert browser.post("/members/invitations", data={**INVITED, "roles": ["viewer"]}).status_code == 302
    open_ones = db.session.scalars(select(Invitation.roles).where(Invitation.revoked_at.is_(None))).all()
    assert open_ones == [["viewer"]]


def member_email(browser: Browser) -> str:
    """The address of the admin who has a password."""
    return str(db.session.scalars(select(User.email).where(User.password_hash.is_not(None))).one())


def test_sending_again_makes_a_new_link_and_ends_the_old_one(
    app: Flask, browser: Browser, invitation: Invitation, clock: Clock
) -> None:
    old = link_of(mails("invited")[-1], clock.at)
    clock.forward(minutes=5)
    assert browser.post(f"/members/invitations/{invitation.uid}/resend").status_code == 302
    new = link_of(mails("invited")[-1], clock.at)
    assert clients.visitor(app).get(old).status_code == 404
    assert clients.visitor(app).get(new).status_code == 200


def test_a_second_click_on_send_again_ends_no_link(
    app: Flask, browser: Browser, invitation: Invitation, clock: Clock
) -> None:
    link = link_of(mails("invited")[-1], clock.at)
    browser.post(f"/members/invitations/{invitation.uid}/resend")
    assert len(mails("invited")) == 1
    assert clients.visitor(app).get(link).status_code == 200


def test_sending_an_expired_invitation_again_revives_it(
    app: Flask, admin: CurrentMember, invitation: Invitation, clock: Clock
) -> None:
    clock.forward(days=8)
    clients.sign_in(app, admin).post(f"/members/invitations/{invitation.uid}/resend")
    assert clients.visitor(app).get(link_of(mails("invited")[-1], clock.at)).status_code == 200


def test_a_revoked_invitation_is_over_for_good(
    app: Flask, browser: Browser, invitation: Invitation, clock: Clock
) -> None:
    link = link_of(mails("invited")[-1], clock.at)
    assert browser.post(f"/members/invitations/{invitation.uid}/revoke").status_code == 302
    answer = clients.visitor(app).get(link)
    assert (answer.status_code, GONE in answer.text) == (404, True)
    assert browser.post(f"/members/invitations/{invitation.uid}/revoke").status_code == 404
    assert browser.post(f"/members/invitations/{invitation.uid}/resend").status_code == 404


def test_another_organizations_invitation_is_not_found(app: Flask, story: Story, invitation: Invitation) -> None:
    stranger = clients.sign_in(app, story.admin)
    for act in ("resend", "revoke"):
        assert stranger.post(f"/members/invitations/{invitation.uid}/{act}").status_code == 404
    assert "nora@example.com" not in stranger.get("/members").text


@pytest.mark.parametrize("role", [Role.PREPARER, Role.VIEWER])
def test_nobody_but_an_admin_invites(app: Flask, story: Story, invitation: Invitation, role: Role) -> None:
    browser = clients.sign_in(app, member(story.msp, role))
    other = {**INVITED, "email": "other@example.com"}
    assert browser.get("/members").status_code == 403
    assert browser.post("/members/invitations", data=other).status_code == 403
    assert browser.post(f"/members/invitations/{invitation.uid}/revoke").status_code == 403
    assert "/members" not in browser.get("/profile").text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Give a name of 1 to 200 characters"),
        ("name", "x" * 10_000, "Give a name of 1 to 200 characters"),
        ("name", "Eve\r\nBcc: all@example.com", "Give a name of 1 to 200 characters"),
        ("name", f"N{CYRILLIC_A}ra New", "in the letters of one alphabet"),
        ("name", "Nora\u200b New", "in the letters of one alphabet"),
        ("email", "nonsense", "is no e-mail address"),
        ("email", "a@example.com\nBcc: x@y", "is no e-mail address"),
        ("email", f"nor{CYRILLIC_A}@example.com", "cannot be reached by e-mail"),
        ("email", f"nora@ex{CYRILLIC_A}mple.com", "cannot be reached by e-mail"),
        ("roles", [], "Choose at least one role"),
        ("roles", ["reviewer"], "Choose among the roles that are offered"),
        ("roles", ["king"], "Choose among the roles that are offered"),
    ],
)
def test_what_cannot_be_invited_is_refused_beside_its_field(
    browser: Browser, field: str, value: object, said: str
) -> None:
    refused = browser.post("/members/invitations", data={**INVITED, field: value})
    assert refused.status_code == 422
    assert said in refused.text
    assert not mails("invited")


def test_names_of_other_alphabets_are_names(browser: Browser) -> None:
    for number, name in enumerate(("Анна Иванова", "Ελένη Παππά", "李小龍", "Zoë Müller-O’Brien", "می‌خواهم")):
        form = {**INVITED, "email": f"n{number}@example.com", "name": name}
        assert browser.post("/members/invitations", data=form).status_code == 302, name


def test_a_member_is_not_invited(browser: Browser, story: Story) -> None:
    refused = browser.post("/members/invitations", data={**INVITED, "email": story.preparer.email.upper()})
    assert refused.status_code == 422
    assert "is a member already" in refused.text


def test_an_address_that_is_known_elsewhere_is_invited_like_any_other(browser: Browser, story: Story) -> None:
    known = browser.post("/members/invitations", data={**INVITED, "email": story.admin.email})
    unknown = browser.post("/members/invitations", data={**INVITED, "email": "new@example.com"})
    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)


def test_an_admin_who_has_just_lost_the_role_invites_nobody(admin: CurrentMember, clock: Clock) -> None:
    member_row(admin).roles = ["viewer"]
    with pytest.raises(Exception, match="no longer an admin"):
        invitations.invite(admin, Invited("Nora", "nora@example.com", ("viewer",)), clock.at)


def test_whoever_was_removed_is_invited_back_without_the_old_roles(
    app: Flask, story: Story, admin: CurrentMember, clock: Clock
) -> None:
    identity.remove_member(member_row(story.preparer), clock.at)
    given = Invited("Aoife", story.preparer.email, ("viewer",))
    invitations.invite(admin, given, clock.at)
    found = link_of(mails("invited")[-1], clock.at)
    invitations.accept_as_new(found.rpartition("/")[2], "Aoife", "a long enough password", clock.at, language=None)
    assert people.member_by_email(story.preparer.email).roles == {Role.VIEWER}
    assert db.session.scalar(select(func.count()).select_from(Member).where(Member.removed_at.is_not(None))) == 0


def test_only_an_admin_sends_an_invitations_mail_again_and_proves_it_for_another_admin(
    app: Flask, admin: CurrentMember, story: Story, clock: Clock
) -> None:
    form = {"name": "New Admin", "email": "new.admin@example.org", "roles": "admin"}
    clients.sign_in(app, admin).post("/members/invitations", data=form)
    clock.forward(minutes=15)
    address = f"/notifications/{mails('invited')[-1].uid}/resend"
    assert clients.sign_in(app, story.preparer).post(address).status_code == 403
    asked = clients.sign_in(app, admin, proved=False).post(address)
    assert (asked.status_code, asked.location.partition("?")[0]) == (302, "/confirm")
    assert clients.sign_in(app, admin).post(address).location == "/notifications"
