"""Delivery against a real SMTP server: each mail at least once, or visibly given up."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import insert, select, text

from distributor.database import db
from distributor.delivery.mailer import Envelope, Failure, PostOffice
from distributor.delivery.models import DeliveryAttempt, Notification
from distributor.delivery.operations import BACKOFF, LEASE, MOST_TRIES, Delivered, deliver
from distributor.tenancy import across_tenants
from tests.distributor.delivery.smtp import CUT, HANG, MailServer, mail_server, waiting
from tests.factories import OPENED_AT, Story

SHORT = 0.3


def tries() -> list[tuple[bool, str | None]]:
    query = select(DeliveryAttempt.succeeded, DeliveryAttempt.error).order_by(DeliveryAttempt.id)
    return [(row.succeeded, row.error) for row in db.session.execute(query)]


def queue_more(count: int, at: datetime = OPENED_AT) -> None:
    """More mails like the one that waits, each an occasion of its own."""
    first = waiting()
    same = {key: value for key, value in first._mapping.items() if key not in {"id", "uid", "occasion"}}
    db.session.execute(insert(Notification), [{**same, "occasion": f"more:{number}"} for number in range(count)])
    db.session.commit()


def test_a_mail_arrives_with_a_text_and_an_html_part_that_carry_the_link(story: Story, server: MailServer) -> None:
    assert deliver(OPENED_AT) == Delivered(sent=1)
    (mail,) = server.received
    link = f"http://127.0.0.1:8000/reports/{db.session.scalar(text('SELECT uid FROM usage_reports'))}"
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        assert link in part.get_content()
    assert mail["Subject"] == "MER-1042, October 2026: usage report opened, 1 line to explain by Fri 30 Oct 2026"
    assert server.recipients == [story.preparer.email]


def test_what_was_sent_is_kept_word_for_word(story: Story, server: MailServer) -> None:
    deliver(OPENED_AT)
    row, mail = waiting(), server.received[0]
    assert (row.status, row.attempts, row.sent_at, row.last_error) == ("sent", 1, OPENED_AT, None)
    assert row.subject == mail["Subject"]
    part = mail.get_body(("plain",))
    assert part is not None
    assert row.body_text.splitlines() == part.get_content().splitlines()
    assert tries() == [(True, None)]


def test_a_mail_that_was_sent_is_not_sent_again(story: Story, server: MailServer) -> None:
    assert [deliver(OPENED_AT), deliver(OPENED_AT + timedelta(days=1))] == [Delivered(sent=1), Delivered()]
    assert len(server.received) == 1


def test_without_a_mail_server_nothing_is_tried_and_nothing_is_lost(story: Story) -> None:
    assert deliver(OPENED_AT + timedelta(days=400)) == Delivered()
    row = waiting()
    assert (row.status, row.attempts, row.leased_until) == ("waiting", 0, None)
    assert tries() == []


def test_a_mail_is_not_tried_before_its_time(story: Story, server: MailServer) -> None:
    assert deliver(OPENED_AT - timedelta(seconds=1)) == Delivered()


def test_a_refusal_for_now_is_tried_again_later_and_arrives(story: Story, server: MailServer) -> None:
    server.to_recipients.append("451 4.7.1 Greylisted")
    assert deliver(OPENED_AT) == Delivered(failed=1)
    row = waiting()
    assert (row.status, row.next_attempt_at) == ("waiting", OPENED_AT + BACKOFF[0])
    assert row.last_error == "The recipient was refused: 451 4.7.1 Greylisted"
    assert deliver(OPENED_AT) == Delivered()
    assert deliver(OPENED_AT + BACKOFF[0]) == Delivered(sent=1)
    assert [succeeded for succeeded, _ in tries()] == [False, True]


@pytest.mark.parametrize("where", ["to_recipients", "to_messages"])
def test_a_refusal_for_good_is_given_up_at_once_with_the_servers_words(
    story: Story, server: MailServer, where: str
) -> None:
    getattr(server, where).append("550 5.1.1 No such user here")
    assert deliver(OPENED_AT) == Delivered(given_up=1)
    row = waiting()
    assert (row.status, row.attempts) == ("given_up", 1)
    assert "550 5.1.1 No such user here" in row.last_error
    assert deliver(OPENED_AT + timedelta(days=30)) == Delivered()


def test_one_refused_recipient_does_not_stop_the_others(story: Story, server: MailServer) -> None:
    queue_more(2)
    server.to_recipients.append("550 No")
    assert deliver(OPENED_AT) == Delivered(sent=2, given_up=1)


def test_a_server_that_hangs_is_left_after_the_time_out_and_tried_again(story: Story, server: MailServer) -> None:
    server.to_recipients.append(HANG)
    assert deliver(OPENED_AT, time_out=SHORT) == Delivered(failed=1)
    assert "timed out" in waiting().last_error
    assert deliver(OPENED_AT + BACKOFF[0]) == Delivered(sent=1)


def test_a_connection_cut_after_the_message_sends_it_again_under_the_same_id(story: Story, server: MailServer) -> None:
    server.to_messages.append(CUT)
    assert deliver(OPENED_AT) == Delivered(failed=1)
    assert deliver(OPENED_AT + BACKOFF[0]) == Delivered(sent=1)
    assert server.ids == [f"<{waiting().uid}@example.com>"] * 2


def test_one_connection_cut_does_not_hold_up_the_mails_behind_it(story: Story, server: MailServer) -> None:
    queue_more(2)
    server.to_messages.append(CUT)
    assert deliver(OPENED_AT) == Delivered(sent=2, failed=1)


def test_a_server_that_keeps_breaking_ends_the_run_and_the_rest_is_free_at_once(
    story: Story, server: MailServer
) -> None:
    queue_more(5)
    server.to_messages.extend([CUT] * 3)
    assert deliver(OPENED_AT) == Delivered(failed=3)
    assert deliver(OPENED_AT) == Delivered(sent=3)


def test_a_server_that_is_away_costs_one_try_and_the_other_mails_wait_untouched(app: Flask, story: Story) -> None:
    queue_more(3)
    with mail_server(app):
        pass
    assert deliver(OPENED_AT) == Delivered(failed=1)
    assert len(tries()) == 1
    assert not db.session.scalars(select(Notification.id).where(Notification.leased_until.is_not(None))).all()


def test_a_mail_is_given_up_visibly_after_the_last_of_its_tries(story: Story, server: MailServer) -> None:
    server.to_recipients.extend(["450 Try later"] * MOST_TRIES)
    at = OPENED_AT
    for pause in BACKOFF:
        assert deliver(at) == Delivered(failed=1)
        at += pause
    assert deliver(at) == Delivered(given_up=1)
    assert (waiting().status, len(tries())) == ("given_up", MOST_TRIES)


def test_a_worker_killed_after_sending_leaves_a_mail_that_goes_out_again_under_the_same_id(
    story: Story, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = PostOffice.send

    def killed(office: PostOffice, envelope: Envelope) -> Failure | None:
        send(office, envelope)
        raise SystemExit(9)

    monkeypatch.setattr(PostOffice, "send", killed)
    with pytest.raises(SystemExit):
        deliver(OPENED_AT)
    db.session.rollback()
    monkeypatch.undo()
    assert deliver(OPENED_AT + LEASE - timedelta(seconds=1)) == Delivered()
    assert deliver(OPENED_AT + LEASE) == Delivered(sent=1)
    assert server.ids == [f"<{waiting().uid}@example.com>"] * 2


def test_a_worker_that_was_away_too_long_changes_nothing_of_what_another_did(
    story: Story, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = PostOffice.send

    def slow(office: PostOffice, envelope: Envelope) -> Failure | None:
        monkeypatch.setattr(PostOffice, "send", send)
        assert deliver(OPENED_AT + LEASE) == Delivered(sent=1)
        return Failure("The connection to the mail server broke", broken=True)

    monkeypatch.setattr(PostOffice, "send", slow)
    deliver(OPENED_AT)
    row = waiting()
    assert (row.status, row.last_error, row.leased_until) == ("sent", None, None)
    assert len(tries()) == 2


def test_two_workers_at_once_send_each_mail_once(app: Flask, story: Story, server: MailServer) -> None:
    queue_more(59)
    together, done = Barrier(2), []

    def work() -> None:
        with app.app_context():
            across_tenants()
            together.wait()
            done.append(deliver(OPENED_AT).sent)
            db.session.remove()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(done) == 60
    assert len(set(server.ids)) == len(server.ids) == 60


def test_no_transaction_is_open_while_the_server_takes_its_time(
    story: Story, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    send = PostOffice.send

    def watched(office: PostOffice, envelope: Envelope) -> Failure | None:
        seen.append(db.session().in_transaction())
        return send(office, envelope)

    monkeypatch.setattr(PostOffice, "send", watched)
    deliver(OPENED_AT)
    assert seen == [False]


def test_at_most_the_limit_is_sent(story: Story, server: MailServer) -> None:
    queue_more(4)
    assert deliver(OPENED_AT, limit=3) == Delivered(sent=3)
    assert deliver(OPENED_AT) == Delivered(sent=2)
