"""The audit trail's page and files: each organization's admins see their own chains, narrowed as the address says."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from flask import Flask

from distributor.audit.canonical import hash_of
from distributor.audit.operations import Fact, record, record_all
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.operations import steps
from tests.clients import sign_in, visitor
from tests.factories import OPENED_AT, Story, member
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(hours=5)


@pytest.fixture
def story(app: Flask) -> Story:
    """A report opened and submitted, a token of the distributor's, a member of the MSP's."""
    made = Story()
    report = made.open(("40", None))
    steps.submit(report, made.by(made.preparer), AT)
    record("token.created", by=made.admin, at=AT, organization_id=made.distributor.id, subject="Nightly")
    record("member.joined", by=made.preparer, at=AT + timedelta(days=2), organization_id=made.msp.id, subject="Aoife")
    return made


@pytest.fixture
def partner(story: Story) -> CurrentMember:
    return member(story.msp, Role.ADMIN)


def test_a_distributors_admin_sees_its_own_chain_and_its_accounts(app: Flask, story: Story) -> None:
    page = sign_in(app, story.admin).get("/audit").text
    assert "API token made" in page
    assert "Report submitted" in page
    assert "Invitation accepted" not in page


def test_a_partners_admin_never_sees_the_distributors_chain(app: Flask, story: Story, partner: CurrentMember) -> None:
    browser = sign_in(app, partner)
    page = browser.get("/audit").text
    assert "Report submitted" in page
    assert "Invitation accepted" in page
    for path in ("/audit", "/audit/entries.csv", "/audit/entries.json"):
        assert "Nightly" not in browser.get(path).text


def test_strangers_and_other_roles_are_turned_away(app: Flask, story: Story) -> None:
    Story()
    stranger = member(Story().distributor, Role.ADMIN)
    assert "Report submitted</th>" not in sign_in(app, stranger).get("/audit").text
    for path in ("/audit", "/audit/entries.csv"):
        assert sign_in(app, story.reviewer).get(path).status_code == 403
        assert sign_in(app, story.preparer).get(path).status_code == 403
        assert visitor(app).get(path).status_code == 302


@pytest.mark.parametrize(
    ("filtered", "found"),
    [
        ("what=report", {"report.open", "report.submit"}),
        ("what=report.submit", {"report.submit"}),
        ("what=reports", set()),
        ("account={account}", {"report.open", "report.submit"}),
        ("account=elsewhere", set()),
        ("person={person}", {"report.submit"}),
        ("person=%25", set()),
        ("since=2026-10-21", set()),
        ("since=2026-10-20&until=2026-10-20", {"report.open", "report.submit", "token.created"}),
    ],
)
def test_the_address_narrows_the_list(app: Flask, story: Story, filtered: str, found: set[str]) -> None:
    given = filtered.format(account=story.account.number.lower(), person=story.preparer.name)
    rows = json.loads(sign_in(app, story.admin).get(f"/audit/entries.json?{given}").data)
    assert {line["text"].split('what: "')[1].split('"')[0] for line in rows} == found


@pytest.mark.parametrize(
    "wrong", ["since=yesterday", "until=0001-01-01", "what=<b>", "before=1", f"person={'x' * 201}", "account=%00"]
)
def test_a_wrong_filter_is_refused_in_words(app: Flask, story: Story, wrong: str) -> None:
    assert sign_in(app, story.admin).get(f"/audit?{wrong}").status_code == 422


def test_pages_follow_each_other_without_gaps(app: Flask, story: Story) -> None:
    facts = [Fact("token.revoked", organization_id=story.distributor.id, subject=f"T{number}") for number in range(60)]
    record_all(facts, by=story.admin, at=AT)
    browser = sign_in(app, story.admin)
    first = browser.get("/audit?what=token").text
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = browser.get(older).text
    seen = [text for text in (f">T{number}<" for number in range(60)) if text in first or text in second]
    assert len(seen) == 60
    assert ">T59<" in first
    assert ">T59<" not in second


def test_anothers_entry_is_no_place_in_the_list(app: Flask, story: Story, partner: CurrentMember) -> None:
    place = f"organization/{story.distributor.uid}:1"
    assert "No entry matches." in sign_in(app, partner).get(f"/audit?before={place}").text


def test_the_csv_runs_no_formula(app: Flask, story: Story) -> None:
    record("token.created", by=story.admin, at=AT, organization_id=story.distributor.id, subject="=1+1")
    text = sign_in(app, story.admin).get("/audit/entries.csv?what=token").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["subject"] for row in rows] == ["'=1+1", "Nightly"]
    assert rows[1]["name"] == story.admin.name


def test_the_json_verifies_by_itself(app: Flask, story: Story) -> None:
    answer = sign_in(app, story.admin).get("/audit/entries.json")
    rows = json.loads(answer.data)
    assert len(rows) == 3
    assert all(hash_of(row["text"]).hex() == row["hash"] for row in rows)


def test_changes_are_shown_as_before_and_after(app: Flask, story: Story) -> None:
    changes = {"changes": {"currency": ["EUR", "USD"]}}
    record("terms.changed", by=story.admin, at=AT, account_id=story.account.id, subject="A", details=changes)
    page = sign_in(app, story.admin).get("/audit").text
    assert "<del>EUR</del>" in page
    assert "<ins>USD</ins>" in page


def test_admins_find_it_in_the_navigation(app: Flask, story: Story, partner: CurrentMember) -> None:
    assert 'href="/audit"' in sign_in(app, partner).get("/profile").text
    assert 'href="/audit"' not in sign_in(app, story.preparer).get("/profile").text
