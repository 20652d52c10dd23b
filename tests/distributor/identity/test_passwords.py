"""Passwords and the links to set them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from distributor.database import db
from distributor.errors import InputRefused
from distributor.identity import operations, passwords
from distributor.identity.models import PasswordLink
from distributor.identity.sessions import digest
from tests import clients
from tests.distributor.identity.conftest import PASSWORD, Clock, user_of
from tests.factories import Story

NEW = "staple battery horse"
GONE = "This link no longer works"


def test_argon2id_with_19_mib_and_two_passes() -> None:
    assert passwords.hash_password(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("length", [12, 1_000])
def test_no_character_of_a_password_is_cut_off(length: int) -> None:
    kept = passwords.hash_password("ä" * length)
    assert passwords.is_right("ä" * length, kept)
    assert not passwords.is_right("ä" * (length - 1), kept)
    assert not passwords.is_right("ä" * (length - 1) + "a", kept)


@pytest.mark.parametrize("length", [0, 11, 1_001])
def test_shorter_and_longer_passwords_are_refused_with_their_length(length: int) -> None:
    with pytest.raises(InputRefused, match=f"{length:,}"):
        passwords.hash_password("a" * length)


def test_a_password_past_the_limit_is_not_even_hashed() -> None:
    assert not passwords.is_right("a" * 1_001, passwords.HASHER.hash("a" * 1_001))


def test_a_damaged_hash_lets_nobody_in() -> None:
    assert not passwords.is_right(PASSWORD, "no hash at all")


def test_a_link_sets_the_password_once(app: Flask, story: Story, clock: Clock) -> None:
    link = f"/set-password/{operations.password_link(user_of(story.preparer), clock.at)}"
    browser = clients.visitor(app)
    assert story.preparer.email in browser.get(link).text
    done = browser.post(link, data={"password": NEW, "again": NEW})
    assert (done.status_code, done.location) == (302, "/sign-in")
    assert "Your password is set" in browser.get("/sign-in").text
    assert passwords.is_right(NEW, user_of(story.preparer).password_hash)
    again = browser.post(link, data={"password": PASSWORD, "again": PASSWORD})
    assert again.status_code == 404
    assert GONE in again.text
    db.session.expire_all()
    assert passwords.is_right(NEW, user_of(story.preparer).password_hash)


def test_used_expired_altered_and_older_links_all_answer_the_same(app: Flask, story: Story, clock: Clock) -> None:
    user = user_of(story.preparer)
    used = operations.password_link(user, clock.at)
    operations.use_password_link(used, NEW, clock.at)
    older, newest = operations.password_link(user, clock.at), operations.password_link(user, clock.at)
    expired = operations.password_link(user_of(story.admin), clock.at - timedelta(hours=72))
    answers = [clients.visitor(app).get(f"/set-password/{one}") for one in (used, older, newest + "x", expired, "x")]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert all(GONE in answer.text for answer in answers)
    assert clients.visitor(app).get(f"/set-password/{newest}").status_code == 200


def test_a_link_lives_for_72_hours(app: Flask, story: Story, clock: Clock) -> None:
    link = f"/set-password/{operations.password_link(user_of(story.preparer), clock.at)}"
    browser = clients.visitor(app)
    clock.forward(hours=71.9)
    assert browser.get(link).status_code == 200
    clock.forward(hours=0.1)
    assert browser.post(link, data={"password": NEW, "again": NEW}).status_code == 404


@pytest.mark.parametrize(("password", "again"), [("short", "short"), (NEW, NEW + "x"), ("", "")])
def test_a_refused_password_leaves_the_link_usable(
    app: Flask, story: Story, clock: Clock, password: str, again: str
) -> None:
    link = f"/set-password/{operations.password_link(user_of(story.preparer), clock.at)}"
    browser = clients.visitor(app)
    refused = browser.post(link, data={"password": password, "again": again})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.text
    assert browser.post(link, data={"password": NEW, "again": NEW}).status_code == 302


def test_only_a_hash_of_the_link_is_kept(story: Story, clock: Clock) -> None:
    token = operations.password_link(user_of(story.preparer), clock.at)
    assert db.session.scalars(select(PasswordLink.token_hash)).one() == digest(token)


def test_setting_a_password_by_link_ends_every_sign_in(app: Flask, story: Story, clock: Clock) -> None:
    browser = clients.sign_in(app, story.preparer)
    assert browser.get("/profile").status_code == 200
    operations.use_password_link(operations.password_link(user_of(story.preparer), clock.at), NEW, clock.at)
    assert browser.get("/profile").status_code == 302


def test_a_disabled_users_link_does_not_work(app: Flask, story: Story, clock: Clock) -> None:
    token = operations.password_link(user_of(story.preparer), clock.at)
    user_of(story.preparer).disabled_at = clock.at
    assert clients.visitor(app).get(f"/set-password/{token}").status_code == 404
    assert operations.use_password_link(token, NEW, clock.at) is None


def test_links_that_stand_beside_each_other_end_together(story: Story, clock: Clock) -> None:
    user = user_of(story.preparer)
    first = operations.password_link(user, clock.at)
    second = operations.password_link(user, clock.at, beside=True)
    assert operations.use_password_link(first, NEW, clock.at) is user
    assert operations.use_password_link(second, PASSWORD, clock.at) is None
    assert passwords.is_right(NEW, user.password_hash)


def test_whoever_answers_an_invitation_in_german_reads_german_from_then_on(story: Story, clock: Clock) -> None:
    user = user_of(story.preparer)
    user.password_hash = None
    operations.use_password_link(operations.password_link(user, clock.at), NEW, clock.at, language="de")
    assert user.locale == "de"


def test_a_later_link_leaves_the_language_that_was_chosen(story: Story, clock: Clock) -> None:
    user = user_of(story.preparer)
    operations.set_password(user, PASSWORD)
    operations.use_password_link(operations.password_link(user, clock.at), NEW, clock.at, language="de")
    assert user.locale == "en"
