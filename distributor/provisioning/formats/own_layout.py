"""Our own layout: a row per customer and product with its units. CSV, workbook and JSON share these rules."""

from collections.abc import Sequence
from decimal import Decimal

from distributor.provisioning.formats.shapes import (
    LONGEST_NAME,
    LONGEST_REF,
    LONGEST_SKU,
    ProductHint,
    UnreadableFile,
    UsageFile,
    UsageRow,
)
from distributor.provisioning.formats.tables import RowReader, Table, listed
from workflows.words import words

REQUIRED = ("customer_ref", "customer_name", "sku", "provisioned_units")
OPTIONAL = ("used_units",)
COLUMNS = REQUIRED + OPTIONAL


def matches(header: Sequence[str]) -> bool:
    """Is this the header of our layout?"""
    return set(REQUIRED) <= {name.casefold() for name in header}


def read_rows(table: Table, file: UsageFile) -> None:
    """Add the table's rows to ``file``. Raises UnreadableFile for a doubled or unknown column."""
    reader = RowReader(_columns(table.header), file.refused, table.decimal_comma)
    width, layout = len(table.header), _Rows(file)
    for number, cells in table.rows:
        reader.turn_to(number, cells)
        if reader.fits(width):
            layout.take(reader)
    file.products = layout.products()


def _columns(header: Sequence[str]) -> dict[str, int]:
    names = [name.casefold() for name in header]
    if len(set(names)) < len(names):
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        raise UnreadableFile(
            words("The header names %(columns)s twice. Leave each column once.", columns=listed(twice))
        )
    unknown = [name for name in header if name.casefold() not in COLUMNS]
    if unknown:
        raise UnreadableFile(
            words(
                "The header has unknown columns: %(unknown)s. This layout has %(known)s.",
                unknown=listed(unknown),
                known=", ".join(COLUMNS),
            )
        )
    return {name: place for place, name in enumerate(names)}


class _Rows:
    """What has been seen so far, so that no customer and product stands twice."""

    def __init__(self, file: UsageFile) -> None:
        self.file = file
        self.seen: dict[tuple[str, str], int] = {}
        self.names: dict[str, tuple[str, int]] = {}
        self.decimals: dict[str, int] = {}

    def take(self, reader: RowReader) -> None:
        ref, name = _customer(reader)
        sku = reader.text("sku", LONGEST_SKU)
        provisioned = reader.number_in("provisioned_units")
        used = reader.number_in("used_units", required=False)
        if not reader.ok or provisioned is None or not self._is_new(reader, ref, name, sku):
            return
        self.file.rows.append(UsageRow(reader.number, ref, name, sku, provisioned, used))
        self.decimals[sku] = max(self.decimals.get(sku, 0), decimals_of(provisioned), decimals_of(used))

    def products(self) -> dict[str, ProductHint]:
        return {sku: ProductHint(sku, name=sku, precision=places) for sku, places in self.decimals.items()}

    def _is_new(self, reader: RowReader, ref: str, name: str, sku: str) -> bool:
        first = self.seen.setdefault((ref, sku), reader.number)
        if first != reader.number:
            why = words("the same customer and product as row %(row)s; write their units into one row", row=first)
            reader.refuse("sku", why)
        known_name, known_row = self.names.setdefault(ref, (name, reader.number))
        if known_name != name:
            why = words("row %(row)s gives this customer_ref another name", row=known_row)
            reader.refuse("customer_name", why)
        return reader.ok


def decimals_of(value: Decimal | None) -> int:
    """How many decimals a written-out number has; 0 for none."""
    return len(str(value).partition(".")[2]) if value is not None else 0


def _customer(reader: RowReader) -> tuple[str, str]:
    ref = reader.text("customer_ref", LONGEST_REF, required=False)
    name = reader.text("customer_name", LONGEST_NAME, required=False)
    # Both blank is how an account that reports totals only says "all customers".
    if reader.ok and bool(ref) != bool(name):
        blank = "customer_name" if ref else "customer_ref"
        reader.refuse(blank, words("is blank; give both, or neither where the account reports totals only"))
    return ref, name
