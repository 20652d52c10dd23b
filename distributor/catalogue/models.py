"""Products and prices of a distributor, customers of an account."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Numeric, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Created, Id, TenantColumns, Uid


class Product(Base):
    """A catalogue item. `usage_source` overrules the account's when set; `precision` is its number of decimals."""

    __tablename__ = "products"

    id: Mapped[Id]
    uid: Mapped[Uid]
    distributor_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organizations.id"))
    sku: Mapped[str] = mapped_column(Text)
    vendor: Mapped[str] = mapped_column(Text, default="")
    name: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text, default="seat")
    precision: Mapped[int] = mapped_column(SmallInteger, default=0)
    usage_source: Mapped[str | None] = mapped_column(Text)
    reports_used_units: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Created]


class Price(Base):
    """Price of one unit in one currency; reports copy it when they open."""

    __tablename__ = "prices"

    product_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    distributor_id: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    unit_price: Mapped[Decimal] = mapped_column(Numeric(18, 6))
    updated_at: Mapped[Created]


class Customer(TenantColumns, Base):
    """An end customer of the MSP on one account; `ref` is its name in the provisioning system."""

    __tablename__ = "customers"

    id: Mapped[Id]
    uid: Mapped[Uid]
    ref: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Created]
