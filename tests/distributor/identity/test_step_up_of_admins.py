"""What admins decide about money and about others asks for a fresh proof, on every way in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from distributor.catalogue.models import Price
from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.people.operations import invitations
from distributor.people.operations.invitations import Invited
from tests import clients
from tests.distributor.catalogue.test_pages import confirm, send
from tests.distributor.identity.conftest import Clock
from tests.factories import OPENED_AT, Story, product

OWN = {"Sec-Fetch-Site": "same-origin"}
PRODUCT = {"sku": "NEW", "name": "New", "vendor": "Acme", "unit": "seat", "precision": "0", "usage_source": "account"}
CONTACT = {"contact_name_0": "Paul", "contact_email_0": "paul@kestrel.example"}

Step = tuple[str, dict[str, str]]


def _a_price(story: Story) -> Step:
    uid = product(story.distributor, "MBX", name="Mailbox").uid
    return f"/catalogue/{uid}/price", {"step": "save", "seen": "", "price": "4.20", "currency": "CHF"}


def _a_product_with_its_price(_story: Story) -> Step:
    return "/catalogue/new", {**PRODUCT, "price": "4.20", "currency": "EUR"}


def _the_policy(_story: Story) -> Step:
    return "/policy", {"bulk_max_change_percent": "5", "marked_change_percent": "10"}


def _automatic_approval(story: Story) -> Step:
    return "/policy/automatic", {"step": "confirm", "percent": "5", "account": str(story.account.uid)}


def _where_reports_are_on(_story: Story) -> Step:
    return "/accounts/reporting", {"region": "Europe", "type": "MSP", "on": "no"}


def _roles(story: Story) -> Step:
    return f"/members/{story.reviewer.member_uid}/roles", {"seen": "reviewer", "roles": "viewer"}


def _a_removal(story: Story) -> Step:
    return f"/members/{story.reviewer.member_uid}/remove", {"sure": "yes"}


def _an_admins_invitation(_story: Story) -> Step:
    return "/members/invitations", {"name": "Ada", "email": "ada@meridian.example", "roles": "admin"}


def _an_admins_invitation_again(story: Story) -> Step:
    asked = Invited("Ada", "ada@meridian.example", ("admin",))
    return f"/members/invitations/{invitations.invite(story.admin, asked, OPENED_AT).uid}/resend", {"sure": "yes"}


def _a_partners_admin(story: Story) -> Step:
    return f"/accounts/{story.account.uid}/contacts", {**CONTACT, "contact_role_0": "admin"}


def _ones_own_substitute(story: Story) -> Step:
    return "/absence", _a_year_with(story.reviewer)


def _a_colleagues_substitute(story: Story) -> Step:
    return f"/members/{story.reviewer.member_uid}/absence", _a_year_with(story.admin)


def _a_year_with(substitute: CurrentMember) -> dict[str, str]:
    days = {"first_day": "2026-10-21", "last_day": "2027-10-20"}
    return {**days, "substitute": str(substitute.member_uid)}


def _the_second_step(_story: Story) -> Step:
    return "/profile/security/required", {"on": "yes"}


WEIGHTY = [
    _a_price, _a_product_with_its_price, _the_policy, _automatic_approval, _where_reports_are_on, _roles, _a_removal,
    _an_admins_invitation, _an_admins_invitation_again, _a_partners_admin, _ones_own_substitute,
    _a_colleagues_substitute, _the_second_step,
]  # fmt: skip


def changes() -> int:
    """How many entries the audit trail has."""
    return db.session.scalars(text("SELECT count(*) FROM audit_entries")).one()


@pytest.mark.parametrize("step", WEIGHTY)
def test_an_admin_proves_who_they_are_first(
    app: Flask, story: Story, clock: Clock, step: Callable[[Story], Step]
) -> None:
    path, form = step(story)
    db.session.commit()
    before = changes()
    asked = clients.sign_in(app, story.admin, proved=False).post(path, data=form, headers=OWN)
    assert asked.status_code == 403
    assert "Confirm that it is you" in asked.text
    assert changes() == before
    assert clients.sign_in(app, story.admin).post(path, data=form, headers=OWN).status_code == 302
    assert changes() > before


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/catalogue/new", {**PRODUCT, "price": ""}),
        ("/members/invitations", {"name": "Ada", "email": "ada@meridian.example", "roles": "viewer"}),
        ("/accounts/{account}/contacts", {**CONTACT, "contact_role_0": "preparer"}),
    ],
)
def test_everyday_work_asks_nobody(app: Flask, story: Story, path: str, form: dict[str, str]) -> None:
    browser = clients.sign_in(app, story.admin, proved=False)
    assert browser.post(path.format(account=story.account.uid), data=form, headers=OWN).status_code == 302


def test_who_may_not_is_told_so_and_asked_nothing(app: Flask, story: Story) -> None:
    browser = clients.sign_in(app, story.reviewer, proved=False)
    for path in ("/policy", "/members/invitations", f"/members/{story.admin.member_uid}/remove", "/catalogue/new"):
        answer = browser.post(path, headers=OWN)
        assert answer.status_code == 403
        assert "Confirm that it is you" not in answer.text


def test_a_file_with_prices_asks_and_one_without_does_not(app: Flask, story: Story) -> None:
    browser = clients.sign_in(app, story.admin, proved=False)
    assert "Imported: 1 added" in confirm(browser, send(browser, b"sku,name\nMBX,Mailbox\n").text).text
    asked = confirm(browser, send(browser, b"sku,name,price_EUR\nMBX,Mailbox,4.20\n").text)
    assert "proved in the last 10 minutes" in asked.text
    assert db.session.scalar(select(func.count()).select_from(Price)) == 0


def _puts_a_price(program: Any, story: Story) -> Any:
    return program.put("/api/v1/products/MBX", json={"name": "Mailbox", "price": "4.20", "currency": "EUR"})


def _adds_an_admin(program: Any, story: Story) -> Any:
    contact = {"name": "Paul", "email": "paul@kestrel.example", "role": "admin"}
    return program.patch(f"/api/v1/accounts/{story.account.uid}", json={"contacts": [contact]})


def _adds_an_admin_by_another_account(program: Any, story: Story) -> Any:
    contact = {"name": "Paul", "email": "paul@kestrel.example", "role": "admin"}
    fields = {"number": "K-2", "msp": {"id": str(story.msp.uid)}, "contacts": [contact]}
    return program.post("/api/v1/accounts", json=fields)


@pytest.mark.parametrize("act", [_puts_a_price, _adds_an_admin, _adds_an_admin_by_another_account])
def test_a_token_does_none_of_it_alone(app: Flask, story: Story, clock: Clock, act: Any) -> None:
    program = clients.api(app, story.admin, proved=False)
    refused = act(program, story)
    assert (refused.status_code, (refused.json or {})["type"]) == (403, "step-up-required")
    clients.sign_in(app, story.admin)
    assert act(program, story).status_code in {200, 201}


def test_a_token_takes_a_new_partner_on_with_its_first_admin(app: Flask, story: Story, clock: Clock) -> None:
    contact = {"name": "Nora", "email": "nora@osprey.example", "role": "admin"}
    fields = {"number": "O-1", "msp": {"name": "Osprey IT"}, "contacts": [contact]}
    assert clients.api(app, story.admin, proved=False).post("/api/v1/accounts", json=fields).status_code == 201
