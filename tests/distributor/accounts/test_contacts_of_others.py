"""Nobody is brought into an MSP from above that works with others too: asked as in service, where those are hidden."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from distributor import tenancy
from distributor.accounts import queries
from distributor.accounts.operations import create_account, update_account
from distributor.accounts.partners import works_with_others
from distributor.accounts.queries import ACCOUNT, AccountRow
from distributor.database import db
from distributor.errors import Forbidden
from distributor.identity.acting import CurrentMember
from distributor.identity.models import Member, User
from tests import clients
from tests.distributor.accounts.test_pages import form_of
from tests.factories import OPENED_AT, Story, account, member, organization
from tests.kept import administration
from workflows.usage_report import Role

OWN = {"Sec-Fetch-Site": "same-origin"}
SPY = "spy@example.com"
REFUSAL = "works with others too"


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: OPENED_AT
    return Story()


def with_another_distributor(story: Story) -> None:
    account(organization(is_distributor=True), story.msp)


def with_partners_of_its_own(story: Story) -> None:
    story.msp.is_distributor = True
    account(story.msp, organization("The partner below"))


def about_to_take_partners(story: Story) -> None:
    story.msp.is_distributor = True


OTHERS = [with_another_distributor, with_partners_of_its_own, about_to_take_partners]
Others = Callable[[Story], None]


def by_the_page_of_the_account(app: Flask, story: Story, role: str) -> Any:
    form = {"contact_name_0": "Spy", "contact_email_0": SPY, "contact_role_0": role}
    return clients.sign_in(app, story.admin).post(f"/accounts/{story.account.uid}/contacts", data=form, headers=OWN)


def by_the_page_of_a_new_account(app: Flask, story: Story, role: str) -> Any:
    browser = clients.sign_in(app, story.admin)
    typed = {"contact_name_0": "Spy", "contact_email_0": SPY, "contact_role_0": role}
    form = {**form_of(browser.get("/accounts/new").text), "number": "N-2", "msp": story.msp.name, **typed}
    return browser.post("/accounts/new", data=form, headers=OWN)


def by_a_change_over_the_api(app: Flask, story: Story, role: str) -> Any:
    contacts = {"contacts": [{"name": "Spy", "email": SPY, "role": role}]}
    return clients.api(app, story.admin).patch(f"/api/v1/accounts/{story.account.uid}", json=contacts)


def by_a_new_account_over_the_api(app: Flask, story: Story, role: str) -> Any:
    contacts = [{"name": "Spy", "email": SPY, "role": role}]
    fields = {"number": "N-2", "msp": {"id": str(story.msp.uid)}, "contacts": contacts}
    return clients.api(app, story.admin).post("/api/v1/accounts", json=fields)


WAYS = [
    by_the_page_of_the_account, by_the_page_of_a_new_account, by_a_change_over_the_api, by_a_new_account_over_the_api,
]  # fmt: skip


def is_in(organization_id: int) -> bool:
    db.session.rollback()
    query = select(Member.id).join(User, User.id == Member.user_id).where(User.email == SPY)
    return db.session.scalar(query.where(Member.organization_id == organization_id)) is not None


@pytest.mark.parametrize("others", OTHERS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_nobody_is_brought_into_a_partner_that_works_with_others(
    app: Flask, story: Story, others: Others, way: Callable[..., Any], role: str
) -> None:
    others(story)
    msp_id = story.msp.id
    answer = way(app, story, role)
    assert (answer.status_code, REFUSAL in answer.text) == (403, True)
    assert not is_in(msp_id)


@pytest.mark.parametrize("way", WAYS)
def test_people_are_brought_into_a_partner_of_the_distributors_alone(
    app: Flask, story: Story, way: Callable[..., Any]
) -> None:
    account(story.distributor, story.msp)
    with_another_distributor(Story())  # whom others work with says nothing about this one
    msp_id = story.msp.id
    assert way(app, story, "admin").status_code in {200, 201, 302}
    assert is_in(msp_id)


def test_each_of_two_distributors_is_refused_and_the_partners_own_admin_is_not(app: Flask, story: Story) -> None:
    second = Story()
    second.account = account(second.distributor, story.msp)
    msp_id, boss = story.msp.id, member(story.msp, Role.ADMIN)
    for distributor in (story, second):
        assert by_a_change_over_the_api(app, distributor, "viewer").status_code == 403
    form = {"name": "Spy", "email": SPY, "roles": "viewer"}
    assert clients.sign_in(app, boss).post("/members/invitations", data=form, headers=OWN).status_code == 302
    assert not is_in(msp_id)  # invited: it is for the person to come


def test_in_three_tiers_the_one_in_the_middle_still_brings_people_into_the_lowest(app: Flask, story: Story) -> None:
    story.msp.is_distributor = True
    below = organization("The partner below")
    story.admin = member(story.msp, Role.ADMIN)
    story.account = account(story.msp, below)
    below_id = below.id
    assert by_the_page_of_the_account(app, story, "admin").status_code == 302
    assert is_in(below_id)


def as_in_service(app: Flask, who: CurrentMember, act: Callable[[], Any]) -> Any:
    """`act` in a transaction of the organization, as a request of `who` has it; a test's own sees every tenant."""
    db.session.commit()

    def run() -> Any:
        with app.app_context():
            tenancy.enter(who.organization_id)
            return act()

    return Context().run(run)


def row_of(story: Story) -> AccountRow:
    return queries.account_by_id(story.account.id)


@pytest.mark.parametrize("others", OTHERS)
def test_the_operations_refuse_inside_the_distributors_own_transaction(
    app: Flask, story: Story, others: Others
) -> None:
    others(story)
    db.session.commit()
    row, msp, spy = row_of(story), {"id": str(story.msp.uid)}, [{"email": SPY}]
    with pytest.raises(Forbidden, match=REFUSAL):
        as_in_service(app, story.admin, lambda: update_account(row, {"contacts": spy}, story.admin, OPENED_AT))
    whole = {"number": "N-2", "msp": msp, "contacts": spy}
    with pytest.raises(Forbidden, match=REFUSAL):
        as_in_service(app, story.admin, lambda: create_account(story.admin, whole, OPENED_AT))


def test_the_answer_is_right_where_no_query_could_find_it(app: Flask, story: Story) -> None:
    row = row_of(story)
    ask = lambda: works_with_others(row)  # noqa: E731 - asked twice
    assert as_in_service(app, story.admin, ask) is False
    with_another_distributor(story)
    assert as_in_service(app, story.admin, ask) is True
    seen = select(ACCOUNT.c.id).where(ACCOUNT.c.msp_id == row.msp_id)
    assert as_in_service(app, story.admin, lambda: len(db.session.scalars(seen).all())) == 1


def test_nobody_but_the_service_may_ask_whom_somebody_works_with(app: Flask) -> None:
    with administration(app.config["SETTINGS"].database_url) as connection:
        rights = connection.execute(
            "SELECT proacl::text, proowner::regrole::text, prosecdef FROM pg_proc WHERE proname = 'works_with_others'"
        ).fetchone()
    assert rights is not None
    acl, owner, is_definer = rights
    assert (owner, is_definer) == ("distributor_owner", True)
    assert sorted(acl.strip("{}").split(",")) == [
        "distributor_owner=X/distributor_owner", "distributor_service=X/distributor_owner",
    ]  # fmt: skip
    assert db.session.scalar(text("SELECT works_with_others(0, 0)")) is False
