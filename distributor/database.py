"""The one database handle, the base of all models and the column types they share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ARRAY, BigInteger, ColumnElement, DateTime, FetchedValue, Identity, Numeric, any_, literal, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SERVICE_ROLE = "distributor_service"


class Base(DeclarativeBase):
    """Tables are made by the migrations; the models only describe them."""


db = SQLAlchemy(model_class=Base)

Id = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
Ref = Annotated[int, mapped_column(BigInteger)]
Uid = Annotated[UUID, mapped_column(server_default=text("gen_random_uuid()"))]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Created = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=text("now()"))]
Units = Annotated[Decimal, mapped_column(Numeric(16, 4))]
Percent = Annotated[Decimal, mapped_column(Numeric(7, 4))]
UnitPrice = Annotated[Decimal, mapped_column(Numeric(18, 6))]
Money = Annotated[Decimal, mapped_column(Numeric)]
# Written by the database: generated columns and the totals that triggers keep.
Kept = Annotated[Decimal, mapped_column(Numeric, FetchedValue())]
KeptCount = Annotated[int, mapped_column(FetchedValue())]
KeptFlag = Annotated[bool, mapped_column(FetchedValue())]


class TenantColumns:
    """The keys every tenant row carries, so that one policy can guard each table."""

    account_id: Mapped[Ref]
    distributor_id: Mapped[Ref]
    msp_id: Mapped[Ref]


def one_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether `column` is one of `values`: they go over as one array, where IN would send thousands of parameters."""
    return column == any_(literal(list(values), ARRAY(column.type)))
