"""Fills an empty database with a year of realistic data; the way in for ``distributor demo`` and ``run --demo``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import click
from sqlalchemy import select, text

from distributor import create_app, locks
from distributor.config import SettingError, Settings, database_url
from distributor.database import db
from distributor.demo.partners import PARTNERS, reports_usage
from distributor.demo.people import NAMED, SIGN_IN_WITH, DemoMember, as_member, people
from distributor.demo.performing import perform
from distributor.demo.plan import happenings, reminding
from distributor.demo.stage import reports_of, set_up
from distributor.identity import passwords
from distributor.identity.models import Member, Organization, User
from distributor.tenancy import across_tenants

__all__ = ["DemoMember", "announce", "check_allowed", "fill", "fill_if_empty"]

# No report of the newest cycle that stands at a chosen point opened earlier than this.
NEWEST_CYCLE = timedelta(days=15)
# How long ago feeds last delivered, and whose have not since their report opened.
THIS_MORNING = timedelta(hours=8)
STANDING_STILL = ("Corrib Cloud", "Wexford Office Systems")


def check_allowed(settings: Settings, allowed: bool) -> None:
    """Demo data has passwords that everybody knows. Raises SettingError where it does not belong.

    `allowed` says that a database named by DATABASE_URL is meant for it. Whether it is empty is asked by `fill`.
    """
    if not settings.is_loopback:
        raise SettingError(
            "Demo data has passwords that everybody knows, so it is made only where nobody else can reach it, not on "
            f"HOST={settings.host}. Unset HOST, or leave the demo out."
        )
    given = os.environ.get("DATABASE_URL", "").strip()
    if given and database_url(given) == settings.database_url and not allowed:
        raise SettingError("DATABASE_URL names a database of yours. Say --demo if it is meant for demo data.")


def fill(settings: Settings, at: datetime | None = None) -> list[DemoMember]:
    """Fill the migrated database behind `settings` as it would stand at `at` (now); returns who can sign in.

    All of it or nothing. Raises SettingError when the database is not empty.
    """
    with _database(settings):
        if not _is_empty():
            raise SettingError("The database is not empty. Demo data goes into an empty one only: name another.")
        _fill(at or datetime.now(UTC))
        db.session.commit()
    return [as_member(one) for one in people()]


def fill_if_empty(settings: Settings, at: datetime | None = None) -> list[DemoMember]:
    """Fill an empty database; leave any other as it is. Returns who can sign in with the demo's password by now."""
    check_allowed(settings, allowed=True)
    with _database(settings):
        if not _is_empty():
            return _who_can_still_sign_in()
        _fill(at or datetime.now(UTC))
        db.session.commit()
    return [as_member(one) for one in people()]


@contextmanager
def _database(settings: Settings) -> Iterator[None]:
    with create_app(settings).app_context():
        across_tenants()
        try:
            db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": locks.DEMO})
            yield
        finally:
            db.session.remove()
            db.engine.dispose()


def _is_empty() -> bool:
    return db.session.scalar(select(Organization.id).limit(1)) is None


def _fill(at: datetime) -> None:
    planned = [report for partner in PARTNERS if reports_usage(partner) for report in reports_of(partner, at)]
    reports = sorted(planned, key=lambda report: report.opened_at)
    stage = set_up(reports, at, passwords.hash_password(SIGN_IN_WITH))
    perform(stage, [*reminding(at), *(deed for report in reports for deed in happenings(report, at))])
    _deliver_history(at - NEWEST_CYCLE)
    _deliver_usage(at)


REPLACE = text("""
UPDATE usage_snapshots s SET is_current = false
FROM accounts a JOIN organizations msp ON msp.id = a.msp_id
WHERE a.id = s.account_id AND s.cycle = (SELECT max(cycle) FROM usage_snapshots) AND s.counted_at < :counted_at
  AND msp.name <> ALL(CAST(:standing_still AS text[]))
RETURNING s.id""")

DELIVER = text("""
WITH delivered AS (
  INSERT INTO usage_snapshots (account_id, distributor_id, msp_id, cycle, source, format, file_name, digest, row_count,
    counted_at, imported_at, imported_by)
  SELECT account_id, distributor_id, msp_id, cycle, source, format, file_name, digest, row_count,
    :counted_at, :counted_at + interval '20 minutes', imported_by
  FROM usage_snapshots WHERE id = ANY(CAST(:replaced AS bigint[]))
  RETURNING id, account_id, source
)
INSERT INTO usage_rows (snapshot_id, account_id, distributor_id, msp_id, customer_id, product_id, provisioned_units,
  used_units)
SELECT d.id, r.account_id, r.distributor_id, r.msp_id, r.customer_id, r.product_id, r.provisioned_units, r.used_units
FROM usage_rows r
JOIN usage_snapshots s ON s.id = r.snapshot_id AND s.id = ANY(CAST(:replaced AS bigint[]))
JOIN delivered d ON d.account_id = s.account_id AND d.source = s.source""")


def _deliver_usage(at: datetime) -> None:
    """This morning's delivery for the newest cycle, with the same figures as when reports opened."""
    given = {"counted_at": at - THIS_MORNING, "standing_still": list(STANDING_STILL)}
    replaced = list(db.session.scalars(REPLACE, given))
    db.session.execute(DELIVER, {"counted_at": given["counted_at"], "replaced": replaced})


def _deliver_history(until: datetime) -> None:
    """Mails of cycles gone by were sent in their time; those of the newest cycle wait in the outbox."""
    db.session.execute(
        text("""
WITH sent AS (
  UPDATE notifications SET status = 'sent', attempts = 1, sent_at = created_at WHERE created_at < :until
  RETURNING id, account_id, distributor_id, msp_id, sent_at
)
INSERT INTO delivery_attempts (notification_id, account_id, distributor_id, msp_id, at, succeeded)
SELECT id, account_id, distributor_id, msp_id, sent_at, true FROM sent"""),
        {"until": until},
    )


def _who_can_still_sign_in() -> list[DemoMember]:
    """Of the demo's people those whose password nobody has changed; nobody in a database of other people's."""
    known = {one.email: one for one in people()}
    rows = db.session.execute(
        select(User.email, User.password_hash)
        .join(Member, Member.user_id == User.id)
        .where(User.email.in_(known), User.disabled_at.is_(None), Member.removed_at.is_(None))
    ).all()
    right = {kept for kept in {row.password_hash for row in rows} if passwords.is_right(SIGN_IN_WITH, kept)}
    able = {row.email for row in rows if row.password_hash in right}
    return [as_member(one) for one in known.values() if one.email in able]


def announce(members: Sequence[DemoMember]) -> None:
    """Print who can sign in: the people of the story one by one, the other preparers in a sentence."""
    if not members:
        click.echo("The database holds data of its own; no demo data was added.")
        return
    named = {one.email for one in NAMED}
    shown = [one for one in members if one.email in named] or list(members[:8])
    rows = [(one.email, one.organization, one.side, one.role) for one in shown]
    password = click.style(members[0].password, bold=True)
    click.echo(f"\nDemo data: everybody signs in with the password  {password}\n")
    for row in _table([("E-mail", "Organization", "Side", "Role"), *rows]):
        click.echo(f"  {row}")
    if others := len(members) - len(shown):
        example = next(one.email for one in members if one not in shown)
        click.echo(f"\n  and {others} preparers of other MSPs, such as {example}")


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
