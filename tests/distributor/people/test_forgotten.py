"""A forgotten password: the same answer and work for every address, a link for whoever has it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from distributor.database import db
from distributor.delivery.queries import why_not
from distributor.identity import passwords
from distributor.identity.acting import CurrentMember
from distributor.people.models import PasswordRequest
from distributor.people.operations import passwords as operations
from distributor.stored_sentences import RESET_OVER
from tests import clients
from tests.clients import Browser
from tests.distributor.identity.conftest import Clock, member_row, user_of
from tests.distributor.people.conftest import link_of, mails
from tests.distributor.usage_reports.counting import counted_queries
from tests.factories import Story

NEW = {"password": "staple battery horse", "again": "staple battery horse"}


@pytest.fixture
def browser(app: Flask) -> Browser:
    return clients.visitor(app)


def ask(browser: Browser, email: str) -> int:
    return browser.post("/forgotten-password", data={"email": email}).status_code


def test_the_sign_in_page_leads_to_it(browser: Browser) -> None:
    assert 'href="/forgotten-password"' in browser.get("/sign-in").text


def test_a_link_by_mail_sets_a_new_password_and_signs_out_everywhere(
    app: Flask, browser: Browser, admin: CurrentMember, clock: Clock
) -> None:
    elsewhere = clients.sign_in(app, admin)
    assert ask(browser, admin.email.upper()) == 302
    assert operations.answer(clock.at) == 1
    link = link_of(mails("password_reset")[-1], clock.at)
    assert browser.post(link, data=NEW).location == "/sign-in"
    assert passwords.is_right(NEW["password"], user_of(admin).password_hash)
    assert elsewhere.get("/members").status_code == 302
    assert browser.get(link).status_code == 404


def test_whose_password_was_set_is_told_by_mail(browser: Browser, admin: CurrentMember, clock: Clock) -> None:
    ask(browser, admin.email)
    operations.answer(clock.at)
    browser.post(link_of(mails("password_reset")[-1], clock.at), data=NEW)
    (told,) = mails("password_changed")
    assert (told.recipient, told.details["by_link"]) == (admin.email, True)


@pytest.mark.parametrize("email", ["nobody@example.com", "known"])
def test_the_answer_is_the_same_for_every_address(browser: Browser, admin: CurrentMember, email: str) -> None:
    with counted_queries() as seen:
        answer = browser.post("/forgotten-password", data={"email": admin.email if email == "known" else email})
    assert (answer.status_code, answer.location) == (302, "/forgotten-password?sent=1")
    about_people = [statement for statement in seen if "users" in statement or "members" in statement]
    assert not about_people
    assert "If somebody signs in with the address you typed" in browser.get(answer.location).text


def test_nobody_elses_address_gets_a_mail(browser: Browser, admin: CurrentMember, clock: Clock) -> None:
    ask(browser, "nobody@example.com")
    assert operations.answer(clock.at) == 0
    assert not mails("password_reset")
    assert db.session.scalar(select(func.count()).select_from(PasswordRequest)) == 0


def test_who_left_every_organization_or_is_disabled_gets_none(
    browser: Browser, admin: CurrentMember, story: Story, clock: Clock
) -> None:
    member_row(admin).removed_at = clock.at
    user_of(story.preparer).disabled_at = clock.at
    for email in (admin.email, story.preparer.email):
        ask(browser, email)
    assert operations.answer(clock.at) == 0


def test_asking_twice_before_the_scheduler_comes_brings_one_mail(
    browser: Browser, admin: CurrentMember, clock: Clock
) -> None:
    ask(browser, admin.email)
    ask(browser, admin.email)
    assert operations.answer(clock.at) == 1


def test_the_link_lives_for_an_hour(browser: Browser, admin: CurrentMember, clock: Clock) -> None:
    ask(browser, admin.email)
    operations.answer(clock.at)
    link = link_of(mails("password_reset")[-1], clock.at)
    clock.forward(minutes=59)
    assert browser.get(link).status_code == 200
    clock.forward(minutes=1)
    assert browser.post(link, data=NEW).status_code == 404


def test_a_mail_that_waited_for_more_than_an_hour_is_not_sent(
    browser: Browser, admin: CurrentMember, clock: Clock
) -> None:
    ask(browser, admin.email)
    operations.answer(clock.at)
    (mail,) = mails("password_reset")
    assert why_not(mail, clock.at) is None
    assert why_not(mail, clock.at + timedelta(minutes=61)) == RESET_OVER


def test_an_old_wish_is_forgotten(browser: Browser, admin: CurrentMember, clock: Clock) -> None:
    ask(browser, admin.email)
    assert operations.answer(clock.at + timedelta(minutes=61)) == 0
    assert db.session.scalar(select(func.count()).select_from(PasswordRequest)) == 0


def test_the_sixth_wish_in_an_hour_waits_whether_or_not_the_address_is_known(
    browser: Browser, admin: CurrentMember
) -> None:
    for email in (admin.email, "nobody@example.com"):
        assert [ask(browser, email) for _ in range(6)] == [302] * 5 + [429]


@pytest.mark.parametrize("email", ["", "nonsense", "a" * 10_000 + "@example.com", "a@example.com\r\nBcc: x@y", "\0@b"])
def test_what_is_no_address_is_refused_beside_its_field(browser: Browser, email: str) -> None:
    refused = browser.post("/forgotten-password", data={"email": email})
    assert refused.status_code == 422
    assert 'id="email-error"' in refused.text


def test_a_contact_who_never_set_a_password_gets_a_link_too(browser: Browser, story: Story, clock: Clock) -> None:
    ask(browser, story.preparer.email)
    operations.answer(clock.at)
    assert browser.post(link_of(mails("password_reset")[-1], clock.at), data=NEW).status_code == 302


def test_changing_the_password_in_the_profile_is_told_by_mail(app: Flask, admin: CurrentMember) -> None:
    form = {"present": "correct horse battery", **NEW}
    assert clients.sign_in(app, admin).post("/profile/password", data=form).status_code == 302
    assert [(mail.recipient, mail.details["by_link"]) for mail in mails("password_changed")] == [(admin.email, False)]
