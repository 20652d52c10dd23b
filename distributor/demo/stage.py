"""The rows a year starts from: organizations, people, catalogue, accounts, customers, and the usage of every cycle."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, text

from distributor.accounts.models import Account, ReportingScope
from distributor.catalogue.models import Customer, Price, Product
from distributor.database import db
from distributor.demo.catalogue import ITEMS, RATES
from distributor.demo.course import Report, course
from distributor.demo.figures import CYCLES, Counted, year
from distributor.demo.kestrel import figures as kestrel_figures
from distributor.demo.names import slug
from distributor.demo.partners import DISTRIBUTOR, PARTNERS, SCOPES, Now, Partner, reports_usage
from distributor.demo.people import Person, people
from distributor.identity.models import Member, Organization, User
from distributor.usage_reports.operations.opening import next_opening


@dataclass(slots=True)
class Stage:
    """What was made, by the names the plan uses: accounts by number, people by e-mail address."""

    distributor_id: int
    accounts: dict[str, Account] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    products: dict[str, int] = field(default_factory=dict)
    customers: dict[tuple[int, str], int] = field(default_factory=dict)


def set_up(reports: Sequence[Report], at: datetime, password_hash: str) -> Stage:
    """Make everything the reports need before the first of them opens."""
    began = reports[0].opened_at - timedelta(days=30)
    organizations = _organizations(began)
    stage = Stage(organizations[DISTRIBUTOR].id)
    _people(stage, organizations, password_hash, began)
    _catalogue(stage, began)
    _accounts(stage, organizations, at)
    _customers(stage, reports)
    _usage(stage, reports)
    return stage


def reports_of(partner: Partner, at: datetime) -> list[Report]:
    """Every report the partner will have by `at`, the newest first."""
    lines = lines_of(partner)
    planned = course(partner, at)
    return [planned.report(partner, back, lines[back]) for back in range(CYCLES)]


def lines_of(partner: Partner) -> list[list[Counted]]:
    """What was counted in each cycle, the newest first; nothing where the feed has not come."""
    if partner.now is Now.KESTREL:
        return [kestrel_figures(back) for back in range(CYCLES)]
    counted = year(partner)
    return counted if partner.feed else [[], *counted[1:]]


def _organizations(began: datetime) -> dict[str, Organization]:
    rows = [Organization(name=DISTRIBUTOR, is_distributor=True, created_at=began)]
    rows += [Organization(name=partner.name, created_at=began) for partner in PARTNERS]
    db.session.add_all(rows)
    db.session.flush()
    return {row.name: row for row in rows}


def _people(stage: Stage, organizations: Mapping[str, Organization], password_hash: str, began: datetime) -> None:
    """Everybody has the same password, so it is hashed once."""
    everybody: list[Person] = people()
    stage.users = {
        one.email: User(email=one.email, name=one.name, password_hash=password_hash, created_at=began)
        for one in everybody
    }
    db.session.add_all(stage.users.values())
    db.session.flush()
    for one in everybody:
        organization, user = organizations[one.organization], stage.users[one.email]
        db.session.add(
            Member(organization_id=organization.id, user_id=user.id, roles=list(one.roles), created_at=began)
        )
    db.session.flush()


def _catalogue(stage: Stage, began: datetime) -> None:
    """Prices are as old as the story: one that is changed later is still what its open reports began with."""
    rows = {
        item.sku: Product(
            distributor_id=stage.distributor_id, sku=item.sku, vendor=item.vendor, name=item.name, unit=item.unit,
            precision=item.precision, usage_source="manual" if item.manual else None,
            reports_used_units=item.reports_used,
        )
        for item in ITEMS.values()
    }  # fmt: skip
    db.session.add_all(rows.values())
    db.session.flush()
    stage.products = {sku: row.id for sku, row in rows.items()}
    prices = [
        {"product_id": stage.products[item.sku], "distributor_id": stage.distributor_id, "currency": currency,
         "unit_price": item.price(currency), "updated_at": began}
        for item in ITEMS.values() for currency in RATES if item.price(currency) is not None
    ]  # fmt: skip
    db.session.execute(insert(Price), prices)


def _accounts(stage: Stage, organizations: Mapping[str, Organization], at: datetime) -> None:
    for (region, kind), reports in SCOPES.items():
        scope = ReportingScope(
            distributor_id=stage.distributor_id, region=region, account_type=kind, usage_reports=reports
        )
        db.session.add(scope)
    db.session.flush()
    for partner in PARTNERS:
        stage.accounts[partner.account] = _account(stage, organizations[partner.name].id, partner, at)
    db.session.add_all(stage.accounts.values())
    db.session.flush()


def _account(stage: Stage, msp_id: int, partner: Partner, at: datetime) -> Account:
    """An account that starts a year ago, or, where there are no usage reports, that only has its next opening day."""
    planned = course(partner, at)
    first = planned.cycles[-1] if reports_usage(partner) else planned.cycles[0].next()
    row = Account(
        number=partner.account, distributor_id=stage.distributor_id, msp_id=msp_id, **planned.terms,
        reports_from=planned.cycles[-1].first_day, next_cycle=first.first_day,
        created_at=planned.opened_at[-1] - timedelta(days=30),
    )  # fmt: skip
    row.next_opens_at = next_opening(row, first)
    return row


def _customers(stage: Stage, reports: Iterable[Report]) -> None:
    named: dict[tuple[str, str], dict[str, Any]] = {}
    for report in reports:
        account = stage.accounts[report.partner.account]
        for name in {line.customer for line in report.lines if line.customer}:
            named[account.number, name] = {**_keys(account), "ref": slug(name), "name": name}
    rows = db.session.execute(
        insert(Customer).returning(Customer.id, Customer.account_id, Customer.ref), list(named.values())
    )
    stage.customers = {(row.account_id, row.ref): row.id for row in rows}


def _keys(account: Account) -> dict[str, int]:
    return {"account_id": account.id, "distributor_id": account.distributor_id, "msp_id": account.msp_id}


SNAPSHOTS = text("""
INSERT INTO usage_snapshots (account_id, distributor_id, msp_id, cycle, source, format, file_name, digest, row_count,
  counted_at, imported_at, imported_by)
