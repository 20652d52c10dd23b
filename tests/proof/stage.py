"""The account that a life is led on, in the service: its people, its products, and what the database says of its
reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from distributor.accounts.models import Account
from distributor.catalogue.models import Price, Product
from distributor.database import db
from distributor.identity.acting import Acting, CurrentMember, acting, system
from distributor.identity.models import Organization
from distributor.usage_reports import queries
from distributor.usage_reports.operations import usage
from distributor.usage_reports.queries import LINE, REPORT, ReportRow
from tests.factories import account, customer, member, organization, product
from tests.factories import usage as snapshot
from tests.kept import administration
from tests.proof.comparing import BROKEN, empty, facts_of, line_facts
from tests.proof.things import Usage
from workflows.report_cycle import Cycle
from workflows.usage_report import Role

PEOPLE = ("preparer", "viewer", "reviewer", "second reviewer", "distributor admin", "stranger")


@dataclass(frozen=True)
class Cast:
    """Who takes part in every life on one service, made once. Ids are the organizations'."""

    distributor: int
    msp: int
    people: dict[str, CurrentMember]

    @classmethod
    def hired(cls) -> Cast:
        """Commits."""
        distributor, msp = organization("Meridian", is_distributor=True), organization("Kestrel")
        of_msp, of_distributor = (msp, Role.PREPARER), (distributor, Role.REVIEWER)
        who = (of_msp, (msp, Role.VIEWER), of_distributor, of_distributor, (distributor, Role.ADMIN),
               (organization("Elsewhere"), *Role))  # fmt: skip
        found = {name: member(*each) for name, each in zip(PEOPLE, who, strict=True)}
        cast = cls(distributor.id, msp.id, found)
        db.session.commit()
        return cast


@dataclass
class Seen:
    """What the database says: facts by cycle and by SKU, and the ids by which the service knows them."""

    reports: dict[date, dict[str, Any]] = field(default_factory=dict)
    lines: dict[date, dict[str, dict[str, Any]]] = field(default_factory=dict)
    ids: dict[date, int] = field(default_factory=dict)
    uids: dict[date, dict[str, UUID]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


class Stage:
    """One account; `agreed` are its terms, `prices` its products'."""

    def __init__(self, cast: Cast, agreed: dict[str, Any], prices: Mapping[str, Decimal], by_hand: set[str]) -> None:
        self.cast, self.seen = cast, Seen()
        distributor, msp = (db.session.get_one(Organization, each) for each in (cast.distributor, cast.msp))
        self.account: Account = account(distributor, msp, **agreed)
        self.customer = customer(self.account)
        self.products: dict[str, Product] = {
            sku: product(distributor, sku, str(price), usage_source="manual" if sku in by_hand else None)
            for sku, price in prices.items()
        }

    def deliver(self, cycle: date, given: dict[str, Usage], at: datetime, *, refresh: bool) -> None:
        """An import; `refresh`: of the cycle's open report, too. Commits."""
        rows = [
            (self.customer, self.products[sku], str(each.provisioned), None if each.used is None else str(each.used))
            for sku, each in given.items()
        ]
        snapshot(self.account, rows, cycle=Cycle.from_date(cycle), at=at)
        if refresh:
            usage.refresh(self.row(cycle), system(), at)
        db.session.commit()

    def change(self, **terms: Decimal | None) -> None:
        """Change terms of the account; commits."""
        for name, value in terms.items():
            setattr(self.account, name, value)
        db.session.commit()

    def charge(self, sku: str, price: Decimal, at: datetime) -> None:
        """Change a price; commits."""
        row = db.session.scalars(select(Price).filter_by(product_id=self.products[sku].id)).one()
        row.unit_price, row.updated_at = price, at
        db.session.commit()

    def row(self, cycle: date) -> ReportRow:
        """The report as it stands now, locked."""
        (row,) = queries.reports_for_update([self.seen.ids[cycle]])
        return row

    def acting(self, who: str, row: ReportRow) -> Acting:
        return acting(self.cast.people[who], row)

    def look(self) -> Seen:
        """What the database says now."""
        reports = {row.cycle: row for row in db.session.execute(select(REPORT))}
        cycles = {row.id: cycle for cycle, row in reports.items()}
        self.seen = Seen(
            {cycle: facts_of(row) for cycle, row in reports.items()},
            {cycle: {} for cycle in reports},
            {cycle: row.id for cycle, row in reports.items()},
            {cycle: {} for cycle in reports},
        )
        for row in db.session.execute(select(LINE)):
            cycle = cycles[row.report_id]
            self.seen.lines[cycle][row.sku] = line_facts(row)
            self.seen.uids[cycle][row.sku] = row.uid
        self.seen.broken = list(db.session.scalars(BROKEN))
        db.session.rollback()
        return self.seen


def strike(app: Flask) -> None:
    """Leave nothing of a life for the scheduler to find in the next."""
    db.session.rollback()
    db.session.expunge_all()
    with administration(app.config["SETTINGS"].database_url) as connection:
        empty(connection)
