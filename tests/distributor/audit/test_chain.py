"""The chain as the database keeps it: numbered, linked, and out of everybody's reach."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from threading import Thread

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import DBAPIError

from distributor.audit.canonical import NOTHING, hash_of, text_of
from distributor.audit.operations import Fact, record, record_all
from distributor.database import db
from distributor.identity import tokens
from distributor.identity.acting import system
from distributor.usage_reports.operations import steps
from distributor.usage_reports.operations.opening import open_reports, opening_of
from distributor.usage_reports.queries import ACCOUNT
from tests.distributor.audit.trail import chain_of, head_of
from tests.factories import OPENED_AT, Story
from workflows.report_cycle import Cycle

AT = OPENED_AT + timedelta(hours=5)


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


def test_entries_are_numbered_and_name_the_hash_before(story: Story) -> None:
    for name in ("terms.changed", "contact.added", "contact.removed"):
        record(name, by=story.admin, at=AT, account_id=story.account.id)
    one, two, three = chain_of(account_id=story.account.id)
    assert [one.number, two.number, three.number] == [1, 2, 3]
    assert [one.previous_hash, two.previous_hash, three.previous_hash] == [NOTHING, one.hash, two.hash]
    head = head_of(account_id=story.account.id)
    assert (head.number, head.hash) == (3, three.hash)


def test_an_entry_says_who_through_what_and_for_whom(app: Flask, story: Story) -> None:
    _secret, token = tokens.create_token(story.admin, "Feed", ("reports:read",), None, AT)
    by = replace(story.admin, scopes=frozenset(), api_token_id=token.id)
    record("terms.changed", by=by, at=AT, account_id=story.account.id, subject="ACC", details={"currency": ["EUR"]})
    (entry,) = chain_of(account_id=story.account.id)
    assert (entry.actor_name, entry.via, entry.actor_token) == (story.admin.name, "api", token.uid)
    assert (entry.actor_organization, entry.organization_name) == (story.distributor.uid, story.distributor.name)
    assert (entry.subject, entry.details, entry.at) == ("ACC", {"currency": ["EUR"]}, AT)


def test_what_nobody_signed_in_did_has_no_name(story: Story) -> None:
    record("sign_in.failed", by=None, at=AT, organization_id=story.msp.id, subject="someone@example.com")
    (entry,) = chain_of(organization_id=story.msp.id)
    assert (entry.actor_name, entry.actor_user, entry.via, entry.chain) == (
        "",
        None,
        None,
        f"organization/{story.msp.uid}",
    )


def test_the_service_acts_by_its_own_name(story: Story) -> None:
    record("price.changed", by=system(), at=AT, organization_id=story.distributor.id)
    (entry,) = chain_of(organization_id=story.distributor.id)
    assert (entry.actor_name, entry.via, entry.organization_name) == ("Distributor", "scheduler", None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.booleans(), st.none())))
def test_every_text_has_one_canonical_form(app: Flask, subject: str, details: dict[str, object]) -> None:
    story = Story()
    record("terms.changed", by=story.admin, at=AT, account_id=story.account.id, subject=subject, details=details)
    (entry,) = chain_of(account_id=story.account.id)
    assert hash_of(text_of(entry)) == entry.hash


@pytest.mark.parametrize("fact", [Fact("a.b"), Fact("a.b", account_id=1, organization_id=1)])
def test_a_fact_belongs_to_one_chain(story: Story, fact: Fact) -> None:
    with pytest.raises(ValueError, match="either"):
        record_all([fact], by=None, at=AT)


def test_what_is_rolled_back_was_never_recorded(story: Story) -> None:
    db.session.commit()
    record("terms.changed", by=story.admin, at=AT, account_id=story.account.id)
    db.session.rollback()
    assert chain_of(account_id=story.account.id) == []


def test_each_step_of_a_report_is_in_its_accounts_chain(story: Story) -> None:
    report = story.open(("40", None))
    steps.submit(report, story.by(story.preparer), AT)
    opened, submitted = chain_of(account_id=story.account.id)
    assert (opened.what, submitted.what) == ("report.open", "report.submit")
    assert (submitted.subject, submitted.actor_name) == ("2026-10", story.preparer.name)
    assert submitted.details["report"] == str(report.uid)
    assert submitted.details["version"] == 2
    assert submitted.details["notifications"]["count"] == 1


def test_steps_of_one_account_in_one_statement_follow_in_order(story: Story) -> None:
    row = db.session.execute(select(ACCOUNT).where(ACCOUNT.c.id == story.account.id)).one()
    at = OPENED_AT + timedelta(days=40)
    open_reports([opening_of(row, Cycle.parse(cycle), at) for cycle in ("2026-10", "2026-11")], system(), at)
    one, two = chain_of(account_id=story.account.id)
    assert {one.subject, two.subject} == {"2026-10", "2026-11"}
    assert one.action_id < two.action_id
    assert two.previous_hash == one.hash


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET subject = 'x'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "UPDATE audit_heads SET number = 0",
        "DELETE FROM audit_heads",
        "TRUNCATE audit_heads CASCADE",
        "DELETE FROM audit_waiting",
        "UPDATE audit_waiting SET subject = 'x'",
        "SELECT * FROM audit_waiting",
        "INSERT INTO audit_heads (chain, organization_id) VALUES ('x', 1)",
        "INSERT INTO audit_entries (what, at) VALUES ('a.b', now())",
        "INSERT INTO audit_waiting (what, at, organization_id, actions) VALUES ('a.b', now(), 1, '{1}')",
        "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        "SELECT audit_facts_of('{1}')",
    ],
)
def test_the_services_role_adds_facts_and_does_nothing_else(app: Flask, story: Story, statement: str) -> None:
    record("terms.changed", by=story.admin, at=AT, account_id=story.account.id)
    db.session.commit()
    with pytest.raises(DBAPIError, match="permission denied|must be owner"), db.engine.begin() as connection:
        connection.execute(text(statement))


def test_not_even_the_owner_rewrites_history(app: Flask, story: Story) -> None:
    record("terms.changed", by=story.admin, at=AT, account_id=story.account.id)
    db.session.commit()
    engine = create_engine(app.config["SETTINGS"].database_url)
    for statement in ("UPDATE audit_entries SET subject = 'x'", "DELETE FROM audit_entries", "TRUNCATE audit_entries"):
        with pytest.raises(DBAPIError, match="history is written once"), engine.begin() as connection:
            connection.execute(text(statement))
    engine.dispose()


def test_no_step_of_a_report_can_be_made_up(story: Story) -> None:
    with pytest.raises(DBAPIError, match="steps_of_reports_come_by_themselves"):
        record("report.approve", by=story.admin, at=AT, account_id=story.account.id)


def test_transactions_that_meet_in_two_chains_both_go_through(app: Flask, story: Story) -> None:
    """Each adds to the chains in the other's order while the first is still open: heads are locked at commit only."""
    here, there = story.msp.id, story.distributor.id
    db.session.commit()
    facts = [Fact("sign_in.failed", organization_id=one) for one in (here, there)]
    record_all(facts, by=None, at=AT)
    other = Thread(target=_in_a_thread, args=(app, facts[::-1]))
    other.start()
    other.join()
    db.session.commit()
    for organization in (here, there):
        numbers = [entry.number for entry in chain_of(organization_id=organization)]
        assert numbers == [1, 2]


