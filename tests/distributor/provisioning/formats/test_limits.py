"""How large a file may be."""

import io
import json

import pytest

from distributor.provisioning.formats import COMMAND_LIMITS, HTTP_LIMITS, Limits, UnreadableFile, read_usage
from tests.distributor.provisioning.formats.builders import APRIL, HEADER, csv_file, read, refusal, workbook
from workflows.report_cycle import bounds


def lines(count: int) -> list[str]:
    """Lines of so many customers."""
    return [f"C{number},Acme {number},EX-1,{number % 50}," for number in range(count)]


def rows(count: int) -> list[tuple[object, ...]]:
    """The same for a workbook."""
    return [(f"C{number}", f"Acme {number}", "EX-1", number % 50, "") for number in range(count)]


def test_twenty_thousand_rows_are_read() -> None:
    assert len(read(csv_file(*lines(20_000))).rows) == 20_000


def test_one_row_more_is_refused() -> None:
    assert "20,001 rows; at most 20,000" in refusal(csv_file(*lines(20_001)))
    assert "20,500 rows; at most 20,000" in refusal(csv_file(*lines(20_500)))


def test_one_row_more_in_a_workbook_is_refused() -> None:
    assert "20,001 rows; at most 20,000" in refusal(workbook(*rows(20_001)))


def test_one_line_more_in_json_is_refused() -> None:
    assert "20,001 rows; at most 20,000" in refusal(json.dumps({"lines": [{}] * 20_001}).encode())


def test_blank_lines_are_no_rows() -> None:
    assert len(read(csv_file(*lines(3), *[",,,,"] * 30_000)).rows) == 3


def test_the_command_line_takes_more() -> None:
    assert (HTTP_LIMITS.max_rows, COMMAND_LIMITS.max_rows) == (20_000, 1_000_000)
    assert len(read(csv_file(*lines(20_001)), limits=COMMAND_LIMITS).rows) == 20_001


@pytest.mark.parametrize("start", [b"", b"PK\x03\x04", b"{"])
def test_six_megabytes_are_refused(start: bytes) -> None:
    assert "larger than 5 MB" in refusal(start + b"x" * 6_000_000)


def test_a_file_is_counted_while_it_is_read() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"x" * size

    endless = Endless()
    starts_on, ends_on = bounds(APRIL, None)
    with pytest.raises(UnreadableFile, match="larger than 5 MB"):
        read_usage(endless, name=None, cycle=APRIL, starts_on=starts_on, ends_on=ends_on)  # type: ignore[arg-type]  # a stream
    assert endless.given < 6_000_000


def test_sixty_five_columns_are_refused() -> None:
    wide = ",".join([*HEADER, *(f"c{number}" for number in range(60))])
    assert "65 columns; at most 64" in refusal(f"{wide}\n1\n".encode())
    assert "65 columns; at most 64" in refusal(workbook(header=tuple(wide.split(","))))


def test_limits_can_be_set() -> None:
    assert "2 rows; at most 1" in refusal(csv_file(*lines(2)), limits=Limits(max_rows=1))
