"""What members try that they may not, and names that are meant to deceive: refused, kept out, and in the trail once."""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from distributor.database import db
from distributor.delivery.events import INVITED
from distributor.identity.acting import CurrentMember
from distributor.limits.rates import rates
from distributor.people.operations import invitations
from distributor.people.operations.invitations import Invited
from tests import clients
from tests.clients import Browser
from tests.distributor.identity.conftest import Clock, member_row
from tests.distributor.people.conftest import link_of, mails
from tests.factories import Story, member
from tests.faults.ground import nothing_changed
from tests.faults.refused import read_by, refusals
from workflows.usage_report import Role

OURS = {"Sec-Fetch-Site": "same-origin"}
HEADER, RAW, TURNED = "Nora\r\nBcc: everybody@example.com", "No\x00ra", "Nora\u202eaoN"
CYRILLIC, UNSEEN, LONG = "Аoife Brennan", "Ao\u200bife", "N" * 10_000


@pytest.fixture
def preparer(story: Story) -> CurrentMember:
    return member(story.msp, Role.PREPARER)


@pytest.fixture
def admin(story: Story) -> CurrentMember:
    return member(story.msp, Role.ADMIN)


def save(browser: Browser, story: Story, comment: str = "Two were returned") -> TestResponse:
    report = story.open(("40", None))
    line = story.lines(report)[0].uid
    form = {f"v-{line}": "1", f"u-{line}": "38", f"c-{line}": comment}
    with nothing_changed():
        return browser.post(f"/reports/{report.uid}/save", data=form, headers=OURS)


def test_a_role_removed_in_the_middle_of_an_edit_saves_nothing_and_loses_no_word(
    app: Flask, story: Story, preparer: CurrentMember, admin: CurrentMember
) -> None:
    browser = clients.sign_in(app, preparer)
    assert browser.get("/reports").status_code == 200
    member_row(preparer).roles = ["viewer"]
    answer = save(browser, story)
    assert (answer.status_code, "The admin of your organization can change roles" in answer.text) == (403, True)
    assert "Two were returned" in answer.text
    (entry,) = refusals(preparer)
    assert (entry.what, entry.actor_name, entry.details["reason"]) == (
        "access.refused",
        preparer.name,
        "not-permitted",
    )
    assert preparer.name in read_by(app, admin, "access.refused")


def test_the_other_side_reads_nothing_of_a_members_refused_attempt(
    app: Flask, story: Story, preparer: CurrentMember, niamh: CurrentMember
) -> None:
    member_row(preparer).roles = ["viewer"]
    assert save(clients.sign_in(app, preparer), story).status_code == 403
    assert refusals(niamh) == []
    assert preparer.name not in clients.sign_in(app, niamh).get("/audit?what=access").text


def test_changing_what_is_not_ones_own_is_in_the_trail_and_looking_for_it_is_not(
    app: Flask, story: Story, preparer: CurrentMember
) -> None:
    rival, browser = Story(), clients.sign_in(app, preparer)
    rival.msp.name, rival.distributor.name = "Rival Networks", "Rival Distribution"
    path = f"/reports/{rival.open(('9', None)).uid}"
    with nothing_changed():
        answers = [browser.get(path), browser.post(f"{path}/submit", data={"version": "1"})]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert [answer for answer in answers if "Rival" in answer.text] == []
    assert [(entry.subject, entry.details["reason"]) for entry in refusals(preparer)] == [
        (f"POST {path}/submit", "not-found")
    ]


NAMES = {
    HEADER: ("on one line", ["header", "line-break"]),
    RAW: ("on one line", ["control-characters"]),
    TURNED: ("on one line", ["control-characters", "look-alikes"]),
    CYRILLIC: ("the letters of one alphabet", ["look-alikes"]),
    UNSEEN: ("without invisible signs", ["look-alikes"]),
    LONG: ("1 to 200 characters", ["overlong"]),
}


@pytest.mark.parametrize("name", NAMES, ids=["header", "raw", "turned", "cyrillic", "unseen", "long"])
def test_a_name_meant_to_deceive_is_refused_with_a_reason_and_in_the_trail(
    app: Flask, preparer: CurrentMember, name: str
) -> None:
    (words, signs), browser = NAMES[name], clients.sign_in(app, preparer)
    with nothing_changed():
        answer = browser.post("/profile", data={"name": name})
    assert (answer.status_code, words in html.unescape(answer.text)) == (422, True)
    (entry,) = refusals(preparer)
    assert (entry.what, entry.details["fields"], entry.details["signs"]) == ("input.refused", ["name"], signs)
    assert [part for part in ("Bcc", "Nora", "Аoife", "NNNN") if part in str(entry)] == []


def test_an_invitation_to_a_disguised_address_is_refused_and_in_the_trail(
    app: Flask, story: Story, admin: CurrentMember
) -> None:
    form = {"name": "Nora", "email": "nora@exаmple.com", "roles": "preparer"}
    browser = clients.sign_in(app, admin)
    with nothing_changed():
        answer = browser.post("/members/invitations", data=form)
    assert (answer.status_code, "cannot be reached by e-mail" in answer.text) == (422, True)
    assert "email" in refusals(admin)[0].details["fields"]
    assert "meant to deceive" in read_by(app, admin, "input.refused")


