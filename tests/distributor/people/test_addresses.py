"""Signing in with another address: both mailboxes say yes, either says no."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from distributor.database import db
from distributor.delivery.queries import why_not
from distributor.identity import operations as identity
from distributor.identity.acting import CurrentMember
from distributor.people.operations import addresses
from distributor.stored_sentences import CHANGE_OVER
from tests import clients
from tests.clients import Browser
from tests.distributor.identity.conftest import PASSWORD, Clock, user_of
from tests.distributor.people.conftest import link_of, mails
from tests.factories import Story
from tests.faults.together import together

ASKED = {"new_email": "New@Example.com ", "password": PASSWORD}
GONE = "This link no longer works"


@pytest.fixture
def browser(app: Flask) -> Browser:
    """Any browser: the links need no sign-in."""
    return clients.visitor(app)


@pytest.fixture
def links(app: Flask, admin: CurrentMember, clock: Clock) -> dict[str, str]:
    """The paths mailed to the old and the new address of the MSP's admin."""
    assert clients.sign_in(app, admin).post("/profile/address", data=ASKED).status_code == 302
    return {name: link_of(mails(f"address_{name}")[-1], clock.at) for name in ("old", "new")}


def say(browser: Browser, link: str, answer: str = "confirm") -> str:
    """Where an answer leads; or its status."""
    given = browser.post(link, data={"answer": answer})
    return (given.location or str(given.status_code)).rpartition("=")[2]


def email_of(member: CurrentMember) -> str:
    db.session.rollback()
    return user_of(member).email


@pytest.mark.parametrize("order", [("old", "new"), ("new", "old")])
def test_the_address_changes_with_the_second_yes(
    browser: Browser, admin: CurrentMember, links: dict[str, str], order: tuple[str, str]
) -> None:
    assert say(browser, links[order[0]]) == "waiting"
    assert email_of(admin) == admin.email
    assert say(browser, links[order[1]]) == "done"
    assert email_of(admin) == "new@example.com"
    assert sorted(mail.recipient for mail in mails("address_changed")) == sorted([admin.email, "new@example.com"])


def test_each_mailbox_gets_its_own_mail(admin: CurrentMember, links: dict[str, str]) -> None:
    assert [mail.recipient for mail in (*mails("address_old"), *mails("address_new"))] == [
        admin.email, "new@example.com",
    ]  # fmt: skip


def test_reading_a_link_decides_nothing(browser: Browser, admin: CurrentMember, links: dict[str, str]) -> None:
    for link in (*links.values(), *links.values()):
        assert browser.get(link).status_code == 200
    assert email_of(admin) == admin.email


@pytest.mark.parametrize("who", ["old", "new"])
def test_one_no_ends_it(browser: Browser, admin: CurrentMember, links: dict[str, str], who: str) -> None:
    other = {"old": "new", "new": "old"}[who]
    say(browser, links[other])
    assert say(browser, links[who], "stop") == "stopped"
    answers = [browser.post(link, data={"answer": "confirm"}) for link in links.values()]
    assert [(answer.status_code, GONE in answer.text) for answer in answers] == [(404, True)] * 2
    assert email_of(admin) == admin.email


def test_the_same_yes_twice_is_one(browser: Browser, admin: CurrentMember, links: dict[str, str]) -> None:
    assert [say(browser, links["new"]) for _ in range(2)] == ["waiting", "waiting"]
    assert email_of(admin) == admin.email


def test_after_72_hours_the_links_are_over(browser: Browser, links: dict[str, str], clock: Clock) -> None:
    clock.forward(hours=71.9)
    assert browser.get(links["old"]).status_code == 200
    clock.forward(hours=0.1)
    assert [browser.get(link).status_code for link in (*links.values(), links["old"] + "x")] == [404] * 3
    assert why_not(mails("address_old")[0], clock.at) == CHANGE_OVER


def test_a_newer_wish_ends_the_one_before(
    app: Flask, browser: Browser, admin: CurrentMember, links: dict[str, str], clock: Clock
) -> None:
    clock.forward(minutes=1)
    again = {**ASKED, "new_email": "newer@example.com"}
    assert clients.sign_in(app, admin).post("/profile/address", data=again).status_code == 302
    assert [browser.get(link).status_code for link in links.values()] == [404, 404]
    assert browser.get(link_of(mails("address_new")[-1], clock.at)).status_code == 200


