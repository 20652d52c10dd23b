"""Accounts from a file: shown first, confirmed after, all or nothing, and out again the same."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from distributor.accounts import importing
from distributor.accounts.models import Account
from distributor.database import db
from distributor.identity.acting import operator
from distributor.identity.models import Organization
from distributor.list_files import read_list
from tests.clients import Browser, sign_in
from tests.distributor.api.calling import Counting
from tests.factories import OPENED_AT, Story, account

AT = OPENED_AT + timedelta(days=1)
HEADER = b"number,msp,auto_submit_after_days,approval_limit\n"


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story(number="A-1")


@pytest.fixture
def admin(app: Flask, story: Story) -> Browser:
    return sign_in(app, story.admin)


def send(browser: Browser, content: bytes, name: str = "accounts.csv") -> Any:
    # Encoded here: the test client would leave the temporary file of a large body open.
    boundary, body = encode_multipart({"file": FileStorage(BytesIO(content), name)})
    kind = f'multipart/form-data; boundary="{boundary}"'
    return browser.post("/accounts/import", data=body, content_type=kind)


def confirm(browser: Browser, page: str) -> Any:
    (file,) = re.findall(r'name="file" value="([0-9a-f-]+)"', page)
    (seen,) = re.findall(r'name="seen" value="([0-9a-f]+)"', page)
    return browser.post("/accounts/import/confirm", data={"file": file, "seen": seen})


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(Account)) or 0


def test_a_file_shows_what_it_would_change_and_changes_nothing(story: Story, admin: Browser) -> None:
    page = send(admin, HEADER + b"A-1,,14,500\nA-2,Newcomer,,\n").text
    assert "This file would change" in page
    assert re.search(r"Automatic submission:</span> 10 days .*<b>14 days</b>", page)
    assert "Import 2 accounts" in page
    db.session.refresh(story.account)
    assert (count(), story.account.auto_submit_after_days) == (1, 10)


def test_a_confirmed_file_is_imported_and_made_msps_are_found_again(story: Story, admin: Browser) -> None:
    page = send(admin, HEADER + b"A-1,,14,500\nA-2,Newcomer,,\nA-3,newcomer,7,\n").text
    assert confirm(admin, page).status_code == 302
    db.session.refresh(story.account)
    assert (count(), story.account.auto_submit_after_days, story.account.approval_limit) == (3, 14, Decimal(500))
    assert db.session.scalar(select(func.count()).select_from(Organization).filter_by(name="Newcomer")) == 1
    made = db.session.scalars(select(Account).filter_by(number="A-2")).one()
    assert (made.opens_on_day, made.next_cycle, made.region) == (20, made.reports_from, "Worldwide")


def test_every_refused_row_is_named_and_nothing_can_be_confirmed(story: Story, admin: Browser) -> None:
    answer = send(admin, HEADER + b"A-1,,61,\nA-2,,,\nA-3,Newcomer,x,\nA-1,,9,\n,Nobody,,\nA-4,Newcomer,5,\n")
    assert answer.status_code == 422
    rows = re.findall(r'data-label="Row">(\d+)</td><td data-label="Field">(\w+)', answer.text)
    assert rows == [("2", "auto_submit_after_days"), ("3", "msp"), ("4", "auto_submit_after_days"), ("5", "number"),
                    ("6", "number")]  # fmt: skip
    assert "Import " not in re.findall(r"<button[^>]*>.*?</button>", answer.text)[-1]
    assert count() == 1


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_was_exported_changes_nothing(app: Flask, story: Story, admin: Browser, kind: str) -> None:
    terms = {"closing_day": 15, "opens_on_day": None, "opens_days_after_end": 3, "tolerance_units": Decimal("0.5")}
    percent = Decimal("2.25")
    account(
        story.distributor, story.msp, number="=1+1", po_number="-7", auto_approve_max_change_percent=percent, **terms
    )
    content = admin.get(f"/accounts/accounts.{kind}").data
    page = send(admin, content, f"accounts.{kind}").text
    assert "This file changes nothing" in page
    assert re.search(r"Unchanged</dt><dd class=\"figure-value\"><span>2<", page)


def test_a_formula_in_an_export_is_text(story: Story, admin: Browser) -> None:
    story.account.po_number = '=HYPERLINK("http://example.com")'
    assert b"'=HYPERLINK" in admin.get("/accounts/accounts.csv").data


def test_a_file_is_confirmed_once_and_by_whoever_sent_it(app: Flask, story: Story, admin: Browser) -> None:
    from tests.factories import member
    from workflows.usage_report import Role

    page = send(admin, HEADER + b"A-2,Newcomer,,\n").text
    other = sign_in(app, member(story.distributor, Role.ADMIN))
    assert confirm(other, page).status_code == 409
    assert confirm(admin, page).status_code == 302
    again = confirm(admin, page)
    assert again.status_code == 409
    assert "no longer held" in again.text
    assert count() == 2


def test_an_account_changed_after_the_check_is_shown_again(story: Story, admin: Browser) -> None:
    page = send(admin, HEADER + b"A-1,,14,\n").text
    story.account.auto_submit_after_days = 12
    answer = confirm(admin, page)
    assert answer.status_code == 409
    assert "12 days" in answer.text
    assert confirm(admin, answer.text).status_code == 302
    db.session.refresh(story.account)
    assert story.account.auto_submit_after_days == 14


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"number,colour\nA-1,red\n", "unknown columns"),
        (b"msp\nKestrel\n", "lacks the column"),
        (b"number,number\nA,B\n", "twice"),
        (b'{"accounts": []}', "JSON"),
        (b"PK\x03\x04 no workbook", "workbook"),
    ],
)
def test_a_file_that_is_no_list_is_refused_as_a_whole(admin: Browser, content: bytes, words: str) -> None:
    answer = send(admin, content)
    assert answer.status_code == 422
    assert words in answer.text


def test_no_file_is_no_file(admin: Browser) -> None:
    assert admin.post("/accounts/import", data={}).status_code == 422
    assert admin.post("/accounts/import/confirm", data={"file": "nonsense", "seen": ""}).status_code == 409


def test_another_distributors_number_and_msp_are_never_met(story: Story, admin: Browser) -> None:
    stranger = Story(number="S-1")
    stranger.msp.name = "Secret Partner"
    page = send(admin, HEADER + b"S-1,Secret Partner,9,\n").text
    assert confirm(admin, page).status_code == 302
    db.session.refresh(stranger.account)
    assert stranger.account.auto_submit_after_days == 10
    made = db.session.scalars(select(Account).filter_by(number="S-1", distributor_id=story.distributor.id)).one()
    assert made.msp_id != stranger.msp.id


@pytest.mark.parametrize("rows", [2, 200])
def test_an_import_takes_a_fixed_number_of_statements(story: Story, rows: int) -> None:
    content = HEADER + b"A-1,,14,\n" + b"".join(b"B-%d,Newcomer %d,,\n" % (n, n % 7) for n in range(rows))
    with Counting() as counting:
        plan = importing.plan(story.distributor.id, read_list(content, "x.csv", importing.LAYOUT), AT, lock=True)
        importing.carry_out(story.distributor.id, plan, operator(), AT)
    assert len(counting.statements) <= 7
    assert count() == rows + 1
