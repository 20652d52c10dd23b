"""Microsoft Partner Center's reconciliation file for new commerce: a row per charge of a subscription.

The layout is Microsoft's own ("Understand how to read new commerce invoice reconciliation files"); which
column means what here, and that the last quantity of a subscription counts, is told in
``docs/usage-files.md``.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from distributor.provisioning.formats.hints import note_product
from distributor.provisioning.formats.shapes import (
    LONGEST_NAME,
    LONGEST_REF,
    LONGEST_SKU,
    LONGEST_UNIT,
    Period,
    ProductHint,
    RefusedRow,
    SubscriptionRow,
    UnreadableFile,
    UsageFile,
)
from distributor.provisioning.formats.subscriptions import overlaps
from distributor.provisioning.formats.tables import RowReader, Table, listed
from distributor.provisioning.formats.values import is_blank, shown
from workflows.words import words

REQUIRED = (
    "CustomerId",
    "CustomerName",
    "ProductId",
    "SkuId",
    "SubscriptionId",
    "ChargeType",
    "ChargeStartDate",
    "ChargeEndDate",
    "Quantity",
    "Currency",
)
OPTIONAL = (
    "BillableQuantity",
    "EffectiveUnitPrice",
    "MeterDescription",
    "PricingCurrency",
    "ProductName",
    "PublisherName",
    "SkuName",
    "UnitType",
)
LENGTH_OF_SKU_ID, LENGTH_OF_CURRENCY = 4, 3
# Credits are money that goes back; the units stand in the charge beside them.
CREDIT = "credit"
CANCEL = "cancel"


def matches(header: Sequence[str]) -> bool:
    """Is this the header of Microsoft's file?"""
    return {_plain(name) for name in REQUIRED} <= {_plain(name) for name in header}


def read_rows(table: Table, file: UsageFile, period: Period) -> None:
    """Add the table's charges to ``file``. Raises UnreadableFile when none of them touches the cycle."""
    reader = RowReader(_columns(table.header), file.refused, table.decimal_comma)
    width = len(table.header)
    for number, cells in table.rows:
        reader.turn_to(number, cells)
        if reader.fits(width):
            _take(reader, file)
    _check_cycle(file, period)


def _plain(name: str) -> str:
    # Exports by program write customer_id, the portal CustomerId.
    return name.casefold().replace("_", "")


def _columns(header: Sequence[str]) -> dict[str, int]:
    names = [_plain(name) for name in header]
    known = [name for name in REQUIRED + OPTIONAL if _plain(name) in names]
    twice = [name for name in known if names.count(_plain(name)) > 1]
    if twice:
        raise UnreadableFile(
            words("The header names %(columns)s twice. Leave each column once.", columns=listed(twice))
        )
    return {name: names.index(_plain(name)) for name in known}


def _take(reader: RowReader, file: UsageFile) -> None:
    charge_type = reader.text("ChargeType", LONGEST_UNIT)
    if _is_credit(reader, charge_type):
        reason = words("%(charge)s is a credit: it says nothing about units", charge=shown(charge_type))
        file.skipped.append(RefusedRow(reader.number, "ChargeType", reason))
        return
    currency = reader.text("Currency", LENGTH_OF_CURRENCY).upper()
    row = _charge(reader, charge_type, currency)
    if row is not None and row.product is not None:
        file.subscriptions.append(row)
        file.currencies.setdefault(currency, row.row)
        note_product(file.products, row.product, row.quantity)


def _is_credit(reader: RowReader, charge_type: str) -> bool:
    # A cancellation pays back too, but it does tell of units: that they are gone.
    negative = str(reader.cell(_quantity_field(reader))).strip().startswith("-")
    return not _is_cancelled(charge_type) and (CREDIT in charge_type.casefold() or negative)


def _is_cancelled(charge_type: str) -> bool:
    return CANCEL in charge_type.casefold()


def _quantity_field(reader: RowReader) -> str:
    return "Quantity" if is_blank(reader.cell("BillableQuantity")) else "BillableQuantity"


def _charge(reader: RowReader, charge_type: str, currency: str) -> SubscriptionRow | None:
    _refuse_metered(reader)
    cancelled = _is_cancelled(charge_type)
    subscription = reader.text("SubscriptionId", LONGEST_REF)
    ref = reader.text("CustomerId", LONGEST_REF)
    name = reader.text("CustomerName", LONGEST_NAME, required=False)
    sku = _sku(reader)
    quantity = reader.number_in(_quantity_field(reader), exponent=True, drop_sign=cancelled)
    start, end = _period(reader)
    # A cancellation's price may be what is paid back.
    hint = _hint(reader, sku, currency, priced=not cancelled)
    if not reader.ok or quantity is None or start is None or end is None:
        return None
    return SubscriptionRow(
        reader.number, subscription, ref, name, sku, quantity, start, end, charge_type, cancelled, hint
    )


def _refuse_metered(reader: RowReader) -> None:
    if reader.text("MeterDescription", 1000, required=False):
        reason = words("this is metered use, which is not counted by subscription; leave the row out")
        reader.refuse("MeterDescription", reason)


def _sku(reader: RowReader) -> str:
    product_id, sku_id = reader.text("ProductId", LONGEST_SKU - 5), reader.text("SkuId", LONGEST_SKU)
    if sku_id and len(sku_id) != LENGTH_OF_SKU_ID:
        why = words(
            "%(given)s does not have four characters; a spreadsheet drops leading zeros: "
            "import the file as it was downloaded",
            given=shown(sku_id),
        )
        reader.refuse("SkuId", why)
    return f"{product_id}:{sku_id}"


def _period(reader: RowReader) -> tuple[date | None, date | None]:
    start, end = reader.instant("ChargeStartDate"), reader.instant("ChargeEndDate")
    if start and end and end < start:
        reader.refuse("ChargeEndDate", words("is before %(field)s", field="ChargeStartDate"))
    return start.date() if start else None, _day_after(end) if end else None


def _day_after(end: datetime) -> date:
    """The first day no longer charged: some files end at midnight, some a second before."""
    return end.date() if end == end.replace(hour=0, minute=0, second=0) else end.date() + timedelta(days=1)


def _hint(reader: RowReader, sku: str, currency: str, *, priced: bool) -> ProductHint:
    name = reader.text("SkuName", LONGEST_NAME, required=False)
    price = _price(reader, currency) if priced else None
    return ProductHint(
        sku,
        name=name or reader.text("ProductName", LONGEST_NAME, required=False) or sku,
        vendor=reader.text("PublisherName", LONGEST_NAME, required=False) or None,
        unit=reader.text("UnitType", LONGEST_UNIT, required=False) or None,
        price=price,
        currency=currency if price is not None else None,
    )


def _price(reader: RowReader, currency: str) -> Decimal | None:
    # EffectiveUnitPrice is in the pricing currency; converted to another it would not be the price list's.
    pricing = reader.text("PricingCurrency", LENGTH_OF_CURRENCY, required=False).upper()
    price = reader.number_in("EffectiveUnitPrice", exponent=True, required=False)
    return price if pricing in {"", currency} else None


def _check_cycle(file: UsageFile, period: Period) -> None:
    rows = file.subscriptions
    if rows and not any(overlaps(row, period.starts_on, period.ends_on) for row in rows):
        first, last = min(row.charge_start for row in rows), max(row.charge_end for row in rows)
        raise UnreadableFile(
            words(
                "No charge of this file falls into %(period)s; they run from %(first)s to %(last)s. "
                "Import it into the cycle it was invoiced for.",
                period=period.in_words(),
                first=first,
                last=last,
            )
        )
