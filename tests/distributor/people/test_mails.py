"""The mails about a person's own access: they arrive, their secret is kept nowhere, and each change is in the audit."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from time import sleep
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from distributor.database import db
from distributor.delivery import operations
from distributor.delivery.models import Notification
from distributor.delivery.operations import Delivered, deliver
from distributor.delivery.queries import notifications, why_not
from distributor.delivery.rendering import rendered
from distributor.identity.acting import CurrentMember
from distributor.identity.models import PasswordLink
from distributor.people.links import AddressLeftError, secret_for
from distributor.people.operations import addresses, invitations, members, passwords
from distributor.people.operations.invitations import Invited
from distributor.people.operations.members import NewRoles
from distributor.stored_sentences import ADDRESS_LEFT, INVITATION_OVER
from tests import clients
from tests.distributor.delivery.smtp import MailServer, mail_server
from tests.distributor.identity.conftest import PASSWORD, Clock, user_of
from tests.distributor.people.conftest import link_of, mails
from tests.factories import Story
from tests.faults.together import together
from workflows.usage_report import Side

NORA = Invited("Nora <b>New</b>", "nora@example.com", ("preparer",))
NEW = "staple battery horse"


@pytest.fixture
def server(app: Flask) -> Iterator[MailServer]:
    with mail_server(app) as server:
        yield server


@pytest.fixture
def everything(admin: CurrentMember, story: Story, clock: Clock) -> None:
    """One mail of each kind, by the things that bring it about."""
    invitations.invite(admin, NORA, clock.at)
    passwords.ask(admin.email, clock.at)
    passwords.answer(clock.at)
    passwords.change(admin, PASSWORD, NEW, clock.at)
    addresses.start(admin, "new@example.com", NEW, clock.at)
    for event in ("address_old", "address_new"):
        addresses.confirm(link_of(mails(event)[-1], clock.at).rpartition("/")[2], clock.at)
    roles = NewRoles(frozenset({"viewer"}), frozenset({"preparer"}))
    members.change_roles(admin, story.preparer.member_uid, roles, clock.at)
    members.remove(admin, story.preparer.member_uid, clock.at)
    db.session.commit()


def test_each_kind_is_written_in_both_parts_with_names_as_words(everything: None) -> None:
    rows = db.session.execute(select(Notification.__table__)).all()
    assert len({row.event for row in rows}) == 8
    for row in rows:
        mail = rendered(row)
        assert "http://127.0.0.1:8000/" in mail.text
        assert "http://127.0.0.1:8000/" in mail.html
        assert "<b>New" not in mail.html


def test_they_are_sent_to_whom_they_concern_the_removed_member_too(
    everything: None, server: MailServer, admin: CurrentMember, story: Story, clock: Clock
) -> None:
    # The change of address is done already: nothing is asked about it any more, and the way to a new password does not
    # go to the mailbox that was left. Changed roles are nothing to somebody who has been removed since.
    assert deliver(clock.at) == Delivered(sent=5, given_up=4)
    counted = sorted(server.recipients)
    assert counted.count(admin.email) == 2
    assert counted.count("new@example.com") == 1
    assert counted.count(story.preparer.email) == 1
    assert counted.count("nora@example.com") == 1


def test_the_link_in_an_invitation_works_and_stands_nowhere_in_the_outbox(
    app: Flask, admin: CurrentMember, server: MailServer, clock: Clock
) -> None:
    invitations.invite(admin, NORA, clock.at)
    db.session.commit()
    assert deliver(clock.at) == Delivered(sent=1)
    part = server.received[-1].get_body(("plain",))
    assert part is not None
    (token,) = re.findall(r"/invitations/([\w-]{43})", part.get_content())
    (row,) = mails("invited")
    assert token not in repr(row)
    assert "/invitations/…" in row.body_text
    assert clients.visitor(app).get(f"/invitations/{token}").status_code == 200


@pytest.mark.parametrize("event", ["password_reset", "password_link"])
def test_no_way_to_a_password_goes_to_an_address_that_was_left(
    admin: CurrentMember, server: MailServer, clock: Clock, event: str
) -> None:
    queue_a_link(admin, event, clock)
    user_of(admin).email = "new@example.com"
    db.session.commit()
    assert deliver(clock.at) == Delivered(given_up=1)
    assert mails(event)[0].last_error == ADDRESS_LEFT
    assert db.session.scalar(select(func.count()).select_from(PasswordLink)) == 0


@pytest.mark.parametrize("event", ["password_reset", "password_link"])
def test_nor_when_it_is_left_while_the_mail_is_being_written(
    admin: CurrentMember, server: MailServer, clock: Clock, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    def then_left(row: Any, at: datetime) -> str | None:
        answer = why_not(row, at)
        user_of(admin).email = "new@example.com"
        db.session.commit()
        return answer

    queue_a_link(admin, event, clock)
    monkeypatch.setattr(operations, "why_not", then_left)
    assert deliver(clock.at) == Delivered(given_up=1)
    assert not server.received
    assert mails(event)[0].last_error == ADDRESS_LEFT
    assert db.session.scalar(select(func.count()).select_from(PasswordLink)) == 0


@pytest.mark.parametrize(("first", "ended"), [("link", 1), ("change", 0)])
def test_no_link_outlives_a_change_of_address_made_at_the_same_moment(
    app: Flask, admin: CurrentMember, clock: Clock, first: str, ended: int
) -> None:
    queue_a_link(admin, "password_reset", clock)
    addresses.start(admin, "new@example.com", PASSWORD, clock.at)
    old, new = (link_of(mails(f"address_{name}")[-1], clock.at).rpartition("/")[2] for name in ("old", "new"))
    addresses.confirm(old, clock.at)
    db.session.commit()
    (mail,) = mails("password_reset")
    acts: dict[str, Callable[[], object]]
    acts = {"link": lambda: secret_for(mail, clock.at), "change": lambda: addresses.confirm(new, clock.at)}
    is_done = threading.Event()

    def act() -> None:
        acts.pop(first)()
        is_done.set()
        sleep(0.3)  # not committed yet: the other one comes now

    def other() -> None:
        is_done.wait(10)
        with suppress(AddressLeftError):
            acts.popitem()[1]()

    with together(app, act, other) as raised:
        assert raised == [None, None]
    assert user_of(admin).email == "new@example.com"
    assert db.session.scalars(select(PasswordLink.used_at)).all() == [clock.at] * ended


def queue_a_link(who: CurrentMember, event: str, clock: Clock) -> None:
    """The mail that somebody asked for who forgot the password, or the one to a new contact."""
    if event == "password_link":
        operations.tell_to_set_password(who.user_id, who.organization_id, Side.MSP, clock.at)
    else:
        passwords.ask(who.email, clock.at)
        passwords.answer(clock.at)
    db.session.commit()


def test_a_revoked_invitation_that_waits_is_not_sent(admin: CurrentMember, server: MailServer, clock: Clock) -> None:
    made = invitations.invite(admin, NORA, clock.at)
    invitations.revoke(admin, made.uid, clock.at)
    db.session.commit()
    assert deliver(clock.at) == Delivered(given_up=1)
    assert mails("invited")[0].last_error == INVITATION_OVER


def test_the_organization_sees_that_its_invitation_was_mailed(
    app: Flask, admin: CurrentMember, story: Story, clock: Clock
) -> None:
    invitations.invite(admin, Invited("Nora New", "nora@example.com", ("preparer",)), clock.at)
    browser = clients.sign_in(app, admin)
    page = browser.get("/notifications").text
    assert "Nora New" in page
    assert "Invitation" in page
    assert browser.get(f"/notifications/{mails('invited')[0].uid}").status_code == 200
    assert "nora@example.com" not in clients.sign_in(app, story.admin).get("/notifications").text


def test_no_other_tenant_sees_a_mail_about_a_person(app: Flask, everything: None, clock: Clock) -> None:
    stranger = Story()
    assert not notifications(stranger.admin).rows
    page = clients.sign_in(app, stranger.admin).get("/notifications").text
    assert "Password changed" not in page


def test_a_reset_is_refused_to_whoever_asks_for_it_again_later(admin: CurrentMember, clock: Clock) -> None:
    passwords.ask(admin.email, clock.at)
    passwords.answer(clock.at)
    assert why_not(mails("password_reset")[0], clock.at + timedelta(hours=2)) is not None


def test_every_change_is_in_the_audit_of_the_organization(
    app: Flask, everything: None, admin: CurrentMember, story: Story
) -> None:
    query = text("SELECT what FROM audit_entries WHERE organization_id = :here ORDER BY id")
    written = set(db.session.scalars(query, {"here": story.msp.id}))
    assert written >= {
        "member.invited", "password.forgotten", "password.changed", "address.change_asked",
        "address.change_confirmed", "address.changed", "member.roles_changed", "member.removed",
    }  # fmt: skip
    kept = db.session.scalars(text("SELECT details::text FROM audit_entries")).all()
    assert not [one for one in kept if PASSWORD in one or NEW in one]
    assert user_of(admin).email == "new@example.com"
