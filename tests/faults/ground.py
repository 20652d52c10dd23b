"""A small world for hostile callers: two distributors that know nothing of each other, and a checksum of everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import text

from distributor import create_app
from distributor.database import db
from distributor.identity.acting import CurrentMember, acting
from distributor.tenancy import across_tenants
from distributor.usage_reports.operations import steps
from distributor.usage_reports.queries import ReportRow
from tests import clients
from tests.clients import Browser, Program
from tests.conftest import make_settings
from tests.factories import OPENED_AT, Story, member, product
from tests.kept import administration, in_database
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)
# When somebody was last seen is no change of anything.
SEEN = ("last_seen_at", "last_used_at", "last_used_from", "proved_at")
# Attempts are counted, and it is noted who looked and from where: that is no change either.
WITNESSES = frozenset({"alembic_version", "api_token_addresses", "audit_heads", "rate_limits", "report_views"})
# The trail tells of what was refused; nothing else may come into it.
REFUSED = "what ~ '[.](refused|exposed|failed|not_confirmed)$'"
TABLES = text("""SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE c.relkind = 'r' AND n.nspname = 'public' AND has_table_privilege(c.oid, 'SELECT')
                 ORDER BY c.relname""")


class World:
    """One distributor with an MSP and its report in each status, and callers for every role on both sides."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        app.config["CLOCK"] = lambda: AT
        self.story = Story(tolerance_units=2, tolerance_percent=2)
        self.preparing = self.story.open(("400", "290"), ("40", None))
        self.review, self.review_line = self._report()
        steps.submit(self.story.report(self.review), self.story.by(self.story.preparer), AT)
        self.manual = product(self.story.distributor, "HAND-1", usage_source="manual")
        self.held: dict[str, UUID] = {}
        self._browsers: dict[int, Browser] = {}
        self._programs: dict[int, Program] = {}
        self.distributor_admin = self._let_in(member(self.story.distributor, Role.ADMIN, Role.REVIEWER))
        self.msp_admin = self._let_in(member(self.story.msp, Role.ADMIN, Role.PREPARER))
        self._rivals()
        db.session.commit()

    def _rivals(self) -> None:
        """Another distributor and its MSP, with a report of their own in preparation and one under review."""
        story = Story()
        story.distributor.name, story.msp.name = "Rival Distribution", "Rival Networks"
        self.own_report = story.open(("10", None))
        self.own_review, _ = story.open_account(("10", None))
        steps.submit(story.report(self.own_review), acting(story.preparer, self.own_review), AT)
        self.rival = self._let_in(member(story.distributor, Role.ADMIN, Role.REVIEWER))
        self.rival_msp = self._let_in(member(story.msp, Role.ADMIN, Role.PREPARER))

    def _report(self) -> tuple[ReportRow, UUID]:
        return self.story.open_account(("40", None))

    @property
    def line(self) -> UUID:
        """The first line of the report that is being prepared: 400 provisioned, 290 chargeable."""
        found: UUID = self.story.lines(self.preparing)[0].uid
        return found

    def browser(self, who: CurrentMember) -> Browser:
        """The browser in which `who` is signed in; the same one each time, as signing in is a change."""
        return self._browsers[who.user_id]

    def program(self, who: CurrentMember) -> Program:
        """The program of `who`, with every scope that the member can hold."""
        return self._programs[who.user_id]

    def _let_in(self, who: CurrentMember) -> CurrentMember:
        self._browsers[who.user_id] = clients.sign_in(self.app, who, AT)
        self._programs[who.user_id] = clients.api(self.app, who, at=AT)
        # The first use of a token from anywhere is written down, and later ones are not.
        self._programs[who.user_id].get("/api/v1/me")
        return who


@contextmanager
def service(cluster: str, template: str, name: str, home: Path) -> Iterator[Flask]:
    """The service on a new database of this name, inside an application context; the database goes afterwards."""
    with administration(cluster) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    app = create_app(make_settings(in_database(cluster, name), home))
    with app.app_context():
        across_tenants()
        yield app
        db.session.remove()
        db.engine.dispose()
    with administration(cluster) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def checksum() -> dict[str, str]:
    """What every table holds, as committed."""
    db.session.rollback()
    tables = db.session.scalars(TABLES).all()
    without = "".join(f" - '{column}'" for column in SEEN)
    queries = " UNION ALL ".join(
        f"SELECT '{name}', coalesce(md5(string_agg(row::text, ',' ORDER BY row::text)), '') "
        f"FROM (SELECT to_jsonb(t){without} AS row FROM {_kept_of(name)} t) rows"
        for name in tables
        if name not in WITNESSES
    )
    found = {str(row[0]): str(row[1]) for row in db.session.execute(text(queries))}
    db.session.rollback()
    return found


def _kept_of(table: str) -> str:
    return f"(SELECT * FROM {table} WHERE NOT {REFUSED})" if table == "audit_entries" else table


@contextmanager
def nothing_changed(*, but: str = "") -> Iterator[None]:
    """Fails when anything that is kept changed inside, a table named by `but` aside."""
    db.session.commit()
    before = checksum()
    yield
    after = checksum()
    assert [name for name in after if after[name] != before[name] and name != but] == []
