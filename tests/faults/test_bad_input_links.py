"""Links of mails that do not work: one answer for all of them, and the trail of whom it concerns tells them apart."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from distributor.database import db
from distributor.delivery.events import ADDRESS_NEW, ADDRESS_OLD, INVITED
from distributor.identity import operations
from distributor.identity.acting import CurrentMember
from distributor.people.operations import addresses, invitations
from distributor.people.operations.invitations import Invited
from tests import clients
from tests.distributor.identity.conftest import PASSWORD, Clock, user_of
from tests.distributor.people.conftest import link_of, mails
from tests.factories import Story
from tests.faults.ground import nothing_changed
from tests.faults.refused import read_by, refusals

NEW = {"password": "another long horse", "again": "another long horse"}
JOIN = {**NEW, "name": "Nora New"}


@pytest.fixture
def reset(aoife: CurrentMember, clock: Clock) -> str:
    """The link that sets Aoife's password."""
    return "/set-password/" + operations.password_link(user_of(aoife), clock.at)


@pytest.fixture
def invitation(niamh: CurrentMember, clock: Clock) -> str:
    """The link by which Nora joins the distributor."""
    invitations.invite(niamh, Invited("Nora New", "nora@example.com", ("viewer",)), clock.at)
    return link_of(mails(INVITED)[-1], clock.at)


def refused(app: Flask, link: str, form: dict[str, str]) -> None:
    """Reading and sending it answer the same as for a link that nobody was ever sent."""
    browser = clients.visitor(app)
    stranger = link.rpartition("/")[0] + "/" + "x" * 43
    with nothing_changed():
        answers = [browser.get(link), browser.post(link, data=form)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert "This link no longer works" in answers[0].text
    assert seen(answers[0]) == seen(browser.get(stranger))
    assert [name for name in ("Aoife", "Nora", "@example.com", "Organization") if name in answers[1].text] == []


def seen(answer: TestResponse) -> str:
    """The page without the form's token, which is another each second."""
    return re.sub(r"[\w-]+[.][\w-]{6}[.][\w-]{20,}", "", answer.text)


def reasons(of: CurrentMember) -> list[tuple[str, str]]:
    return [(entry.details["kind"], entry.details["reason"]) for entry in refusals(of, "link.refused")]


def test_a_used_link_to_set_a_password_is_refused_and_in_the_trail(
    app: Flask, aoife: CurrentMember, reset: str
) -> None:
    assert clients.visitor(app).post(reset, data=NEW).status_code == 302
    refused(app, reset, NEW)
    (entry,) = refusals(aoife)
    assert (entry.what, entry.subject, entry.details["reason"]) == ("link.refused", aoife.email, "used")
    assert reset.rpartition("/")[2] not in str(entry)


def test_an_expired_link_to_set_a_password_is_refused_and_in_the_trail(
    app: Flask, aoife: CurrentMember, reset: str, clock: Clock
) -> None:
    clock.forward(hours=72)
    refused(app, reset, NEW)
    assert reasons(aoife) == [("password", "expired")]


def test_an_altered_link_is_nobodys_and_stands_in_the_service_log(
    app: Flask, aoife: CurrentMember, niamh: CurrentMember, reset: str
) -> None:
    altered = reset[:-1] + ("A" if reset[-1] != "A" else "B")
    with capture_logs() as logged:
        refused(app, altered, NEW)
    told = [(line["event"], line["kind"], line["reason"]) for line in logged if line["log_level"] == "warning"]
    assert ("link refused", "password", "unknown") in told
    assert altered.rpartition("/")[2] not in str(logged)
    assert refusals(aoife) == refusals(niamh) == []


def test_a_link_of_another_kind_is_refused_and_keeps_working_where_it_belongs(
    app: Flask, aoife: CurrentMember, reset: str
) -> None:
    refused(app, reset.replace("/set-password/", "/invitations/"), JOIN)
    assert reasons(aoife) == [("password", "misplaced")]
    assert clients.visitor(app).get(reset).status_code == 200


def test_a_used_invitation_is_refused_and_in_the_trail_of_who_invited(
    app: Flask, niamh: CurrentMember, invitation: str
) -> None:
    assert clients.visitor(app).post(invitation, data=JOIN).status_code == 302
    refused(app, invitation, JOIN)
    assert reasons(niamh) == [("invitation", "used")]


def test_an_expired_invitation_is_refused_and_in_the_trail_of_who_invited(
    app: Flask, niamh: CurrentMember, invitation: str, clock: Clock
) -> None:
    clock.forward(days=7)
    refused(app, invitation, JOIN)
    assert reasons(niamh) == [("invitation", "expired")]


def test_a_revoked_invitation_is_refused_and_no_other_organization_hears_of_it(
    app: Flask, aoife: CurrentMember, niamh: CurrentMember, invitation: str, clock: Clock
) -> None:
    (open_one,) = db.session.execute(db.text("SELECT uid FROM invitations")).one()
    invitations.revoke(niamh, open_one, clock.at)
    refused(app, invitation, JOIN)
    assert reasons(niamh) == [("invitation", "revoked")]
    assert refusals(aoife) == []


def test_an_invitation_of_somebody_else_does_not_open_without_their_password(
    app: Flask, aoife: CurrentMember, niamh: CurrentMember, clock: Clock
) -> None:
    invitations.invite(niamh, Invited("Aoife", aoife.email, ("viewer",)), clock.at)
    link = link_of(mails(INVITED)[-1], clock.at)
    browser = clients.sign_in(app, niamh)
    with nothing_changed():
        answer = browser.post(link, data={"password": "a wrong long horse"})
    assert (answer.status_code, "The password is not right." in answer.text) == (422, True)
    assert "sign_in.failed" in failed(aoife)


def failed(of: CurrentMember) -> list[str]:
    query = db.text("SELECT what FROM audit_entries WHERE organization_id = :organization")
    return list(db.session.scalars(query, {"organization": of.organization_id}))


@pytest.mark.parametrize("mailbox", [ADDRESS_NEW, ADDRESS_OLD])
def test_a_used_link_to_change_an_address_is_refused_and_in_the_trail(
    app: Flask, aoife: CurrentMember, clock: Clock, mailbox: str
) -> None:
    addresses.start(aoife, "aoife.new@example.com", PASSWORD, clock.at)
    link = link_of(mails(mailbox)[-1], clock.at)
    assert clients.visitor(app).post(link, data={"answer": "stop"}).status_code == 302
    refused(app, link, {"answer": "yes"})
    assert reasons(aoife) == [("address", "stopped")]


def test_admins_read_of_a_refused_link_and_their_partners_do_not(
    app: Flask, story: Story, niamh: CurrentMember, invitation: str, clock: Clock
) -> None:
    clock.forward(days=8)
    clients.visitor(app).get(invitation, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    page = read_by(app, niamh, "link.refused")
    assert [word for word in ("nora@example.com", "expired", "203.0.113.9") if word not in page] == []


def test_opening_a_dead_link_again_and_again_is_one_entry_an_hour(
    app: Flask, aoife: CurrentMember, reset: str, clock: Clock
) -> None:
    clock.forward(days=4)
    browser = clients.visitor(app)
    for _ in range(4):
        browser.get(reset)
    assert len(refusals(aoife)) == 1
    clock.at += timedelta(hours=1, seconds=1)
    browser.get(reset)
    assert len(refusals(aoife)) == 2
