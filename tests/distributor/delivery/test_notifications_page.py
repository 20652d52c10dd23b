"""The Notifications page: who sees which mail, what it says, and sending it again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import Row, event, insert, select, update

from distributor.accounts import queries as accounts
from distributor.accounts.partners import Contact, invite
from distributor.database import db
from distributor.delivery.models import Notification
from distributor.delivery.operations import (
    MOST_TRIES_BY_HAND,
    RESEND_AFTER,
    Delivered,
    deliver,
    tell_to_set_password,
)
from distributor.identity.acting import system
from distributor.identity.models import PasswordLink
from distributor.identity.operations import use_password_link
from distributor.usage_reports.operations import automatic
from tests.clients import sign_in, visitor
from tests.distributor.delivery.smtp import MailServer, mail_server
from tests.factories import OPENED_AT, Story, member, organization
from workflows.usage_report import Role, Side

AT = OPENED_AT + timedelta(hours=1)


@pytest.fixture(autouse=True)
def the_time(app: Flask) -> None:
    set_clock(app, AT)


def set_clock(app: Flask, at: datetime) -> None:
    app.config["CLOCK"] = lambda: at


def the_mail(kind: str = "opened", side: Side = Side.MSP) -> Row[Any]:
    query = select(Notification.__table__).where(Notification.event == kind, Notification.side == side)
    return db.session.execute(query).one()


def queue_more(count: int) -> None:
    same = {key: value for key, value in the_mail()._mapping.items() if key not in {"id", "uid", "occasion"}}
    db.session.execute(insert(Notification), [{**same, "occasion": f"more:{number}"} for number in range(count)])
    db.session.commit()


def test_without_a_mail_server_a_waiting_mail_can_be_read_with_its_words(app: Flask, story: Story) -> None:
    client = sign_in(app, story.preparer)
    listed = client.get("/notifications")
    assert listed.status_code == 200
    assert "No mail server is set." in listed.text
    assert story.preparer.email in listed.text
    shown = client.get(f"/notifications/{the_mail().uid}")
    assert "MER-1042, October 2026: usage report opened, 1 line to explain" in shown.text
    assert "Submit by Fri 30 Oct 2026, end of day" in shown.text


def test_what_was_sent_is_shown_as_it_was_sent(app: Flask, story: Story, server: MailServer) -> None:
    deliver(OPENED_AT)
    automatic.submit_due([story.report(the_mail().report_id).id], OPENED_AT + timedelta(days=11), system())
    db.session.commit()
    shown = sign_in(app, story.preparer).get(f"/notifications/{the_mail().uid}")
    assert "Submit by Fri 30 Oct 2026, end of day" in shown.text
    assert "Taken by the mail server" in shown.text


def test_a_distributors_reviewer_sees_that_an_msps_mail_waits_but_not_its_words(app: Flask, story: Story) -> None:
    client = sign_in(app, story.reviewer)
    assert story.preparer.email in client.get("/notifications").text
    assert client.get(f"/notifications/{the_mail().uid}").status_code == 404


def test_a_distributors_viewer_sees_nothing_of_its_msps_mails(app: Flask, story: Story) -> None:
    viewer = member(story.distributor, Role.VIEWER)
    assert story.preparer.email not in sign_in(app, viewer).get("/notifications").text


def test_a_reviewer_reads_the_mails_of_the_own_side_and_the_msp_never_sees_them(app: Flask, story: Story) -> None:
    report = story.report(the_mail().report_id)
    automatic.submit_due([report.id], report.due_at, system())
    uid = the_mail("auto_submitted", Side.DISTRIBUTOR).uid
    assert sign_in(app, story.reviewer).get(f"/notifications/{uid}").status_code == 200
    client = sign_in(app, story.preparer)
    assert client.get(f"/notifications/{uid}").status_code == 404
    assert story.reviewer.email not in client.get("/notifications").text


@pytest.mark.parametrize("role", [Role.ADMIN, Role.PREPARER])
def test_a_stranger_sees_nothing_and_can_send_nothing(app: Flask, story: Story, role: Role) -> None:
    client = sign_in(app, member(organization(), role))
    uid = the_mail().uid
    assert story.preparer.email not in client.get("/notifications").text
    assert client.get(f"/notifications/{uid}").status_code == 404
    assert client.post(f"/notifications/{uid}/resend").status_code == 404
    assert client.get(f"/notifications/{uuid4()}").status_code == 404


def test_nobody_sees_anything_without_signing_in(app: Flask, story: Story) -> None:
    assert visitor(app).get("/notifications").status_code == 302


def test_a_mail_given_up_says_why_and_goes_out_when_sent_again(app: Flask, story: Story, server: MailServer) -> None:
    server.to_recipients.append("550 5.1.1 Mailbox closed")
    deliver(OPENED_AT)
    client = sign_in(app, story.preparer)
    assert "550 5.1.1 Mailbox closed" in client.get("/notifications?status=given_up").text
    assert client.post(f"/notifications/{the_mail().uid}/resend").status_code == 302
    assert deliver(AT) == Delivered(sent=1)
    assert the_mail().status == "sent"


def test_a_mail_sent_again_has_the_same_words_and_the_same_id(app: Flask, story: Story, server: MailServer) -> None:
    deliver(OPENED_AT)
    automatic.submit_due([the_mail().report_id], OPENED_AT + timedelta(days=11), system())
    sign_in(app, story.preparer).post(f"/notifications/{the_mail().uid}/resend")
    deliver(AT)
    first, second = server.received
    assert (first["Message-ID"], first["Subject"]) == (second["Message-ID"], second["Subject"])


def test_sending_again_at_once_is_refused_with_a_sentence(app: Flask, story: Story, server: MailServer) -> None:
    deliver(OPENED_AT)
    set_clock(app, OPENED_AT + RESEND_AFTER - timedelta(seconds=1))
    answer = sign_in(app, story.preparer).post(f"/notifications/{the_mail().uid}/resend")
    assert answer.status_code == 409
    assert "tried a moment ago" in answer.text
    assert the_mail().status == "sent"


def test_a_mail_tried_too_often_is_not_sent_again(app: Flask, story: Story) -> None:
    db.session.execute(update(Notification).values(attempts=MOST_TRIES_BY_HAND, status="given_up"))
    db.session.commit()
    answer = sign_in(app, story.preparer).post(f"/notifications/{the_mail().uid}/resend")
    assert answer.status_code == 409
    assert the_mail().status == "given_up"


def test_a_mail_that_is_being_sent_is_left_to_its_worker(app: Flask, story: Story) -> None:
    db.session.execute(update(Notification).values(leased_until=AT + timedelta(minutes=1)))
    db.session.commit()
    answer = sign_in(app, story.preparer).post(f"/notifications/{the_mail().uid}/resend")
    assert answer.status_code == 409


def test_sending_now_is_offered_once_there_is_a_mail_server(app: Flask, story: Story) -> None:
    client = sign_in(app, story.preparer)
    pages = ("/notifications", f"/notifications/{the_mail().uid}")
    assert not any("Send now" in client.get(page).text for page in pages)
    with mail_server(app):
        assert all("Send now" in client.get(page).text for page in pages)


def test_a_viewer_reads_and_sends_nothing(app: Flask, story: Story, server: MailServer) -> None:
    client = sign_in(app, member(story.msp, Role.VIEWER))
    assert "Send now" not in client.get("/notifications").text
    assert client.post(f"/notifications/{the_mail().uid}/resend").status_code == 403


def test_pages_hold_every_mail_once(app: Flask, story: Story) -> None:
    queue_more(119)
    client = sign_in(app, story.preparer)
    seen: list[str] = []
    path: str | None = "/notifications?status=waiting"
    while path:
        page = client.get(path).text
        seen += re.findall(r'href="/notifications/([0-9a-f-]{36})"', page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = found[1].replace("&amp;", "&") if found else None
    assert len(seen) == len(set(seen)) == 120


@pytest.mark.parametrize("query", ["status=lost", "before=7", "before=' OR 1=1"])
def test_a_wrong_filter_is_refused_with_a_sentence(app: Flask, story: Story, query: str) -> None:
    assert sign_in(app, story.preparer).get(f"/notifications?{query}").status_code == 422


def test_the_page_takes_no_more_queries_for_more_mails(app: Flask, story: Story) -> None:
    client = sign_in(app, story.preparer)
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    client.get("/notifications")
    with_one = seen.copy()
    queue_more(40)
    seen.clear()
    client.get("/notifications")
    assert len(seen) == len(with_one) <= 8


class TestSetYourPassword:
    """The mail that lets a contact in: no secret is kept, and the link in it works once."""

    @pytest.fixture
    def invited(self, story: Story, server: MailServer) -> UUID:
        contact = member(story.msp, Role.PREPARER)
        deliver(OPENED_AT)
        tell_to_set_password(contact.user_id, story.msp.id, Side.MSP, AT, invited_by=story.distributor.id)
        db.session.commit()
        assert deliver(AT) == Delivered(sent=1)
        return the_mail("password_link").uid

    def token(self, server: MailServer) -> str:
        part = server.received[-1].get_body(("plain",))
        assert part is not None
        found = re.search(r"/set-password/([\w-]+)", part.get_content())
        assert found is not None
        return found[1]

    def test_the_link_sets_the_password_once(self, invited: UUID, server: MailServer) -> None:
        token = self.token(server)
        assert use_password_link(token, "a long enough password", AT) is not None
        assert use_password_link(token, "a long enough password", AT) is None

    def test_the_secret_is_nowhere_in_the_outbox(self, invited: UUID, server: MailServer) -> None:
        row = the_mail("password_link")
        assert self.token(server) not in repr(row)
        assert "/set-password/…" in row.body_text

    def test_sending_it_again_makes_a_new_link_and_using_one_ends_the_others(
        self, app: Flask, story: Story, invited: UUID, server: MailServer
    ) -> None:
        first = self.token(server)
        set_clock(app, AT + RESEND_AFTER)
        assert sign_in(app, story.admin).post(f"/notifications/{invited}/resend").status_code == 302
        deliver(AT + RESEND_AFTER)
        second = self.token(server)
        assert first != second
        use_password_link(second, "a long enough password", AT)
        assert not db.session.scalars(select(PasswordLink.id).where(PasswordLink.used_at.is_(None))).all()

    def test_the_msp_reads_it_without_the_secret_and_the_distributor_sees_that_it_arrived(
        self, app: Flask, story: Story, invited: UUID, server: MailServer
    ) -> None:
        shown = sign_in(app, story.preparer).get(f"/notifications/{invited}")
        assert shown.status_code == 200
        assert self.token(server) not in shown.text
        client = sign_in(app, story.admin)
        assert "Set your password" in client.get("/notifications").text
        assert client.get(f"/notifications/{invited}").status_code == 404

    def test_a_stranger_does_not_see_it(self, app: Flask, invited: UUID) -> None:
        client = sign_in(app, member(organization(is_distributor=True), Role.ADMIN))
        assert "Set your password" not in client.get("/notifications").text

    def test_a_contact_made_with_an_account_is_mailed_once(self, story: Story) -> None:
        account = accounts.account(story.account.uid, story.admin)
        contacts = [Contact("Aoife Brennan", "aoife@example.com", Role.PREPARER)] * 2
        invite(story.admin, account, contacts, AT)
        assert the_mail("password_link").recipient == "aoife@example.com"
        assert the_mail("password_link").details["invited_by"] == story.distributor.id


def test_a_place_in_the_list_that_is_anothers_is_no_place(app: Flask, story: Story) -> None:
    stranger = sign_in(app, member(organization(), Role.ADMIN))
    assert stranger.get(f"/notifications?before={the_mail().uid}").status_code == 404
    assert stranger.get(f"/notifications?before={uuid4()}").status_code == 404
    assert sign_in(app, story.preparer).get(f"/notifications?before={the_mail().uid}").status_code == 200


def test_a_mail_that_failed_and_is_tried_again_stands_under_failed(
    app: Flask, story: Story, server: MailServer
) -> None:
    server.to_messages.append("451 4.3.0 Try again later")
    deliver(OPENED_AT)
    client = sign_in(app, story.preparer)
    assert "451 4.3.0 Try again later" in client.get("/notifications?status=failed").text
    assert "No e-mail has this status." in client.get("/notifications?status=waiting").text