def _in_a_thread(app: Flask, facts: list[Fact]) -> None:
    with app.app_context():
        record_all(facts, by=None, at=AT)
        db.session.commit()
        db.session.remove()


def test_many_at_once_leave_one_chain_without_gaps(app: Flask, story: Story) -> None:
    db.session.commit()
    fact = [Fact("sign_in.failed", organization_id=story.msp.id)]
    threads = [Thread(target=_repeatedly, args=(app, fact)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chain = chain_of(organization_id=story.msp.id)
    assert [entry.number for entry in chain] == list(range(1, 41))
    assert all(after.previous_hash == before.hash for before, after in pairwise(chain))


def _repeatedly(app: Flask, facts: list[Fact]) -> None:
    for _ in range(10):
        _in_a_thread(app, facts)


def test_another_chain_is_not_held_up(app: Flask, story: Story) -> None:
    """With a chain's head locked by somebody who takes their time, another chain's entry is written at once."""
    db.session.commit()
    owner = create_engine(app.config["SETTINGS"].database_url)
    with owner.connect() as slow:
        slow.execute(text("SELECT 1 FROM audit_heads WHERE organization_id = :id FOR UPDATE"), {"id": story.msp.id})
        record("token.created", by=story.admin, at=AT, organization_id=story.distributor.id)
        assert len(chain_of(organization_id=story.distributor.id)) == 1
    owner.dispose()
