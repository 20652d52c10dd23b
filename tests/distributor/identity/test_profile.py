"""The profile page: what people do with their own details, password, tokens and sign-ins."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import event, select

from distributor.database import db
from distributor.identity import passwords, tokens
from distributor.identity.acting import CurrentMember
from distributor.identity.devices import device
from distributor.identity.models import ApiToken, WebSession
from tests import clients
from tests.distributor.identity.conftest import PASSWORD, Clock, member_row, user_of
from tests.factories import Story

NEW = "staple battery horse"


def made_token(page: str) -> str:
    (token,) = re.findall(r"dst_[0-9a-z]{8}_[0-9A-Za-z]{49}", page)
    return str(token)


def test_contact_details_are_kept(app: Flask, aoife: CurrentMember) -> None:
    browser = clients.sign_in(app, aoife)
    saved = browser.post("/profile", data={"name": " Aoife Brennan ", "phone": "+353 1 496 0000"})
    assert saved.status_code == 302
    assert "Your contact details are saved." in browser.get("/profile").text
    db.session.expire_all()
    assert (user_of(aoife).name, user_of(aoife).phone) == ("Aoife Brennan", "+353 1 496 0000")


def test_refused_details_stay_in_the_form_with_their_error(app: Flask, aoife: CurrentMember) -> None:
    refused = clients.sign_in(app, aoife).post("/profile", data={"name": "", "phone": "<b>1</b>"})
    assert refused.status_code == 422
    assert 'id="name-error"' in refused.text
    assert 'value="&lt;b&gt;1&lt;/b&gt;"' in refused.text
    db.session.expire_all()
    assert user_of(aoife).name == aoife.name


def test_a_new_password_needs_the_present_one(app: Flask, aoife: CurrentMember) -> None:
    browser = clients.sign_in(app, aoife)
    wrong = browser.post("/profile/password", data={"present": "x", "password": NEW, "again": NEW})
    assert wrong.status_code == 422
    assert "The present password is not right." in wrong.text
    right = browser.post("/profile/password", data={"present": PASSWORD, "password": NEW, "again": NEW})
    assert right.status_code == 302
    db.session.expire_all()
    assert passwords.is_right(NEW, user_of(aoife).password_hash)


def test_a_new_password_signs_out_every_other_device(app: Flask, aoife: CurrentMember) -> None:
    here, elsewhere = clients.sign_in(app, aoife), clients.sign_in(app, aoife)
    here.post("/profile/password", data={"present": PASSWORD, "password": NEW, "again": NEW})
    assert here.get("/profile").status_code == 200
    assert elsewhere.get("/profile").status_code == 302


def test_a_token_is_shown_once_and_works(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    browser = clients.sign_in(app, aoife)
    form = {"token_name": "Nightly export", "scopes": ["reports:read"], "days": "30"}
    token = made_token(browser.post("/profile/tokens", data=form).text)
    found = tokens.find(token, clock.at)
    assert found is not None
    assert found.member.scopes == frozenset({"reports:read"})
    page = browser.get("/profile").text
    assert token not in page
    assert token[:12] in page
    assert "Nightly export" in page


def test_the_page_offers_only_scopes_that_the_roles_can_use(app: Flask, story: Story) -> None:
    page = clients.sign_in(app, story.preparer).get("/profile").text
    assert "reports:write" in page
    assert "reports:review" not in page


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"token_name": "", "scopes": ["reports:read"], "days": "30"}, "Give the token a name"),
        ({"token_name": "x", "days": "30"}, "Choose at least one scope"),
        ({"token_name": "x", "scopes": ["reports:review"], "days": "30"}, "do not include what reports:review allows"),
        ({"token_name": "x", "scopes": ["reports:read"], "days": "31"}, "Choose how long it may be used"),
    ],
)
def test_a_refused_token_is_not_made(app: Flask, aoife: CurrentMember, form: dict[str, object], said: str) -> None:
    refused = clients.sign_in(app, aoife).post("/profile/tokens", data=form)
    assert refused.status_code == 422
    assert said in refused.text
    assert db.session.scalars(select(ApiToken)).all() == []


def test_revoking_takes_a_token_off_the_page_and_out_of_use(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    text, row = tokens.create_token(aoife, "Old export", ["reports:read"], None, clock.at)
    browser = clients.sign_in(app, aoife)
    assert browser.post(f"/profile/tokens/{row.uid}/revoke").status_code == 302
    assert tokens.find(text, clock.at) is None
    assert "Old export" not in browser.get("/profile").text
    assert browser.post(f"/profile/tokens/{row.uid}/revoke").status_code == 404


def test_other_peoples_tokens_and_sign_ins_are_not_found(app: Flask, story: Story, clock: Clock) -> None:
    text, row = tokens.create_token(story.admin, "Theirs", ["reports:read"], None, clock.at)
    theirs = clients.sign_in(app, story.admin)
    uid = db.session.scalars(select(WebSession.uid)).one()
    browser = clients.sign_in(app, story.preparer)
    assert browser.post(f"/profile/tokens/{row.uid}/revoke").status_code == 404
    assert browser.post(f"/profile/sign-ins/{uid}/revoke").status_code == 404
    assert tokens.find(text, clock.at) is not None
    assert theirs.get("/profile").status_code == 200


def test_a_sign_in_elsewhere_is_ended_from_the_page(app: Flask, aoife: CurrentMember) -> None:
    elsewhere = clients.sign_in(app, aoife)
    uid = db.session.scalars(select(WebSession.uid)).one()
    browser = clients.sign_in(app, aoife)
    assert f"/profile/sign-ins/{uid}/revoke" in browser.get("/profile").text
    browser.post(f"/profile/sign-ins/{uid}/revoke")
    assert elsewhere.get("/profile").status_code == 302
    assert str(uid) not in browser.get("/profile").text


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("curl/8.0", "curl/8.0"),
        (None, "unknown"),
    ],
)
def test_a_device_is_named_as_people_know_it(app: Flask, agent: str | None, shown: str) -> None:
    assert device(agent) == shown


def test_the_page_takes_a_fixed_handful_of_queries(app: Flask, aoife: CurrentMember, clock: Clock) -> None:
    for number in range(5):
        tokens.create_token(aoife, f"Token {number}", ["reports:read"], None, clock.at)
    browser = clients.sign_in(app, aoife)
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert browser.get("/profile").status_code == 200
    assert 3 <= len(asked) <= 9


def test_the_language_is_switched_and_said_in_the_new_one(app: Flask, aoife: CurrentMember) -> None:
    browser = clients.sign_in(app, aoife)
    assert browser.post("/profile/language", data={"locale": "de"}).status_code == 302
    assert '<html lang="de"' in browser.get("/profile").text
    db.session.expire_all()
    assert user_of(aoife).locale == "de"


@pytest.mark.parametrize("locale", ["tlh", "", "de\r\nX: y"])
def test_a_language_there_is_not_is_refused(app: Flask, aoife: CurrentMember, locale: str) -> None:
    refused = clients.sign_in(app, aoife).post("/profile/language", data={"locale": locale})
    assert refused.status_code == 422
    assert 'id="locale-error"' in refused.text
    db.session.expire_all()
    assert user_of(aoife).locale == "en"


def test_languages_are_offered_by_their_own_names(app: Flask, aoife: CurrentMember) -> None:
    page = clients.sign_in(app, aoife).get("/profile").text
    assert ">English</option>" in page
    assert ">Deutsch</option>" in page


def test_mails_are_switched_off_and_the_statutory_ones_stay(app: Flask, aoife: CurrentMember) -> None:
    browser = clients.sign_in(app, aoife)
    browser.post("/profile/notifications", data={"mails": ["msp:approved"]})
    page = browser.get("/profile").text
    assert 'value="msp:approved" checked' in page
    assert 'value="msp:waived" checked' not in page
    assert 'value="msp:rejected"' not in page
    db.session.expire_all()
    muted = member_row(aoife).muted
    assert muted == ["msp:auto_approved", "msp:reminder", "msp:waived"]


def test_one_member_switches_off_nothing_of_another(app: Flask, story: Story, aoife: CurrentMember) -> None:
    clients.sign_in(app, aoife).post("/profile/notifications", data={"mails": ["distributor:submitted", "x"]})
    db.session.expire_all()
    assert member_row(story.reviewer).muted == []


def test_a_calendar_address_is_shown_once_and_works_until_it_is_ended(app: Flask, aoife: CurrentMember) -> None:
    browser = clients.sign_in(app, aoife)
    (made,) = re.findall(r"http://127\.0\.0\.1:8000(/calendar/[\w-]+\.ics)", browser.post("/profile/calendar").text)
    assert made not in browser.get("/profile").text
    assert clients.visitor(app).get(made).status_code == 200
    assert browser.post("/profile/calendar/revoke").status_code == 302
    assert clients.visitor(app).get(made).status_code == 404


@pytest.mark.parametrize(
    "path", ["/profile/language", "/profile/notifications", "/profile/calendar", "/profile/calendar/revoke"]
)
def test_nobody_changes_anything_without_signing_in(app: Flask, story: Story, path: str) -> None:
    assert clients.visitor(app).post(path).status_code == 302


def test_guessing_the_present_password_counts_as_signing_in(app: Flask, aoife: CurrentMember) -> None:
    browser, new = clients.sign_in(app, aoife), "a pangolin reads at dusk"
    guess = {"present": "wrong horse battery", "password": new, "again": new}
    assert [browser.post("/profile/password", data=guess).status_code for _ in range(11)] == [422] * 10 + [429]
