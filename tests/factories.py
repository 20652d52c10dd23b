"""What tests start from: a distributor, an MSP, an account with a catalogue and usage; each call gives a new one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from distributor import vault
from distributor.accounts.models import Account, ReportingScope
from distributor.catalogue.models import Customer, Price, Product
from distributor.database import db
from distributor.identity.acting import Acting, CurrentMember, acting, system
from distributor.identity.models import Member, Organization, User
from distributor.provisioning.models import UsageRow, UsageSnapshot
from distributor.single_sign_on.models import FederatedIdentity, IdentityProvider
from distributor.usage_reports import queries
from distributor.usage_reports.operations.opening import open_reports, opening_of
from distributor.usage_reports.queries import ACCOUNT, REPORT, LineRow, ReportRow
from workflows.report_cycle import Cycle
from workflows.usage_report import Role

NUMBER = itertools.count(1)
OPENED_AT = datetime(2026, 10, 20, 0, 0, tzinfo=UTC)
# Whatever day the tests run on, a price is older than every report they open.
PRICED_AT = datetime(2020, 1, 1, tzinfo=UTC)
CYCLE = Cycle.parse("2026-10")


def organization(name: str | None = None, *, is_distributor: bool = False) -> Organization:
    row = Organization(name=name or f"Organization {next(NUMBER)}", is_distributor=is_distributor)
    db.session.add(row)
    db.session.flush()
    return row


def member(of: Organization, *roles: Role, email: str | None = None) -> CurrentMember:
    """A person with these roles in the organization, as a signed-in member."""
    number = next(NUMBER)
    user = User(email=email or f"person{number}@example.com", name=f"Person {number}", words_seen_at=OPENED_AT)
    db.session.add(user)
    db.session.flush()
    row = Member(organization_id=of.id, user_id=user.id, roles=[str(role) for role in roles])
    db.session.add(row)
    db.session.flush()
    return CurrentMember(
        user.id,
        row.id,
        row.uid,
        user.email,
        user.name,
        "en",
        of.id,
        of.uid,
        of.name,
        of.is_distributor,
        frozenset(roles),
    )


def federated(who: CurrentMember) -> FederatedIdentity:
    """`who`, vouched for by a provider that their organization offers for addresses at example.com."""
    provider = IdentityProvider(
        organization_id=who.organization_id, issuer="https://login.example.com", client_id="distributor",
        client_secret=vault.lock("a secret of both"), domains=["example.com"], offered=True,
    )  # fmt: skip
    db.session.add(provider)
    db.session.flush()
    row = FederatedIdentity(
        provider_id=provider.id, issuer=provider.issuer, subject=f"subject-{next(NUMBER)}", member_id=who.member_id,
        created_at=OPENED_AT, last_used_at=OPENED_AT,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def account(distributor: Organization, msp: Organization, **terms: Any) -> Account:
    """An account with plain terms: opens on day 20, due after 10 days, no tolerance, EUR, UTC."""
    region, kind = terms.pop("region", "Europe"), terms.pop("account_type", "MSP")
    given = {"distributor_id": distributor.id, "region": region, "account_type": kind}
    if not db.session.scalar(select(ReportingScope.id).filter_by(**given)):
        db.session.add(ReportingScope(**given, usage_reports=terms.pop("usage_reports", True)))
        db.session.flush()
    plain = {
        "number": f"ACC-{next(NUMBER)}", "auto_submit_after_days": 10, "resubmit_after_days": 7, "opens_on_day": 20,
        "tolerance_units": 0, "tolerance_percent": 0, "currency": "EUR", "time_zone": "UTC", "usage_source": "feed",
        "reports_from": date(2026, 10, 1), "corrections_allowed": False, "uplift_percent": 0,
        "next_cycle": date(2026, 10, 1), "next_opens_at": OPENED_AT,
    }  # fmt: skip
    row = Account(**given, msp_id=msp.id, **{**plain, **terms})
    db.session.add(row)
    db.session.flush()
    return row


def product(distributor: Organization, sku: str | None = None, price: str | None = "2.85", **fields: Any) -> Product:
    sku = sku or f"SKU-{next(NUMBER)}"
    row = Product(distributor_id=distributor.id, sku=sku, **{"name": f"Product {sku}", **fields})
    db.session.add(row)
    db.session.flush()
    if price is not None:
        keys = {"product_id": row.id, "distributor_id": distributor.id, "currency": "EUR"}
        db.session.add(Price(**keys, unit_price=Decimal(price), updated_at=PRICED_AT))
        db.session.flush()
    return row


def customer(of: Account, name: str | None = None) -> Customer:
    name = name or f"Customer {next(NUMBER)}"
    row = Customer(account_id=of.id, distributor_id=of.distributor_id, msp_id=of.msp_id, ref=name.lower(), name=name)
    db.session.add(row)
    db.session.flush()
    return row


def usage(
    of: Account,
    rows: Sequence[tuple[Customer | None, Product, str, str | None]],
    *,
    cycle: Cycle = CYCLE,
    source: str = "feed",
    at: datetime = OPENED_AT,
    counted_at: datetime | None = None,
) -> UsageSnapshot:
    """A snapshot of (customer, product, provisioned, used) that replaces what the source delivered for the cycle."""
    keys = {"account_id": of.id, "distributor_id": of.distributor_id, "msp_id": of.msp_id}
    for earlier in db.session.scalars(
        select(UsageSnapshot).filter_by(account_id=of.id, cycle=cycle.first_day, source=source, is_current=True)
    ):
        earlier.is_current = False
    db.session.flush()
    snapshot = UsageSnapshot(
        **keys, cycle=cycle.first_day, source=source, format="json", digest=bytes(32), row_count=len(rows),
        counted_at=counted_at, imported_at=at, imported_by="test",
    )  # fmt: skip
    db.session.add(snapshot)
    db.session.flush()
    if rows:
        db.session.execute(
            insert(UsageRow),
            [
                {
                    **keys, "snapshot_id": snapshot.id, "customer_id": who and who.id, "product_id": what.id,
                    "provisioned_units": Decimal(provisioned), "used_units": None if used is None else Decimal(used),
                }
                for who, what, provisioned, used in rows
            ],
        )  # fmt: skip
    return snapshot


class Story:
    """One account with a preparer, a reviewer and an admin on the distributor's side, and the products asked for."""

    def __init__(self, **terms: Any) -> None:
        self.distributor = organization("Meridian Cloud Distribution", is_distributor=True)
        self.msp = organization("Kestrel IT Services")
        self.preparer = member(self.msp, Role.PREPARER)
        self.reviewer = member(self.distributor, Role.REVIEWER)
        self.admin = member(self.distributor, Role.ADMIN)
        self.account = account(self.distributor, self.msp, **terms)

    def open(self, *lines: tuple[str, str | None], cycle: Cycle = CYCLE, at: datetime = OPENED_AT) -> ReportRow:
        """Open the cycle with one line per (provisioned, used), each of a customer and a product of its own."""
        if lines:
            rows = [(customer(self.account), product(self.distributor), prov, used) for prov, used in lines]
            usage(self.account, rows, cycle=cycle, at=at)
        return self.open_cycle(cycle, at)

    def open_cycle(self, cycle: Cycle = CYCLE, at: datetime = OPENED_AT) -> ReportRow:
        row = db.session.execute(select(ACCOUNT).where(ACCOUNT.c.id == self.account.id)).one()
        (report_id,) = open_reports([opening_of(row, cycle, at)], system(), at)
        return self.report(report_id)

    def open_account(self, line: tuple[str, str | None] = ("40", None)) -> tuple[ReportRow, UUID]:
        """A further account of the same two sides with a report of one line; gives the report and the line's uid."""
        self.account = account(self.distributor, self.msp)
        report = self.open(line)
        return report, self.lines(report)[0].uid

    def report(self, report: ReportRow | int) -> ReportRow:
        """The report as it stands now, locked."""
        identity = report if isinstance(report, int) else report.id
        (row,) = queries.reports_for_update([identity])
        return row

    def lines(self, report: ReportRow) -> list[LineRow]:
        """Lines in the order they were made."""
        return sorted(queries.lines(report.id), key=lambda line: line.id)

    def by(self, who: CurrentMember) -> Acting:
        row = db.session.execute(select(REPORT.c.distributor_id, REPORT.c.msp_id).limit(1)).one_or_none()
        return acting(who, row if row is not None else self.account)