SELECT a.id, a.distributor_id, a.msp_id, s.cycle, 'feed', 'csv', 'usage-' || to_char(s.cycle, 'YYYY-MM') || '.csv',
  s.digest, s.row_count, s.counted_at, s.counted_at + interval '20 minutes', 'Provisioning feed'
FROM unnest(CAST(:accounts AS bigint[]), CAST(:cycles AS date[]), CAST(:digests AS bytea[]), CAST(:counts AS int[]),
            CAST(:counted AS timestamptz[])) AS s (account_id, cycle, digest, row_count, counted_at)
JOIN accounts a ON a.id = s.account_id
RETURNING id, account_id, cycle""")

ROWS = text("""
INSERT INTO usage_rows (snapshot_id, account_id, distributor_id, msp_id, customer_id, product_id, provisioned_units,
  used_units)
SELECT s.id, s.account_id, s.distributor_id, s.msp_id, u.customer_id, u.product_id, u.provisioned, u.used
FROM unnest(CAST(:snapshots AS bigint[]), CAST(:customers AS bigint[]), CAST(:products AS bigint[]),
            CAST(:provisioned AS numeric[]), CAST(:used AS numeric[]))
       AS u (snapshot_id, customer_id, product_id, provisioned, used)
JOIN usage_snapshots s ON s.id = u.snapshot_id""")


def _usage(stage: Stage, reports: Iterable[Report]) -> None:
    """What the provisioning system delivered the evening before each report opened."""
    fed = [(report, [line for line in report.lines if line.provisioned is not None]) for report in reports]
    delivered = {
        (stage.accounts[report.partner.account].id, report.cycle.first_day): (report, lines)
        for report, lines in fed if lines
    }  # fmt: skip
    snapshots = _snapshots(delivered)
    rows = [
        (snapshots[key], stage.customers[key[0], line.key[0]] if line.key[0] else None, stage.products[line.sku], line)
        for key, (_, lines) in delivered.items() for line in lines
    ]  # fmt: skip
    given = {
        "snapshots": [snapshot for snapshot, _, _, _ in rows],
        "customers": [customer for _, customer, _, _ in rows],
        "products": [product for _, _, product, _ in rows],
        "provisioned": [line.provisioned for _, _, _, line in rows],
        "used": [line.used for _, _, _, line in rows],
    }
    db.session.execute(ROWS, given)


Delivered = Mapping[tuple[int, date], tuple[Report, list[Counted]]]


def _snapshots(delivered: Delivered) -> dict[tuple[int, date], int]:
    given = {
        "accounts": [account for account, _ in delivered],
        "cycles": [cycle for _, cycle in delivered],
        "digests": [hashlib.sha256(repr(lines).encode()).digest() for _, lines in delivered.values()],
        "counts": [len(lines) for _, lines in delivered.values()],
        "counted": [report.opened_at - timedelta(hours=2) for report, _ in delivered.values()],
    }
    return {(row.account_id, row.cycle): row.id for row in db.session.execute(SNAPSHOTS, given)}
