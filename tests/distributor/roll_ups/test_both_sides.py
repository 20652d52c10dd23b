"""An organization that is the MSP of one account and the distributor of others: each thing on its right side."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select, text

from distributor.calendars.operations import make_link
from distributor.catalogue.models import Product
from distributor.database import db
from distributor.delivery.choices import choices
from distributor.identity.acting import CurrentMember
from distributor.people.queries import offered_roles
from distributor.usage_reports import queries
from tests import clients
from tests.clients import Browser
from tests.distributor.api.calling import Caller
from tests.distributor.roll_ups.tiers import AT, Partner, Tiers
from tests.factories import member, usage
from workflows.usage_report import Role


@pytest.fixture
def fenland(tiers: Tiers) -> Partner:
    """Fenland's report, not submitted yet; the one above has a line of its own by then."""
    usage(tiers.account, [])
    return tiers.partner("Fenland", "FEN-1", ("MAIL", "40"))


@pytest.fixture
def kestrel(app: Flask, tiers: Tiers, fenland: Partner) -> Browser:
    return clients.sign_in(app, tiers.kestrel)


@pytest.fixture
def admin(tiers: Tiers, fenland: Partner) -> CurrentMember:
    return member(tiers.middle, Role.ADMIN, Role.PREPARER, Role.REVIEWER)


def hrefs(page: str) -> set[str]:
    return set(re.findall(r'href="([^"#]*)', page))


def test_both_parts_of_the_navigation_stand_there_and_say_which_is_which(kestrel: Browser) -> None:
    page = kestrel.get("/profile").text
    assert "Distributor and MSP" in page
    assert (
        page.index("As distributor") < page.index("Review queue") < page.index("As MSP") < page.index("Usage reports")
    )


def test_admins_may_give_the_roles_of_both_sides(tiers: Tiers, admin: CurrentMember) -> None:
    assert set(offered_roles(admin)) == {Role.ADMIN, Role.REVIEWER, Role.PREPARER, Role.VIEWER}


@pytest.mark.parametrize(
    ("roles", "first"),
    [
        ((Role.PREPARER,), "/reports"),
        ((Role.REVIEWER,), "/review"),
        ((Role.ADMIN,), "/review"),
        ((Role.PREPARER, Role.REVIEWER), "/review"),
        ((Role.VIEWER,), "/review"),
    ],
)
def test_the_first_page_follows_from_what_the_member_does(
    app: Flask, tiers: Tiers, roles: tuple[Role, ...], first: str
) -> None:
    browser = clients.sign_in(app, member(tiers.middle, *roles))
    assert browser.get("/").headers["Location"] == first


def test_each_list_holds_its_own_sides_reports(kestrel: Browser, tiers: Tiers, fenland: Partner) -> None:
    above, below = str(tiers.above.uid), str(fenland.report.uid)
    own, partners = kestrel.get("/reports").text, kestrel.get("/review/reports").text
    assert (above in own, below in own) == (True, False)
    assert (above in partners, below in partners) == (False, True)
    assert f"/review/{below}" in kestrel.get("/overview").text


def test_each_report_is_shown_on_its_own_side(kestrel: Browser, tiers: Tiers, fenland: Partner) -> None:
    above, below = tiers.above.uid, fenland.report.uid
    assert kestrel.get(f"/review/{above}").headers["Location"] == f"/reports/{above}"
    assert kestrel.get(f"/reports/{below}").headers["Location"] == f"/review/{below}"
    assert kestrel.get(f"/reports/{above}").status_code == kestrel.get(f"/review/{below}").status_code == 200


def test_one_person_submits_upwards_and_approves_downwards(
    app: Flask, kestrel: Browser, tiers: Tiers, fenland: Partner
) -> None:
    clients.sign_in(app, fenland.preparer).post(f"/reports/{fenland.report.uid}/submit", data={"version": "1"})
    kestrel.post(f"/review/{fenland.report.uid}/approve", data={"version": "2"})
    assert tiers.now(fenland.report).status == "approved"
    kestrel.post(f"/reports/{tiers.above.uid}/submit", data={"version": "1", "nil": "yes"})
    assert tiers.now(tiers.above).status == "under_review"


def test_nobody_decides_on_the_report_they_owe(kestrel: Browser, tiers: Tiers, fenland: Partner) -> None:
    kestrel.post(f"/reports/{tiers.above.uid}/submit", data={"version": "1", "nil": "yes"})
    for step in ("approve", "reject", "endorse"):
        answer = kestrel.post(f"/review/{tiers.above.uid}/{step}", data={"version": "2", "reason": "No."})
        assert answer.status_code in {302, 403, 404}
    kestrel.post("/review/approve", data={"report": f"{tiers.above.uid}:2"})
    assert tiers.now(tiers.above).status == "under_review"


