"""The pages about accounts: who sees and changes them, the list, a new account, terms with their effect."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from distributor.accounts.models import Account
from distributor.database import db
from distributor.identity.models import Member, Organization, User
from tests.clients import Browser, sign_in
from tests.distributor.api.calling import Counting
from tests.factories import CYCLE, OPENED_AT, Story, account, member, organization
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)
PAGES = ("/accounts", "/accounts/reporting", "/accounts/{uid}", "/accounts/accounts.csv", "/accounts/template.xlsx")
CHANGING = ("/accounts/new", "/accounts/{uid}/terms", "/accounts/import")


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story(approval_limit=Decimal(20000), next_cycle=date(2026, 11, 1), next_opens_at=OPENED_AT + timedelta(31))


@pytest.fixture
def admin(app: Flask, story: Story) -> Browser:
    return sign_in(app, story.admin)


def form_of(page: str) -> dict[str, str]:
    """What the form of terms would send if nobody typed anything."""
    inputs = re.findall(r"<input[^>]*>", page)
    found: dict[str, str] = {}
    for tag in inputs:
        kept = dict(re.findall(r'([a-z_-]+)="([^"]*)"', tag))
        if "name" in kept and (kept.get("type") not in {"radio", "checkbox"} or " checked" in tag):
            found[kept["name"]] = kept.get("value", "")
    return {**found, "usage_source": "feed"}


def terms_form(browser: Browser, story: Story, **typed: str) -> dict[str, str]:
    page = browser.get(f"/accounts/{story.account.uid}/terms").text
    return {**form_of(page), **typed}


def send(browser: Browser, story: Story, form: dict[str, str], step: str) -> Any:
    return browser.post(f"/accounts/{story.account.uid}/terms", data={**form, "step": step})


def stored(story: Story) -> Account:
    db.session.expire_all()
    return db.session.scalars(select(Account).filter_by(id=story.account.id)).one()


@pytest.mark.parametrize("path", [*PAGES, *CHANGING])
def test_an_msp_finds_no_page_about_accounts(app: Flask, story: Story, path: str) -> None:
    browser = sign_in(app, member(story.msp, Role.ADMIN))
    assert browser.get(path.format(uid=story.account.uid)).status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
def test_reviewers_and_viewers_read_and_do_not_change(app: Flask, story: Story, role: Role) -> None:
    browser = sign_in(app, member(story.distributor, role))
    reads = {browser.get(path.format(uid=story.account.uid)).status_code for path in PAGES}
    opens = {browser.get(path.format(uid=story.account.uid)).status_code for path in CHANGING}
    assert (reads, opens) == ({200}, {403})
    assert "New account" not in browser.get("/accounts").text


POSTS = (
    "/accounts/new",
    "/accounts/{uid}/terms",
    "/accounts/{uid}/contacts",
    "/accounts/import",
    "/accounts/reporting",
)


@pytest.mark.parametrize("path", POSTS)
def test_nobody_but_an_admin_posts_a_change(app: Flask, story: Story, path: str) -> None:
    for who, status in ((story.reviewer, 403), (member(story.msp, Role.ADMIN), 404)):
        answer = sign_in(app, who).post(path.format(uid=story.account.uid), data={"region": "Europe", "type": "MSP"})
        assert answer.status_code == status, path


def test_another_distributors_account_does_not_exist(app: Flask, story: Story, admin: Browser) -> None:
    stranger = Story()
    for path in ("/accounts/{uid}", "/accounts/{uid}/terms"):
        assert admin.get(path.format(uid=stranger.account.uid)).status_code == 404
    assert send(admin, stranger, {"number": "X"}, "save").status_code == 404
    assert stranger.account.number not in admin.get("/accounts").text


def test_an_account_on_which_one_is_the_msp_is_not_ones_own(app: Flask, story: Story) -> None:
    upstream = organization(is_distributor=True)
    above = account(upstream, story.distributor)
    browser = sign_in(app, story.admin)
    assert browser.get(f"/accounts/{above.uid}").status_code == 404
    assert above.number not in browser.get("/accounts/accounts.csv").text
    assert above.number in browser.get("/terms").text


def test_the_list_is_narrowed_and_goes_on(app: Flask, story: Story, admin: Browser) -> None:
    story.open(("40", None))
    for _ in range(55):
        account(story.distributor, story.msp, region="Asia")
    first = admin.get("/accounts?region=Asia").text
    (after,) = re.findall(r"after=([0-9a-f-]{36})", first)
    rest = admin.get(f"/accounts?region=Asia&after={after}").text
    assert (first.count('<th scope="row">'), rest.count('<th scope="row">')) == (50, 5)
    assert "No account matches." in admin.get("/accounts?q=nobody").text
    europe = admin.get(f"/accounts?q={story.account.number}&reporting=on").text
    assert "MSP preparing" in europe
    assert "114.00" in europe


def test_a_wrong_place_in_the_list_is_refused(admin: Browser) -> None:
    assert admin.get("/accounts?after=nonsense").status_code == 422


@pytest.mark.parametrize("accounts", [1, 60])
def test_pages_ask_the_database_a_fixed_number_of_times(
    app: Flask, story: Story, admin: Browser, accounts: int
) -> None:
    story.open(*[("40", "10")] * 3)
    for _ in range(accounts):
        account(story.distributor, story.msp)
    admin.get("/profile")
    uid = story.account.uid
    for path in (*PAGES, *CHANGING):
        with Counting() as counting:
            assert admin.get(path.format(uid=uid)).status_code == 200
        assert len(counting.statements) <= 8, path


def test_a_new_account_has_sensible_defaults_and_brings_its_people_in(app: Flask, story: Story, admin: Browser) -> None:
    form = form_of(admin.get("/accounts/new").text)
    typed = {
        "number": "N-7", "msp": "Newcomer", "time_zone": "Europe/Dublin",
        "contact_name_0": "Ann", "contact_email_0": "ann@newcomer.example", "contact_role_0": "preparer",
    }  # fmt: skip
    answer = admin.post("/accounts/new", data={**form, **typed}, follow_redirects=True)
    assert "Account N-7 is made. Its first report is October 2026." in answer.text
    made = db.session.scalars(select(Account).filter_by(number="N-7")).one()
    assert (made.auto_submit_after_days, made.opens_on_day, made.time_zone) == (10, 20, "Europe/Dublin")
    assert db.session.scalar(select(User.name).join(Member, Member.user_id == User.id).where(
        Member.organization_id == made.msp_id)) == "Ann"  # fmt: skip


def test_a_refused_account_keeps_every_word_and_says_why_beside_each_field(story: Story, admin: Browser) -> None:
    form = form_of(admin.get("/accounts/new").text)
    wrong = {"number": "", "msp": "Newcomer", "auto_submit_after_days": "61", "currency": "EURO",
             "contact_name_1": "Nobody", "contact_role_1": "viewer"}  # fmt: skip
    answer = admin.post("/accounts/new", data={**form, **wrong})
    assert answer.status_code == 422
    for field in ("number", "auto_submit_after_days", "currency", "contact_email_1"):
        assert f'id="{field}-error"' in answer.text, field
    assert 'value="Newcomer"' in answer.text
    assert 'value="Nobody"' in answer.text
    assert db.session.scalar(select(Organization.id).filter_by(name="Newcomer")) is None


def test_a_taken_number_is_said_beside_the_number(story: Story, admin: Browser) -> None:
    form = {**form_of(admin.get("/accounts/new").text), "number": story.account.number, "msp": "Newcomer"}
    answer = admin.post("/accounts/new", data=form)
    assert answer.status_code == 409
    assert 'id="number-error"' in answer.text


def test_the_effect_of_a_change_is_said_and_nothing_is_saved(story: Story, admin: Browser) -> None:
    story.open(("40", None))
    form = terms_form(admin, story, auto_submit_after_days="14", approval_limit="500")
    page = send(admin, story, form, "preview").text
    assert "From the November 2026 report on; the open October 2026 report keeps its terms." in page
    assert "At once. No report is under review now." in page
    assert "due Tue 1 Dec 2026 at 00:00 UTC" in page
    assert "due Sat 5 Dec 2026 at 00:00 UTC" in page
    assert "Save 2 changes" in page
    assert stored(story).auto_submit_after_days == 10


def test_what_was_shown_is_saved(story: Story, admin: Browser) -> None:
    form = terms_form(admin, story, auto_submit_after_days="14", opening="after_end", opens_days_after_end="2")
    shown = form_of(send(admin, story, form, "preview").text)
    assert send(admin, story, shown, "save").status_code == 302
    now = stored(story)
    assert (now.auto_submit_after_days, now.opens_on_day, now.opens_days_after_end) == (14, None, 2)


def test_terms_changed_meanwhile_are_shown_beside_ones_own_and_kept(story: Story, admin: Browser) -> None:
    form = terms_form(admin, story, auto_submit_after_days="14")
    db.session.execute(update(Account).where(Account.id == story.account.id).values(auto_submit_after_days=12))
    answer = send(admin, story, form, "save")
    assert answer.status_code == 409
    assert "Somebody else changed this account meanwhile." in answer.text
    assert "12 days" in answer.text
    assert "14 days" in answer.text
    assert stored(story).auto_submit_after_days == 12
    assert send(admin, story, form_of(answer.text), "save").status_code == 302
    assert stored(story).auto_submit_after_days == 14


def test_a_wrong_term_comes_back_beside_its_field(story: Story, admin: Browser) -> None:
    answer = send(admin, story, terms_form(admin, story, tolerance_percent="101", time_zone="Mars/Base"), "preview")
    assert answer.status_code == 422
    assert 'id="tolerance_percent-error"' in answer.text
    assert 'value="Mars/Base"' in answer.text


def test_nothing_changed_is_said_so(story: Story, admin: Browser) -> None:
    assert "Nothing is different from what is saved." in send(admin, story, terms_form(admin, story), "preview").text


def test_a_contact_is_added_and_a_wrong_one_kept(story: Story, admin: Browser) -> None:
    path = f"/accounts/{story.account.uid}/contacts"
    wrong = admin.post(path, data={"contact_name_0": "Ann", "contact_email_0": "no address"})
    assert wrong.status_code == 422
    assert 'value="Ann"' in wrong.text
    right = {"contact_name_0": "Ann", "contact_email_0": "ann@kestrel.example", "contact_role_0": "admin"}
    assert "ann@kestrel.example" in admin.post(path, data=right, follow_redirects=True).text


def test_reports_are_switched_off_where_they_are_on_and_nowhere_else(story: Story, admin: Browser) -> None:
    assert admin.post("/accounts/reporting", data={"region": "Mars", "type": "MSP", "on": "no"}).status_code == 404
    scope = {"region": "Europe", "type": "MSP", "on": "no"}
    page = admin.post("/accounts/reporting", data=scope, follow_redirects=True).text
    assert "Usage reports are off for 1 account" in page
    assert "Switched off for this region and type" in admin.get("/accounts").text


def test_an_msp_reads_its_terms_in_plain_words_and_whom_to_ask(app: Flask, story: Story) -> None:
    story.account.tolerance_units, story.account.tolerance_percent = Decimal(2), Decimal(2)
    page = sign_in(app, story.preparer).get("/terms").text
    assert "A difference of more than 2 units and more than 2" in page
    assert "With 400 provisioned, 392 to 408 need none." in page
    assert story.reviewer.email in page
    assert "20,000" not in page


def test_an_msp_sees_its_own_terms_only(app: Flask, story: Story) -> None:
    stranger = Story()
    page = sign_in(app, story.preparer).get("/terms").text
    assert stranger.account.number not in page
    assert stranger.reviewer.email not in page
    assert sign_in(app, story.admin).get("/terms").status_code == 404


def test_the_last_reports_stand_on_the_accounts_page(story: Story, admin: Browser) -> None:
    story.open(("40", None))
    story.open_cycle(CYCLE.next(), OPENED_AT + timedelta(days=31))
    page = admin.get(f"/accounts/{story.account.uid}").text
    assert page.index("November 2026</a>") < page.index("October 2026</a>")
