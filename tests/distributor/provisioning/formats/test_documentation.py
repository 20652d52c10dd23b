"""The page about usage files: its examples are read, and it names what the readers look for."""

import re
from pathlib import Path

import pytest

from distributor.provisioning.formats import COMMAND_LIMITS, FORMATS, HTTP_LIMITS, microsoft
from tests.distributor.provisioning.formats.builders import read

PAGE = (Path(__file__).parents[4] / "docs" / "usage-files.md").read_text("utf-8")


@pytest.mark.parametrize(("language", "rows"), [("csv", 2), ("json", 1)])
def test_the_examples_are_read(language: str, rows: int) -> None:
    (example,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    usage = read(example.encode())
    assert (len(usage.rows), usage.refused) == (rows, [])


def test_every_format_and_the_limits_are_named() -> None:
    assert all(f"`{name}`" in PAGE for name in FORMATS)
    assert all(f"{limits.max_rows:,}" in PAGE for limits in (HTTP_LIMITS, COMMAND_LIMITS))


def test_the_columns_of_microsofts_file_that_count_are_named() -> None:
    assert all(f"`{name}`" in PAGE for name in microsoft.REQUIRED + microsoft.OPTIONAL)
