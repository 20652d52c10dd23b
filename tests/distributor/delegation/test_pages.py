"""The pages on which substitutes are named and ended."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from distributor.database import db
from distributor.delegation import queries
from distributor.identity.acting import CurrentMember
from tests import clients
from tests.clients import Browser
from tests.distributor.delegation.conftest import AT, stand_in
from tests.factories import Story, member
from workflows.usage_report import Role

DAYS = {"first_day": "2026-10-21", "last_day": "2026-12-12"}


@pytest.fixture
def browser(app: Flask, story: Story) -> Browser:
    """The reviewer's."""
    return clients.sign_in(app, story.reviewer)


def standing(story: Story) -> list[tuple[str, str]]:
    db.session.rollback()
    return [(row.substitute_name, row.absent_name) for row in queries.of_organization(story.distributor.id, AT)]


def test_a_substitute_is_named_and_shown_on_the_profile(browser: Browser, story: Story, viewer: CurrentMember) -> None:
    answer = browser.post("/absence", data={**DAYS, "substitute": str(viewer.member_uid)})
    assert answer.location == "/absence"
    assert standing(story) == [(viewer.name, story.reviewer.name)]
    assert f"{viewer.name} acts for you" in browser.get("/profile").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"substitute": "somebody"},
        {"substitute": ""},
        {"first_day": "tomorrow"},
        {"last_day": "20261212"},
        {"last_day": "2026-02-30"},
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    browser: Browser, story: Story, viewer: CurrentMember, wrong: dict[str, str]
) -> None:
    answer = browser.post("/absence", data={**DAYS, "substitute": str(viewer.member_uid), **wrong})
    assert answer.status_code == 422
    assert f'aria-describedby="{next(iter(wrong))}-error"' in answer.text
    assert standing(story) == []


def test_an_admin_names_one_for_a_colleague(app: Flask, story: Story, viewer: CurrentMember) -> None:
    path = f"/members/{story.reviewer.member_uid}/absence"
    admin = clients.sign_in(app, story.admin)
    assert story.reviewer.name in admin.get(path).text
    assert admin.post(path, data={**DAYS, "substitute": str(viewer.member_uid)}).location == path
    assert standing(story) == [(viewer.name, story.reviewer.name)]


def test_nobody_else_may_and_strangers_find_nobody(app: Flask, browser: Browser, story: Story) -> None:
    colleague = member(story.distributor, Role.VIEWER)
    form: dict[str, Any] = {**DAYS, "substitute": str(colleague.member_uid)}
    for uid, status in ((colleague.member_uid, 403), (story.preparer.member_uid, 404), (uuid4(), 404)):
        assert browser.get(f"/members/{uid}/absence").status_code == status
        assert browser.post(f"/members/{uid}/absence", data=form).status_code == status


def test_ending_leads_back_to_where_it_was_asked(browser: Browser, story: Story, viewer: CurrentMember) -> None:
    uid = stand_in(viewer, story.reviewer)
    for _twice in range(2):
        assert browser.post(f"/absence/{uid}/end", data={"absent": "//elsewhere.example"}).location == "/absence"
    assert standing(story) == []


def test_an_accounts_contact_is_chosen_among_the_distributors_members(app: Flask, story: Story) -> None:
    admin, path = clients.sign_in(app, story.admin), f"/accounts/{story.account.uid}"
    assert admin.post(f"{path}/contact", data={"contact": str(story.preparer.member_uid)}).status_code == 422
    assert admin.post(f"{path}/contact", data={"contact": str(story.reviewer.member_uid)}).location == path
    assert story.reviewer.email in admin.get(path).text
    assert clients.sign_in(app, story.reviewer).post(f"{path}/contact", data={"contact": ""}).status_code == 403
