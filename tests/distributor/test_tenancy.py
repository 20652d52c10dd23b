"""The second wall between tenants: what PostgreSQL shows when a query forgot whose rows it may read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from distributor import engine_options, tenancy
from distributor.config import Settings
from distributor.database import db
from distributor.identity import sessions
from tests.clients import visitor
from tests.distributor.commands import Shell
from tests.factories import OPENED_AT, Story
from tests.kept import administration

# What belongs to nobody, or must be read before anybody is known: scoped by queries alone, and named here one by one.
SHARED = {
    "alembic_version", "report_edges", "scheduler_ticks", "set_aside",
    "organizations", "users", "members", "web_sessions", "api_tokens", "password_links", "idempotent_answers",
    "calendar_links", "held_files", "saved_views", "rate_limits", "api_token_addresses", "token_reports",
    "identity_providers", "federated_identities", "sign_in_attempts",
    "code_seeds", "recovery_codes", "passkeys", "passkey_challenges", "pending_sign_ins",
    "substitutes", "invitations", "invitation_links", "address_changes", "address_links", "password_requests",
}  # fmt: skip
COUNTS = "SELECT (SELECT count(*) FROM usage_reports), (SELECT count(*) FROM usage_report_lines)"


@contextmanager
def service(app: Flask, organization_id: int | None) -> Iterator[psycopg.Connection]:
    """A connection as the service has it, in a transaction for an organization."""
    with administration(app.config["SETTINGS"].database_url) as connection, connection.transaction():
        connection.execute("SET LOCAL ROLE distributor_service")
        connection.execute("SELECT set_config('app.organization', %s, true)", [str(organization_id or "")])
        yield connection


@pytest.fixture
def two(app: Flask) -> tuple[Story, Story]:
    """Two distributors that know nothing of each other, each with a partner and its report of two lines."""
    stories = (Story(), Story())
    for story in stories:
        story.open(("40", None), ("12", None))
    db.session.commit()
    return stories


def test_every_table_has_its_wall_or_is_named_as_shared(app: Flask) -> None:
    walls = """
        SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
          (SELECT array_agg(polname::text ORDER BY polname) FROM pg_policy WHERE polrelid = c.oid)
        FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"""
    found = {name: (forced, policies) for name, forced, policies in db.session.execute(text(walls))}
    walled = dict.fromkeys(found.keys() - SHARED, (True, ["of_operator", "of_organization", "of_owner"]))
    assert {name: found[name] for name in walled} == walled
    assert {found[name] for name in SHARED} == {(False, None)}


def test_no_shared_table_names_a_tenant(app: Flask) -> None:
    named = (
        "SELECT DISTINCT table_name FROM information_schema.columns WHERE column_name IN ('distributor_id', 'msp_id')"
    )
    assert SHARED & set(db.session.scalars(text(f"{named} AND table_schema = 'public'"))) == set()


def test_policies_compare_with_the_organization_of_the_transaction_in_both_directions(app: Flask) -> None:
    policies = """
        SELECT tablename, qual, with_check FROM pg_policies WHERE policyname = 'of_organization'"""
    for table, seen, written in db.session.execute(text(policies)):
        assert "NULLIF(current_setting('app.organization'::text, true), ''::text)" in seen, table
        assert "NULLIF(current_setting('app.organization'::text, true), ''::text)" in written, table


@pytest.mark.parametrize("side", ["msp", "distributor"])
def test_each_side_sees_its_own_rows_whatever_the_query_says(app: Flask, two: tuple[Story, Story], side: str) -> None:
    for story in two:
        with service(app, getattr(story, side).id) as connection:
            assert connection.execute(COUNTS).fetchone() == (1, 2)


def test_without_an_organization_nothing_is_seen(app: Flask, two: tuple[Story, Story]) -> None:
    with service(app, None) as connection:
        assert connection.execute(COUNTS).fetchone() == (0, 0)


def test_another_tenants_row_is_neither_changed_nor_made(app: Flask, two: tuple[Story, Story]) -> None:
    mine, theirs = two
    with service(app, mine.distributor.id) as connection:
        changed = connection.execute("UPDATE accounts SET po_number = 'x' WHERE msp_id = %s", [theirs.msp.id])
        assert changed.rowcount == 0
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
        service(app, mine.msp.id) as c,
    ):
        c.execute("INSERT INTO products (distributor_id, sku, name) VALUES (%s, 'A', 'A')", [theirs.distributor.id])


def test_a_partner_reads_its_distributors_products_and_changes_none(app: Flask, two: tuple[Story, Story]) -> None:
    story = two[0]
    with service(app, story.msp.id) as connection:
        assert connection.execute("SELECT count(*) FROM products").fetchone() == (2,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), service(app, story.msp.id) as connection:
        connection.execute("UPDATE products SET name = 'Cheaper'")


DRAFT = """
    INSERT INTO review_drafts (report_id, account_id, distributor_id, msp_id, user_id, updated_at)
    SELECT id, account_id, distributor_id, msp_id, :user, now() FROM usage_reports WHERE msp_id = :msp"""


def test_a_partner_never_sees_what_a_reviewer_has_not_sent(app: Flask, two: tuple[Story, Story]) -> None:
    story = two[0]
    db.session.execute(text(DRAFT), {"user": story.reviewer.user_id, "msp": story.msp.id})
    db.session.commit()
    for organization, drafts in ((story.msp, 0), (story.distributor, 1), (two[1].distributor, 0)):
        with service(app, organization.id) as connection:
            assert connection.execute("SELECT count(*) FROM review_drafts").fetchone() == (drafts,)


def seen_by(app: Flask, cookie: str) -> list[Any]:
    """Counts of unscoped queries in the request of a sign-in: before it is known, after, and in a later transaction."""
    counts: list[Any] = []

    def ask() -> None:
        with app.test_request_context("/"):
            counts.append(tuple(db.session.execute(text(COUNTS)).one()))
            db.session.rollback()
            sessions.find(cookie, OPENED_AT)
            counts.append(tuple(db.session.execute(text(COUNTS)).one()))
            db.session.commit()
            counts.append(tuple(db.session.execute(text(COUNTS)).one()))

    Context().run(ask)
    return counts


def test_a_request_sees_nothing_until_its_member_is_known_and_then_only_theirs(
    app: Flask, two: tuple[Story, Story]
) -> None:
    member = two[1].preparer
    cookie = sessions.start(member.user_id, member.member_id, OPENED_AT)
    db.session.commit()
    assert seen_by(app, cookie) == [(0, 0), (1, 2), (1, 2)]


def test_a_connection_forgets_whose_it_was(app: Flask, two: tuple[Story, Story]) -> None:
    engine = create_engine(app.config["SETTINGS"].database_url, **engine_options(pool_size=1, max_overflow=0))
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('app.organization', :id, true)"), {"id": str(two[0].msp.id)})
        assert tuple(connection.execute(text(COUNTS)).one()) == (1, 2)
    with engine.begin() as connection:
        assert tuple(connection.execute(text(COUNTS)).one()) == (0, 0)
    engine.dispose()


def test_a_session_outside_every_application_context_is_nobodys(app: Flask, two: tuple[Story, Story]) -> None:
    engine = create_engine(app.config["SETTINGS"].database_url, **engine_options())

    def ask() -> tuple[Any, ...]:
        with Session(engine) as session:
            return tuple(session.execute(text(COUNTS)).one())

    assert Context().run(ask) == (0, 0)
    engine.dispose()


def test_who_was_found_is_forgotten_with_the_transaction_even_a_committed_one(
    app: Flask, two: tuple[Story, Story]
) -> None:
    member = two[0].preparer
    cookie = sessions.start(member.user_id, member.member_id, OPENED_AT)
    db.session.commit()
    assert sessions.find(cookie, OPENED_AT) is not None
    connection = db.session.connection().connection.dbapi_connection
    db.session.commit()
    assert connection is not None
    cursor = connection.execute("SELECT coalesce(current_setting('app.organization', true), '')")
    assert cursor.fetchone() == ("",)


def test_the_service_owns_nothing_and_cannot_bypass_row_level_security(app: Flask) -> None:
    with db.engine.connect() as connection:
        assert tenancy.gaps(connection) == []
        assert connection.scalar(text("SELECT current_user")) == "distributor_service"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("ALTER ROLE {role} BYPASSRLS", "can bypass row-level security"),
        ("ALTER TABLE usage_reports NO FORCE ROW LEVEL SECURITY", "Row-level security is off for usage_reports"),
        ("ALTER TABLE line_changes OWNER TO {role}", "owns line_changes"),
    ],
)
def test_a_gap_in_the_wall_is_named(app: Flask, damage: str, words: str) -> None:
    engine = create_engine(app.config["SETTINGS"].database_url)
    with engine.connect() as connection:
        connection.execute(text("CREATE ROLE weak NOLOGIN"))
        connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO weak"))
        connection.execute(text(damage.format(role="weak")))
        connection.execute(text("SET LOCAL ROLE weak"))
        found = tenancy.gaps(connection)
        connection.rollback()
    engine.dispose()
    assert any(words in gap for gap in found)


def test_a_service_with_a_gap_answers_nobody(app: Flask) -> None:
    with administration(app.config["SETTINGS"].database_url) as connection:
        connection.execute("ALTER TABLE usage_reports DISABLE ROW LEVEL SECURITY")
    tenancy.guard(app)
    assert visitor(app).get("/sign-in").status_code == 503


def test_a_gap_is_seen_before_anything_else_could_answer(new_app: Flask) -> None:
    with administration(new_app.config["SETTINGS"].database_url) as connection:
        connection.execute("ALTER TABLE usage_reports DISABLE ROW LEVEL SECURITY")
    new_app.before_request_funcs.setdefault(None, []).insert(0, lambda: "answered")
    assert visitor(new_app).get("/sign-in").text == "answered"
    tenancy.guard(new_app)
    assert visitor(new_app).get("/sign-in").status_code == 503


def test_a_service_without_gaps_answers_and_asks_no_more(app: Flask) -> None:
    tenancy.guard(app)
    browser = visitor(app)
    assert browser.get("/sign-in").status_code == 200
    with administration(app.config["SETTINGS"].database_url) as connection:
        connection.execute("ALTER TABLE usage_reports DISABLE ROW LEVEL SECURITY")
    assert browser.get("/sign-in").status_code == 200


def test_the_check_command_names_a_gap(settings: Settings, tmp_path: Path) -> None:
    with administration(str(settings.database_url)) as connection:
        connection.execute("ALTER TABLE customers NO FORCE ROW LEVEL SECURITY")
    done = Shell(settings, tmp_path)("check")
    assert done.code == 1
    assert "Row-level security is off for customers" in done.out


def test_the_service_cannot_write_past_the_wall_by_sql_of_its_own(app: Flask, two: tuple[Story, Story]) -> None:
    with pytest.raises(DBAPIError, match="must be owner"), db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE usage_reports DISABLE ROW LEVEL SECURITY"))
