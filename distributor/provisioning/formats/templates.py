"""The files to download and fill in: our own layout, empty."""

import io
from collections.abc import Callable

import xlsxwriter

from distributor.provisioning.formats.own_layout import COLUMNS
from workflows.words import words

EXPLAINED = (
    (
        "customer_ref",
        words("The customer's number or name in the provisioning system, always written the same way."),
    ),
    (
        "customer_name",
        words("The customer's name for people. Leave both blank where the account reports totals only."),
    ),
    ("sku", words("The product's SKU, as in the catalogue.")),
    ("provisioned_units", words("What the provisioning system says the customer holds in the cycle.")),
    ("used_units", words("What the product reports as in use. Leave blank where that is not known.")),
)
WIDTHS = (24, 36, 24, 18, 18)
TEXT_COLUMNS = 3
# The number under which workbooks know the format “Text”.
TEXT_FORMAT = 49


def csv_template() -> bytes:
    """Our layout as CSV with a header only; UTF-8 with the mark by which Excel knows it."""
    return (",".join(COLUMNS) + "\r\n").encode("utf-8-sig")


def xlsx_template(say: Callable[[str], str] = str) -> bytes:
    """Our layout as a workbook with a header only, and a second sheet that explains the columns; `say` translates."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as workbook:
        bold = workbook.add_format({"bold": True, "bottom": 1})
        # As text, so that a spreadsheet keeps leading zeros and does not make dates of SKUs.
        text = workbook.add_format({"num_format": TEXT_FORMAT})
        usage, notes = workbook.add_worksheet("usage"), workbook.add_worksheet("columns")
        for place, (name, width) in enumerate(zip(COLUMNS, WIDTHS, strict=True)):
            usage.set_column(place, place, width, text if place < TEXT_COLUMNS else None)
            usage.write_string(0, place, name, bold)
        usage.freeze_panes(1, 0)
        notes.set_column(0, 1, 80)
        for row, (name, meaning) in enumerate(EXPLAINED):
            notes.write_row(row, 0, (name, say(meaning)))
    return target.getvalue()
