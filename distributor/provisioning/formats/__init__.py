"""Usage files: from bytes to rows, without a database and without a clock.

``read_usage`` finds out what a file is by what is in it; ``shapes`` says what comes out;
``effective_usage`` works out what Microsoft's charges mean for one cycle; ``templates`` makes the files to
download.
"""

from distributor.provisioning.formats.reading import read_usage
from distributor.provisioning.formats.shapes import (
    COMMAND_LIMITS,
    FORMATS,
    HTTP_LIMITS,
    MICROSOFT,
    SOURCE_TAKEN,
    Format,
    Limits,
    ProductHint,
    RefusedRow,
    SubscriptionRow,
    UnreadableFile,
    UsageFile,
    UsageRow,
)
from distributor.provisioning.formats.subscriptions import effective_usage
from distributor.provisioning.formats.templates import csv_template, xlsx_template

__all__ = [
    "COMMAND_LIMITS",
    "FORMATS",
    "HTTP_LIMITS",
    "MICROSOFT",
    "SOURCE_TAKEN",
    "Format",
    "Limits",
    "ProductHint",
    "RefusedRow",
    "SubscriptionRow",
    "UnreadableFile",
    "UsageFile",
    "UsageRow",
    "csv_template",
    "effective_usage",
    "read_usage",
    "xlsx_template",
]