def test_a_name_typed_by_a_guest_is_in_the_trail_of_who_invited(app: Flask, niamh: CurrentMember, clock: Clock) -> None:
    invitations.invite(niamh, Invited("Nora", "nora@example.com", ("viewer",)), clock.at)
    link = link_of(mails(INVITED)[-1], clock.at)
    form = {"name": CYRILLIC, "password": "another long horse", "again": "another long horse"}
    with nothing_changed():
        assert clients.visitor(app).post(link, data=form).status_code == 422
    (entry,) = refusals(niamh)
    assert (entry.what, entry.subject) == ("input.refused", "POST /invitations/<token>")


def test_a_name_in_a_call_of_the_api_is_told_too(app: Flask, story: Story, niamh: CurrentMember) -> None:
    program = clients.api(app, niamh)
    program.get("/api/v1/me")
    with nothing_changed():
        answer = program.put("/api/v1/products/MBX", json={"name": "Mail\u202eb", "price": "4.20", "currency": "EUR"})
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "name")
    assert refusals(niamh, "input.refused")[0].details["fields"] == ["name"]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/brand", {"name": "Мeridian", "colour": "#2456d3"}),
        ("/catalogue/new", {"sku": "МBX", "name": "Mailbox"}),
    ],
)
def test_what_passes_for_another_name_is_refused_wherever_names_are_given(
    app: Flask, niamh: CurrentMember, path: str, form: dict[str, str]
) -> None:
    browser = clients.sign_in(app, niamh)
    with nothing_changed():
        answer = browser.post(path, data=form)
    assert (answer.status_code, "the letters of one alphabet" in answer.text) == (422, True)
    assert refusals(niamh, "input.refused")[0].details["signs"] == ["look-alikes"]


def test_an_address_meant_to_deceive_who_reads_the_log_or_the_trail_is_kept_on_a_line(
    app: Flask, preparer: CurrentMember
) -> None:
    program = clients.api(app, preparer)
    with capture_logs() as logs:
        answer = program.put("/api/v1/products/A%C2%85Region%E2%80%AEtxt", json={"name": "A"})
    assert answer.status_code == 403
    shown = "/api/v1/products/A\ufffdRegion\ufffdtxt"
    assert [one["path"] for one in logs if one["event"] == "access denied"] == [shown]
    assert refusals(preparer)[0].subject == f"PUT {shown}"


def test_a_slip_of_the_pen_is_nothing_to_tell(app: Flask, preparer: CurrentMember) -> None:
    browser = clients.sign_in(app, preparer)
    with capture_logs() as logged:
        answers = [browser.post("/profile", data={"name": name}) for name in ("", "N" * 300)]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert [line for line in logged if line["log_level"] == "warning"] == refusals(preparer) == []


def test_trying_again_and_again_is_one_entry_an_hour(app: Flask, preparer: CurrentMember, clock: Clock) -> None:
    browser = clients.sign_in(app, preparer)
    for _ in range(5):
        browser.get("/audit")
    assert len(refusals(preparer)) == 1
    clock.forward(minutes=61)
    browser.get("/audit")
    assert len(refusals(preparer)) == 2


def test_no_member_fills_the_chain_by_trying_many_things(app: Flask, preparer: CurrentMember) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], rate_limits=rates("refusals=2/1h"))
    browser = clients.sign_in(app, preparer)
    answers = [browser.get(path).status_code for path in ("/audit", "/members", "/tokens", "/organization/sign-in")]
    assert answers == [403] * 4
    assert len(refusals(preparer)) == 2


@contextmanager
def chain_held(app: Flask, of: CurrentMember) -> Iterator[None]:
    """Somebody's transaction is about to write into the organization's chain and takes its time."""
    url = make_url(app.config["SETTINGS"].database_url).set(drivername="postgresql")
    db.session.commit()
    with psycopg.connect(url.render_as_string(hide_password=False)) as other:
        head = "SELECT FROM audit_heads WHERE organization_id = %s FOR NO KEY UPDATE"
        other.execute(head, (of.organization_id,))
        yield
        other.rollback()


def test_a_chain_that_is_held_holds_up_no_refusal(app: Flask, preparer: CurrentMember) -> None:
    browser = clients.sign_in(app, preparer)
    with chain_held(app, preparer), capture_logs() as logged:
        answer = browser.get("/audit")
    assert (answer.status_code, "The audit trail is read by admins." in answer.text) == (403, True)
    assert [line["event"] for line in logged if line["log_level"] == "error"] == [
        "a refused attempt is not in the trail"
    ]
    assert refusals(preparer) == []


def test_an_ordinary_answer_asks_and_writes_nothing_for_the_trail(
    app: Flask, preparer: CurrentMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[Any] = []
    monkeypatch.setattr("distributor.refusals.trail.spend", lambda *given: called.append(given))
    browser = clients.sign_in(app, preparer)
    assert browser.get("/reports").status_code == 200
    assert browser.post("/profile", data={"name": "Another"}).status_code == 302
    assert called == []
    assert db.session.scalar(text("SELECT count(*) FROM rate_limits")) == 0
