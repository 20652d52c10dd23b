"""Who gets a mail and who no longer does; what stands in its headers; the connection that the settings ask for."""

from __future__ import annotations

from datetime import timedelta
from email.header import decode_header, make_header
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from flask import Flask
from sqlalchemy import insert, select, update

from distributor.database import db
from distributor.delivery.models import Notification
from distributor.delivery.operations import Delivered, deliver
from distributor.identity.acting import system
from distributor.identity.models import Member, User
from distributor.usage_reports.operations import automatic
from distributor.usage_reports.queries import reports
from tests.distributor.delivery.smtp import MailServer, mail_server, use, waiting
from tests.factories import OPENED_AT, Story, member
from workflows.usage_report import Role


# aiosmtpd warns of passwords without TLS, which is right anywhere but on the loopback.
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_the_settings_name_and_password_open_the_server(app: Flask, story: Story) -> None:
    known: list[bytes] = []

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, login: Any) -> Any:
        known.append(login.login + b":" + login.password)
        return AuthResult(success=True)

    login = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
    with mail_server(app, username="usage", password="secret", login=login):
        assert deliver(OPENED_AT) == Delivered(sent=1)
    assert known == [b"usage:secret"]


def test_without_the_encryption_the_settings_ask_for_nothing_is_sent(
    app: Flask, story: Story, server: MailServer
) -> None:
    use(app, use_tls=True)
    assert deliver(OPENED_AT) == Delivered(failed=1)
    assert "STARTTLS" in waiting().last_error
    assert server.received == []


def test_a_name_with_line_breaks_writes_no_header(story: Story, server: MailServer) -> None:
    name = "Eve\r\nBcc: everybody@example.com\r\n\r\nHello"
    db.session.execute(update(User).where(User.id == story.preparer.user_id).values(name=name))
    db.session.commit()
    assert deliver(OPENED_AT) == Delivered(sent=1)
    (mail,) = server.received
    assert mail["Bcc"] is None
    assert server.recipients == [story.preparer.email]


def test_a_long_name_in_another_script_arrives_whole_in_one_header(story: Story, server: MailServer) -> None:
    name = "Ω" * 90
    db.session.execute(update(User).where(User.id == story.preparer.user_id).values(name=name))
    db.session.commit()
    deliver(OPENED_AT)
    header = dict(server.received[0].raw_items())["To"]
    assert str(make_header(decode_header(header))) == f"{name} <{story.preparer.email}>"


def test_an_address_that_no_server_takes_is_given_up_with_a_sentence(story: Story, server: MailServer) -> None:
    queued = waiting()
    same = {key: value for key, value in queued._mapping.items() if key not in {"id", "uid"}}
    db.session.execute(insert(Notification).values({**same, "occasion": "x", "recipient": "jürgen@example.com"}))
    db.session.commit()
    assert deliver(OPENED_AT) == Delivered(sent=1, given_up=1)
    error = db.session.scalar(select(Notification.last_error).filter_by(occasion="x"))
    assert "no address that mail servers take" in str(error)


def test_whoever_was_removed_meanwhile_gets_no_mail(story: Story, server: MailServer) -> None:
    db.session.execute(update(Member).where(Member.id == story.preparer.member_id).values(removed_at=OPENED_AT))
    db.session.commit()
    assert deliver(OPENED_AT) == Delivered(given_up=1)
    row = waiting()
    assert row.last_error == f"Not sent: {story.preparer.email} is no longer a member of Kestrel IT Services."
    assert (row.attempts, server.received) == (0, [])


def test_each_member_with_a_role_for_it_gets_a_mail_of_their_own(app: Flask, server: MailServer) -> None:
    story = Story()
    admin, viewer = member(story.msp, Role.ADMIN), member(story.msp, Role.VIEWER)
    story.open(("40", None))
    db.session.commit()
    deliver(OPENED_AT)
    assert sorted(server.recipients) == sorted([story.preparer.email, admin.email])
    assert viewer.email not in server.recipients


def test_a_reminder_that_comes_after_the_submission_is_given_up_instead_of_sent(
    story: Story, server: MailServer
) -> None:
    (report,) = db.session.execute(reports())
    deliver(OPENED_AT)
    automatic.remind(report.due_at - timedelta(days=1))
    automatic.submit_automatically([story.report(report)], system(), report.due_at)
    db.session.commit()
    assert deliver(report.due_at) == Delivered(sent=2, given_up=1)
    assert not any("to explain" in message["Subject"] for message in server.received[1:])


def test_a_reminder_in_time_names_lines_and_money(story: Story, server: MailServer) -> None:
    (report,) = db.session.execute(reports())
    deliver(OPENED_AT)
    at = report.due_at - timedelta(days=3)
    automatic.remind(at)
    db.session.commit()
    assert deliver(at) == Delivered(sent=1)
    subject = "MER-1042, October 2026: 1 line to explain by Fri 30 Oct 2026, € 285.00 at stake"
    assert server.received[1]["Subject"] == subject
