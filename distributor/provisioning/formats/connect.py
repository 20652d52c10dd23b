"""CloudBlue Connect's usage file: a workbook with the sheets "records" and "categories".

A record is so much of one item used by one asset between two times; several records of one customer and
product add up. The file tells neither names of customers nor a currency.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from distributor.provisioning.formats.hints import note_product
from distributor.provisioning.formats.shapes import (
    LONGEST_NAME,
    LONGEST_REF,
    LONGEST_SKU,
    LONGEST_UNIT,
    Period,
    ProductHint,
    UnreadableFile,
    UsageFile,
    UsageRow,
)
from distributor.provisioning.formats.tables import RowReader, Table, listed
from distributor.provisioning.formats.values import shown
from workflows.words import words

SHEET = "records"
REQUIRED = ("item_search_value", "quantity", "start_time_utc", "end_time_utc", "asset_search_value")
OPTIONAL = (
    "record_id",
    "item_search_criteria",
    "item_name",
    "item_unit",
    "item_mpn",
    "item_precision",
    "v.customer_id",
)
BY_MPN = "item.mpn"

# ProductId:SkuId:AvailabilityId of Microsoft's new commerce; its own file knows the first two parts.
_NEW_COMMERCE = re.compile(r"([A-Z0-9]{12}:[A-Z0-9]{4}):[A-Z0-9]{12}")
_PRECISION = re.compile(r"(?:decimal\(([0-9])\)|integer)", re.IGNORECASE)


def matches(header: Sequence[str]) -> bool:
    """Is this the header of Connect's sheet of records?"""
    return set(REQUIRED) <= {name.casefold() for name in header}


def read_rows(table: Table, file: UsageFile, period: Period) -> None:
    """Add the table's records to ``file``, summed up. Raises UnreadableFile for a doubled column."""
    reader = RowReader(_columns(table.header), file.refused)
    width, records = len(table.header), _Records(file, period)
    for number, cells in table.rows:
        reader.turn_to(number, cells)
        if reader.fits(width):
            records.take(reader)
    file.rows = list(records.sums.values())


def sku_alias(sku: str) -> str | None:
    """The SKU in Microsoft's file of a three-part new-commerce id; None for anything else."""
    match = _NEW_COMMERCE.fullmatch(sku)
    return match[1] if match else None


def _columns(header: Sequence[str]) -> dict[str, int]:
    names = [name.casefold() for name in header]
    known = [name for name in REQUIRED + OPTIONAL if name in names]
    twice = [name for name in known if names.count(name) > 1]
    if twice:
        raise UnreadableFile(
            words("The header names %(columns)s twice. Leave each column once.", columns=listed(twice))
        )
    return {name: names.index(name) for name in known}


class _Records:
    """The records so far: their ids, which may not come twice, and the units they add up to."""

    def __init__(self, file: UsageFile, period: Period) -> None:
        self.file, self.period = file, period
        self.ids: dict[str, int] = {}
        self.sums: dict[tuple[str, str], UsageRow] = {}

    def take(self, reader: RowReader) -> None:
        self._check_id(reader)
        self._check_period(reader)
        sku, ref = _sku(reader), _customer(reader)
        quantity = reader.number_in("quantity")
        hint = _hint(reader, sku)
        if reader.ok and quantity is not None:
            note_product(self.file.products, hint, quantity)
            self._add(UsageRow(reader.number, ref, "", sku, quantity, sku_alias=sku_alias(sku)))

    def _add(self, row: UsageRow) -> None:
        # One product may be sold under several availabilities: they are one product here.
        key = row.customer_ref, row.sku_alias or row.sku
        known = self.sums.get(key)
        total = row.provisioned_units + known.provisioned_units if known else row.provisioned_units
        self.sums[key] = replace(known or row, provisioned_units=total)

    def _check_id(self, reader: RowReader) -> None:
        record = reader.text("record_id", LONGEST_NAME, required=False)
        first = self.ids.setdefault(record, reader.number)
        if record and first != reader.number:
            why = words(
                "%(record)s is in row %(row)s too; the same record would count twice", record=shown(record), row=first
            )
            reader.refuse("record_id", why)

    def _check_period(self, reader: RowReader) -> None:
        start, end = reader.instant("start_time_utc"), reader.instant("end_time_utc")
        if start is None or end is None:
            return
        if end < start:
            reader.refuse("end_time_utc", words("is before %(field)s", field="start_time_utc"))
        elif end.date() < self.period.starts_on or start.date() > self.period.ends_on:
            reader.refuse(
                "start_time_utc", words("the record lies outside of %(period)s", period=self.period.in_words())
            )


def _sku(reader: RowReader) -> str:
    criterion = reader.text("item_search_criteria", LONGEST_NAME, required=False)
    mpn = reader.text("item_mpn", LONGEST_SKU, required=False)
    # Searched by Connect's own number of the item, only item_mpn names the product.
    if mpn and criterion not in {"", BY_MPN}:
        return mpn
    return reader.text("item_search_value", LONGEST_SKU)


def _customer(reader: RowReader) -> str:
    customer = reader.text("v.customer_id", LONGEST_REF, required=False)
    return customer or reader.text("asset_search_value", LONGEST_REF)


def _hint(reader: RowReader, sku: str) -> ProductHint:
    name = reader.text("item_name", LONGEST_NAME, required=False).removeprefix(sku).strip()
    unit = reader.text("item_unit", LONGEST_UNIT, required=False)
    return ProductHint(sku, name=name or sku, unit=unit.casefold() or None, precision=_precision(reader))


def _precision(reader: RowReader) -> int:
    text = reader.text("item_precision", LONGEST_UNIT, required=False)
    match = _PRECISION.fullmatch(text)
    if text and match is None:
        reader.refuse(
            "item_precision", words("%(given)s is not Integer or Decimal(1) to Decimal(9)", given=shown(text))
        )
    return int(match[1] or 0) if match else 0