def test_nobody_writes_on_the_report_they_review(kestrel: Browser, tiers: Tiers, fenland: Partner) -> None:
    line = queries.lines(fenland.report.id)[0]
    draft = {"lines": [{"id": str(line.uid), "version": 1, "chargeable_units": "1"}]}
    assert kestrel.post(f"/reports/{fenland.report.uid}/save", json=draft).status_code == 403
    kestrel.post(f"/reports/{fenland.report.uid}/submit", data={"version": "1"})
    assert tiers.now(fenland.report).version == 1


def test_accounts_are_set_up_below_and_read_above(app: Flask, tiers: Tiers, admin: CurrentMember) -> None:
    browser = clients.sign_in(app, admin)
    index = browser.get("/accounts").text
    assert ("FEN-1" in index, tiers.account.number in index) == (True, False)
    assert browser.get(f"/accounts/{tiers.account.uid}").status_code == 404
    assert browser.get(f"/accounts/{tiers.account.uid}/terms").status_code == 404
    own = browser.get("/terms").text
    assert (tiers.account.number in own, "FEN-1" in own) == (True, False)


def test_the_catalogue_is_ones_own(app: Flask, kestrel: Browser, tiers: Tiers) -> None:
    page = kestrel.get("/catalogue").text
    assert len(re.findall(r">MAIL<", page)) <= 1
    assert str(tiers.below("MAIL").uid) in page


def test_a_token_reaches_no_further_than_the_side_it_is_used_on(app: Flask, tiers: Tiers, admin: CurrentMember) -> None:
    program = Caller(app, admin)
    above = f"/accounts/{tiers.account.uid}"
    assert program.call("PATCH", above, json={"po_number": "1"}).status_code == 403
    rows = {"rows": [{"sku": "MAIL", "provisioned_units": "1"}]}
    assert program.call("PUT", f"{above}/usage/2026-10", json=rows).status_code == 403
    sent = {"If_Match": '"1"'}
    for step in ("approve", "endorse", "invoice"):
        assert program.post(f"/reports/{tiers.above.uid}/{step}", {}, **sent).status_code == 403
    assert program.call("PUT", "/products/MAIL", json={"name": "Mine"}).status_code == 200
    assert {row.name for row in db.session.scalars(select(Product).filter_by(sku="MAIL"))} == {"Mine", "Product MAIL"}


def test_the_search_leads_to_each_on_its_own_side(kestrel: Browser, tiers: Tiers, fenland: Partner) -> None:
    found = hrefs(kestrel.get("/search", query_string={"q": "October 2026"}).text)
    assert {f"/reports/{tiers.above.uid}", f"/review/{fenland.report.uid}"} <= found
    assert f"/review/{tiers.above.uid}" not in found


def test_the_calendar_holds_ones_own_deadline_and_the_partners(app: Flask, tiers: Tiers, fenland: Partner) -> None:
    link = make_link(tiers.kestrel, AT)
    calendar = clients.visitor(app).get(f"/calendar/{link}.ics").text.replace("\r\n ", "")
    assert f"/reports/{tiers.above.uid}" in calendar
    assert f"/review/{fenland.report.uid}" in calendar


def test_mails_of_both_sides_can_be_chosen(tiers: Tiers) -> None:
    kinds = {(choice.event, str(choice.side)) for choice in choices(tiers.kestrel)}
    assert {("opened", "msp"), ("submitted", "distributor"), ("approved", "msp")} <= kinds


def test_notifications_show_both_sides_mails_and_none_between_others(
    app: Flask, kestrel: Browser, tiers: Tiers, fenland: Partner
) -> None:
    clients.sign_in(app, fenland.preparer).post(f"/reports/{fenland.report.uid}/submit", data={"version": "1"})
    kestrel.post(f"/reports/{tiers.above.uid}/submit", data={"version": "1", "nil": "yes"})
    page = kestrel.get("/notifications").text
    assert tiers.kestrel.email in page
    assert tiers.reviewer.email not in page


def test_trends_are_of_ones_own_reports(kestrel: Browser, tiers: Tiers, fenland: Partner) -> None:
    assert kestrel.get("/trends").status_code == 200
    assert "Fenland end customer" not in kestrel.get("/trends").text


def test_each_mail_comes_in_its_own_distributors_name(tiers: Tiers, fenland: Partner) -> None:
    sent = "SELECT side, msp_id, distributor_id FROM notifications WHERE recipient = :who"
    rows = db.session.execute(text(sent), {"who": tiers.kestrel.email}).all()
    assert {(row.side, row.distributor_id) for row in rows} == {("msp", tiers.distributor.id)}