def test_the_person_stops_it_in_the_profile(
    app: Flask, browser: Browser, admin: CurrentMember, links: dict[str, str]
) -> None:
    mine = clients.sign_in(app, admin)
    assert "new@example.com" in mine.get("/profile/address").text
    assert [mine.post("/profile/address/stop").status_code for _ in range(2)] == [302, 302]
    assert browser.get(links["old"]).status_code == 404
    assert "No change of address is under way." in mine.get("/profile/address").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"password": "wrong horse battery"}, "The present password is not right."),
        ({"password": ""}, "The present password is not right."),
        ({"new_email": "nonsense"}, "is no e-mail address"),
        ({"new_email": "a@example.com\r\nBcc: b@example.com"}, "is no e-mail address"),
        ({"new_email": "n\u0435w@example.com"}, "cannot be reached by e-mail"),
        ({"new_email": "own"}, "This is the address you have."),
    ],
)
def test_what_cannot_be_asked_is_refused_beside_its_field(
    app: Flask, admin: CurrentMember, form: dict[str, str], said: str
) -> None:
    given = {**ASKED, **form}
    given["new_email"] = admin.email if given["new_email"] == "own" else given["new_email"]
    refused = clients.sign_in(app, admin).post("/profile/address", data=given)
    assert refused.status_code == 422
    assert said in refused.text
    assert not mails("address_old")


def test_an_address_that_is_taken_is_told_to_its_mailbox_alone(
    app: Flask, browser: Browser, admin: CurrentMember, story: Story, clock: Clock
) -> None:
    mine = clients.sign_in(app, admin)
    free = mine.post("/profile/address", data=ASKED)
    clock.forward(minutes=1)
    taken = mine.post("/profile/address", data={**ASKED, "new_email": story.admin.email})
    assert (free.status_code, free.location) == (taken.status_code, taken.location)
    old, new = (link_of(mails(f"address_{name}")[-1], clock.at) for name in ("old", "new"))
    for _whichever_came_first in range(2):
        told = browser.post(new, data={"answer": "confirm"})
        assert (told.status_code, "Somebody signs in with this address already." in told.text) == (409, True)
        assert say(browser, old) == "waiting"
    assert email_of(admin) == admin.email


def test_the_old_mailbox_learns_nothing_before_the_new_one_has_agreed(
    app: Flask, admin: CurrentMember, story: Story, clock: Clock
) -> None:
    mine, answers = clients.sign_in(app, admin), []
    for wanted in ("new@example.com", story.admin.email):
        clock.forward(minutes=1)
        mine.post("/profile/address", data={**ASKED, "new_email": wanted})
        old = link_of(mails("address_old")[-1], clock.at)
        answers.append([say(mine, old) for _ in range(2)])
    assert answers == [["waiting", "waiting"]] * 2


def test_an_address_taken_between_the_answers_is_not_told_to_the_old_mailbox(
    browser: Browser, admin: CurrentMember, links: dict[str, str], story: Story
) -> None:
    assert say(browser, links["new"]) == "waiting"
    user_of(story.preparer).email = "new@example.com"
    refused = browser.post(links["old"], data={"answer": "confirm"})
    assert (refused.status_code, "The address could not be changed." in refused.text) == (409, True)
    assert "Somebody signs in" not in refused.text
    assert email_of(admin) == admin.email


def test_links_to_a_new_password_end_with_the_old_address(
    browser: Browser, admin: CurrentMember, links: dict[str, str], clock: Clock
) -> None:
    link = f"/set-password/{identity.password_link(user_of(admin), clock.at)}"
    assert browser.get(link).status_code == 200
    for each in links.values():
        say(browser, each)
    assert browser.get(link).status_code == 404


def test_the_new_address_signs_in_and_the_old_does_not(
    browser: Browser, admin: CurrentMember, links: dict[str, str]
) -> None:
    for each in links.values():
        say(browser, each)
    assert browser.post("/sign-in", data={"email": admin.email, "password": PASSWORD}).status_code == 422
    assert browser.post("/sign-in", data={"email": "new@example.com", "password": PASSWORD}).status_code == 302


def test_both_mailboxes_at_once_change_it_once(
    app: Flask, admin: CurrentMember, links: dict[str, str], clock: Clock
) -> None:
    tokens = [link.rpartition("/")[2] for link in links.values()]
    with together(app, *(lambda token=token: addresses.confirm(token, clock.at) for token in tokens)) as raised:
        assert raised == [None, None]
    assert email_of(admin) == "new@example.com"
    assert len(mails("address_changed")) == 2


def test_guessing_the_password_on_this_page_counts_as_signing_in(app: Flask, admin: CurrentMember) -> None:
    mine = clients.sign_in(app, admin)
    wrong = {**ASKED, "password": "wrong horse battery"}
    assert [mine.post("/profile/address", data=wrong).status_code for _ in range(11)] == [422] * 10 + [429]


def test_a_link_of_somebody_who_left_does_not_work(
    browser: Browser, admin: CurrentMember, links: dict[str, str], clock: Clock
) -> None:
    user_of(admin).disabled_at = clock.at + timedelta(minutes=1)
    assert [browser.get(link).status_code for link in links.values()] == [404, 404]
