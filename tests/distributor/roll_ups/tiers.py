"""Three tiers: a distributor, Kestrel in the middle, and Kestrel's own partners, with reports of one cycle each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from distributor.accounts.models import Account
from distributor.catalogue.models import Price, Product
from distributor.database import db
from distributor.identity.acting import Acting, CurrentMember, acting, system
from distributor.identity.models import Organization
from distributor.usage_reports import queries
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.operations.opening import open_reports, opening_of
from distributor.usage_reports.operations.roll_up_plans import Plan, plan_of
from distributor.usage_reports.operations.rolling_up import roll_up
from distributor.usage_reports.queries import ACCOUNT, LineRow, ReportRow
from tests.factories import CYCLE, OPENED_AT, account, customer, member, organization, product, usage
from workflows.report_cycle import Cycle
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)


@dataclass(frozen=True)
class Partner:
    """A partner of Kestrel's: its organization, account, preparer, and report of the cycle."""

    organization: Organization
    account: Account
    preparer: CurrentMember
    report: ReportRow


class Tiers:
    """`above` is the report that Kestrel owes; each partner that is added has its own, with the figures given."""

    def __init__(self, **terms: Any) -> None:
        self.distributor = organization("Meridian Cloud Distribution", is_distributor=True)
        self.middle = organization("Kestrel IT Services", is_distributor=True)
        self.reviewer = member(self.distributor, Role.REVIEWER)
        self.kestrel = member(self.middle, Role.PREPARER, Role.REVIEWER)
        self.account = account(self.distributor, self.middle, **{"usage_source": "manual", **terms})
        self.above = self.open(self.account)

    def sell(self, sku: str, price: str | None = "2.00", **fields: Any) -> Product:
        """A product in both catalogues; the one above, at `price`. Kestrel asks for more."""
        below = product(self.middle, sku, "3.50", **fields)
        dollars = Price(product_id=below.id, distributor_id=self.middle.id, currency="USD", unit_price=Decimal("3.90"))
        db.session.add(dollars)
        return product(self.distributor, sku, price, **fields)

    def below(self, sku: str) -> Product:
        """The product in Kestrel's own catalogue."""
        return db.session.scalars(select(Product).filter_by(distributor_id=self.middle.id, sku=sku)).one()

    def partner(self, name: str, number: str, *lines: tuple[str, str], **terms: Any) -> Partner:
        """A partner whose report holds, for two end customers each, half of the units of (SKU, units)."""
        who = organization(name)
        held = account(self.middle, who, number=number, **terms)
        customers = [customer(held, f"{name} end customer {one}") for one in ("one", "two")]
        rows = [
            (one, self.below(sku), str(float(units) / 2).removesuffix(".0"), None)
            for sku, units in lines
            for one in customers
        ]
        usage(held, rows)
        return Partner(who, held, member(who, Role.PREPARER), self.open(held))

    def open(self, of: Account, cycle: Cycle = CYCLE, at: datetime = OPENED_AT) -> ReportRow:
        row = db.session.execute(select(ACCOUNT).where(ACCOUNT.c.id == of.id)).one()
        (report_id,) = open_reports([opening_of(row, cycle, at)], system(), at)
        return self.now(report_id)

    def now(self, report: ReportRow | int) -> ReportRow:
        (row,) = queries.reports_for_update([report if isinstance(report, int) else report.id])
        return row

    def approve(self, *partners: Partner, at: datetime = AT) -> None:
        for one in partners:
            steps.submit(self.now(one.report), acting(one.preparer, one.report), at)
            steps.approve(self.now(one.report), acting(self.kestrel, one.report), at)

    def reopen(self, partner: Partner, at: datetime = AT) -> None:
        steps.reopen(self.now(partner.report), acting(self.kestrel, partner.report), at, reason="A trial ended.")

    def correct(self, partner: Partner, sku: str, units: str, at: datetime = AT) -> None:
        """The partner's report comes back, one line of the product gets other units, and it is approved again."""
        self.reopen(partner, at)
        line = next(line for line in queries.lines(partner.report.id) if line.sku == sku)
        draft = LineDraft(line.uid, chargeable_units=units, comment="Counted again.")
        drafts.save_lines(self.now(partner.report), [draft], acting(partner.preparer, partner.report), at)
        self.approve(partner, at=at)

    @property
    def me(self) -> Acting:
        return acting(self.kestrel, self.above)

    def plan(self) -> Plan:
        return plan_of(self.now(self.above))

    def roll_up(self, at: datetime = AT, **given: Any) -> int:
        """Roll up what there is; returns how many lines changed."""
        return roll_up(self.now(self.above), self.plan().digest, self.me, at, **given).lines

    def lines(self) -> dict[tuple[str, str], LineRow]:
        """Lines of the report above by the customer's reference and SKU."""
        return {(line.customer_ref, line.sku): line for line in queries.lines(self.above.id)}

    def as_viewer(self) -> CurrentMember:
        return replace(self.kestrel, roles=frozenset({Role.VIEWER}))
