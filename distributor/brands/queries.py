"""How a distributor's mails look, the plain looks of one that set nothing, and what its samples are made of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, func, select

from distributor.brands.models import Brand
from distributor.database import db
from distributor.identity.models import Organization
from distributor.usage_reports.queries import LINE, REPORT, reports

# Among so many of the newest reports one with a difference is looked for: it has more to show.
LOOKED_AT = 50
SAMPLE_LINES = 2
PLAIN_COLOUR = "#2456d3"


@dataclass(frozen=True, slots=True)
class Look:
    """What a mail shows of whoever sends it. `logo` is None where the name stands instead."""

    name: str
    colour: str = PLAIN_COLOUR
    footer: str = ""
    reply_to: str | None = None
    logo: bytes | None = None
    logo_type: str | None = None


def look_of(organization_id: int) -> Look | None:
    """A distributor's looks: its own or, where it set none, its name on plain colours. None for other companies."""
    query = (
        select(Organization.name.label("organization_name"), *Brand.__table__.c)
        .outerjoin(Brand, Brand.distributor_id == Organization.id)
        .where(Organization.id == organization_id, Organization.is_distributor)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    if row.distributor_id is None:
        return Look(row.organization_name)
    return Look(row.name, row.colour, row.footer, row.reply_to, row.logo, row.logo_type)


@dataclass(frozen=True, slots=True)
class SampleLine:
    """A line to show in a sample, with a difference."""

    customer: str | None
    product: str
    provisioned: Decimal
    charged: Decimal
    price: Decimal

    @property
    def shortfall(self) -> Decimal:
        """What the difference costs."""
        return (self.provisioned - self.charged) * self.price


def newest_report(distributor_id: int) -> Row[Any] | None:
    """The distributor's newest report that has lines, one with a discrepancy before others; None without any."""
    newest = (
        select(REPORT.c.id, REPORT.c.line_count, REPORT.c.discrepancies)
        .where(REPORT.c.distributor_id == distributor_id)
        .order_by(REPORT.c.id.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    best = (
        select(newest.c.id)
        .where(newest.c.line_count > 0)
        .order_by((newest.c.discrepancies > 0).desc(), newest.c.id.desc())
    )
    return db.session.execute(reports().where(REPORT.c.id == best.limit(1).scalar_subquery())).one_or_none()


def sample_lines(report_id: int) -> list[SampleLine]:
    """The lines with the largest differences; one that agrees is shown as if a tenth were missing."""
    known = func.coalesce(LINE.c.provisioned_units, LINE.c.chargeable_units, 10)
    query = (
        select(LINE.c.customer_name, LINE.c.product_name, LINE.c.chargeable_units, known.label("known"))
        .add_columns(func.coalesce(LINE.c.unit_price, 1).label("price"))
        .where(LINE.c.report_id == report_id)
        .order_by(LINE.c.discrepancy.desc(), LINE.c.at_risk.desc(), LINE.c.id)
        .limit(SAMPLE_LINES)
    )
    return [_sample_line(row) for row in db.session.execute(query)]


def _sample_line(row: Row[Any]) -> SampleLine:
    charged = row.chargeable_units
    if charged is None or charged >= row.known:
        charged = max(row.known - max(row.known // 10, Decimal(1)), Decimal(0))
    return SampleLine(row.customer_name, row.product_name, row.known, charged, row.price)
